//! Instants of OTLP.

use watchfire_model::Timestamp;

/// An instant from nanoseconds since 1970; `None` for zero, which means that it is not known.
///
/// Every 64-bit number is an instant (the last ones are of the year 2554); the query engine
/// computes with nanoseconds in signed 64 bits, so those after 2262 stand still there.
pub(super) fn instant(unix_nanos: u64) -> Option<Timestamp> {
    let nanos = i64::try_from(unix_nanos).unwrap_or(i64::MAX);
    (nanos != 0).then(|| Timestamp::from_micros(nanos / 1_000))
}

//! Fixed intervals: epoch-aligned multiples, by arithmetic alone.

use std::time::Duration;

use watchfire_model::Timestamp;

/// A fixed interval. Its slots are the multiples of the interval since the epoch, plus the offset.
///
/// The epoch was a Thursday at midnight, UTC: that is where `1w` falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Every {
    interval_us: i64,
    offset_us: i64,
}

impl Every {
    /// `interval` and `offset` in whole microseconds, already checked by [`Cadence::every`](crate::Cadence::every).
    pub(crate) const fn new(interval_us: i64, offset_us: i64) -> Self {
        Self { interval_us, offset_us }
    }

    /// The distance between two slots.
    pub const fn interval(&self) -> Duration {
        Duration::from_micros(self.interval_us.unsigned_abs())
    }

    /// How far the slots are behind the multiples of the interval; less than the interval.
    pub const fn offset(&self) -> Duration {
        Duration::from_micros(self.offset_us.unsigned_abs())
    }

    pub(crate) fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        self.slot(self.number_at(after).checked_add(1)?)
    }

    pub(crate) fn newest_at_or_before(&self, at: Timestamp) -> Option<Timestamp> {
        self.slot(self.number_at(at))
    }

    pub(crate) fn count(&self, after: Timestamp, through: Timestamp) -> u64 {
        u64::try_from(self.number_at(through) - self.number_at(after)).unwrap_or(0)
    }

    /// The number of the newest slot at an instant or before it; the epoch's slot is number 0.
    fn number_at(&self, instant: Timestamp) -> i64 {
        instant.as_micros().saturating_sub(self.offset_us).div_euclid(self.interval_us)
    }

    fn slot(&self, number: i64) -> Option<Timestamp> {
        let micros = number.checked_mul(self.interval_us)?.checked_add(self.offset_us)?;
        Some(Timestamp::from_micros(micros))
    }
}

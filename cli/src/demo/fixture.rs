//! The demo's telemetry: real records, moved in time so that they happen around now.

use anyhow::{Context, bail};
use serde_json::{Map, Value as Json};
use watchfire_model::Timestamp;

/// Records of real programs, decoded by the product's own OTLP code; `cli/demo/README.md` says which.
pub(crate) const RECORDS: &str = include_str!("../../demo/records.ndjson");

/// The instant in the records that becomes now.
const ANCHOR: &str = "2026-11-20T12:00:00Z";

/// Columns that hold instants.
const INSTANTS: [&str; 3] = ["start_timestamp", "end_timestamp", "created_at"];

/// The records as lines of JSON with every instant moved by the same span, so that the anchor falls on `now`.
///
/// # Errors
/// When the fixture is not what it should be; says which line.
pub(crate) fn moved_to(records: &str, now: Timestamp) -> anyhow::Result<Moved> {
    let anchor = Timestamp::parse(ANCHOR).context("the anchor of the demo's records")?;
    let by = now.as_micros() - anchor.as_micros();
    let mut lines = String::with_capacity(records.len());
    let mut count = 0;
    for (place, line) in records.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let what = || format!("line {} of the records", place + 1);
        let mut record: Map<String, Json> = serde_json::from_str(line).with_context(what)?;
        for column in INSTANTS {
            let Some(Json::String(text)) = record.get(column) else { continue };
            let Some(at) = Timestamp::parse(text) else { bail!("{}: `{column}` is no instant: {text}", what()) };
            let moved = Timestamp::from_micros(at.as_micros() + by);
            record.insert(column.to_owned(), moved.to_rfc3339_micros().into());
        }
        lines.push_str(&Json::Object(record).to_string());
        lines.push('\n');
        count += 1;
    }
    Ok(Moved { lines, count })
}

/// Records whose instants were moved.
pub(crate) struct Moved {
    /// One JSON object per line.
    pub(crate) lines: String,
    /// How many lines.
    pub(crate) count: usize,
}

//! How bad a record is.

use super::attributes::Attributes;
use super::proto::LogRecord;
use crate::level::number_of;

/// What has no level of its own.
pub(super) const INFO: u16 = 9;
/// A span whose status is an error.
pub(super) const ERROR: u16 = 17;
/// The greatest severity of OpenTelemetry.
const SEVERITY_MAX: u16 = 24;

/// A span's: as its sender says, else by its status.
pub(super) fn of_span(attributes: &Attributes<'_>, is_error: bool) -> u16 {
    attributes.level().unwrap_or(if is_error { ERROR } else { INFO })
}

/// A log record's: as its sender says, else its severity, else the severity's name.
pub(super) fn of_log(record: &LogRecord<'_>) -> u16 {
    let severity = u16::try_from(record.severity_number).ok().filter(|number| (1..=SEVERITY_MAX).contains(number));
    record.attributes.level().or(severity).or_else(|| number_of(&record.severity_text)).unwrap_or(INFO)
}

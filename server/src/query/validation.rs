//! What is wrong with a request, all at once, in the words of the validation that the original uses.

use serde_json::{Value as Json, json};
use watchfire_engine::{QUERY_ROWS_MAX, QueryZone};
use watchfire_model::Timestamp;

/// The mistakes of one request.
#[derive(Debug)]
pub(super) struct Mistakes {
    /// `body` or `query`.
    place: &'static str,
    found: Vec<Json>,
}

impl Mistakes {
    pub(super) const fn new(place: &'static str) -> Self {
        Self { place, found: Vec::new() }
    }

    /// Notes one: at which field, what kind, and the sentence.
    pub(super) fn note(&mut self, field: &str, kind: &str, message: impl Into<String>) {
        self.found.push(json!({"loc": [self.place, field], "msg": message.into(), "type": kind}));
    }

    pub(super) fn missing(&mut self, field: &str) {
        self.note(field, "missing", "Field required");
    }

    /// An instant; without an offset it is UTC where `is_utc`, else a mistake.
    pub(super) fn instant(&mut self, field: &str, text: &str, is_utc: bool) -> Option<Timestamp> {
        if let Some(instant) = Timestamp::parse(text) {
            return Some(instant);
        }
        let in_utc = [format!("{text}Z"), format!("{text}T00:00:00Z")];
        match in_utc.iter().find_map(|text| Timestamp::parse(text)) {
            Some(instant) if is_utc => return Some(instant),
            Some(_) => self.note(field, "timezone_aware", "Input should have timezone info, like 2026-11-20T06:00:00Z"),
            None => self.note(
                field,
                "datetime_from_date_parsing",
                format!("Input should be a valid datetime, like 2026-11-20T06:00:00Z, not `{text}`"),
            ),
        }
        None
    }

    /// How many rows at most.
    pub(super) fn limit(&mut self, field: &str, limit: Option<i64>, default: usize) -> usize {
        let Some(limit) = limit else { return default };
        match usize::try_from(limit) {
            Ok(limit) if limit <= QUERY_ROWS_MAX => return limit,
            Ok(_) => {
                let message = format!("Input should be less than or equal to {QUERY_ROWS_MAX}, it is {limit}");
                self.note(field, "less_than_equal", message);
            }
            Err(_) => {
                let message = format!("Input should be greater than or equal to 0, it is {limit}");
                self.note(field, "greater_than_equal", message);
            }
        }
        default
    }

    pub(super) fn zone(&mut self, field: &str, name: &str) -> Option<QueryZone> {
        let zone = QueryZone::parse(name);
        if zone.is_none() {
            let message = format!("Value error, `{name}` is no IANA time zone, like Europe/Berlin");
            self.note(field, "value_error", message);
        }
        zone
    }

    /// The first instant must not be after the last one.
    pub(super) fn order(&mut self, min: Option<Timestamp>, max: Option<Timestamp>) {
        if let Some((min, max)) = min.zip(max).filter(|(min, max)| min > max) {
            let message = format!("Value error, max_timestamp {max} is before min_timestamp {min}");
            self.note("max_timestamp", "value_error", message);
        }
    }

    /// All of them, if there are any.
    pub(super) fn end(self) -> Result<(), Vec<Json>> {
        if self.found.is_empty() { Ok(()) } else { Err(self.found) }
    }
}

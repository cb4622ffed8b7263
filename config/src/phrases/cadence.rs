//! Zones and windows.

use std::time::Duration;

use chrono_tz::{TZ_VARIANTS, Tz};
use schemars::{Schema, json_schema};
use watchfire_model::parse_duration;

use crate::read::Phrase;

/// A zone of the IANA database.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Zone(pub Tz);

impl Phrase for Zone {
    const CODE: &'static str = "unknown_timezone";
    const NOUN: &'static str = "a time zone";
    const EXPECTED: &'static str = "a name of the IANA database";
    const EXAMPLE: &'static str = "Europe/Berlin";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }

    fn nearest(text: &str) -> Option<&'static str> {
        crate::read::nearest(text, TZ_VARIANTS.iter().map(|zone| zone.name()))
    }

    fn schema() -> Schema {
        json_schema!({"title": "time zone", "type": "string", "examples": [Self::EXAMPLE]})
    }
}

/// What `window` may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RawWindow {
    Span(Duration),
    PreviousDay,
    PreviousWeek,
    PreviousMonth,
    SinceLastRun,
    None,
}

impl Phrase for RawWindow {
    const CODE: &'static str = "not_a_window";
    const NOUN: &'static str = "a window";
    const EXPECTED: &'static str = "a duration, previous_day, previous_week, previous_month or none";
    const EXAMPLE: &'static str = "15m";

    fn parse(text: &str) -> Option<Self> {
        match text {
            "previous_day" => Some(Self::PreviousDay),
            "previous_week" => Some(Self::PreviousWeek),
            "previous_month" => Some(Self::PreviousMonth),
            "since_last_run" => Some(Self::SinceLastRun),
            "none" => Some(Self::None),
            _ => parse_duration(text).filter(|span| !span.is_zero()).map(Self::Span),
        }
    }

    fn nearest(text: &str) -> Option<&'static str> {
        crate::read::nearest(text, ["previous_day", "previous_week", "previous_month", "none"])
    }
}

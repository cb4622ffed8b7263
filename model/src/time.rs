//! Instants, slots and windows. All of them UTC, all of them whole microseconds.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// An instant: microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The epoch, 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// An instant from microseconds since the epoch, UTC.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// An instant from whole seconds since the epoch, UTC.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds since the epoch, UTC.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Reads an RFC 3339 instant, for example `2026-11-20T06:00:00Z` or `…+01:00`.
    ///
    /// Digits finer than a microsecond are cut. `None` when the text is no instant.
    pub fn parse(text: &str) -> Option<Self> {
        let parsed = DateTime::parse_from_rfc3339(text).ok()?;
        Some(Self(parsed.timestamp_micros()))
    }

    /// The same instant as chrono sees it; `None` outside chrono's years.
    pub fn to_chrono(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_micros(self.0)
    }

    /// RFC 3339 in UTC, always with six digits of the second: the form of cells.
    pub fn to_rfc3339_micros(self) -> String {
        match self.to_chrono() {
            Some(instant) => instant.to_rfc3339_opts(SecondsFormat::Micros, true),
            None => self.0.to_string(),
        }
    }

    /// This instant moved into the future, saturating at the end of time.
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }

    /// This instant moved into the past, saturating at the beginning of time.
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros(duration)))
    }

    /// How long after `earlier` this instant is; zero when it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(instant: DateTime<Utc>) -> Self {
        Self(instant.timestamp_micros())
    }
}

/// RFC 3339 in UTC; the fraction appears only when there is one: the form of envelopes.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_chrono() {
            Some(instant) if self.0.rem_euclid(1_000_000) == 0 => {
                f.write_str(&instant.to_rfc3339_opts(SecondsFormat::Secs, true))
            }
            _ => f.write_str(&self.to_rfc3339_micros()),
        }
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// The span of time that a run may read: `[start, end)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Window {
    /// First instant inside the window.
    pub start: Timestamp,
    /// First instant after the window.
    pub end: Timestamp,
}

/// One due time of a rule, and how it came to be decided now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Slot {
    /// The instant the run was due at. Every decision counts from here, never from the wall clock.
    pub scheduled_for: Timestamp,
    /// A newer slot of the same rule is owed too: this one is history being caught up
    /// (`catch_up: all`), and its starts are told only once the present is reached.
    pub catching_up: bool,
}

impl Slot {
    /// A slot that is decided in its turn.
    pub const fn on_time(scheduled_for: Timestamp) -> Self {
        Self { scheduled_for, catching_up: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_seconds_are_shown_without_a_fraction_and_others_with_six_digits() {
        let whole = Timestamp::parse("2026-11-20T07:00:00+01:00").expect("an instant");
        assert_eq!(whole.to_string(), "2026-11-20T06:00:00Z");
        assert_eq!(whole.to_rfc3339_micros(), "2026-11-20T06:00:00.000000Z");
        assert_eq!(Timestamp::from_micros(1_500_000).to_string(), "1970-01-01T00:00:01.500000Z");
        assert_eq!(Timestamp::from_micros(-500_000).to_string(), "1969-12-31T23:59:59.500000Z");
    }

    #[test]
    fn a_duration_never_turns_negative() {
        let (early, late) = (Timestamp::from_seconds(10), Timestamp::from_seconds(12));
        assert_eq!(late.since(early), Duration::from_secs(2));
        assert_eq!(early.since(late), Duration::ZERO);
        assert_eq!(early.plus(Duration::from_secs(2)), late);
        assert_eq!(late.minus(Duration::from_secs(2)), early);
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in ["", "tomorrow", "2026-11-20", "2026-11-20T25:00:00Z", "2026-11-20T06:00:00"] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }
}

//! The plan of a rule: the instants at which it is due.

use std::time::Duration;

use chrono_tz::Tz;
use watchfire_model::{Fingerprint, RuleUid, Timestamp, format_duration};

use crate::cron::{CronCadence, PatternError};
use crate::every::Every;

/// The shortest interval of `every`.
pub const INTERVAL_MIN: Duration = Duration::from_secs(1);
/// The longest interval of `every`; what is rarer is said better by a cron pattern.
pub const INTERVAL_MAX: Duration = Duration::from_secs(31 * 86_400);

/// What stands for the distance between slots where a pattern has only one date left.
const LONE_SLOT_INTERVAL: Duration = Duration::from_secs(86_400);

/// When a rule is due. Made by [`Cadence::every`] and [`Cadence::cron`] only.
///
/// Slots are UTC instants. They depend on the cadence alone, never on when the process started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cadence {
    /// A fixed interval.
    Every(Every),
    /// A cron pattern in a zone.
    Cron(CronCadence),
}

/// Why there is no such cadence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CadenceError {
    /// The interval is too short or too long.
    #[error("an interval of {} is not between {} and {}", format_duration(*interval), format_duration(*min), format_duration(*max))]
    IntervalOutOfRange {
        /// The interval that was asked for.
        interval: Duration,
        /// The shortest interval.
        min: Duration,
        /// The longest interval.
        max: Duration,
    },
    /// The offset is not less than the interval.
    #[error("an offset of {} is not below the interval of {}", format_duration(*offset), format_duration(*interval))]
    OffsetOutOfRange {
        /// The offset that was asked for.
        offset: Duration,
        /// The interval, which no offset reaches.
        interval: Duration,
    },
    /// The text is no cron pattern.
    #[error(transparent)]
    Pattern(#[from] PatternError),
}

impl CadenceError {
    /// One sentence, without a full stop, about how to mend it.
    pub fn help(&self) -> String {
        match self {
            Self::IntervalOutOfRange { interval, min, .. } if interval < min => {
                format!("write `every: {}` or more", format_duration(*min))
            }
            Self::IntervalOutOfRange { max, .. } => {
                format!("write `every: {}` or less, or a `cron` pattern such as `0 9 1 * *`", format_duration(*max))
            }
            Self::OffsetOutOfRange { .. } => "take an offset below the interval".to_owned(),
            Self::Pattern(error) => error.help(),
        }
    }
}

impl Cadence {
    /// Slots at the multiples of `interval` since the epoch, each later by `offset`.
    ///
    /// `interval` is between [`INTERVAL_MIN`] and [`INTERVAL_MAX`], `offset` below it.
    /// What is finer than a microsecond is cut.
    ///
    /// # Errors
    /// `IntervalOutOfRange` and `OffsetOutOfRange`, each with the limits.
    pub fn every(interval: Duration, offset: Duration) -> Result<Self, CadenceError> {
        if !(INTERVAL_MIN..=INTERVAL_MAX).contains(&interval) {
            return Err(CadenceError::IntervalOutOfRange { interval, min: INTERVAL_MIN, max: INTERVAL_MAX });
        }
        if offset >= interval {
            return Err(CadenceError::OffsetOutOfRange { offset, interval });
        }
        let micros = |duration: Duration| i64::try_from(duration.as_micros()).expect("31 days fit into microseconds");
        Ok(Self::Every(Every::new(micros(interval), micros(offset))))
    }

    /// Slots where the local time of `zone` matches `pattern`: five fields (minute first), six
    /// (second first), seven (year last) or a nickname such as `@daily`.
    ///
    /// A pattern that matches no date is a pattern all the same: [`next_after`](Self::next_after)
    /// is then `None` from the start.
    ///
    /// # Errors
    /// `Pattern`, which says what cannot be read, and how to mend it.
    pub fn cron(pattern: &str, zone: Tz) -> Result<Self, CadenceError> {
        Ok(Self::Cron(CronCadence::parse(pattern, zone)?))
    }

    /// The first slot strictly after an instant; `None` when no date matches any more.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Every(every) => every.next_after(after),
            Self::Cron(cron) => cron.next_after(after),
        }
    }

    /// The newest slot at an instant or before it; `None` when no date matched yet.
    pub fn newest_at_or_before(&self, at: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Every(every) => every.newest_at_or_before(at),
            Self::Cron(cron) => cron.newest_at_or_before(at),
        }
    }

    /// All slots strictly after an instant, in order.
    pub fn slots_after(&self, after: Timestamp) -> impl Iterator<Item = Timestamp> + '_ {
        std::iter::successors(self.next_after(after), |slot| self.next_after(*slot))
    }

    /// How many slots lie in `(after, through]`.
    ///
    /// Costs nothing with `every`, and with `cron` a step for each matching date in between.
    pub fn count(&self, after: Timestamp, through: Timestamp) -> u64 {
        match self {
            Self::Every(every) => every.count(after, through),
            Self::Cron(cron) => cron.count(after, through),
        }
    }

    /// The usual distance between two slots: the interval, or the distance between the next two
    /// slots of a pattern after `near` (the last two, when no two are left; a day, when there is one).
    pub fn nominal_interval(&self, near: Timestamp) -> Duration {
        match self {
            Self::Every(every) => every.interval(),
            Self::Cron(cron) => cron
                .next_after(near)
                .and_then(|first| Some(cron.next_after(first)?.since(first)))
                .or_else(|| {
                    let last = cron.newest_at_or_before(Timestamp::from_micros(i64::MAX))?;
                    let before = cron.newest_at_or_before(Timestamp::from_micros(last.as_micros() - 1))?;
                    Some(last.since(before))
                })
                .unwrap_or(LONE_SLOT_INTERVAL),
        }
    }
}

/// The offset of one rule's slots under `spread: true`: whole seconds below `interval`.
///
/// It comes from a hash of the rule's uid, so it stays the same over restarts and replicas.
pub fn spread_offset(rule: &RuleUid, interval: Duration) -> Duration {
    let mut parts = Fingerprint::builder("spread/1");
    parts.text(rule.as_str());
    let hash = parts.finish();
    let number = u64::from_str_radix(&hash.as_str()[..16], 16).expect("a fingerprint is 32 hexadecimal digits");
    Duration::from_secs(number.checked_rem(interval.as_secs()).unwrap_or(0))
}

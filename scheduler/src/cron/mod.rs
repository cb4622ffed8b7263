//! Cron patterns in a zone: which instants they name.
//!
//! croner reads the pattern; the walk over local dates, gaps and folds is ours
//! (`testdata/README.md` says what we chose, and where published crates differ).

mod dates;
mod field;
mod local_day;
mod pattern;
mod times_of_day;

use std::sync::Arc;

use chrono::NaiveDate;
use chrono_tz::Tz;
use watchfire_model::Timestamp;

use self::dates::{FIRST_YEAR, LAST_YEAR};
pub use self::field::CronField;
use self::local_day::LocalDay;
use self::pattern::Pattern;
pub use self::pattern::PatternError;
use crate::zone;

/// A cron pattern and the zone whose local time it speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CronCadence {
    pattern: Arc<Pattern>,
    zone: Tz,
}

impl CronCadence {
    pub(crate) fn parse(pattern: &str, zone: Tz) -> Result<Self, PatternError> {
        Ok(Self { pattern: Arc::new(Pattern::parse(pattern)?), zone })
    }

    /// The pattern as it was written.
    pub fn pattern(&self) -> &str {
        &self.pattern.text
    }

    /// The zone whose local time the pattern speaks of.
    pub const fn zone(&self) -> Tz {
        self.zone
    }

    /// The first instant in `(after, through]` at which a clock time runs that its local day does
    /// not have, because the clocks went forward over it. It is what `check` warns about.
    ///
    /// Interval patterns never have one: inside a gap they just do not run.
    pub fn first_in_gap(&self, after: Timestamp, through: Timestamp) -> Option<Timestamp> {
        let (after, through) = (whole_seconds(after), whole_seconds(through));
        let moved = self.dates_around(after, through).filter_map(|date| self.day(date).first_moved());
        moved.filter(|at| (after + 1..=through).contains(at)).map(Timestamp::from_seconds).next()
    }

    pub(crate) fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let after = whole_seconds(after);
        // A fold can bring back the date before, so the search starts one date early.
        let mut date = self.date_at(after)?.pred_opt()?;
        loop {
            date = self.pattern.dates.at_or_after(date)?;
            let following = date.succ_opt()?;
            let day = self.day(date);
            if let Some(found) = day.first_after(after) {
                // In a fold over midnight the following date can come first.
                let other = self.neighbor(&day, following).and_then(|day| day.first_after(after));
                return Some(Timestamp::from_seconds(other.map_or(found, |other| other.min(found))));
            }
            date = following;
        }
    }

    pub(crate) fn newest_at_or_before(&self, at: Timestamp) -> Option<Timestamp> {
        let at = whole_seconds(at);
        let mut date = self.date_at(at)?.succ_opt()?;
        loop {
            date = self.pattern.dates.at_or_before(date)?;
            let previous = date.pred_opt()?;
            let day = self.day(date);
            if let Some(found) = day.last_at_or_before(at) {
                let other = self.neighbor(&day, previous).and_then(|day| day.last_at_or_before(at));
                return Some(Timestamp::from_seconds(other.map_or(found, |other| other.max(found))));
            }
            date = previous;
        }
    }

    /// Counts day by day, so that a year of every-second slots costs 365 steps.
    pub(crate) fn count(&self, after: Timestamp, through: Timestamp) -> u64 {
        let (after, through) = (whole_seconds(after), whole_seconds(through));
        let mut count = 0;
        let mut newest = None;
        for date in self.dates_around(after, through) {
            let day = self.day(date);
            count += day.count(after, through);
            // A gap over midnight can end two dates' runs on one instant, which is one run.
            if newest.is_some() && day.first_after(after) == newest {
                count -= 1;
            }
            newest = day.last_at_or_before(through);
        }
        count
    }

    /// The named dates whose runs can lie in `(after, through]`.
    fn dates_around(&self, after: i64, through: i64) -> impl Iterator<Item = NaiveDate> + '_ {
        let first = self.date_at(after).and_then(|date| date.pred_opt());
        let last = self.date_at(through).and_then(|date| date.succ_opt());
        let dates = &self.pattern.dates;
        std::iter::successors(first.and_then(|date| dates.at_or_after(date)), |date| {
            dates.at_or_after(date.succ_opt()?)
        })
        .take_while(move |date| last.is_some_and(|last| *date <= last))
    }

    fn day(&self, date: NaiveDate) -> LocalDay<'_> {
        LocalDay::new(self.zone, date, &self.pattern.times, self.pattern.kind)
    }

    /// The day beside one that a transition has cut, if the pattern names it.
    fn neighbor(&self, day: &LocalDay<'_>, date: NaiveDate) -> Option<LocalDay<'_>> {
        (!day.is_plain() && self.pattern.dates.contains(date)).then(|| self.day(date))
    }

    /// The local date at an instant, kept within the years that a pattern can name.
    fn date_at(&self, utc: i64) -> Option<NaiveDate> {
        let first = NaiveDate::from_ymd_opt(FIRST_YEAR, 1, 1)?;
        let last = NaiveDate::from_ymd_opt(LAST_YEAR, 12, 31)?;
        let date = zone::local_date(self.zone, utc).unwrap_or(if utc < 0 { first } else { last });
        Some(date.clamp(first, last))
    }
}

/// Slots are whole seconds: what lies between two belongs to the earlier.
fn whole_seconds(instant: Timestamp) -> i64 {
    instant.as_micros().div_euclid(1_000_000)
}

//! UTC days, and which rows of a flush share a file.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::time::Duration;

use watchfire_model::Timestamp;

const MICROS: i64 = 24 * 60 * 60 * 1_000_000;

/// A UTC day: days since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Day(i64);

impl Day {
    /// The day of an instant in microseconds since 1970.
    pub(super) const fn of(micros: i64) -> Self {
        Self(micros.div_euclid(MICROS))
    }

    /// Whether it ended at least `ago` before `now`.
    pub(super) fn is_over(self, now: Timestamp, ago: Duration) -> bool {
        let end = self.0.saturating_add(1).saturating_mul(MICROS);
        Timestamp::from_micros(end).plus(ago) <= now
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_micros(self.0.saturating_mul(MICROS)).to_chrono() {
            Some(instant) => write!(f, "{}", instant.format("%Y-%m-%d")),
            // Clients may send any number; no calendar knows this one.
            None => write!(f, "day{}", self.0),
        }
    }
}

/// A file for each day, but never more than `max` files: the days with fewest rows share one, the last.
///
/// Gives the number of the file of each day; `rows` is how many rows each day has.
pub(super) fn shared(rows: &BTreeMap<Day, usize>, max: usize) -> HashMap<Day, u32> {
    let mut days: Vec<(Day, usize)> = rows.iter().map(|(day, rows)| (*day, *rows)).collect();
    if days.len() > max {
        // The newest first among equals.
        days.sort_by_key(|(day, rows)| std::cmp::Reverse((*rows, *day)));
    }
    let last = max.saturating_sub(1);
    days.iter()
        .enumerate()
        .map(|(place, (day, _))| (*day, u32::try_from(place.min(last)).expect("files of a flush are few")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_utc_also_before_1970_and_beyond_all_calendars() {
        let cases = [(0, "1970-01-01"), (-1, "1969-12-31"), (MICROS, "1970-01-02"), (i64::MAX, "day106751991")];
        for (micros, shown) in cases {
            assert_eq!(Day::of(micros).to_string(), shown);
        }
    }

    #[test]
    fn a_day_is_over_some_time_after_its_end() {
        let hour = Duration::from_secs(3_600);
        assert!(!Day::of(0).is_over(Timestamp::from_micros(MICROS), hour));
        assert!(Day::of(0).is_over(Timestamp::from_micros(MICROS).plus(hour), hour));
        assert!(!Day::of(i64::MAX).is_over(Timestamp::from_micros(MICROS), hour));
    }

    #[test]
    fn days_with_few_rows_share_a_file_when_there_are_too_many_days() {
        let rows: BTreeMap<Day, usize> = [(Day(1), 5), (Day(2), 1), (Day(3), 9), (Day(4), 1)].into();
        let few = shared(&rows, 9);
        assert_eq!(few.values().collect::<std::collections::BTreeSet<_>>().len(), 4);
        let files = shared(&rows, 3);
        assert_eq!((files[&Day(3)], files[&Day(1)]), (0, 1));
        assert_eq!((files[&Day(4)], files[&Day(2)]), (2, 2));
    }
}

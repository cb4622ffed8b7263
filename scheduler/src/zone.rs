//! Local calendar days as stretches of real time.
//!
//! Everything here counts whole seconds since the epoch, UTC. A zone's days are cut into
//! stretches of one UTC offset each: inside a stretch local time and real time run side by side,
//! so that gaps and folds are nothing but the borders between stretches.

use chrono::{DateTime, NaiveDate, Offset, TimeDelta, TimeZone};
use chrono_tz::Tz;

/// Seconds of a local day without a transition.
pub(crate) const DAY_SECONDS: i64 = 86_400;

/// No zone was ever further from UTC than this (Manila before 1844: 15 h 56 min).
const OFFSET_MAX_SECONDS: i64 = 16 * 3_600;

/// A span of real time `[from, to)` with one UTC offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// First second, UTC.
    pub from: i64,
    /// First second after it, UTC.
    pub to: i64,
    /// Seconds that local time is ahead of UTC.
    pub offset: i64,
}

/// The stretches of real time whose local date in `zone` is `date`, in real order.
///
/// Usually one of 24 hours; none when the zone skipped that date.
pub(crate) fn stretches_of(zone: Tz, date: NaiveDate) -> Vec<Stretch> {
    let start = local_midnight(date);
    let end = start + DAY_SECONDS;
    let mut stretches = stretches_between(zone, start - OFFSET_MAX_SECONDS, end + OFFSET_MAX_SECONDS);
    stretches.retain_mut(|stretch| {
        stretch.from = stretch.from.max(start - stretch.offset);
        stretch.to = stretch.to.min(end - stretch.offset);
        stretch.from < stretch.to
    });
    stretches
}

/// The first instant at which the local date is `date` or later.
///
/// That is midnight, its first pass in a fold, the end of the gap where midnight does not exist,
/// and the start of the following date where the whole date does not exist.
pub(crate) fn first_instant_of(zone: Tz, date: NaiveDate) -> i64 {
    let midnight = local_midnight(date);
    stretches_between(zone, midnight - OFFSET_MAX_SECONDS, midnight + OFFSET_MAX_SECONDS)
        .into_iter()
        .find(|stretch| stretch.to + stretch.offset > midnight)
        .map_or(midnight, |stretch| stretch.from.max(midnight - stretch.offset))
}

/// The local date at an instant; `None` outside chrono's years.
pub(crate) fn local_date(zone: Tz, utc: i64) -> Option<NaiveDate> {
    let instant = DateTime::from_timestamp(utc, 0)?;
    let offset = TimeDelta::seconds(offset_at(zone, utc));
    Some(instant.naive_utc().checked_add_signed(offset)?.date())
}

/// The local wall clock's midnight, read as if the zone were UTC.
fn local_midnight(date: NaiveDate) -> i64 {
    date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp()
}

/// Seconds that local time is ahead of UTC at an instant; zero outside chrono's years.
fn offset_at(zone: Tz, utc: i64) -> i64 {
    DateTime::from_timestamp(utc, 0)
        .map_or(0, |instant| i64::from(zone.offset_from_utc_datetime(&instant.naive_utc()).fix().local_minus_utc()))
}

/// Cuts `[from, to)` at the zone's transitions.
///
/// chrono-tz does not list transitions, so they are found by bisection. Two transitions that
/// cancel each other inside one call stay unseen; no zone has had such a pair within three days.
fn stretches_between(zone: Tz, from: i64, to: i64) -> Vec<Stretch> {
    let last_offset = offset_at(zone, to);
    let mut stretches = Vec::with_capacity(1);
    let mut from = from;
    loop {
        let offset = offset_at(zone, from);
        if offset == last_offset {
            stretches.push(Stretch { from, to, offset });
            return stretches;
        }
        let (mut same, mut changed) = (from, to);
        while changed - same > 1 {
            let middle = same + (changed - same) / 2;
            if offset_at(zone, middle) == offset {
                same = middle;
            } else {
                changed = middle;
            }
        }
        stretches.push(Stretch { from, to: changed, offset });
        from = changed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use watchfire_model::Timestamp;

    fn hours(zone: Tz, date: &str) -> Vec<(String, i64)> {
        stretches_of(zone, date.parse().unwrap())
            .into_iter()
            .map(|stretch| (Timestamp::from_seconds(stretch.from).to_string(), (stretch.to - stretch.from) / 60))
            .collect()
    }

    fn at(text: &str, minutes: i64) -> (String, i64) {
        (text.to_owned(), minutes)
    }

    #[test]
    fn a_local_day_is_cut_where_the_offset_changes() {
        let berlin = chrono_tz::Europe::Berlin;
        assert_eq!(hours(berlin, "2026-11-20"), [at("2026-11-19T23:00:00Z", 1440)]);
        assert_eq!(hours(berlin, "2025-03-30"), [at("2025-03-29T23:00:00Z", 120), at("2025-03-30T01:00:00Z", 1260)]);
        assert_eq!(hours(berlin, "2025-10-26"), [at("2025-10-25T22:00:00Z", 180), at("2025-10-26T01:00:00Z", 1320)]);
    }

    #[test]
    fn a_date_that_the_zone_skipped_has_no_stretch() {
        assert_eq!(hours(chrono_tz::Pacific::Apia, "2011-12-30"), []);
    }

    #[test]
    fn a_fold_over_midnight_gives_both_dates_two_stretches() {
        // Newfoundland fell back at 00:01, to 23:01 of the day before.
        let zone = chrono_tz::America::St_Johns;
        assert_eq!(hours(zone, "2006-10-28"), [at("2006-10-28T02:30:00Z", 1440), at("2006-10-29T02:31:00Z", 59)]);
        assert_eq!(hours(zone, "2006-10-29"), [at("2006-10-29T02:30:00Z", 1), at("2006-10-29T03:30:00Z", 1440)]);
    }

    #[test]
    fn the_first_instant_of_a_date_is_midnight_or_what_stands_for_it() {
        for (zone, date, expected) in [
            ("Europe/Berlin", "2026-11-20", "2026-11-19T23:00:00Z"),
            ("America/Havana", "2024-03-10", "2024-03-10T05:00:00Z"),
            ("America/Havana", "2024-11-03", "2024-11-03T04:00:00Z"),
            // Nuuk's clock fell from 24:00 to 23:00, so the date began an hour later.
            ("America/Nuuk", "2024-10-27", "2024-10-27T02:00:00Z"),
            ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"),
            ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"),
            ("America/St_Johns", "2006-10-29", "2006-10-29T02:30:00Z"),
        ] {
            let found = first_instant_of(zone.parse().unwrap(), date.parse().unwrap());
            assert_eq!(Timestamp::from_seconds(found).to_string(), expected, "{zone} {date}");
        }
    }
}

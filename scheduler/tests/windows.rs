//! What a slot may read: spans, calendar units across daylight saving, and runs that follow each other.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use proptest::prelude::*;
use watchfire_model::{Timestamp, Window, parse_duration};
use watchfire_scheduler::{Cadence, CatchUp, Schedule, WindowSpec};

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// A rule at 09:00 local time that looks back by `window`.
fn daily(zone: &str, window: WindowSpec, delay: &str) -> Schedule {
    let zone = zone.parse().unwrap();
    let cadence = Cadence::cron("0 9 * * *", zone).unwrap();
    Schedule { cadence, window, delay: parse_duration(delay).unwrap(), zone, catch_up: CatchUp::Latest }
}

fn shown(window: Option<Window>) -> String {
    window.map_or("none".to_owned(), |window| format!("{} {}", window.start, window.end))
}

fn hours(window: Option<Window>) -> f64 {
    window.map_or(0.0, |window| window.end.since(window.start).as_secs_f64() / 3_600.0)
}

#[test]
fn a_span_ends_at_the_slot_less_the_delay() {
    for (span, delay, expected) in [
        ("15m", "0s", "2026-11-20T08:45:00Z 2026-11-20T09:00:00Z"),
        ("15m", "30s", "2026-11-20T08:44:30Z 2026-11-20T08:59:30Z"),
        ("2d", "1h", "2026-11-18T08:00:00Z 2026-11-20T08:00:00Z"),
    ] {
        let window = WindowSpec::Span(parse_duration(span).unwrap());
        let schedule = daily("UTC", window, delay);
        assert_eq!(shown(schedule.window_of(at("2026-11-20T09:00:00Z"), None)), expected, "{span} with delay {delay}");
    }
}

#[test]
fn a_calendar_window_runs_from_local_midnight_to_local_midnight() {
    use WindowSpec::{PreviousDay, PreviousMonth, PreviousWeek};
    for (window, zone, slot, expected, long) in [
        (PreviousDay, "UTC", "2026-11-20T09:00:00Z", "2026-11-19T00:00:00Z 2026-11-20T00:00:00Z", 24.0),
        (PreviousDay, "Europe/Berlin", "2026-11-20T08:00:00Z", "2026-11-18T23:00:00Z 2026-11-19T23:00:00Z", 24.0),
        // The days on which Berlin's clocks change.
        (PreviousDay, "Europe/Berlin", "2025-03-31T07:00:00Z", "2025-03-29T23:00:00Z 2025-03-30T22:00:00Z", 23.0),
        (PreviousDay, "Europe/Berlin", "2025-10-27T08:00:00Z", "2025-10-25T22:00:00Z 2025-10-26T23:00:00Z", 25.0),
        // The first and the last instant of a local day.
        (PreviousDay, "Europe/Berlin", "2026-11-19T23:00:00Z", "2026-11-18T23:00:00Z 2026-11-19T23:00:00Z", 24.0),
        (
            PreviousDay,
            "Europe/Berlin",
            "2026-11-19T22:59:59.999999Z",
            "2026-11-17T23:00:00Z 2026-11-18T23:00:00Z",
            24.0,
        ),
        // Midnight does not exist on 10 March, and comes twice on 3 November.
        (PreviousDay, "America/Havana", "2024-03-11T13:00:00Z", "2024-03-10T05:00:00Z 2024-03-11T04:00:00Z", 23.0),
        (PreviousDay, "America/Havana", "2024-03-10T13:00:00Z", "2024-03-09T05:00:00Z 2024-03-10T05:00:00Z", 24.0),
        (PreviousDay, "America/Havana", "2024-11-04T14:00:00Z", "2024-11-03T04:00:00Z 2024-11-04T05:00:00Z", 25.0),
        (PreviousDay, "Australia/Lord_Howe", "2024-04-08T00:00:00Z", "2024-04-06T13:00:00Z 2024-04-07T13:30:00Z", 24.5),
        // There was no 30 December: the day before the 31st is the 29th.
        (PreviousDay, "Pacific/Apia", "2011-12-30T19:00:00Z", "2011-12-29T10:00:00Z 2011-12-30T10:00:00Z", 24.0),
        (PreviousDay, "Pacific/Apia", "2011-12-31T19:00:00Z", "2011-12-30T10:00:00Z 2011-12-31T10:00:00Z", 24.0),
        // The clock shows 28 October once more after it had begun the 29th.
        (PreviousDay, "America/St_Johns", "2006-10-29T03:00:00Z", "2006-10-28T02:30:00Z 2006-10-29T02:30:00Z", 24.0),
        // ISO weeks: Friday, Monday at its first instant, Sunday at its last; across the change; across the year.
        (PreviousWeek, "UTC", "2026-11-20T09:00:00Z", "2026-11-09T00:00:00Z 2026-11-16T00:00:00Z", 168.0),
        (PreviousWeek, "UTC", "2026-11-16T00:00:00Z", "2026-11-09T00:00:00Z 2026-11-16T00:00:00Z", 168.0),
        (PreviousWeek, "UTC", "2026-11-15T23:59:59.999999Z", "2026-11-02T00:00:00Z 2026-11-09T00:00:00Z", 168.0),
        (PreviousWeek, "Europe/Berlin", "2025-03-31T07:00:00Z", "2025-03-23T23:00:00Z 2025-03-30T22:00:00Z", 167.0),
        (PreviousWeek, "Europe/Berlin", "2025-10-27T08:00:00Z", "2025-10-19T22:00:00Z 2025-10-26T23:00:00Z", 169.0),
        (PreviousWeek, "UTC", "2027-01-05T09:00:00Z", "2026-12-28T00:00:00Z 2027-01-04T00:00:00Z", 168.0),
        (PreviousWeek, "Pacific/Apia", "2012-01-02T19:00:00Z", "2011-12-26T10:00:00Z 2012-01-01T10:00:00Z", 144.0),
        // Months: the first, the last instant, a leap year, the change.
        (PreviousMonth, "UTC", "2027-01-01T00:00:00Z", "2026-12-01T00:00:00Z 2027-01-01T00:00:00Z", 744.0),
        (PreviousMonth, "UTC", "2026-12-31T23:59:59.999999Z", "2026-11-01T00:00:00Z 2026-12-01T00:00:00Z", 720.0),
        (PreviousMonth, "UTC", "2028-03-31T09:00:00Z", "2028-02-01T00:00:00Z 2028-03-01T00:00:00Z", 696.0),
        (PreviousMonth, "Europe/Berlin", "2025-04-01T07:00:00Z", "2025-02-28T23:00:00Z 2025-03-31T22:00:00Z", 743.0),
        (PreviousMonth, "Europe/Berlin", "2025-11-01T08:00:00Z", "2025-09-30T22:00:00Z 2025-10-31T23:00:00Z", 745.0),
    ] {
        let found = daily(zone, window, "0s").window_of(at(slot), None);
        assert_eq!((shown(found).as_str(), hours(found)), (expected, long), "{window:?} in {zone} at {slot}");
    }
}

#[test]
fn a_delay_moves_a_calendar_window_only_when_it_reaches_back_over_midnight() {
    for (delay, expected) in
        [("9h", "2026-11-19T00:00:00Z 2026-11-20T00:00:00Z"), ("9h1s", "2026-11-18T00:00:00Z 2026-11-19T00:00:00Z")]
    {
        let schedule = daily("UTC", WindowSpec::PreviousDay, delay);
        assert_eq!(shown(schedule.window_of(at("2026-11-20T09:00:00Z"), None)), expected, "{delay}");
    }
}

#[test]
fn a_window_since_the_previous_slot_follows_the_cadence() {
    let berlin = |pattern: &str, delay: &str| Schedule {
        cadence: Cadence::cron(pattern, chrono_tz::Europe::Berlin).unwrap(),
        ..daily("Europe/Berlin", WindowSpec::SincePreviousSlot, delay)
    };
    for (pattern, delay, slot, expected) in [
        ("0 9 * * *", "0s", "2026-11-20T08:00:00Z", "2026-11-19T08:00:00Z 2026-11-20T08:00:00Z"),
        ("0 9 * * *", "1m", "2026-11-20T08:00:00Z", "2026-11-19T07:59:00Z 2026-11-20T07:59:00Z"),
        // Monday reads the weekend too; the day of the change has 23 hours.
        ("0 9 * * MON-FRI", "0s", "2026-11-23T08:00:00Z", "2026-11-20T08:00:00Z 2026-11-23T08:00:00Z"),
        ("0 9 * * *", "0s", "2025-03-30T07:00:00Z", "2025-03-29T08:00:00Z 2025-03-30T07:00:00Z"),
        // A run by hand between two slots reads from the slot before.
        ("0 9 * * *", "0s", "2026-11-20T12:00:00Z", "2026-11-20T08:00:00Z 2026-11-20T12:00:00Z"),
        // Before the first slot ever there is none: as far back as the next one is ahead.
        ("0 0 9 1 1 * 2026-2028", "0s", "2026-01-01T08:00:00Z", "2025-01-01T08:00:00Z 2026-01-01T08:00:00Z"),
    ] {
        let found = berlin(pattern, delay).window_of(at(slot), Some(at("2026-11-20T00:00:00Z")));
        assert_eq!(shown(found), expected, "`{pattern}` with delay {delay} at {slot}");
    }
}

#[test]
fn a_window_since_the_last_run_starts_where_that_one_ended() {
    for (last, delay, expected) in [
        (Some("2026-11-17T09:00:00Z"), "0s", "2026-11-17T09:00:00Z 2026-11-20T09:00:00Z"),
        (Some("2026-11-17T09:00:00Z"), "5m", "2026-11-17T09:00:00Z 2026-11-20T08:55:00Z"),
        // The first run reads from the slot before.
        (None, "5m", "2026-11-19T08:55:00Z 2026-11-20T08:55:00Z"),
        // Already read: nothing is left, and nothing runs backwards.
        (Some("2026-11-20T09:00:00Z"), "0s", "2026-11-20T09:00:00Z 2026-11-20T09:00:00Z"),
        (Some("2026-11-21T09:00:00Z"), "0s", "2026-11-20T09:00:00Z 2026-11-20T09:00:00Z"),
    ] {
        let schedule = daily("UTC", WindowSpec::SinceLastRun, delay);
        assert_eq!(shown(schedule.window_of(at("2026-11-20T09:00:00Z"), last.map(at))), expected, "{last:?} {delay}");
    }
}

#[test]
fn the_window_before_is_the_calendar_unit_before_or_what_the_slot_before_read() {
    use WindowSpec::{PreviousDay, PreviousMonth, PreviousWeek, SinceLastRun, SincePreviousSlot, Span};
    let hour = Span(Duration::from_secs(3_600));
    for (window, zone, slot, expected, long) in [
        (PreviousDay, "UTC", "2026-11-20T09:00:00Z", "2026-11-18T00:00:00Z 2026-11-19T00:00:00Z", 24.0),
        // On Tuesday after the change, Monday is compared with the Sunday of 23 or 25 hours.
        (PreviousDay, "Europe/Berlin", "2025-04-01T07:00:00Z", "2025-03-29T23:00:00Z 2025-03-30T22:00:00Z", 23.0),
        (PreviousDay, "Europe/Berlin", "2025-10-28T08:00:00Z", "2025-10-25T22:00:00Z 2025-10-26T23:00:00Z", 25.0),
        // And on Monday that Sunday with a Saturday of 24.
        (PreviousDay, "Europe/Berlin", "2025-03-31T07:00:00Z", "2025-03-28T23:00:00Z 2025-03-29T23:00:00Z", 24.0),
        (PreviousDay, "Pacific/Apia", "2011-12-31T19:00:00Z", "2011-12-29T10:00:00Z 2011-12-30T10:00:00Z", 24.0),
        (PreviousWeek, "Europe/Berlin", "2025-04-07T07:00:00Z", "2025-03-23T23:00:00Z 2025-03-30T22:00:00Z", 167.0),
        (PreviousWeek, "UTC", "2027-01-05T09:00:00Z", "2026-12-21T00:00:00Z 2026-12-28T00:00:00Z", 168.0),
        // Months of different length: April after March, March after February, January after December.
        (PreviousMonth, "UTC", "2026-05-01T09:00:00Z", "2026-03-01T00:00:00Z 2026-04-01T00:00:00Z", 744.0),
        (PreviousMonth, "UTC", "2026-04-01T09:00:00Z", "2026-02-01T00:00:00Z 2026-03-01T00:00:00Z", 672.0),
        (PreviousMonth, "UTC", "2027-02-01T09:00:00Z", "2026-12-01T00:00:00Z 2027-01-01T00:00:00Z", 744.0),
        (hour, "UTC", "2026-11-20T09:00:00Z", "2026-11-20T07:00:00Z 2026-11-20T08:00:00Z", 1.0),
        // From nine to nine on the day of the change, and from nine to nine the day before.
        (SincePreviousSlot, "Europe/Berlin", "2025-03-30T07:00:00Z", "2025-03-28T08:00:00Z 2025-03-29T08:00:00Z", 24.0),
        (SincePreviousSlot, "Europe/Berlin", "2025-03-31T07:00:00Z", "2025-03-29T08:00:00Z 2025-03-30T07:00:00Z", 23.0),
    ] {
        let schedule = daily(zone, window, "0s");
        let found = schedule.previous_window(schedule.window_of(at(slot), None).unwrap());
        assert_eq!((shown(found).as_str(), hours(found)), (expected, long), "{window:?} in {zone} at {slot}");
    }
    let since = daily("UTC", SinceLastRun, "5m");
    let window = since.window_of(at("2026-11-20T09:00:00Z"), Some(at("2026-11-17T09:00:00Z"))).unwrap();
    assert_eq!(shown(since.previous_window(window)), "2026-11-14T09:05:00Z 2026-11-17T09:00:00Z");
    let delayed = daily("UTC", SincePreviousSlot, "5m");
    let window = delayed.window_of(at("2026-11-20T09:00:00Z"), None).unwrap();
    assert_eq!(shown(delayed.previous_window(window)), "2026-11-18T08:55:00Z 2026-11-19T08:55:00Z");
    assert_eq!(daily("UTC", WindowSpec::None, "0s").previous_window(window), None);
}

#[test]
fn without_a_window_there_is_none() {
    let schedule = daily("UTC", WindowSpec::None, "5m");
    assert_eq!(schedule.window_of(at("2026-11-20T09:00:00Z"), Some(at("2026-11-19T09:00:00Z"))), None);
}

proptest! {
    #[test]
    fn calendar_windows_end_by_their_slot_and_follow_each_other_without_gap_or_overlap(
        zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "America/Havana", "America/St_Johns", "Pacific/Apia", "Australia/Lord_Howe"]),
        window in prop::sample::select(vec![WindowSpec::PreviousDay, WindowSpec::PreviousWeek, WindowSpec::PreviousMonth]),
        // 2006 to 2025, so that all of their odd days are met.
        slot in 1_136_073_600_000_000_i64..1_767_225_600_000_000,
    ) {
        let schedule = daily(zone, window, "0s");
        let slot = Timestamp::from_micros(slot);
        let found = schedule.window_of(slot, None).unwrap();
        prop_assert!(found.start < found.end && found.end <= slot);
        let before = schedule.window_of(found.end.minus(Duration::from_micros(1)), None).unwrap();
        prop_assert_eq!(before.end, found.start);
        prop_assert_eq!(schedule.previous_window(found), Some(before));
        prop_assert_eq!(schedule.window_of(found.end, None).unwrap(), found);
    }
}

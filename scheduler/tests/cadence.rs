//! Which instants a cadence names.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use proptest::prelude::*;
use watchfire_model::{RuleUid, Timestamp};
use watchfire_scheduler::{Cadence, CadenceError, INTERVAL_MAX, INTERVAL_MIN, spread_offset};

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn every(interval: u64, offset: u64) -> Cadence {
    Cadence::every(seconds(interval), seconds(offset)).unwrap()
}

fn cron(pattern: &str, zone: &str) -> Cadence {
    Cadence::cron(pattern, zone.parse().unwrap()).unwrap()
}

fn just_before(instant: Timestamp) -> Timestamp {
    Timestamp::from_micros(instant.as_micros() - 1)
}

/// The next slots, joined by spaces.
fn next(cadence: &Cadence, after: &str, count: usize) -> String {
    cadence.slots_after(at(after)).take(count).map(|slot| slot.to_string()).collect::<Vec<_>>().join(" ")
}

#[test]
fn an_interval_is_aligned_to_the_epoch_and_later_by_its_offset() {
    for (interval, offset, after, slots) in [
        (60, 0, "2026-11-20T09:00:00Z", "2026-11-20T09:01:00Z 2026-11-20T09:02:00Z"),
        (60, 0, "2026-11-20T08:59:59.999999Z", "2026-11-20T09:00:00Z 2026-11-20T09:01:00Z"),
        (60, 7, "2026-11-20T09:00:07Z", "2026-11-20T09:01:07Z 2026-11-20T09:02:07Z"),
        (60, 7, "2026-11-20T09:00:06.999999Z", "2026-11-20T09:00:07Z 2026-11-20T09:01:07Z"),
        // 7 minutes do not divide an hour: 20,777 days are 7 × 4,274,125 minutes and 5 more.
        (420, 0, "2026-11-20T00:00:00Z", "2026-11-20T00:02:00Z 2026-11-20T00:09:00Z"),
        (7 * 86_400, 0, "2026-11-20T09:00:00Z", "2026-11-26T00:00:00Z 2026-12-03T00:00:00Z"),
        (60, 0, "1969-12-31T23:58:30Z", "1969-12-31T23:59:00Z 1970-01-01T00:00:00Z"),
    ] {
        assert_eq!(next(&every(interval, offset), after, 2), slots, "every {interval} s + {offset} s after {after}");
    }
}

#[test]
fn an_interval_lies_between_a_second_and_31_days_and_its_offset_below_it() {
    let micro = Duration::from_micros(1);
    assert!(Cadence::every(INTERVAL_MIN, Duration::ZERO).is_ok());
    assert!(Cadence::every(INTERVAL_MAX, INTERVAL_MAX - micro).is_ok());
    for (interval, offset, message, help) in [
        (
            INTERVAL_MIN - micro,
            Duration::ZERO,
            "an interval of 999ms is not between 1s and 31d",
            "write `every: 1s` or more",
        ),
        (
            INTERVAL_MAX + seconds(1),
            Duration::ZERO,
            "an interval of 31d1s is not between 1s and 31d",
            "write `every: 31d` or less, or a `cron` pattern such as `0 9 1 * *`",
        ),
        (
            seconds(60),
            seconds(60),
            "an offset of 1m is not below the interval of 1m",
            "take an offset below the interval",
        ),
    ] {
        let error = Cadence::every(interval, offset).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.help().as_str()), (message, help));
    }
    assert!(matches!(
        Cadence::every(INTERVAL_MAX + micro, Duration::ZERO),
        Err(CadenceError::IntervalOutOfRange { interval, min: INTERVAL_MIN, max: INTERVAL_MAX }) if interval == INTERVAL_MAX + micro
    ));
}

#[test]
fn a_cadence_ends_with_time_instead_of_overflowing() {
    let (first, last) = (Timestamp::from_micros(i64::MIN), Timestamp::from_micros(i64::MAX));
    for cadence in [every(60, 59), cron("* * * * * *", "Europe/Berlin"), cron("0 0 * * *", "Pacific/Apia")] {
        assert_eq!(cadence.next_after(last), None);
        assert_eq!(cadence.newest_at_or_before(first), None);
        assert!(cadence.next_after(first).is_some());
        assert!(cadence.newest_at_or_before(last).is_some());
        assert_eq!(cadence.count(last, first), 0);
    }
}

#[test]
fn a_spread_offset_is_stable_below_the_interval_and_differs_between_rules() {
    let offset = |rule: &str, interval| spread_offset(&RuleUid::new(rule), seconds(interval));
    assert_eq!(offset("default/checkout-5xx", 3_600), seconds(2_117));
    assert_eq!(offset("default/checkout-5xx", 1), Duration::ZERO);
    assert_eq!(spread_offset(&RuleUid::new("default/a"), Duration::from_millis(500)), Duration::ZERO);
    let offsets: std::collections::BTreeSet<Duration> =
        (0..100).map(|rule| offset(&format!("default/{rule}"), 10)).collect();
    assert_eq!(offsets, (0..10).map(seconds).collect());
}

#[test]
fn a_pattern_that_matches_no_date_has_no_slots_at_all() {
    for pattern in ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 31 4 +MON", "0 0 0 29 2 * 2021/4"] {
        let cadence = cron(pattern, "UTC");
        assert_eq!(cadence.next_after(Timestamp::EPOCH), None, "{pattern}");
        assert_eq!(cadence.newest_at_or_before(at("2026-11-20T00:00:00Z")), None, "{pattern}");
        assert_eq!(cadence.count(Timestamp::EPOCH, at("2026-11-20T00:00:00Z")), 0, "{pattern}");
    }
}

#[test]
fn a_pattern_whose_years_are_over_has_a_newest_slot_but_no_next_one() {
    let cadence = cron("0 0 9 1 1 * 2020-2021", "UTC");
    assert_eq!(cadence.next_after(at("2021-01-01T08:59:59.999999Z")), Some(at("2021-01-01T09:00:00Z")));
    assert_eq!(cadence.next_after(at("2021-01-01T09:00:00Z")), None);
    assert_eq!(cadence.newest_at_or_before(at("2026-11-20T00:00:00Z")), Some(at("2021-01-01T09:00:00Z")));
    assert_eq!(cadence.newest_at_or_before(at("2021-01-01T08:59:59.999999Z")), Some(at("2020-01-01T09:00:00Z")));
    assert_eq!(cadence.newest_at_or_before(at("2020-01-01T08:59:59.999999Z")), None);
}

#[test]
fn patterns_mean_what_people_expect_of_them() {
    for (pattern, zone, after, slots) in [
        ("@midnight", "Europe/Berlin", "2026-11-20T09:00:00Z", "2026-11-20T23:00:00Z 2026-11-21T23:00:00Z"),
        ("@Yearly", "UTC", "2026-11-20T09:00:00Z", "2027-01-01T00:00:00Z 2028-01-01T00:00:00Z"),
        ("@annually", "UTC", "2026-11-20T09:00:00Z", "2027-01-01T00:00:00Z 2028-01-01T00:00:00Z"),
        (" 0  9 * * mon-fri ", "Europe/Berlin", "2026-11-20T08:00:00Z", "2026-11-23T08:00:00Z 2026-11-24T08:00:00Z"),
        // The last Sunday of the month, however it is written.
        ("0 0 * * 7L", "UTC", "2026-11-20T00:00:00Z", "2026-11-29T00:00:00Z 2026-12-27T00:00:00Z"),
        ("0 0 * * 7#L", "UTC", "2026-11-20T00:00:00Z", "2026-11-29T00:00:00Z 2026-12-27T00:00:00Z"),
        ("0 0 * * SUNL", "UTC", "2026-11-20T00:00:00Z", "2026-11-29T00:00:00Z 2026-12-27T00:00:00Z"),
        // Neither `*/1` nor `?` restricts: the other field decides alone.
        ("0 0 */1 * MON", "UTC", "2026-11-20T00:00:00Z", "2026-11-23T00:00:00Z 2026-11-30T00:00:00Z"),
        ("0 0 1 * */1", "UTC", "2026-11-20T00:00:00Z", "2026-12-01T00:00:00Z 2027-01-01T00:00:00Z"),
        ("0 0 ?/1 * MON", "UTC", "2026-11-20T00:00:00Z", "2026-11-23T00:00:00Z 2026-11-30T00:00:00Z"),
        ("0 0 13 * +FRI", "UTC", "2026-11-20T00:00:00Z", "2027-08-13T00:00:00Z 2028-10-13T00:00:00Z"),
        // 29 February on a Monday: 28 years apart, 40 across 2100.
        ("0 0 29 2 +MON", "UTC", "2026-11-20T00:00:00Z", "2044-02-29T00:00:00Z 2072-02-29T00:00:00Z"),
        ("0 0 29 2 +MON", "UTC", "2072-02-29T00:00:00Z", "2112-02-29T00:00:00Z 2140-02-29T00:00:00Z"),
        ("? ? 9 * * *", "UTC", "2026-11-20T08:59:59Z", "2026-11-20T09:00:00Z 2026-11-20T09:00:01Z"),
        ("0 0 L,LW 1 *", "UTC", "2027-01-01T00:00:00Z", "2027-01-29T00:00:00Z 2027-01-31T00:00:00Z"),
    ] {
        assert_eq!(next(&cron(pattern, zone), after, 2), slots, "`{pattern}` in {zone} after {after}");
    }
}

#[test]
fn a_text_that_is_no_pattern_is_refused_with_its_field_and_a_way_out() {
    const FIVE: &str = "write five fields: minute, hour, day of month, month, day of week; \
        a sixth in front is the second, a seventh at the end the year";
    for (pattern, message, help) in [
        ("", "the cron pattern is empty", "write five fields: minute, hour, day of month, month, day of week"),
        ("0 9 * *", "the cron pattern `0 9 * *` has 4 fields, not 5, 6 or 7", FIVE),
        ("9", "the cron pattern `9` has 1 field, not 5, 6 or 7", FIVE),
        ("0 0 9 * * * 2026 x", "the cron pattern `0 0 9 * * * 2026 x` has 8 fields, not 5, 6 or 7", FIVE),
        ("@every 5m", "`@every` is not a cron nickname", "write `every: 5m` instead of `cron`"),
        (
            "@reboot",
            "`@reboot` is not a cron nickname",
            "the nicknames are @yearly, @annually, @monthly, @weekly, @daily, @midnight and @hourly",
        ),
        (
            "CRON_TZ=Europe/Berlin 0 9 * * *",
            "`CRON_TZ=Europe/Berlin` does not belong into the cron pattern",
            "name the zone in `timezone`",
        ),
        ("TZ=UTC 0 9 * * *", "`TZ=UTC` does not belong into the cron pattern", "name the zone in `timezone`"),
        (
            "0 0 1 nov-feb *",
            "the month `nov-feb` of the cron pattern `0 0 1 nov-feb *` cannot be read",
            "a range must not run backwards: write `nov-12,1-feb`",
        ),
        (
            "0 0 9 1 1 * 20260",
            "the year `20260` of the cron pattern `0 0 9 1 1 * 20260` cannot be read",
            "expected `*`, a year up to 5000, a list, a range or a step",
        ),
        (
            "61 9 * * *",
            "the minute `61` of the cron pattern `61 9 * * *` cannot be read",
            "expected `*`, 0-59, a list `0,30`, a range `0-29` or a step `*/15`",
        ),
        (
            "0 9 * * fri-mon",
            "the day of week `fri-mon` of the cron pattern `0 9 * * fri-mon` cannot be read",
            "a range must not run backwards: write `fri-6,0-mon`",
        ),
        (
            "0 22-6 * * *",
            "the hour `22-6` of the cron pattern `0 22-6 * * *` cannot be read",
            "a range must not run backwards: write `22-23,0-6`",
        ),
    ] {
        let error = Cadence::cron(pattern, chrono_tz::UTC).unwrap_err();
        assert_eq!((error.to_string().as_str(), error.help().as_str()), (message, help));
    }
}

#[test]
fn what_croner_would_misread_is_refused() {
    for pattern in [
        "/10 * * * *",    // no start
        "1,,2 * * * *",   // an empty item
        ", * * * *",      // nothing at all
        "0 0 1 MON *",    // a weekday is no month
        "0 0 JAN * *",    // a month is no day
        "0 0 15W3 * *",   // something behind the W
        "0 0 * * L",      // the last of which weekday?
        "0 0 * * 5#1L",   // first or last?
        "0 0 * * MON#6",  // no month has six
        "0 0 * * FRIDAY", // names have three letters
        "*/0 * * * *",    // no step
        "0 0 3L * *",     // L is for weekdays here
        "0 24 * * *",
        "0 0 0 * *",
        "0 0 32 * *",
        "0 0 1 13 *",
        "0 0 * * 8",
        "60 * * * * *",
        "0 0 0 1 1 * 5001",
        "0 0 1 * MON+",
        "0 0 * * + MON",
        "0 0 */+1 * *",
    ] {
        assert!(matches!(Cadence::cron(pattern, chrono_tz::UTC), Err(CadenceError::Pattern(_))), "`{pattern}`");
    }
}

#[test]
fn the_usual_distance_is_the_interval_or_that_of_the_next_two_slots() {
    let near = "2026-11-20T08:00:00Z";
    for (cadence, expected) in [
        (every(90, 5), 90),
        (cron("*/15 * * * *", "UTC"), 900),
        (cron("0 9 * * *", "Europe/Berlin"), 86_400),
        // From Friday's slot on, the next two are Monday's and Tuesday's.
        (cron("0 9 * * MON-FRI", "Europe/Berlin"), 86_400),
        (cron("0 9 * * FRI", "Europe/Berlin"), 7 * 86_400),
        // Two slots that are over; one that is left; none at all.
        (cron("0 0 9 1 1 * 2019-2020", "UTC"), 365 * 86_400),
        (cron("0 0 9 1 1 * 2030", "UTC"), 86_400),
        (cron("0 0 30 2 *", "UTC"), 86_400),
    ] {
        assert_eq!(cadence.nominal_interval(at(near)), seconds(expected), "{cadence:?}");
    }
}

#[test]
fn slots_that_a_fold_over_midnight_interleaves_come_in_real_order() {
    // At 00:01 on 29 October 2006 Newfoundland went back to 23:01 on the 28th.
    let interval = cron("*/30 0,23 * * *", "America/St_Johns");
    assert_eq!(
        next(&interval, "2006-10-29T02:00:00Z", 5),
        "2006-10-29T02:30:00Z 2006-10-29T03:00:00Z 2006-10-29T03:30:00Z 2006-10-29T04:00:00Z 2006-10-30T02:30:00Z"
    );
    // 02:30 is 00:00 of the 29th, 03:00 is 23:30 of the 28th once more.
    for (instant, newest) in [
        ("2006-10-29T02:59:59Z", "2006-10-29T02:30:00Z"),
        ("2006-10-29T03:00:00Z", "2006-10-29T03:00:00Z"),
        ("2006-10-29T03:29:59Z", "2006-10-29T03:00:00Z"),
    ] {
        assert_eq!(interval.newest_at_or_before(at(instant)), Some(at(newest)), "{instant}");
    }
    for (after, through, count) in [
        ("2006-10-29T02:00:00Z", "2006-10-29T03:00:00Z", 2),
        ("2006-10-29T02:30:00Z", "2006-10-29T03:00:00Z", 1),
        ("2006-10-29T02:30:00Z", "2006-10-29T02:59:59Z", 0),
    ] {
        assert_eq!(interval.count(at(after), at(through)), count, "{after} to {through}");
    }
    // As clock times each runs once: 00:00 in its first pass, 00:30 after the fold.
    let clock = cron("0,30 0,23 * * *", "America/St_Johns");
    assert_eq!(
        next(&clock, "2006-10-29T01:30:00Z", 4),
        "2006-10-29T02:00:00Z 2006-10-29T02:30:00Z 2006-10-29T04:00:00Z 2006-10-30T02:30:00Z"
    );
}

#[test]
fn a_run_that_two_dates_share_across_a_gap_over_midnight_is_counted_once() {
    // On 30 March 2024 Nuuk went from 23:00 to 24:00: 23:00, 23:30 and the next 00:00 are one instant.
    let (from, gap_end, to) = (at("2024-03-30T12:00:00Z"), at("2024-03-31T01:00:00Z"), at("2024-04-01T12:00:00Z"));
    for (pattern, slots) in [
        ("0 23 * * *", "2024-03-31T01:00:00Z 2024-04-01T00:00:00Z"),
        ("0 0,23 * * *", "2024-03-31T01:00:00Z 2024-04-01T00:00:00Z 2024-04-01T01:00:00Z"),
        (
            "0,30 0,23 * * *",
            "2024-03-31T01:00:00Z 2024-03-31T01:30:00Z 2024-04-01T00:00:00Z 2024-04-01T00:30:00Z 2024-04-01T01:00:00Z 2024-04-01T01:30:00Z",
        ),
    ] {
        let cadence = cron(pattern, "America/Nuuk");
        let count = slots.split(' ').count();
        assert_eq!(next(&cadence, "2024-03-30T12:00:00Z", count), slots, "`{pattern}`");
        assert_eq!(cadence.count(from, to), count as u64, "`{pattern}`");
        assert_eq!(cadence.count(gap_end, to), count as u64 - 1, "`{pattern}`");
        assert_eq!(cadence.count(from, gap_end), 1, "`{pattern}`");
        assert_eq!(cadence.count(from, just_before(gap_end)), 0, "`{pattern}`");
    }
}

#[test]
fn a_clock_time_that_a_day_does_not_have_is_known_in_advance() {
    for (pattern, zone, expected) in [
        ("30 2 * * *", "Europe/Berlin", Some("2027-03-28T01:00:00Z")),
        ("59 59 2 * * *", "Europe/Berlin", Some("2027-03-28T01:00:00Z")),
        ("0 2 * * *", "Europe/Berlin", Some("2027-03-28T01:00:00Z")),
        // The gap's end exists, and so does the time before it.
        ("0 3 * * *", "Europe/Berlin", None),
        ("59 1 * * *", "Europe/Berlin", None),
        ("30 2 * * MON-SAT", "Europe/Berlin", None),
        ("*/30 2 * * *", "Europe/Berlin", None),
        ("30 2 * * *", "UTC", None),
        ("59 23 * * *", "America/Nuuk", Some("2027-03-28T01:00:00Z")),
        ("0 0 * * *", "America/Nuuk", None),
    ] {
        let Cadence::Cron(cadence) = cron(pattern, zone) else { panic!("`{pattern}` is a pattern") };
        let found = cadence.first_in_gap(at("2026-11-20T00:00:00Z"), at("2027-11-20T00:00:00Z"));
        assert_eq!(found, expected.map(at), "`{pattern}` in {zone}");
        if let Some(gap_end) = found {
            assert_eq!(cadence.first_in_gap(just_before(gap_end), gap_end), found, "`{pattern}` in {zone}");
            assert_eq!(cadence.first_in_gap(gap_end, at("2027-11-20T00:00:00Z")), None, "`{pattern}` in {zone}");
            assert_eq!(
                cadence.first_in_gap(at("2026-11-20T00:00:00Z"), just_before(gap_end)),
                None,
                "`{pattern}` in {zone}"
            );
        }
    }
}

fn cadences() -> impl Strategy<Value = Cadence> {
    let patterns = prop::sample::select(vec![
        "*/15 * * * *",
        "* * * * * *",
        "0 9 * * MON-FRI",
        "30 1,2 * * *",
        "0 0 * * *",
        "*/20 0-3 * * *",
        "0 0 29 2 *",
        "0 12 L * *",
        "0 0 1,15 * FRI",
        "0 3 * * +7#1",
        "59 59 23 31 12 *",
        "0 0-23 * * *",
        "0,30 23,0 * * *",
    ]);
    let zones = prop::sample::select(vec![
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "America/Nuuk",
        "Pacific/Apia",
        "America/St_Johns",
        "Asia/Kathmandu",
    ]);
    prop_oneof![
        (1_u64..100_000, 0_u64..100_000).prop_map(|(interval, offset)| every(interval, offset % interval)),
        (patterns, zones).prop_map(|(pattern, zone)| cron(pattern, zone)),
    ]
}

/// From 2000 to 2040, to the microsecond.
fn instants() -> impl Strategy<Value = Timestamp> {
    (946_684_800_000_000_i64..2_208_988_800_000_000).prop_map(Timestamp::from_micros)
}

proptest! {
    #[test]
    fn slots_rise_and_looking_back_finds_each_of_them(cadence in cadences(), after in instants()) {
        let slots: Vec<Timestamp> = cadence.slots_after(after).take(12).collect();
        prop_assert_eq!(slots.len(), 12);
        prop_assert!(slots[0] > after);
        let mut previous = cadence.newest_at_or_before(after);
        for (index, slot) in slots.iter().enumerate() {
            prop_assert!(previous.is_none_or(|previous| previous < *slot));
            prop_assert_eq!(cadence.newest_at_or_before(just_before(*slot)), previous);
            prop_assert_eq!(cadence.newest_at_or_before(*slot), Some(*slot));
            prop_assert_eq!(cadence.next_after(just_before(*slot)), Some(*slot));
            prop_assert_eq!(cadence.count(after, just_before(*slot)), index as u64);
            prop_assert_eq!(cadence.count(after, *slot), index as u64 + 1);
            previous = Some(*slot);
        }
    }

    #[test]
    fn no_text_makes_the_parser_or_the_walk_panic(
        text in prop_oneof![
            "\\PC{0,40}",
            prop::collection::vec("[0-9*?/,#LWlw+-]{1,4}|MON|FRI-SUN|JAN|[0-9]{1,2}|\\*", 5..8).prop_map(|fields| fields.join(" ")),
        ],
        after in instants(),
    ) {
        match Cadence::cron(&text, chrono_tz::Europe::Berlin) {
            Ok(cadence) => prop_assert!(cadence.next_after(after).is_none_or(|slot| slot > after)),
            Err(error) => prop_assert!(!error.to_string().is_empty() && !error.help().is_empty()),
        }
    }

    #[test]
    fn every_slot_of_an_interval_is_a_multiple_of_it_plus_its_offset(interval in 1_u64..2_678_400, offset in 0_u64..2_678_400, after in instants()) {
        let offset = offset % interval;
        let slot = every(interval, offset).next_after(after).unwrap();
        prop_assert!(slot > after && slot.since(after) <= seconds(interval));
        prop_assert_eq!(slot.as_micros() % (interval as i64 * 1_000_000), offset as i64 * 1_000_000);
    }
}

//! What runs and what is skipped after downtime, overlap and a clock that jumps.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::time::{Duration, Instant};

use proptest::prelude::*;
use watchfire_model::{Timestamp, parse_duration};
use watchfire_scheduler::{Cadence, CatchUp, ON_TIME_GRACE, Owed, SkipReason, owed};

const MINUTE: Duration = Duration::from_secs(60);

/// An instant of 20 November 2026, UTC: `09:05`, `09:05:30` or `09:05:30.000001`.
fn at(time: &str) -> Timestamp {
    let seconds = if time.len() == 5 { ":00" } else { "" };
    Timestamp::parse(&format!("2026-11-20T{time}{seconds}Z")).unwrap()
}

fn time(instant: Timestamp) -> String {
    instant.to_string()[11..16].to_owned()
}

fn minutely() -> Cadence {
    Cadence::every(MINUTE, Duration::ZERO).unwrap()
}

fn within(text: &str) -> Duration {
    parse_duration(text).unwrap()
}

/// What is owed, in one line: `superseded 09:01-09:04 (4), run 09:05`. A `+` is a slot being caught up.
fn shown(owed: &Owed) -> String {
    let skipped = owed
        .skipped
        .iter()
        .map(|range| format!("{} {}-{} ({})", range.reason.as_str(), time(range.first), time(range.last), range.count));
    let run = owed
        .run
        .iter()
        .map(|slot| format!("run {}{}", time(slot.scheduled_for), if slot.catching_up { "+" } else { "" }));
    skipped.chain(run).collect::<Vec<_>>().join(", ")
}

/// The minutely rule's answer for slots after `decided` until `now`.
fn timeline(catch_up: CatchUp, decided: &str, now: &str, busy: Option<&str>, max: usize) -> String {
    let owed = owed(&minutely(), catch_up, at(decided), at(now), busy.map(at), max);
    assert_eq!(owed.decided_through, owed.skipped.last().map(|range| range.last));
    shown(&owed)
}

#[test]
fn latest_runs_the_newest_slot_and_skips_the_rest() {
    for (decided, now, expected) in [
        ("09:00", "09:00:59.999999", ""),
        ("09:00", "09:01", "run 09:01"),
        ("09:00", "09:01:59.999999", "run 09:01"),
        ("09:00", "09:02", "superseded 09:01-09:01 (1), run 09:02"),
        ("09:00", "09:05:30", "superseded 09:01-09:04 (4), run 09:05"),
        ("00:00", "23:59", "superseded 00:01-23:58 (1438), run 23:59"),
        // A rule that was created between two slots owes nothing from before.
        ("09:00:00.000001", "09:01:30", "run 09:01"),
        ("08:59:59.999999", "09:01:30", "superseded 09:00-09:00 (1), run 09:01"),
    ] {
        assert_eq!(timeline(CatchUp::Latest, decided, now, None, 10), expected, "{decided} to {now}");
    }
}

#[test]
fn latest_within_skips_all_once_even_the_newest_is_too_old() {
    let hourly = Cadence::every(60 * MINUTE, Duration::ZERO).unwrap();
    for (limit, now, expected) in [
        ("30m", "12:30", "superseded 10:00-11:00 (2), run 12:00"),
        ("30m", "12:30:00.000001", "too_old 10:00-12:00 (3)"),
        ("0s", "12:00", "superseded 10:00-11:00 (2), run 12:00"),
        ("12h", "12:59:59.999999", "superseded 10:00-11:00 (2), run 12:00"),
        ("30m", "09:59", ""),
    ] {
        let owed = owed(&hourly, CatchUp::LatestWithin(within(limit)), at("09:00"), at(now), None, 10);
        assert_eq!(shown(&owed), expected, "within {limit} at {now}");
    }
}

#[test]
fn all_within_runs_every_slot_in_order_and_marks_all_but_the_newest() {
    for (limit, now, max, expected) in [
        ("1h", "09:01", 10, "run 09:01"),
        ("1h", "09:03:59", 10, "run 09:01+, run 09:02+, run 09:03"),
        ("1h", "09:05", 2, "run 09:01+, run 09:02+"),
        ("1h", "09:03", 3, "run 09:01+, run 09:02+, run 09:03"),
        // Exactly as old as the limit is not older than it.
        ("2m", "09:05", 10, "too_old 09:01-09:02 (2), run 09:03+, run 09:04+, run 09:05"),
        ("2m", "09:05:00.000001", 10, "too_old 09:01-09:03 (3), run 09:04+, run 09:05"),
        ("2m", "09:05", 1, "too_old 09:01-09:02 (2), run 09:03+"),
        ("2m", "09:05", 0, "too_old 09:01-09:02 (2)"),
        ("0s", "09:05", 10, "too_old 09:01-09:04 (4), run 09:05"),
        ("0s", "09:05:01", 10, "too_old 09:01-09:05 (5)"),
        ("1h", "09:00:59", 10, ""),
    ] {
        let catch_up = CatchUp::AllWithin(within(limit));
        assert_eq!(timeline(catch_up, "09:00", now, None, max), expected, "within {limit} at {now}, {max} at once");
    }
}

#[test]
fn none_runs_what_is_on_time_and_skips_the_rest_as_missed() {
    assert_eq!(ON_TIME_GRACE, Duration::from_secs(30));
    for (now, expected) in [
        ("09:01", "run 09:01"),
        ("09:01:30", "run 09:01"),
        ("09:01:30.000001", "missed 09:01-09:01 (1)"),
        ("09:05:29", "missed 09:01-09:04 (4), run 09:05"),
        ("09:05:31", "missed 09:01-09:05 (5)"),
        ("09:00:59", ""),
    ] {
        assert_eq!(timeline(CatchUp::None, "09:00", now, None, 10), expected, "at {now}");
    }
}

#[test]
fn slots_that_came_due_while_the_rule_ran_are_skipped_as_overlapping() {
    let (latest, all) = (CatchUp::Latest, CatchUp::AllWithin(60 * MINUTE));
    for (catch_up, busy, now, expected) in [
        (latest, "09:00:30", "09:01", "run 09:01"),
        (latest, "09:00:59.999999", "09:01", "run 09:01"),
        (latest, "09:01", "09:01:30", "overlap 09:01-09:01 (1)"),
        (latest, "09:02:10", "09:03", "overlap 09:01-09:02 (2), run 09:03"),
        (latest, "09:02:10", "09:05", "overlap 09:01-09:02 (2), superseded 09:03-09:04 (2), run 09:05"),
        // It still runs: nothing after now is decided.
        (latest, "09:09", "09:02:30", "overlap 09:01-09:02 (2)"),
        (latest, "08:00", "09:01", "run 09:01"),
        (
            CatchUp::LatestWithin(MINUTE),
            "09:01:10",
            "09:05",
            "overlap 09:01-09:01 (1), superseded 09:02-09:04 (3), run 09:05",
        ),
        (CatchUp::None, "09:01:10", "09:05:45", "overlap 09:01-09:01 (1), missed 09:02-09:05 (4)"),
        // Order instead of overlap.
        (all, "09:02:10", "09:03", "run 09:01+, run 09:02+, run 09:03"),
    ] {
        assert_eq!(
            timeline(catch_up, "09:00", now, Some(busy), 10),
            expected,
            "{catch_up:?}, busy until {busy}, at {now}"
        );
    }
}

#[test]
fn a_clock_that_went_back_owes_nothing() {
    for catch_up in policies() {
        assert_eq!(timeline(catch_up, "09:05", "09:00", None, 10), "", "{catch_up:?}");
        assert_eq!(timeline(catch_up, "09:05", "09:05", None, 10), "", "{catch_up:?}");
        assert_eq!(timeline(catch_up, "09:05", "09:00", Some("09:10"), 10), "", "{catch_up:?}");
    }
}

#[test]
fn a_pattern_without_dates_owes_nothing() {
    let never = Cadence::cron("0 0 30 2 *", chrono_tz::UTC).unwrap();
    for catch_up in policies() {
        assert_eq!(owed(&never, catch_up, Timestamp::EPOCH, at("09:00"), None, 10), Owed::default(), "{catch_up:?}");
    }
}

#[test]
fn a_year_of_every_second_is_counted_without_being_walked() {
    let (decided, now) = (at("09:00"), at("09:00").plus(365 * 24 * 60 * MINUTE));
    let every_second = Cadence::every(Duration::from_secs(1), Duration::ZERO).unwrap();
    let cron = Cadence::cron("* * * * * *", chrono_tz::Europe::Berlin).unwrap();
    let started = Instant::now();
    for cadence in [every_second, cron] {
        let owed = owed(&cadence, CatchUp::Latest, decided, now, None, 10);
        assert_eq!(owed.skipped.iter().map(|range| range.count).collect::<Vec<_>>(), [365 * 86_400 - 1]);
    }
    // Walking 63 million slots would take minutes.
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_skipped_range_keeps_to_the_slots_of_the_zone() {
    let report = Cadence::cron("30 2 * * *", chrono_tz::Europe::Berlin).unwrap();
    let instant = |text| Timestamp::parse(text).unwrap();
    let owed =
        owed(&report, CatchUp::Latest, instant("2025-03-28T12:00:00Z"), instant("2025-04-01T12:00:00Z"), None, 10);
    let range = &owed.skipped[0];
    // 29, 30 (02:30 does not exist: 03:00) and 31 March; 1 April runs.
    assert_eq!(
        (range.first, range.last, range.count),
        (instant("2025-03-29T01:30:00Z"), instant("2025-03-31T00:30:00Z"), 3)
    );
    assert_eq!(owed.run[0].scheduled_for, instant("2025-04-01T00:30:00Z"));
}

#[test]
fn every_reason_reads_back_from_its_word() {
    use SkipReason::{Disabled, Missed, Overlap, Superseded, TooOld};
    let words = [
        (Superseded, "superseded"),
        (TooOld, "too_old"),
        (Missed, "missed"),
        (Overlap, "overlap"),
        (Disabled, "disabled"),
    ];
    for (reason, word) in words {
        assert_eq!((reason.as_str(), SkipReason::parse(word)), (word, Some(reason)));
    }
    assert_eq!(SkipReason::parse("late"), None);
}

fn policies() -> [CatchUp; 4] {
    [CatchUp::Latest, CatchUp::LatestWithin(30 * MINUTE), CatchUp::AllWithin(90 * MINUTE), CatchUp::None]
}

fn cadences() -> impl Strategy<Value = Cadence> {
    let patterns = vec!["*/15 * * * *", "0 9 * * *", "30 1,2 * * *", "0 0-23 * * *", "*/20 0-3 * * *"];
    prop_oneof![
        (60_u64..9_000).prop_map(|interval| Cadence::every(Duration::from_secs(interval), Duration::ZERO).unwrap()),
        prop::sample::select(patterns).prop_map(|pattern| Cadence::cron(pattern, chrono_tz::Europe::Berlin).unwrap()),
    ]
}

proptest! {
    #[test]
    fn every_slot_until_now_is_decided_exactly_once(
        cadence in cadences(),
        catch_up in prop::sample::select(policies().to_vec()),
        // The days around both changes of Berlin's clocks in 2025.
        start in prop_oneof![1_743_120_000_i64..1_743_400_000, 1_761_260_000_i64..1_761_600_000],
        away in 0_u64..200_000,
        busy in prop::option::of(0_u64..200_000),
        max in 1_usize..20,
    ) {
        let decided = Timestamp::from_seconds(start);
        let now = decided.plus(Duration::from_secs(away));
        let due: Vec<Timestamp> = cadence.slots_after(decided).take_while(|slot| *slot <= now).collect();
        let owed = owed(&cadence, catch_up, decided, now, busy.map(|busy| decided.plus(Duration::from_secs(busy))), max);

        let mut told = Vec::new();
        for range in &owed.skipped {
            let inside: Vec<Timestamp> = due.iter().copied().filter(|slot| (range.first..=range.last).contains(slot)).collect();
            prop_assert_eq!(inside.len() as u64, range.count);
            prop_assert!(range.count > 0);
            told.extend(inside);
        }
        told.extend(owed.run.iter().map(|slot| slot.scheduled_for));
        let cut = matches!(catch_up, CatchUp::AllWithin(_)) && owed.run.len() == max;
        prop_assert_eq!(&told[..], if cut { &due[..told.len()] } else { &due[..] });

        for slot in &owed.run {
            prop_assert_eq!(slot.catching_up, Some(&slot.scheduled_for) != due.last());
        }
        prop_assert_eq!(owed.decided_through, owed.skipped.last().map(|range| range.last));
    }
}

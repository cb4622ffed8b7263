//! Gaps and folds against a model that looks at every single minute.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, NaiveDateTime, Timelike};
use chrono_tz::Tz;
use proptest::prelude::*;
use watchfire_model::Timestamp;
use watchfire_scheduler::Cadence;

const MINUTE: i64 = 60;
const DAY: i64 = 86_400;

/// Transitions of every kind: an hour, half an hour, two hours, at midnight, over midnight, over the date line.
const TRANSITIONS: [(&str, &str); 16] = [
    ("Europe/Berlin", "2025-03-30T01:00:00Z"),
    ("Europe/Berlin", "2025-10-26T01:00:00Z"),
    ("America/New_York", "2025-03-09T07:00:00Z"),
    ("America/New_York", "2025-11-02T06:00:00Z"),
    ("Australia/Lord_Howe", "2024-04-06T15:00:00Z"),
    ("Australia/Lord_Howe", "2024-10-05T15:30:00Z"),
    ("Antarctica/Troll", "2024-03-31T01:00:00Z"),
    ("Antarctica/Troll", "2024-10-27T01:00:00Z"),
    ("America/Havana", "2024-03-10T05:00:00Z"),
    ("America/Havana", "2024-11-03T05:00:00Z"),
    ("America/Nuuk", "2024-03-31T01:00:00Z"),
    ("America/Nuuk", "2024-10-27T01:00:00Z"),
    ("America/St_Johns", "2006-04-02T03:31:00Z"),
    ("America/St_Johns", "2006-10-29T02:31:00Z"),
    ("Pacific/Apia", "2011-12-30T10:00:00Z"),
    ("Pacific/Kwajalein", "1969-09-30T13:00:00Z"),
];

fn local(zone: Tz, utc: i64) -> NaiveDateTime {
    DateTime::from_timestamp(utc, 0).unwrap().with_timezone(&zone).naive_local()
}

/// Every minute from two days before to three days after an instant.
fn minutes_around(middle: i64) -> impl Iterator<Item = i64> + Clone {
    ((middle - 2 * DAY)..(middle + 3 * DAY)).step_by(MINUTE as usize)
}

/// Interval pattern: each real minute whose local time matches.
fn interval_model(zone: Tz, middle: i64, hours: &BTreeSet<u32>, minutes: &BTreeSet<u32>) -> BTreeSet<i64> {
    minutes_around(middle)
        .filter(|utc| {
            let time = local(zone, *utc);
            hours.contains(&time.hour()) && minutes.contains(&time.minute())
        })
        .collect()
}

/// Clock times: each listed time of each date that exists, at the first minute that shows it or a later time.
fn clock_model(zone: Tz, middle: i64, hours: &BTreeSet<u32>, minutes: &BTreeSet<u32>) -> BTreeSet<i64> {
    let dates: BTreeSet<_> = minutes_around(middle).map(|utc| local(zone, utc).date()).collect();
    let named = dates.into_iter().flat_map(|date| {
        hours
            .iter()
            .flat_map(move |hour| minutes.iter().map(move |minute| date.and_hms_opt(*hour, *minute, 0).unwrap()))
    });
    // The local clock never falls back by more than a day, so the search may start that far ahead.
    let first_shown = |time: NaiveDateTime| {
        let guess = (time - Duration::hours(40)).and_utc().timestamp().div_euclid(MINUTE) * MINUTE;
        (guess..).step_by(MINUTE as usize).find(|utc| local(zone, *utc) >= time)
    };
    named.filter_map(first_shown).collect()
}

fn listed(values: &BTreeSet<u32>) -> String {
    values.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}

fn joined(slots: &[i64]) -> Vec<String> {
    slots.iter().map(|slot| Timestamp::from_seconds(*slot).to_string()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn around_a_transition_the_slots_are_those_of_the_minute_by_minute_model(
        (zone, transition) in prop::sample::select(TRANSITIONS.to_vec()),
        hours in prop_oneof![
            prop::collection::btree_set(0_u32..24, 1..4),
            prop::collection::btree_set(prop::sample::select(vec![0_u32, 1, 2, 3, 22, 23]), 1..5),
        ],
        minutes in prop::collection::btree_set(0_u32..60, 1..4),
        interval in any::<bool>(),
        start in -DAY..DAY,
    ) {
        let tz: Tz = zone.parse().unwrap();
        let middle = Timestamp::parse(transition).unwrap().as_micros() / 1_000_000;
        prop_assert_ne!(
            local(tz, middle) - local(tz, middle - 1), Duration::seconds(1),
            "no transition in {} at {}", zone, transition
        );
        let (after, until) = (middle + start, middle + start + 2 * DAY);
        // A step that names the same minutes makes the list an interval pattern.
        let step = if interval { format!("{},{}-{}/60", listed(&minutes), minutes.first().unwrap(), minutes.first().unwrap()) } else { listed(&minutes) };
        let pattern = format!("{step} {} * * *", listed(&hours));
        let model = if interval { interval_model(tz, middle, &hours, &minutes) } else { clock_model(tz, middle, &hours, &minutes) };
        let expected: Vec<i64> = model.into_iter().filter(|slot| after < *slot && *slot <= until).collect();

        let cadence = Cadence::cron(&pattern, tz).unwrap();
        let (after, until) = (Timestamp::from_seconds(after), Timestamp::from_seconds(until));
        let seconds = |slot: Timestamp| slot.as_micros() / 1_000_000;
        let found: Vec<i64> = cadence.slots_after(after).take_while(|slot| *slot <= until).map(seconds).collect();
        prop_assert_eq!(joined(&found), joined(&expected), "`{}` in {}", pattern, zone);
        prop_assert_eq!(cadence.count(after, until), expected.len() as u64, "`{}` in {}", pattern, zone);
        for (index, slot) in expected.iter().enumerate() {
            let left = (expected.len() - index - 1) as u64;
            prop_assert_eq!(cadence.count(Timestamp::from_seconds(*slot), until), left, "`{}` in {}", pattern, zone);
        }

        let back = std::iter::successors(cadence.newest_at_or_before(until), |slot| {
            cadence.newest_at_or_before(Timestamp::from_micros(slot.as_micros() - 1))
        });
        let mut back: Vec<i64> = back.take_while(|slot| *slot > after).map(seconds).collect();
        back.reverse();
        prop_assert_eq!(joined(&back), joined(&expected), "backwards `{}` in {}", pattern, zone);
    }
}

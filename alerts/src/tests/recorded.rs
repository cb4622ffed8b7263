//! The timelines of Prometheus's alert generator suite (`testdata/rules.json`): the query is computed by
//! hand (the last value per variant inside the window), everything after it is the real thing.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use watchfire_model::{Outcome, Reason, Timestamp, parse_duration};

use crate::rule::{Hold, Missing, NoData, Patience};
use crate::state::Condition;
use crate::testing::{Run, observation, row, rule};
use crate::{RuleState, RunContext};
use watchfire_model::{Slot, Window};

#[test]
fn every_recorded_timeline_happens_as_recorded() {
    let file: Json = serde_json::from_str(include_str!("../../testdata/rules.json")).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 5);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let (transitions, notifications) = play(case);
        assert_eq!(transitions, expected_transitions(case), "{name}: transitions");
        assert_eq!(notifications, expected_notifications(case), "{name}: notifications");
    }
}

/// Seconds, variant, state, value.
type Seen = (u64, String, String, Option<i64>);
/// Seconds, variant, reason, value, start of firing in seconds.
type Told = (u64, String, &'static str, i64, u64);

fn seconds(text: &Json) -> u64 {
    parse_duration(text.as_str().unwrap()).unwrap().as_secs()
}

/// `3 5 0x2 9`: each sample's value.
fn samples(values: &Json) -> Vec<i64> {
    let mut samples: Vec<i64> = Vec::new();
    for token in values.as_str().unwrap().split(' ') {
        match token.split_once('x') {
            None => samples.push(token.parse().unwrap()),
            Some((add, times)) => {
                for _ in 0..times.parse::<usize>().unwrap() {
                    samples.push(samples.last().unwrap() + add.parse::<i64>().unwrap());
                }
            }
        }
    }
    samples
}

/// The last value inside `[slot - window, slot)`, per variant.
fn last_values(case: &Json, slot: u64, window: u64) -> BTreeMap<String, i64> {
    let mut last = BTreeMap::new();
    for input in case["inputs"].as_array().unwrap() {
        let step = seconds(&input["step"]);
        let variant = input["labels"]["variant"].as_str().unwrap_or("").to_owned();
        for (place, value) in (0_u64..).zip(samples(&input["values"])) {
            let at = place * step;
            if at < slot && at + window >= slot {
                last.insert(variant.clone(), value);
            }
        }
    }
    last
}

fn play(case: &Json) -> (Vec<Seen>, Vec<Told>) {
    let wanted = &case["rule"];
    let limit: i64 = wanted["when"].as_str().unwrap().strip_prefix("value > ").unwrap().parse().unwrap();
    let (every, window) = (seconds(&wanted["every"]), seconds(&wanted["window"]));
    let offset = seconds(&wanted["slot_offset"]);
    let mut run = Run::new(rule(if wanted["per"].is_null() { "" } else { "per" }));
    run.rule.interval = std::time::Duration::from_secs(every);
    run.rule.hold_for = Hold::Time(parse_duration(wanted["for"].as_str().unwrap()).unwrap());
    run.rule.missing = Missing::Resolve(Patience::Runs(1));
    run.rule.no_data = NoData::Keep;
    let mut seen = Vec::new();
    let mut told = Vec::new();
    for slot in (0..=seconds(&case["run_until"]) - offset).step_by(usize::try_from(every).unwrap()) {
        let values = last_values(case, slot + offset, window);
        let rows = values
            .iter()
            .map(|(variant, value)| row(variant, if *value > limit { 'x' } else { '.' }, *value))
            .collect::<Vec<_>>();
        let outcome = if rows.is_empty() { Outcome::NoData } else { Outcome::Rows(observation(rows)) };
        let at = |seconds: u64| Timestamp::from_seconds(i64::try_from(seconds).unwrap());
        let context = RunContext {
            slot: Slot::on_time(at(slot + offset)),
            window: Some(Window { start: at((slot + offset).saturating_sub(window)), end: at(slot + offset) }),
            next_run_at: None,
        };
        let before = run.state.clone();
        let (decision, _) = run.step(&outcome, &context);
        seen.extend(moves(&before, &decision.state, &values, slot));
        told.extend(decision.notices.iter().map(|notice| {
            let told = &notice.notification;
            let value = |value: &watchfire_model::Value| value.to_json().as_i64().unwrap();
            let since = u64::try_from(told.since.unwrap().as_micros() / 1_000_000).unwrap() - offset;
            let variant = told
                .instance
                .as_ref()
                .map_or(String::new(), |key| key.parts()[0].1.to_json().as_str().unwrap().to_owned());
            (slot, variant, told.reason.as_str(), value(told.value.as_ref().unwrap()), since)
        }));
    }
    (seen, told)
}

/// Changes of the condition, and of the value while it is pending or fires.
fn moves(before: &RuleState, after: &RuleState, values: &BTreeMap<String, i64>, slot: u64) -> Vec<Seen> {
    let shown = |state: &RuleState, variant: &str| {
        let instance = state
            .instances
            .iter()
            .find(|(key, _)| key.parts().first().is_none_or(|(_, value)| value.to_json().as_str() == Some(variant)));
        instance.map_or(("inactive", None), |(_, instance)| {
            let value = instance.value.as_ref().and_then(|value| value.to_json().as_i64());
            match instance.condition {
                Condition::Inactive | Condition::Resolved { .. } => ("inactive", None),
                Condition::Pending { .. } => ("pending", value),
                Condition::Firing { .. } => ("firing", value),
            }
        })
    };
    let changed = values.keys().filter(|variant| shown(before, variant) != shown(after, variant));
    changed
        .map(|variant| {
            let (state, value) = shown(after, variant);
            (slot, variant.clone(), state.to_owned(), value.or_else(|| values.get(variant).copied()))
        })
        .collect()
}

fn text(value: &Json) -> String {
    value.as_str().unwrap_or("").to_owned()
}

fn expected_transitions(case: &Json) -> Vec<Seen> {
    let expected = case["expect"]["transitions"].as_array().unwrap();
    expected.iter().map(|t| (seconds(&t["at"]), text(&t["variant"]), text(&t["state"]), t["value"].as_i64())).collect()
}

fn expected_notifications(case: &Json) -> Vec<Told> {
    let reason = |kind: &Json| match kind.as_str().unwrap() {
        "firing" => Reason::StartedFiring.as_str(),
        _ => Reason::Resolved.as_str(),
    };
    let expected = case["expect"]["notifications"].as_array().unwrap();
    expected
        .iter()
        .map(|told| {
            let value = told["value"].as_i64().unwrap();
            (seconds(&told["at"]), text(&told["variant"]), reason(&told["kind"]), value, seconds(&told["started_at"]))
        })
        .collect()
}

//! What must hold on any timeline.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::rule::Rule;
use crate::state::{Baseline, Condition, Health, Instance, RuleState};
use crate::testing::{Run, context, minute, observation, outcome, rule};
use watchfire_model::{InstanceKey, Notification, NotificationKind, Outcome, Reason, RuleEnd};

const KEYS: [&str; 3] = ["a", "b", "c"];

/// Rules of every mode and policy, slow and quick to fire, resolve, repeat and miss.
fn any_rule() -> impl Strategy<Value = Rule> {
    let mode = prop_oneof!["any_results", "transitions", "onset", "data_change"].prop_map(|word: String| word);
    let hold = prop_oneof!["0s", "1m", "90s", "3m", "1 runs", "2 runs", "3 runs"].prop_map(|word: String| word);
    let missing = prop_oneof![
        Just("recovers"),
        Just("resolve after 2 runs"),
        Just("resolve after 2m"),
        Just("keep"),
        Just("alert after 2 runs")
    ];
    let no_data = prop_oneof![Just("keep"), Just("alert after 2 runs"), Just("resolve"), Just("ok")];
    let more = prop_oneof![
        Just(""),
        Just("repeat: 2m"),
        Just("notify_lowered"),
        Just("max_instances: 2"),
        Just("channel: chat, channel: pager/critical, channel: hook@resolved@matches"),
        Just("silent")
    ];
    (mode, hold.clone(), hold, missing, no_data, more, any::<bool>()).prop_map(
        |(mode, hold, keep, missing, no_data, more, per)| {
            let per = if per { "per, " } else { "" };
            rule(&format!(
                "{per}severities, notify_when: {mode}, for: {hold}, keep_firing_for: {keep}, missing: {missing}, no_data: {no_data}, {more}"
            ))
        },
    )
}

/// A letter per key and slot; at first some slots may be caught up.
fn any_slots() -> impl Strategy<Value = (Vec<[char; 3]>, i64)> {
    let letter = prop_oneof![
        4 => Just('x'), 2 => Just('w'), 2 => Just('c'), 4 => Just('.'), 1 => Just('~'), 3 => Just('-'),
    ];
    let slot = prop_oneof![
        8 => [letter.clone(), letter.clone(), letter],
        1 => Just(['!'; 3]),
        1 => Just(['?'; 3]),
        1 => Just(['_'; 3]),
    ];
    (proptest::collection::vec(slot, 1..40), prop_oneof![Just(0_i64), 0_i64..20])
}

fn outcome_at(letters: &[char; 3], number: i64) -> Option<Outcome> {
    outcome(&KEYS.into_iter().zip(*letters).collect::<Vec<_>>(), number)
}

/// Runs the slots, and shows each step to `check` as (state before, outcome, state after).
fn walk(
    rule: &Rule,
    slots: &[[char; 3]],
    present: i64,
    mut check: impl FnMut(&RuleState, &Outcome, &RuleState),
) -> Vec<(Notification, Vec<String>)> {
    let mut run = Run::new(rule.clone());
    for (number, letters) in (0_i64..).zip(slots) {
        let Some(outcome) = outcome_at(letters, number) else { continue };
        let before = run.state.clone();
        run.step(&outcome, &context(number, number < present));
        check(&before, &outcome, &run.state);
    }
    run.told
}

fn reload(state: &RuleState) -> RuleState {
    let instances = state.instances.iter().map(|(key, instance)| {
        let key: InstanceKey = serde_json::from_str(&serde_json::to_string(key).unwrap()).unwrap();
        let instance: Instance = serde_json::from_str(&serde_json::to_string(instance).unwrap()).unwrap();
        (key, instance)
    });
    let health: Health = serde_json::from_str(&serde_json::to_string(&state.health).unwrap()).unwrap();
    let baseline: Option<Baseline> = serde_json::from_str(&serde_json::to_string(&state.baseline).unwrap()).unwrap();
    RuleState { instances: instances.collect(), health, baseline, ..state.clone() }
}

/// A transition: the instance, its episode and place in it, and why it is told.
type Transition = (Option<InstanceKey>, Option<u64>, Option<u64>, Reason);

fn transition(told: &Notification) -> Transition {
    (told.instance.clone(), told.episode, told.seq, told.reason)
}

const fn is_transition(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::StartedFiring
            | Reason::Resolved
            | Reason::SeverityRaised
            | Reason::SeverityLowered
            | Reason::CaughtUp
            | Reason::FirstFiring
            | Reason::NewInstances
            | Reason::SomeResolved
            | Reason::AllResolved
    )
}

proptest! {
    #[test]
    fn nothing_resolves_that_never_fired(rule in any_rule(), (slots, present) in any_slots()) {
        walk(&rule, &slots, present, |before, _, after| {
            for (key, instance) in &after.instances {
                let previous = before.instances.get(key).map(|instance| &instance.condition);
                if let Condition::Resolved { .. } = instance.condition {
                    let was = matches!(previous, Some(Condition::Firing { .. } | Condition::Resolved { .. }));
                    assert!(was, "{previous:?} -> {:?}", instance.condition);
                }
            }
        });
        let told = walk(&rule, &slots, present, |_, _, _| {});
        let started: BTreeSet<(Option<InstanceKey>, Option<u64>)> = told
            .iter()
            .filter(|(told, _)| matches!(told.kind, NotificationKind::AlertStarted | NotificationKind::AlertMatches | NotificationKind::AlertUpdated))
            .map(|(told, _)| (told.instance.clone(), told.episode))
            .collect();
        for (told, channels) in told.iter().filter(|(told, _)| told.kind == NotificationKind::AlertResolved) {
            let is_alone = told.episode.is_some() && !channels.iter().any(|name| name == "chat");
            prop_assert!(!is_alone || started.contains(&(told.instance.clone(), told.episode)), "{told:?}");
        }
    }

    #[test]
    fn every_end_goes_to_somebody_who_was_told_a_start(rule in any_rule(), (slots, present) in any_slots()) {
        let mut open: BTreeMap<(Option<InstanceKey>, String), u64> = BTreeMap::new();
        for (told, channels) in walk(&rule, &slots, present, |_, _, _| {}) {
            for channel in channels.iter().filter(|name| *name != "chat") {
                let of = (told.instance.clone(), channel.clone());
                match told.kind {
                    NotificationKind::AlertStarted | NotificationKind::AlertMatches | NotificationKind::AlertUpdated => {
                        open.insert(of, told.episode.unwrap_or(0));
                    }
                    NotificationKind::AlertResolved => prop_assert_eq!(open.remove(&of), told.episode),
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn no_transition_is_told_twice(rule in any_rule(), (slots, present) in any_slots()) {
        let told = walk(&rule, &slots, present, |_, _, _| {});
        let mut seen: BTreeSet<(Transition, String)> = BTreeSet::new();
        for (told, channels) in told.iter().filter(|(told, _)| is_transition(told.reason) && told.episode.is_some()) {
            for channel in channels {
                prop_assert!(seen.insert((transition(told), channel.clone())), "{:?}", transition(told));
            }
        }
    }

    #[test]
    fn ids_are_unique(rule in any_rule(), (slots, present) in any_slots()) {
        let told = walk(&rule, &slots, present, |_, _, _| {});
        let ids: BTreeSet<_> = told.iter().map(|(told, _)| told.id.clone()).collect();
        prop_assert_eq!(ids.len(), told.len());
    }

    #[test]
    fn saving_and_loading_between_two_slots_changes_nothing(rule in any_rule(), (slots, present) in any_slots()) {
        let (mut kept, mut reloaded) = (Run::new(rule.clone()), Run::new(rule));
        for (number, letters) in (0_i64..).zip(&slots) {
            let Some(outcome) = outcome_at(letters, number) else { continue };
            let (one, _) = kept.step(&outcome, &context(number, number < present));
            reloaded.state = reload(&reloaded.state);
            let (other, _) = reloaded.step(&outcome, &context(number, number < present));
            prop_assert_eq!(one, other);
        }
    }

    #[test]
    fn storing_only_the_changes_changes_no_message(rule in any_rule(), (slots, present) in any_slots()) {
        let (mut kept, mut stored) = (Run::new(rule.clone()), Run::new(rule));
        for (number, letters) in (0_i64..).zip(&slots) {
            let Some(outcome) = outcome_at(letters, number) else { continue };
            let (one, _) = kept.step(&outcome, &context(number, number < present));
            let before = stored.state.clone();
            let (other, changes) = stored.step(&outcome, &context(number, number < present));
            prop_assert_eq!(one.notices, other.notices);
            let mut instances = before.instances;
            instances.retain(|key, _| !changes.forgets.contains(key));
            instances.extend(changes.upserts);
            stored.state = RuleState {
                instances,
                baseline: if changes.baseline { stored.state.baseline } else { before.baseline },
                ..stored.state
            };
        }
    }

    #[test]
    fn the_order_of_rows_never_matters(rule in any_rule(), (slots, present) in any_slots()) {
        let (mut one, mut other) = (Run::new(rule.clone()), Run::new(rule));
        for (number, letters) in (0_i64..).zip(&slots) {
            let Some(outcome) = outcome_at(letters, number) else { continue };
            let turned = match &outcome {
                Outcome::Rows(seen) => {
                    Outcome::Rows(observation(seen.rows.iter().rev().cloned().collect()))
                }
                other => other.clone(),
            };
            one.step(&outcome, &context(number, number < present));
            other.step(&turned, &context(number, number < present));
            prop_assert_eq!(&one.state, &other.state);
        }
        let heard = |run: &Run| -> BTreeSet<_> {
            run.told.iter().map(|(told, channels)| (told.id.clone(), channels.clone())).collect()
        };
        prop_assert_eq!(heard(&one), heard(&other));
    }

    #[test]
    fn failures_and_no_data_change_no_instance(rule in any_rule(), (slots, present) in any_slots()) {
        walk(&rule, &slots, present, |before, outcome, after| {
            let keeps = match (outcome, rule.no_data) {
                (Outcome::Failed(_), _) | (Outcome::NoData, crate::NoData::Keep | crate::NoData::Alert(_)) => true,
                (Outcome::NoData, crate::NoData::Ok | crate::NoData::Resolve) | (Outcome::Rows(_), _) => false,
            };
            if keeps {
                assert_eq!(before.instances, after.instances);
                assert_eq!(before.baseline, after.baseline);
            }
        });
    }

    #[test]
    fn no_more_instances_fire_than_the_cap(rule in any_rule(), (slots, present) in any_slots()) {
        walk(&rule, &slots, present, |_, _, after| {
            let firing = after.instances.values().filter(|i| matches!(i.condition, Condition::Firing { .. }));
            assert!(firing.count() <= rule.max_instances);
        });
    }

    #[test]
    fn after_any_end_nothing_is_open(rule in any_rule(), (slots, present) in any_slots()) {
        let mut run = Run::new(rule);
        for (number, letters) in (0_i64..).zip(&slots) {
            let Some(outcome) = outcome_at(letters, number) else { continue };
            run.step(&outcome, &context(number, number < present));
        }
        let decision = crate::end(&run.rule, &run.state, minute(99), RuleEnd::Removed);
        prop_assert!(decision.state.instances.is_empty());
        let ends = [NotificationKind::AlertResolved, NotificationKind::AlertRecovered, NotificationKind::AlertNoData];
        prop_assert!(decision.notices.iter().all(|notice| ends.contains(&notice.notification.kind)));
        prop_assert!(decision.notices.iter().all(|notice| notice.notification.rule_end.is_some()));
    }
}

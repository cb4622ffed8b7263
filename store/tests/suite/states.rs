//! State: every variant comes back as it was, and only what changed is written.

use std::collections::{BTreeMap, BTreeSet};

use watchfire_alerts::{Absence, Baseline, Clear, Condition, EmptyInput, Health, Instance, RuleState, StateChanges};
use watchfire_model::{Column, ColumnType, Failure, FailureCode, InstanceKey, Severity, Value};
use watchfire_store::CommitOutcome::Committed;
use watchfire_store::Store;

use crate::support::{at, channel, claim, decided, on_both, save, uid};

pub fn instance(condition: Condition) -> Instance {
    Instance {
        condition,
        episode: 0,
        seq: 0,
        severity: Severity::Warning,
        value: None,
        peak: None,
        trough: None,
        told: BTreeSet::new(),
        last_told_at: BTreeMap::new(),
        untold: false,
        absence: None,
        last_seen_at: None,
    }
}

pub fn firing() -> Instance {
    instance(Condition::Firing { breached_since: at(1), since: at(2), clear: None })
}

fn key(value: Value) -> InstanceKey {
    InstanceKey::new(vec![("service".into(), value), ("region".into(), Value::Null)])
}

/// Everything about this state is new.
fn all_of(state: &RuleState) -> StateChanges {
    StateChanges {
        rule: true,
        baseline: true,
        upserts: state.instances.clone().into_iter().collect(),
        forgets: Vec::new(),
    }
}

/// Commits a state at second `slot` and loads it again.
async fn through_the_store(store: &Store, slot: i64, state: &RuleState, changes: StateChanges) -> RuleState {
    let mut item = decided(&claim(store, slot).await[0], slot);
    // These states were never decided by a run.
    item.run = None;
    item.state = state.clone();
    item.changes = changes;
    assert_eq!(store.commit_evaluations(&[item]).await.unwrap(), [Committed]);
    store.rule_states(&[uid("a")]).await.unwrap().remove(&uid("a")).unwrap()
}

fn conditions() -> Vec<Condition> {
    vec![
        Condition::Inactive,
        Condition::Pending { breached_since: at(1), breached_at: at(2), runs: 3 },
        Condition::Firing { breached_since: at(1), since: at(2), clear: None },
        Condition::Firing { breached_since: at(1), since: at(2), clear: Some(Clear { since: at(3), runs: 4 }) },
        Condition::Resolved { at: at(5) },
    ]
}

fn healths() -> Vec<Health> {
    let empty = EmptyInput { since: at(0), runs: 4, told_at: Some(at(1)) };
    let failure = Failure::new(FailureCode::Timeout, "30 s are not enough for `SELECT '\0'`");
    vec![
        Health::Ok,
        Health::NoData { since: at(1), runs: 2, told_at: None },
        Health::NoData { since: at(1), runs: 2, told_at: Some(at(3)) },
        Health::Error { since: at(1), runs: 2, told_at: None, failure: failure.clone(), empty: None },
        Health::Error { since: at(1), runs: 2, told_at: Some(at(3)), failure, empty: Some(empty) },
    ]
}

fn values() -> Vec<Value> {
    vec![
        Value::Null,
        Value::Bool(true),
        Value::Int(i128::from(u64::MAX)),
        Value::Int(i128::from(i64::MIN)),
        Value::Float(f64::NAN),
        Value::Float(f64::NEG_INFINITY),
        Value::Float(0.1),
        Value::Decimal("1.50".into()),
        Value::String("quote ' \" \\ nul \0 snow ☃".into()),
        Value::Timestamp(at(7)),
        Value::Duration(-1),
        Value::Json(serde_json::json!({"b": [1, null], "a": "x"})),
        Value::List(vec![Value::Int(1), Value::Null]),
        Value::Binary(vec![0, 255]),
    ]
}

on_both! {
    async fn every_condition_comes_back_as_it_was(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a"]).await;
        let mut state = RuleState { incarnation: 1, ..RuleState::default() };
        for (place, condition) in conditions().into_iter().enumerate() {
            state.instances.insert(key(Value::Int(place as i128)), instance(condition));
        }
        assert_eq!(through_the_store(&store, 60, &state, all_of(&state)).await, state);
        // Each variant also replaces each other one in the same row.
        for (place, condition) in conditions().into_iter().enumerate() {
            for known in state.instances.values_mut() {
                known.condition = condition.clone();
            }
            let slot = 120 + 60 * place as i64;
            assert_eq!(through_the_store(&store, slot, &state, all_of(&state)).await, state);
        }
    }
}

on_both! {
    async fn every_health_and_baseline_comes_back_as_it_was(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a"]).await;
        let baseline = Baseline {
            at: at(1),
            semantic_hash: "s1".into(),
            columns: vec![Column { name: "x".into(), kind: ColumnType::Json }],
            rows: values().into_iter().map(|value| vec![value]).collect(),
        };
        let mut slot = 60;
        for health in healths() {
            for baseline in [None, Some(baseline.clone())] {
                for instant in [None, Some(at(9))] {
                    let state = RuleState {
                        incarnation: 1,
                        health: health.clone(),
                        last_success_at: instant,
                        baseline: baseline.clone(),
                        overflow_since: instant,
                        instances: BTreeMap::new(),
                    };
                    assert_eq!(through_the_store(&store, slot, &state, all_of(&state)).await, state);
                    slot += 60;
                }
            }
        }
    }
}

on_both! {
    async fn every_field_of_an_instance_comes_back_as_it_was(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a"]).await;
        let mut state = RuleState { incarnation: 1, ..RuleState::default() };
        for (place, value) in values().into_iter().enumerate() {
            let full = Instance {
                episode: 7,
                seq: 3,
                severity: Severity::ALL[place % 4],
                value: Some(value.clone()),
                told: BTreeSet::from([channel("ops: \"night\""), channel("mail")]),
                last_told_at: BTreeMap::from([(channel("mail"), at(4))]),
                untold: place % 2 == 0,
                absence: Some(Absence { since: at(1), runs: 2, told_at: (place % 2 == 0).then(|| at(3)) }),
                last_seen_at: Some(at(8)),
                ..firing()
            };
            state.instances.insert(key(value), full);
        }
        let loaded = through_the_store(&store, 60, &state, all_of(&state)).await;
        assert_eq!(loaded, state);
        // Equality is by meaning; the bytes must be the same too.
        assert_eq!(format!("{loaded:?}"), format!("{state:?}"));
    }
}

on_both! {
    async fn only_what_changed_is_written(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a"]).await;
        let (one, two) = (key(Value::Int(1)), key(Value::Int(2)));
        let mut state = RuleState { incarnation: 1, ..RuleState::default() };
        state.instances.insert(one.clone(), firing());
        state.instances.insert(two.clone(), firing());
        through_the_store(&store, 60, &state, all_of(&state)).await;

        let mut later = state.clone();
        later.health = Health::NoData { since: at(1), runs: 1, told_at: None };
        later.instances.insert(one.clone(), instance(Condition::Inactive));
        assert_eq!(through_the_store(&store, 120, &later, StateChanges::default()).await, state);

        let forgets = StateChanges { forgets: vec![two.clone()], ..StateChanges::default() };
        let left = through_the_store(&store, 180, &later, forgets).await;
        assert_eq!(left.instances.keys().collect::<Vec<_>>(), [&one]);
    }
}

on_both! {
    async fn a_stored_rule_without_state_starts_fresh_and_an_unknown_one_is_left_out(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a"]).await;
        let states = store.rule_states(&[uid("a"), uid("nobody")]).await.unwrap();
        assert_eq!(states.len(), 1);
        assert_eq!(states[&uid("a")], RuleState { incarnation: 1, ..RuleState::default() });
    }
}

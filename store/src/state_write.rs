//! How a rule's state becomes rows. Every fact of an enum has its own column, and the database checks
//! that the facts fit the variant, so that a fault in here cannot store a lie.

use serde::Serialize;
use watchfire_alerts::{Condition, Health, Instance, RuleState, StateChanges};
use watchfire_model::{InstanceKey, RuleUid, Timestamp};

use crate::database::{Param, Transaction, given, int};
use crate::error::Error;

/// What one rule's state becomes, and which parts of it differ from what is stored.
#[derive(Clone, Copy)]
pub(crate) struct StateWrite<'a> {
    pub(crate) uid: &'a RuleUid,
    pub(crate) state: &'a RuleState,
    pub(crate) changes: &'a StateChanges,
}

/// Writes what changed, and nothing else. Of each rule at most one change is given.
pub(crate) async fn write(work: &mut Transaction, writes: &[StateWrite<'_>]) -> Result<(), Error> {
    let states: Vec<_> =
        writes.iter().filter(|write| write.changes.rule).map(|write| GivenState::of(write.uid, write.state)).collect();
    run(work, SAVE_STATES, &states).await?;

    let (kept, dropped): (Vec<_>, Vec<_>) = writes
        .iter()
        .filter(|write| write.changes.baseline)
        .map(|write| GivenBaseline { uid: write.uid.as_str(), body: write.state.baseline.as_ref().map(json) })
        .partition(|baseline| baseline.body.is_some());
    run(work, SAVE_BASELINES, &kept).await?;
    run(work, DROP_BASELINES, &dropped).await?;

    let gone: Vec<_> =
        writes.iter().flat_map(|write| write.changes.forgets.iter().map(|key| GivenKey::of(write.uid, key))).collect();
    run(work, FORGET_INSTANCES, &gone).await?;
    let instances: Vec<_> = writes
        .iter()
        .flat_map(|write| write.changes.upserts.iter().map(|(key, now)| GivenInstance::of(write.uid, key, now)))
        .collect();
    run(work, SAVE_INSTANCES, &instances).await
}

/// Forgets everything about these rules (as JSON rows with `uid`) but that they exist.
pub(crate) async fn forget(work: &mut Transaction, uids: &str) -> Result<(), Error> {
    for statement in [FORGET_STATES_OF, FORGET_BASELINES_OF, FORGET_INSTANCES_OF] {
        work.execute(statement, &[Param::Rows(uids)]).await?;
    }
    Ok(())
}

async fn run<T: Serialize>(work: &mut Transaction, statement: &'static str, rows: &[T]) -> Result<(), Error> {
    if !rows.is_empty() {
        work.execute(statement, &[Param::Rows(&given(rows))]).await?;
    }
    Ok(())
}

fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("the maps of a state have texts as keys")
}

#[derive(Serialize)]
struct GivenState<'a> {
    uid: &'a str,
    health: &'static str,
    health_since: Option<Timestamp>,
    health_runs: Option<i64>,
    health_told_at: Option<Timestamp>,
    failure: Option<String>,
    empty_input: Option<String>,
    last_success_at: Option<Timestamp>,
    overflow_since: Option<Timestamp>,
}

impl<'a> GivenState<'a> {
    fn of(uid: &'a RuleUid, state: &RuleState) -> Self {
        let (health, health_since, health_runs, health_told_at, failure, empty) = match &state.health {
            Health::Ok => ("ok", None, None, None, None, None),
            Health::NoData { since, runs, told_at } => {
                ("no_data", Some(*since), Some(int(*runs)), *told_at, None, None)
            }
            Health::Error { since, runs, told_at, failure, empty } => {
                ("error", Some(*since), Some(int(*runs)), *told_at, Some(json(failure)), empty.as_ref())
            }
        };
        Self {
            uid: uid.as_str(),
            health,
            health_since,
            health_runs,
            health_told_at,
            failure,
            empty_input: empty.map(json),
            last_success_at: state.last_success_at,
            overflow_since: state.overflow_since,
        }
    }
}

#[derive(Serialize)]
struct GivenBaseline<'a> {
    uid: &'a str,
    body: Option<String>,
}

#[derive(Serialize)]
struct GivenKey<'a> {
    uid: &'a str,
    fingerprint: String,
}

impl<'a> GivenKey<'a> {
    fn of(uid: &'a RuleUid, key: &InstanceKey) -> Self {
        Self { uid: uid.as_str(), fingerprint: key.fingerprint().to_string() }
    }
}

#[derive(Serialize)]
struct GivenInstance<'a> {
    #[serde(flatten)]
    key: GivenKey<'a>,
    instance_key: String,
    #[serde(flatten)]
    condition: GivenCondition,
    episode: i64,
    seq: i64,
    severity: &'static str,
    breaching_value: Option<String>,
    peak_value: Option<String>,
    trough_value: Option<String>,
    told: String,
    last_told_at: String,
    untold: i64,
    absent_since: Option<Timestamp>,
    absent_runs: Option<i64>,
    absence_told_at: Option<Timestamp>,
    last_seen_at: Option<Timestamp>,
}

impl<'a> GivenInstance<'a> {
    fn of(uid: &'a RuleUid, key: &InstanceKey, instance: &Instance) -> Self {
        Self {
            key: GivenKey::of(uid, key),
            instance_key: json(key),
            condition: GivenCondition::of(&instance.condition),
            episode: int(instance.episode),
            seq: int(instance.seq),
            severity: instance.severity.as_str(),
            breaching_value: instance.value.as_ref().map(json),
            peak_value: instance.peak.as_ref().map(json),
            trough_value: instance.trough.as_ref().map(json),
            told: json(&instance.told),
            last_told_at: json(&instance.last_told_at),
            untold: instance.untold.into(),
            absent_since: instance.absence.map(|absence| absence.since),
            absent_runs: instance.absence.map(|absence| int(absence.runs)),
            absence_told_at: instance.absence.and_then(|absence| absence.told_at),
            last_seen_at: instance.last_seen_at,
        }
    }
}

#[derive(Serialize, Default)]
struct GivenCondition {
    condition: &'static str,
    breached_since: Option<Timestamp>,
    breached_at: Option<Timestamp>,
    breached_runs: Option<i64>,
    firing_since: Option<Timestamp>,
    clear_since: Option<Timestamp>,
    clear_runs: Option<i64>,
    resolved_at: Option<Timestamp>,
}

impl GivenCondition {
    fn of(condition: &Condition) -> Self {
        match *condition {
            Condition::Inactive => Self { condition: "inactive", ..Self::default() },
            Condition::Pending { breached_since, breached_at, runs } => Self {
                condition: "pending",
                breached_since: Some(breached_since),
                breached_at: Some(breached_at),
                breached_runs: Some(int(runs)),
                ..Self::default()
            },
            Condition::Firing { breached_since, since, clear } => Self {
                condition: "firing",
                breached_since: Some(breached_since),
                firing_since: Some(since),
                clear_since: clear.map(|clear| clear.since),
                clear_runs: clear.map(|clear| int(clear.runs)),
                ..Self::default()
            },
            Condition::Resolved { at } => Self { condition: "resolved", resolved_at: Some(at), ..Self::default() },
        }
    }
}

const SAVE_STATES: &str = "
    INSERT INTO rule_states (rule_uid, health, health_since, health_runs, health_told_at, failure, empty_input,
        last_success_at, overflow_since)
    SELECT value ->> 'uid', value ->> 'health', CAST(value ->> 'health_since' AS BIGINT),
        CAST(value ->> 'health_runs' AS BIGINT), CAST(value ->> 'health_told_at' AS BIGINT), value ->> 'failure', value ->> 'empty_input',
        CAST(value ->> 'last_success_at' AS BIGINT), CAST(value ->> 'overflow_since' AS BIGINT)
    FROM json_each($1) WHERE true
    ON CONFLICT (rule_uid) DO UPDATE SET
        health = excluded.health,
        health_since = excluded.health_since,
        health_runs = excluded.health_runs,
        health_told_at = excluded.health_told_at,
        failure = excluded.failure,
        empty_input = excluded.empty_input,
        last_success_at = excluded.last_success_at,
        overflow_since = excluded.overflow_since";

const SAVE_BASELINES: &str = "
    INSERT INTO baselines (rule_uid, body)
    SELECT value ->> 'uid', value ->> 'body' FROM json_each($1) WHERE true
    ON CONFLICT (rule_uid) DO UPDATE SET body = excluded.body";

const DROP_BASELINES: &str = "
    DELETE FROM baselines WHERE rule_uid IN (SELECT value ->> 'uid' FROM json_each($1))";

const FORGET_INSTANCES: &str = "
    DELETE FROM instances WHERE (rule_uid, fingerprint) IN
        (SELECT given.value ->> 'uid', given.value ->> 'fingerprint' FROM json_each($1) AS given)";

const SAVE_INSTANCES: &str = "
    INSERT INTO instances (rule_uid, fingerprint, instance_key, condition, breached_since, breached_at,
        breached_runs, firing_since, clear_since, clear_runs, resolved_at, episode, seq, severity,
        breaching_value, peak_value, trough_value, told, last_told_at, untold, absent_since, absent_runs, absence_told_at, last_seen_at)
    SELECT value ->> 'uid', value ->> 'fingerprint', value ->> 'instance_key', value ->> 'condition',
        CAST(value ->> 'breached_since' AS BIGINT), CAST(value ->> 'breached_at' AS BIGINT),
        CAST(value ->> 'breached_runs' AS BIGINT), CAST(value ->> 'firing_since' AS BIGINT),
        CAST(value ->> 'clear_since' AS BIGINT), CAST(value ->> 'clear_runs' AS BIGINT),
        CAST(value ->> 'resolved_at' AS BIGINT), CAST(value ->> 'episode' AS BIGINT),
        CAST(value ->> 'seq' AS BIGINT), value ->> 'severity', value ->> 'breaching_value', value ->> 'peak_value', value ->> 'trough_value', value ->> 'told',
        value ->> 'last_told_at', CAST(value ->> 'untold' AS BIGINT), CAST(value ->> 'absent_since' AS BIGINT),
        CAST(value ->> 'absent_runs' AS BIGINT), CAST(value ->> 'absence_told_at' AS BIGINT),
        CAST(value ->> 'last_seen_at' AS BIGINT)
    FROM json_each($1) WHERE true
    ON CONFLICT (rule_uid, fingerprint) DO UPDATE SET
        instance_key = excluded.instance_key,
        condition = excluded.condition,
        breached_since = excluded.breached_since,
        breached_at = excluded.breached_at,
        breached_runs = excluded.breached_runs,
        firing_since = excluded.firing_since,
        clear_since = excluded.clear_since,
        clear_runs = excluded.clear_runs,
        resolved_at = excluded.resolved_at,
        episode = excluded.episode,
        seq = excluded.seq,
        severity = excluded.severity,
        breaching_value = excluded.breaching_value,
        peak_value = excluded.peak_value,
        trough_value = excluded.trough_value,
        told = excluded.told,
        last_told_at = excluded.last_told_at,
        untold = excluded.untold,
        absent_since = excluded.absent_since,
        absent_runs = excluded.absent_runs,
        absence_told_at = excluded.absence_told_at,
        last_seen_at = excluded.last_seen_at";

const FORGET_STATES_OF: &str = "
    DELETE FROM rule_states WHERE rule_uid IN (SELECT given.value ->> 'uid' FROM json_each($1) AS given)";

const FORGET_BASELINES_OF: &str = "
    DELETE FROM baselines WHERE rule_uid IN (SELECT given.value ->> 'uid' FROM json_each($1) AS given)";

const FORGET_INSTANCES_OF: &str = "
    DELETE FROM instances WHERE rule_uid IN (SELECT given.value ->> 'uid' FROM json_each($1) AS given)";

//! How rows become a rule's state again: every field as it was, unconditionally.

use std::collections::HashMap;

use watchfire_alerts::{Absence, Clear, Condition, Health, Instance, RuleState};
use watchfire_model::{InstanceKey, RuleUid, Severity};

use crate::database::{Database, Param, Row};
use crate::error::Error;

/// The states of these rules (JSON rows with `uid`); rules that are not stored are left out.
pub(crate) async fn load(database: &Database, uids: &str) -> Result<HashMap<RuleUid, RuleState>, Error> {
    let mut states = HashMap::new();
    for row in database.read(STATES, &[Param::Rows(uids)]).await? {
        states.insert(RuleUid::new(row.text("uid")?), rule_state(&row)?);
    }
    for row in database.read(INSTANCES, &[Param::Rows(uids)]).await? {
        let uid = RuleUid::new(row.text("rule_uid")?);
        // A rule that appeared between the two statements has no place here yet.
        if let Some(state) = states.get_mut(&uid) {
            let key: InstanceKey = row.json("instance_key")?;
            state.instances.insert(key, instance(&row)?);
        }
    }
    Ok(states)
}

fn rule_state(row: &Row) -> Result<RuleState, Error> {
    Ok(RuleState {
        incarnation: row.count("incarnation")?,
        health: health(row)?,
        last_success_at: row.maybe_instant("last_success_at")?,
        baseline: row.maybe_json("baseline")?,
        overflow_since: row.maybe_instant("overflow_since")?,
        instances: Default::default(),
    })
}

fn health(row: &Row) -> Result<Health, Error> {
    let Some(word) = row.maybe_text("health")? else {
        return Ok(Health::default());
    };
    Ok(match word.as_str() {
        "ok" => Health::Ok,
        "no_data" => Health::NoData {
            since: row.instant("health_since")?,
            runs: row.count("health_runs")?,
            told_at: row.maybe_instant("health_told_at")?,
        },
        "error" => Health::Error {
            since: row.instant("health_since")?,
            runs: row.count("health_runs")?,
            told_at: row.maybe_instant("health_told_at")?,
            failure: row.json("failure")?,
            empty: row.maybe_json("empty_input")?,
        },
        other => return Err(Error::corrupt(format!("`health` holds the unknown word `{other}`"))),
    })
}

pub(crate) fn instance(row: &Row) -> Result<Instance, Error> {
    let absence = match row.maybe_instant("absent_since")? {
        Some(since) => {
            Some(Absence { since, runs: row.count("absent_runs")?, told_at: row.maybe_instant("absence_told_at")? })
        }
        None => None,
    };
    Ok(Instance {
        condition: condition(row)?,
        episode: row.count("episode")?,
        seq: row.count("seq")?,
        severity: row.word("severity", Severity::parse)?,
        value: row.maybe_json("breaching_value")?,
        peak: row.maybe_json("peak_value")?,
        trough: row.maybe_json("trough_value")?,
        told: row.json("told")?,
        last_told_at: row.json("last_told_at")?,
        untold: row.flag("untold")?,
        absence,
        last_seen_at: row.maybe_instant("last_seen_at")?,
    })
}

fn condition(row: &Row) -> Result<Condition, Error> {
    Ok(match row.text("condition")?.as_str() {
        "inactive" => Condition::Inactive,
        "pending" => Condition::Pending {
            breached_since: row.instant("breached_since")?,
            breached_at: row.instant("breached_at")?,
            runs: row.count("breached_runs")?,
        },
        "firing" => Condition::Firing {
            breached_since: row.instant("breached_since")?,
            since: row.instant("firing_since")?,
            clear: match row.maybe_instant("clear_since")? {
                Some(since) => Some(Clear { since, runs: row.count("clear_runs")? }),
                None => None,
            },
        },
        "resolved" => Condition::Resolved { at: row.instant("resolved_at")? },
        other => return Err(Error::corrupt(format!("`condition` holds the unknown word `{other}`"))),
    })
}

// A success alone writes no state, or every evaluation would; the history of runs has those that came after.
const STATES: &str = "
    SELECT rules.uid AS uid, rules.incarnation AS incarnation, health, health_since, health_runs, health_told_at,
        failure, empty_input, overflow_since, baselines.body AS baseline,
        COALESCE((
            SELECT last_at FROM runs
            WHERE runs.rule_uid = rules.uid AND runs.incarnation = rules.incarnation AND runs.status = 'ran'
                AND runs.last_at > COALESCE(rule_states.last_success_at, 0)
            ORDER BY first_at DESC LIMIT 1), rule_states.last_success_at) AS last_success_at
    FROM rules
    LEFT JOIN rule_states ON rule_states.rule_uid = rules.uid
    LEFT JOIN baselines ON baselines.rule_uid = rules.uid
    WHERE rules.retired_at IS NULL AND rules.uid IN (SELECT value ->> 'uid' FROM json_each($1))";

const INSTANCES: &str = "
    SELECT rule_uid, instance_key, condition, breached_since, breached_at, breached_runs, firing_since, clear_since,
        clear_runs, resolved_at, episode, seq, severity, breaching_value, peak_value, trough_value, told, last_told_at, untold, absent_since,
        absent_runs, absence_told_at, last_seen_at
    FROM instances WHERE rule_uid IN (SELECT value ->> 'uid' FROM json_each($1))";

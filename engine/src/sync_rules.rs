//! Brings the store in line with the definitions: new rules, edits, rules that are gone.

use std::collections::HashMap;

use watchfire_alerts::{self as alerts, RuleState};
use watchfire_model::{Fingerprint, RuleUid, Timestamp};
use watchfire_store::{Closing, RuleRow};

use crate::definition::{Active, RuleDefinition};
use crate::error::Error;
use crate::outbox;
use crate::shared::Shared;

/// What has to be written so that the store knows exactly the defined rules.
#[derive(Debug, PartialEq)]
struct Plan {
    /// Rows to write, as they will stand.
    rows: Vec<RuleRow>,
    /// Rules whose open episodes end, with how loudly.
    ended: Vec<(RuleUid, Ending)>,
}

/// How the open episodes of a rule end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Who was told of the start hears the end: nothing may stay open at a receiver.
    Told,
    /// The same, and the rule is gone.
    Deleted,
    /// Nobody hears: the rule was disabled on purpose.
    Silent,
}

/// Decides, per rule, what a change of definitions means for what is stored.
fn plan(stored: &[RuleRow], active: &Active, now: Timestamp) -> Plan {
    let mut left: HashMap<&RuleUid, &RuleRow> = stored.iter().map(|row| (&row.uid, row)).collect();
    let mut plan = Plan { rows: Vec::new(), ended: Vec::new() };
    let mut uids: Vec<&RuleUid> = active.rules.keys().collect();
    uids.sort();
    for uid in uids {
        let definition = &active.rules[uid];
        let before = left.remove(uid);
        let (row, ending) = next_row(before, definition, now);
        plan.ended.extend(ending.map(|ending| (uid.clone(), ending)));
        if before != Some(&row) {
            plan.rows.push(row);
        }
    }
    let mut gone: Vec<&RuleUid> = left.into_keys().collect();
    gone.sort();
    plan.ended.extend(gone.into_iter().map(|uid| (uid.clone(), Ending::Deleted)));
    plan
}

/// The row of a defined rule, and whether its open episodes end.
fn next_row(before: Option<&RuleRow>, definition: &RuleDefinition, now: Timestamp) -> (RuleRow, Option<Ending>) {
    let rule = &definition.rule;
    let fresh = RuleRow {
        uid: rule.uid.clone(),
        project: rule.project.clone(),
        name: rule.name.clone(),
        incarnation: before.map_or(1, |row| row.incarnation),
        semantic_hash: rule.semantic_hash.as_str().to_owned(),
        per_hash: per_hash(&rule.per),
        enabled: definition.enabled,
        // A new or re-enabled rule owes nothing from before: its first slot is the next one.
        decided_through: now,
        next_at: None,
        last_window_end: None,
        epoch: before.map_or(0, |row| row.epoch),
    };
    let (row, ending) = match before {
        None => (fresh, None),
        Some(row) if !row.enabled => {
            (RuleRow { incarnation: row.incarnation + u64::from(definition.enabled), ..fresh }, None)
        }
        Some(row) if !definition.enabled => {
            (RuleRow { decided_through: row.decided_through, ..fresh }, Some(Ending::Silent))
        }
        Some(row) => {
            let kept = RuleRow { decided_through: row.decided_through, last_window_end: row.last_window_end, ..fresh };
            if row.per_hash == kept.per_hash {
                (kept, None)
            } else {
                (RuleRow { incarnation: row.incarnation + 1, ..kept }, Some(Ending::Told))
            }
        }
    };
    let next_at = row.enabled.then(|| definition.schedule.cadence.next_after(row.decided_through)).flatten();
    (RuleRow { next_at, ..row }, ending)
}

fn per_hash(per: &[String]) -> String {
    let mut sorted: Vec<&String> = per.iter().collect();
    sorted.sort();
    let mut builder = Fingerprint::builder("per/1");
    sorted.into_iter().for_each(|column| builder.text(column));
    builder.finish().as_str().to_owned()
}

/// Carries the plan out in one transaction, and enters the next slots into the agenda.
pub(crate) async fn sync_rules(shared: &Shared, before: Option<&Active>, active: &Active) -> Result<(), Error> {
    let now = shared.clock.now();
    let stored = shared.store.stored_rules().await?;
    let plan = plan(&stored, active, now);
    let closings = closings(shared, &plan, &stored, before, active, now).await?;
    shared.store.save_rules(&plan.rows, &closings, now).await?;
    let rows = shared.store.stored_rules().await?;
    shared.agenda.clear();
    for row in &rows {
        shared.agenda.enter(&row.uid, row.next_at.filter(|_| row.enabled));
    }
    shared.metrics.rules.set(i64::try_from(rows.iter().filter(|row| row.enabled).count()).unwrap_or(i64::MAX));
    shared.forget_states(closings.iter().map(|closing| &closing.uid));
    Ok(())
}

async fn closings(
    shared: &Shared,
    plan: &Plan,
    stored: &[RuleRow],
    before: Option<&Active>,
    active: &Active,
    now: Timestamp,
) -> Result<Vec<Closing>, Error> {
    let uids: Vec<RuleUid> = plan.ended.iter().map(|(uid, _)| uid.clone()).collect();
    let states = shared.store.rule_states(&uids).await?;
    let mut closings = Vec::new();
    for (uid, ending) in &plan.ended {
        let fresh = RuleState::default();
        let state = states.get(uid).unwrap_or(&fresh);
        let known = before.and_then(|before| before.rules.get(uid)).or_else(|| active.rules.get(uid));
        let rule = match (known, stored.iter().find(|row| row.uid == *uid)) {
            (Some(definition), _) => definition.rule.clone(),
            (None, Some(row)) => outbox::stand_in(row),
            (None, None) => continue,
        };
        let decision = alerts::end(&rule, state, now);
        let notices = match ending {
            Ending::Silent => Vec::new(),
            Ending::Told | Ending::Deleted => {
                outbox::notices(&rule, decision.notices, active.public_url.as_deref(), now)
            }
        };
        let changes = decision.state.changes_from(state);
        let delete_rule = *ending == Ending::Deleted;
        closings.push(Closing { uid: uid.clone(), state: decision.state, changes, notices, delete_rule });
    }
    Ok(closings)
}

//! Brings the store in line with the definitions: new rules, edits, rules that are gone.

use std::collections::HashMap;
use std::sync::Arc;

use tracing::warn;
use watchfire_alerts::{self as alerts, RuleState};
use watchfire_channels::SendOutcome;
use watchfire_model::{Fingerprint, RuleEnd, RuleUid, Timestamp};
use watchfire_store::{Closing, DeliveryState, RuleRow};

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
fn plan(stored: &[RuleRow], rules: &HashMap<RuleUid, Arc<RuleDefinition>>, now: Timestamp) -> Plan {
    let mut left: HashMap<&RuleUid, &RuleRow> = stored.iter().map(|row| (&row.uid, row)).collect();
    let mut plan = Plan { rows: Vec::new(), ended: Vec::new() };
    let mut uids: Vec<&RuleUid> = rules.keys().collect();
    uids.sort();
    for uid in uids {
        let definition = &rules[uid];
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

/// Carries the plan out in one transaction, puts the definitions in force, and enters the next slots into the agenda.
///
/// Nothing is claimed or committed meanwhile: a rule claimed after the plan was stored but with its old definition
/// would move to the next slot of a cadence that is gone. Once the plan is stored there is no way back, so whatever
/// fails after it is only told.
pub(crate) async fn sync_rules(shared: &Shared, before: Option<&Active>, active: &Arc<Active>) -> Result<(), Error> {
    let _no_claims_or_commits = shared.takeover.write().await;
    let now = shared.clock.now();
    let stored = shared.store.stored_rules().await?;
    let plan = plan(&stored, &active.rules, now);
    let closings = closings(shared, &plan, &stored, before, active, now).await?;
    shared.store.save_rules(&plan.rows, &closings, now).await?;
    shared.replace_active(Arc::clone(active));
    shared.forget_states(closings.iter().map(|closing| &closing.uid));
    let enabled = active.rules.values().filter(|definition| definition.enabled).count();
    shared.metrics.rules.set(i64::try_from(enabled).unwrap_or(i64::MAX));
    if let Err(trouble) = look_around(shared, active, now).await {
        warn!(error = %trouble, "Definitions are in force; their first slots and waiting deliveries may come a little late");
    }
    Ok(())
}

/// What is due when, what a mended channel can take again, and what waits for a channel that is gone.
async fn look_around(shared: &Shared, active: &Active, now: Timestamp) -> Result<(), watchfire_store::Error> {
    let rows = shared.store.stored_rules().await?;
    shared.agenda.clear();
    for row in &rows {
        shared.agenda.enter(&row.uid, row.next_at.filter(|_| row.enabled));
    }
    shared.store.retry_broken([SendOutcome::Config.as_str(), SendOutcome::Gone.as_str()], now).await?;
    for (channel, state, deliveries) in shared.store.outbox_depth().await? {
        if state == DeliveryState::Pending && !active.channels.contains_key(&channel) {
            warn!(
                deliveries,
                "Deliveries wait for the channel `{channel}`, which is not defined any more; they expire unless it comes back"
            );
        }
    }
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
        let how = if *ending == Ending::Deleted { RuleEnd::Removed } else { RuleEnd::Changed };
        let decision = alerts::end(&rule, state, now, how);
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use watchfire_model::{Keep, ProjectName, QuerySpec, RuleName};
    use watchfire_scheduler::{Cadence, CatchUp, Schedule, WindowSpec};

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    fn row(name: &str) -> RuleRow {
        let project = ProjectName::new("default");
        RuleRow {
            uid: RuleUid::derive(&project, name),
            project,
            name: RuleName::new(name),
            incarnation: 3,
            semantic_hash: String::new(),
            per_hash: per_hash(&[]),
            enabled: true,
            next_at: Some(Timestamp::from_seconds(960)),
            decided_through: Timestamp::from_seconds(900),
            last_window_end: Some(Timestamp::from_seconds(890)),
            epoch: 7,
        }
    }

    /// The definition of that row, due every minute.
    fn defined(name: &str, change: impl FnOnce(&mut RuleDefinition)) -> HashMap<RuleUid, Arc<RuleDefinition>> {
        let cadence = Cadence::every(Duration::from_secs(60), Duration::ZERO).expect("a minute is a cadence");
        let schedule = Schedule {
            cadence,
            window: WindowSpec::None,
            delay: Duration::ZERO,
            zone: chrono_tz::UTC,
            catch_up: CatchUp::Latest,
        };
        let query = QuerySpec {
            sql: String::new(),
            when: None,
            recover_when: None,
            severity: Vec::new(),
            environments: None,
            window_on: None,
            timeout: Duration::ZERO,
            keep: Keep::All,
            asks_without_data: false,
        };
        let mut definition = RuleDefinition {
            rule: outbox::stand_in(&row(name)),
            schedule,
            query,
            enabled: true,
            presentation: Default::default(),
            report: None,
        };
        change(&mut definition);
        HashMap::from([(definition.rule.uid.clone(), Arc::new(definition))])
    }

    /// Incarnation, enabled, next slot and decided through, in seconds.
    type Written = (u64, bool, Option<i64>, i64);

    /// What is written of the only rule, and how it ends.
    fn planned(stored: &[RuleRow], rules: &HashMap<RuleUid, Arc<RuleDefinition>>) -> (Vec<Written>, Vec<Ending>) {
        let plan = plan(stored, rules, NOW);
        let seconds = |at: Timestamp| at.as_micros() / 1_000_000;
        let rows = plan
            .rows
            .iter()
            .map(|row| (row.incarnation, row.enabled, row.next_at.map(seconds), seconds(row.decided_through)));
        (rows.collect(), plan.ended.into_iter().map(|(_, ending)| ending).collect())
    }

    #[test]
    fn a_new_rule_owes_nothing_from_before_it_was_made() {
        assert_eq!(planned(&[], &defined("a", |_| {})), (vec![(1, true, Some(1_020), 1_000)], vec![]));
    }

    #[test]
    fn a_known_rule_owes_what_it_missed() {
        let rules = defined("a", |_| {});
        let stored =
            RuleRow { semantic_hash: rules.values().map(|d| d.rule.semantic_hash.to_string()).collect(), ..row("a") };
        assert_eq!(planned(&[stored], &rules), (vec![], vec![]));
    }

    #[test]
    fn another_cadence_moves_the_next_slot_and_keeps_what_is_decided() {
        let hourly = defined("a", |definition| {
            definition.schedule.cadence =
                Cadence::every(Duration::from_secs(3_600), Duration::ZERO).expect("an hour is a cadence");
        });
        assert_eq!(planned(&[row("a")], &hourly), (vec![(3, true, Some(3_600), 900)], vec![]));
    }

    #[test]
    fn another_per_is_another_incarnation_and_ends_what_was_open() {
        let per = defined("a", |definition| definition.rule.per = vec!["service".to_owned()]);
        assert_eq!(planned(&[row("a")], &per), (vec![(4, true, Some(960), 900)], vec![Ending::Told]));
    }

    #[test]
    fn disabling_ends_silently_and_enabling_starts_afresh() {
        let disabled = defined("a", |definition| definition.enabled = false);
        assert_eq!(planned(&[row("a")], &disabled), (vec![(3, false, None, 900)], vec![Ending::Silent]));
        let stored = RuleRow { enabled: false, next_at: None, ..row("a") };
        assert_eq!(planned(&[stored], &defined("a", |_| {})), (vec![(4, true, Some(1_020), 1_000)], vec![]));
    }

    #[test]
    fn a_rule_that_is_gone_is_deleted_and_its_ends_are_told() {
        assert_eq!(planned(&[row("a")], &HashMap::new()), (vec![], vec![Ending::Deleted]));
    }
}

//! Decides every owed slot of one claimed rule, and commits each.

use std::sync::Arc;

use tracing::{debug, error, warn};
use watchfire_alerts::{self as alerts, RuleState};
use watchfire_model::Timestamp;
use watchfire_scheduler::{Owed, owed};
use watchfire_store::{ClaimedRule, CommitOutcome, EvaluationCommit, SkippedSlots};

use crate::claim_rules::Lease;
use crate::definition::{Active, RuleDefinition};
use crate::evaluate_slot::evaluate_slot;
use crate::shared::Shared;

/// Most slots of one rule that are caught up before its claims are looked at again.
const OWED_MAX: usize = 100;

/// Decides every owed slot of one claimed rule, oldest first.
pub(crate) async fn evaluate_claim(shared: Arc<Shared>, active: Arc<Active>, mut lease: Lease, mut state: RuleState) {
    let Some(definition) = active.rules.get(&lease.claim.row.uid).cloned() else { return };
    let mut progress =
        Progress { decided_through: lease.claim.row.decided_through, last_window_end: lease.claim.row.last_window_end };
    loop {
        let owed = owed_now(&shared, &definition, &progress, None);
        note_skipped(&shared, &owed);
        let count = owed.run.len();
        let mut skipped = stored_skips(&owed);
        if count == 0 {
            let commit = progress.skip_only(&lease.claim, &definition, &owed, std::mem::take(&mut skipped), &state);
            let next_at = commit.next_at;
            let stored = commit_one(&shared, &lease.claim, commit).await;
            lease.is_settled = stored == Stored::Yes;
            if stored == Stored::Yes {
                shared.keep_state(&lease.claim.row.uid, lease.claim.epoch, state);
                shared.agenda.enter(&lease.claim.row.uid, next_at);
            }
            return;
        }
        for (place, slot) in owed.run.iter().enumerate() {
            let mut done = evaluate_slot(&shared, &active, &definition, &progress, &state, *slot).await;
            progress.decided_through = slot.scheduled_for;
            if let Some(window) = done.window.filter(|_| done.succeeded) {
                progress.last_window_end = Some(window.end);
            }
            // Given back at the end of this turn, when the commit is over.
            let _memory = done.memory.take();
            let mut commit = done.into_commit(&lease.claim, &progress, std::mem::take(&mut skipped));
            let last = place + 1 == count;
            let mut more = !last;
            if last {
                // What came due while this ran is skipped as overlap, or follows in order.
                let after = owed_now(&shared, &definition, &progress, Some(shared.clock.now()));
                more = !after.run.is_empty();
                if !more {
                    note_skipped(&shared, &after);
                    commit.skipped.extend(stored_skips(&after));
                    progress.decided_through = after.decided_through.unwrap_or(progress.decided_through);
                }
                commit.decided_through = progress.decided_through;
            }
            commit.next_at = definition.schedule.cadence.next_after(progress.decided_through);
            commit.release = !more || shared.supervisor.deciding().is_stopping();
            state = commit.state.clone();
            let release = commit.release;
            let stored = commit_one(&shared, &lease.claim, commit).await;
            lease.is_settled = stored == Stored::Yes && release;
            if stored != Stored::Yes {
                return;
            }
            if release {
                let next_at = definition.schedule.cadence.next_after(progress.decided_through);
                shared.keep_state(&lease.claim.row.uid, lease.claim.epoch, state);
                shared.agenda.enter(&lease.claim.row.uid, next_at);
                return;
            }
        }
    }
}

/// How far the claimed rule is decided.
pub(crate) struct Progress {
    pub(crate) decided_through: Timestamp,
    pub(crate) last_window_end: Option<Timestamp>,
}

impl Progress {
    fn skip_only(
        &self,
        claim: &ClaimedRule,
        definition: &RuleDefinition,
        owed: &Owed,
        skipped: Vec<SkippedSlots>,
        state: &RuleState,
    ) -> EvaluationCommit {
        let decided_through = owed.decided_through.unwrap_or(self.decided_through);
        EvaluationCommit {
            uid: claim.row.uid.clone(),
            incarnation: claim.row.incarnation,
            epoch: claim.epoch,
            decided_through,
            next_at: definition.schedule.cadence.next_after(decided_through),
            release: true,
            last_window_end: self.last_window_end,
            run: None,
            result: None,
            skipped,
            state: state.clone(),
            changes: alerts::StateChanges::default(),
            notices: Vec::new(),
        }
    }
}

fn owed_now(shared: &Shared, definition: &RuleDefinition, progress: &Progress, busy_until: Option<Timestamp>) -> Owed {
    let schedule = &definition.schedule;
    owed(&schedule.cadence, schedule.catch_up, progress.decided_through, shared.clock.now(), busy_until, OWED_MAX)
}

fn note_skipped(shared: &Shared, owed: &Owed) {
    for range in &owed.skipped {
        shared.metrics.skipped(range.reason.as_str(), range.count);
        debug!(first = %range.first, last = %range.last, count = range.count, reason = range.reason.as_str(), "Slots skipped");
    }
}

fn stored_skips(owed: &Owed) -> Vec<SkippedSlots> {
    owed.skipped
        .iter()
        .map(|range| SkippedSlots {
            first: range.first,
            last: range.last,
            count: range.count,
            reason: range.reason.as_str().to_owned(),
        })
        .collect()
}

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stored {
    /// It is in the store.
    Yes,
    /// Somebody else has the rule; the result was dropped.
    LeaseLost,
    /// The store refused it, or we are stopping.
    No,
}

async fn commit_one(shared: &Shared, claim: &ClaimedRule, commit: EvaluationCommit) -> Stored {
    let tells = !commit.notices.is_empty();
    let slot = commit.run.as_ref().map(|run| run.scheduled_for);
    let _no_takeover = shared.takeover.read().await;
    match shared.evaluations.commit(commit).await {
        Some(CommitOutcome::Committed) => {
            shared.commits.send_modify(|commits| *commits += 1);
            if let Some(slot) = slot {
                shared.metrics.committed(shared.clock.now().since(slot));
            }
            if tells {
                shared.deliveries_due.notify_one();
            }
            Stored::Yes
        }
        Some(CommitOutcome::LeaseLost) => {
            shared.metrics.lost_leases.inc();
            warn!(rule.id = %claim.row.uid, "The lease of a rule was lost; its result is dropped, whoever has it decides");
            Stored::LeaseLost
        }
        Some(CommitOutcome::Refused { detail }) => {
            error!(rule.id = %claim.row.uid, error = detail, "A decision could not be stored; its slot will be decided again");
            Stored::No
        }
        None => {
            warn!(rule.id = %claim.row.uid, "A decision was not stored before the stop; its slot will be decided again");
            Stored::No
        }
    }
}

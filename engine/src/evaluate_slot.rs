//! Decides one slot of one rule: ask, decide, and what of it is to be stored.

use std::time::Duration;

use tokio::time::timeout;
use tracing::warn;
use watchfire_alerts::{self as alerts, RuleState, RunContext};
use watchfire_model::{FailureCode, Outcome, Slot, SlotContext, Window};
use watchfire_store::{ClaimedRule, EvaluationCommit, OutboxNotice, ReportResult, RunRecord, RunStatus, SkippedSlots};

use crate::ask::ask;
use crate::definition::{Active, RuleDefinition};
use crate::evaluate_rule::Progress;
use crate::kill_point::KillPoint;
use crate::links;
use crate::outbox;
use crate::report_memory::Held;
use crate::reports::result_to_keep;
use crate::shared::Shared;

/// The column with the instant of arrival.
const ARRIVAL: &str = "created_at";

/// One decided slot, before its commit.
pub(crate) struct Done {
    pub(crate) window: Option<Window>,
    pub(crate) succeeded: bool,
    decision: alerts::Decision,
    changes: alerts::StateChanges,
    notices: Vec<OutboxNotice>,
    run: RunRecord,
    result: Option<ReportResult>,
    /// The memory of a report, to be kept until the commit is over.
    pub(crate) memory: Option<Held>,
}

impl Done {
    pub(crate) fn into_commit(
        self,
        claim: &ClaimedRule,
        progress: &Progress,
        skipped: Vec<SkippedSlots>,
    ) -> EvaluationCommit {
        EvaluationCommit {
            uid: claim.row.uid.clone(),
            incarnation: claim.row.incarnation,
            epoch: claim.epoch,
            decided_through: progress.decided_through,
            next_at: None,
            release: false,
            last_window_end: progress.last_window_end,
            run: Some(self.run),
            result: self.result,
            skipped,
            state: self.decision.state,
            changes: self.changes,
            notices: self.notices,
        }
    }
}

pub(crate) async fn evaluate_slot(
    shared: &Shared,
    active: &Active,
    definition: &RuleDefinition,
    progress: &Progress,
    state: &RuleState,
    slot: Slot,
) -> Done {
    // Before the query is asked: its rows count too.
    let mut memory = match definition.report {
        Some(report) => Some(shared.report_memory.take(1 + usize::from(report.compares)).await),
        None => None,
    };
    let started_at = shared.clock.now();
    let window = definition.schedule.window_of(slot.scheduled_for, progress.last_window_end);
    let context = SlotContext { scheduled_for: slot.scheduled_for, window };
    let begun = std::time::Instant::now();
    all_arrived(shared, definition, window).await;
    let outcome = ask(&active.telemetry, definition, &context).await;
    let query_time = begun.elapsed();
    KillPoint::AfterQuery.pass();
    let next_run_at = definition.schedule.cadence.next_after(slot.scheduled_for);
    let mut decision = alerts::evaluate(&definition.rule, state, &outcome, &RunContext { slot, window, next_run_at });
    let verdict = decision.verdict.as_str();
    shared.metrics.evaluated(verdict, started_at.since(slot.scheduled_for), query_time);
    let failure = failure_text(&outcome, &decision);
    if let Some(failure) = &failure {
        warn!(rule.id = %definition.rule.uid, slot = %slot.scheduled_for, error = %failure, "Rule `{}` could not be evaluated", definition.rule.name);
    }
    let changes = decision.state.changes_from(state);
    let created_at = shared.clock.now();
    let row_count = match &outcome {
        Outcome::Rows(observation) => observation.row_count,
        Outcome::NoData | Outcome::Failed(_) => 0,
    };
    let result = result_to_keep(definition, slot.scheduled_for, window, outcome, created_at).await;
    if let Some(memory) = &mut memory {
        memory.shrink_to(result.as_ref().map_or(0, |result| result.body.len()));
    }
    let mut decided = std::mem::take(&mut decision.notices);
    if result.is_some() {
        decided
            .iter_mut()
            .for_each(|notice| links::fill_result(&mut notice.notification, active.public_url.as_deref()));
    }
    let notices = outbox::notices(&definition.rule, decided, active.public_url.as_deref(), created_at);
    for notice in &notices {
        let notification = &notice.notification;
        tracing::info!(
            rule.id = %definition.rule.uid, notification.id = %notification.id, reason = %notification.reason, slot = %slot.scheduled_for,
            "Rule `{}` tells {}", definition.rule.name, notification.kind
        );
    }
    let run = RunRecord {
        scheduled_for: slot.scheduled_for,
        window,
        status: if failure.is_some() { RunStatus::Failed } else { RunStatus::Ran },
        outcome: verdict.to_owned(),
        row_count,
        notified: notices.iter().map(|notice| notice.receivers.len() as u64).sum(),
        error: failure,
        started_at,
        finished_at: created_at,
    };
    Done {
        window,
        succeeded: !matches!(decision.verdict, alerts::Verdict::Failed),
        decision,
        changes,
        notices,
        run,
        result,
        memory,
    }
}

/// Longest wait for requests that arrived inside a window and are still worked on.
const ARRIVAL_WAIT_MAX: Duration = Duration::from_secs(10);

/// What a window by arrival (`window_on: created_at`) does not find now, no later window finds either: its rows must be
/// there before it is asked for.
async fn all_arrived(shared: &Shared, definition: &RuleDefinition, window: Option<Window>) {
    let Some(window) = window.filter(|_| definition.query.window_on.as_deref() == Some(ARRIVAL)) else { return };
    if timeout(ARRIVAL_WAIT_MAX, shared.arrivals.settled_before(window.end)).await.is_err() {
        warn!(
            rule.id = %definition.rule.uid, window.end = %window.end,
            "Rule `{}` is evaluated without telemetry that arrived inside its window and is not kept after {} s; \
             it will not see it",
            definition.rule.name, ARRIVAL_WAIT_MAX.as_secs()
        );
    }
}

/// Why the evaluation failed: the query, or the decision over its rows (duplicate keys).
fn failure_text(outcome: &Outcome, decision: &alerts::Decision) -> Option<String> {
    match (outcome, &decision.state.health) {
        (Outcome::Failed(failure), _) => Some(failure.to_string()),
        (_, alerts::Health::Error { failure, .. }) if failure.code == FailureCode::DuplicateKey => {
            Some(failure.to_string())
        }
        _ => None,
    }
}

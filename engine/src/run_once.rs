//! Evaluates one rule for any instant, without telling or writing anything: `watchfire run`.

use watchfire_alerts::{self as alerts, RuleState, RunContext, Verdict};
use watchfire_model::{
    Column, Failure, InstanceKey, NotificationKind, Outcome, Reason, Slot, SlotContext, Timestamp, Value, Window,
};
use watchfire_telemetry::Telemetry;

use crate::definition::RuleDefinition;

/// What an evaluation saw and would have told.
#[derive(Debug, Clone)]
pub struct RunReport {
    /// The instant that was asked for.
    pub scheduled_for: Timestamp,
    /// The window that the query read.
    pub window: Option<Window>,
    /// The evaluation in one word.
    pub verdict: Verdict,
    /// The columns of `rows`.
    pub columns: Vec<Column>,
    /// Rows of the result in its order, capped at the rule's `max_rows`.
    pub rows: Vec<Vec<Value>>,
    /// How many rows the result has.
    pub row_count: u64,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
    /// What would be told.
    pub would_notify: Vec<WouldNotify>,
}

/// One message that would be sent.
#[derive(Debug, Clone)]
pub struct WouldNotify {
    /// Its type.
    pub kind: NotificationKind,
    /// Its instance.
    pub instance: Option<InstanceKey>,
    /// Why.
    pub reason: Reason,
}

/// Asks and decides, against `state` or, without one, as if the rule had never run.
pub async fn run_once(
    definition: &RuleDefinition,
    telemetry: &Telemetry,
    state: Option<RuleState>,
    last_window_end: Option<Timestamp>,
    at: Timestamp,
) -> RunReport {
    let window = definition.schedule.window_of(at, last_window_end);
    let context = SlotContext { scheduled_for: at, window };
    let outcome = crate::ask::ask(telemetry, definition, &context).await;
    let state = state.unwrap_or_else(|| RuleState { incarnation: 1, ..RuleState::default() });
    let next_run_at = definition.schedule.cadence.next_after(at);
    let run = RunContext { slot: Slot::on_time(at), window, next_run_at };
    let decision = alerts::evaluate(&definition.rule, &state, &outcome, &run);
    let failure = match (&outcome, &decision.state.health) {
        (Outcome::Failed(failure), _) => Some(failure.clone()),
        (_, alerts::Health::Error { failure, .. }) if decision.verdict == Verdict::Failed => Some(failure.clone()),
        _ => None,
    };
    let (columns, rows, row_count) = match outcome {
        Outcome::Rows(seen) => {
            let rows = seen.rows.into_iter().take(definition.rule.max_rows).map(|row| row.values).collect();
            (seen.columns, rows, seen.row_count)
        }
        Outcome::NoData | Outcome::Failed(_) => (Vec::new(), Vec::new(), 0),
    };
    let would_notify = decision
        .notices
        .into_iter()
        .map(|notice| WouldNotify {
            kind: notice.notification.kind,
            instance: notice.notification.instance,
            reason: notice.notification.reason,
        })
        .collect();
    RunReport { scheduled_for: at, window, verdict: decision.verdict, columns, rows, row_count, failure, would_notify }
}

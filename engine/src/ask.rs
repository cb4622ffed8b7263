//! Asks the question of a rule at a slot, also twice: a report that compares asks for the window before too.

use std::time::Duration;

use tokio::task::spawn_blocking;
use watchfire_alerts as alerts;
use watchfire_model::{Failure, FailureCode, Observation, Outcome, SlotContext, Window};
use watchfire_telemetry::Telemetry;

use crate::definition::RuleDefinition;

/// Waits before a source that could not be read is asked again, within the same slot.
const SOURCE_RETRIES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];

/// Asks the query. Under `compare: previous_window` a result with input is joined with that of the window
/// before; when that one cannot be had, this one is a failure that says so.
pub(crate) async fn ask(telemetry: &Telemetry, definition: &RuleDefinition, context: &SlotContext) -> Outcome {
    let telemetry = &telemetry.of_project(&definition.rule.project);
    let outcome = ask_window(telemetry, definition, context).await;
    match (outcome, earlier(definition, context)) {
        (Outcome::Rows(seen), Some(earlier)) => compared(telemetry, definition, seen, &earlier).await,
        (outcome @ (Outcome::Rows(_) | Outcome::NoData | Outcome::Failed(_)), _) => outcome,
    }
}

/// The moment of the earlier window, when there is one to compare with.
///
/// There `now()` is as far behind the end of the window as it is here, so that a query that counts back from
/// it finds what it would have found then.
fn earlier(definition: &RuleDefinition, context: &SlotContext) -> Option<SlotContext> {
    let compares = definition.report.is_some_and(|report| report.compares);
    let window = context.window.filter(|_| compares)?;
    let before = definition.schedule.previous_window(window)?;
    let scheduled_for = context.scheduled_for.minus(window.end.since(before.end));
    Some(SlotContext { scheduled_for, window: Some(before) })
}

async fn compared(
    telemetry: &Telemetry,
    definition: &RuleDefinition,
    seen: Observation,
    context: &SlotContext,
) -> Outcome {
    let before = match ask_window(telemetry, definition, context).await {
        Outcome::Rows(before) => before,
        Outcome::NoData => Observation::default(),
        Outcome::Failed(failure) => return Outcome::Failed(of_earlier(context.window, &failure)),
    };
    // A million rows take a moment, in which nobody else should have to wait.
    let joined = spawn_blocking(move || alerts::with_earlier(seen, &before)).await;
    match joined {
        Ok(Ok(joined)) => Outcome::Rows(joined),
        Ok(Err(failure)) => Outcome::Failed(failure),
        Err(_) => {
            let message = "the comparison with the window before broke inside the engine; please report the query";
            Outcome::Failed(Failure::new(FailureCode::Internal, message))
        }
    }
}

fn of_earlier(window: Option<Window>, failure: &Failure) -> Failure {
    let span = window.map(|window| format!(", {} to {},", window.start, window.end)).unwrap_or_default();
    let message =
        format!("`compare: previous_window`: the query over the window before{span} failed: {}", failure.message);
    Failure::new(failure.code, message)
}

/// Asks the query; a source that cannot be read is asked again, twice, over the same window.
async fn ask_window(telemetry: &Telemetry, definition: &RuleDefinition, context: &SlotContext) -> Outcome {
    let mut outcome = telemetry.evaluate(&definition.query, context).await;
    for wait in SOURCE_RETRIES {
        let again = matches!(&outcome, Outcome::Failed(failure) if failure.code.is_transient());
        if !again {
            break;
        }
        tokio::time::sleep(wait).await;
        outcome = telemetry.evaluate(&definition.query, context).await;
    }
    outcome
}

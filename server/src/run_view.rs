//! A run in JSON, with the fields that `watchfire runs` prints.

use serde_json::{Value, json};
use watchfire_engine::RunRow;
use watchfire_model::{Timestamp, Window};

/// A run or a range. `id` names it for ever: the rule's uid, its incarnation and the (first) slot.
pub(crate) fn run(run: &RunRow) -> Value {
    let first = run.range.as_ref().map_or(run.scheduled_for, |range| range.first);
    let mut value = json!({
        "id": format!("{}:{}:{first}", run.uid, run.incarnation),
        "rule": run.rule.as_str(),
        "scheduled_for": run.scheduled_for.to_string(),
        "window": run.window.map(window),
        "status": run.status.as_str(),
        "outcome": run.outcome,
        "row_count": run.row_count,
        "notified": run.notified,
        "error": run.error,
        "started_at": instant(run.started_at),
        "finished_at": instant(run.finished_at),
        "result": run.result.map(|result| json!({"rows": result.rows, "bytes": result.bytes})),
    });
    if let (Some(range), Some(object)) = (&run.range, value.as_object_mut()) {
        object.insert("first".to_owned(), json!(range.first.to_string()));
        object.insert("last".to_owned(), json!(range.last.to_string()));
        object.insert("count".to_owned(), json!(range.count));
        object.insert("reason".to_owned(), json!(range.reason));
    }
    value
}

/// The last run of a rule in short.
pub(crate) fn last_run(run: &RunRow) -> Value {
    let took = run.started_at.zip(run.finished_at).map(|(started, finished)| finished.since(started));
    json!({
        "scheduled_for": run.scheduled_for.to_string(),
        "outcome": run.outcome,
        "row_count": run.row_count,
        "duration_ms": took.filter(|_| run.range.is_none()).map(|took| took.as_micros() as f64 / 1000.0),
        "error": run.error,
    })
}

pub(crate) fn window(window: Window) -> Value {
    json!({"start": window.start.to_string(), "end": window.end.to_string()})
}

pub(crate) fn instant(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

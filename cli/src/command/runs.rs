//! `watchfire runs`: evaluations and skipped slots, the newest first.

use serde_json::{Value as Json, json};
use watchfire_model::{RuleName, Timestamp};
use watchfire_store::{RunFilter, RunRow};

use crate::arguments::{Output, Runs};
use crate::exit::Exit;
use crate::output::{self, cell};
use crate::place;

pub(crate) async fn run(options: Runs, form: Output) -> anyhow::Result<Exit> {
    let store = place::open_read_only(&options.storage, None).await?;
    let runs = store
        .runs(&RunFilter { rule: options.rule.map(RuleName::new), limit: options.limit, ..RunFilter::default() })
        .await?;
    let runs: Vec<Json> = runs.iter().map(as_json).collect();
    match form {
        Output::Json => output::json(&Json::Array(runs))?,
        Output::Text => {
            let titles = ["rule", "scheduled_for", "status", "outcome", "row_count", "notified", "result", "error"];
            let mut table = output::table(titles.into_iter());
            for run in &runs {
                let mut cells: Vec<String> = titles.iter().map(|title| cell(&run[*title])).collect();
                if let Some(count) = run["count"].as_u64() {
                    cells[1] = format!("{} … {} ({count})", cell(&run["first"]), cell(&run["last"]));
                    cells[7] = cell(&run["reason"]);
                }
                if let (Some(rows), Some(bytes)) = (run["result"]["rows"].as_u64(), run["result"]["bytes"].as_u64()) {
                    cells[6] = format!("{rows} rows, {bytes} bytes");
                }
                table.add_row(cells);
            }
            output::line(&table.to_string())?;
        }
    }
    Ok(Exit::Fine)
}

fn as_json(run: &RunRow) -> Json {
    let instant = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let mut value = json!({
        "rule": run.rule.as_str(),
        "scheduled_for": run.scheduled_for.to_string(),
        "window": run.window.map(|window| json!({"start": window.start.to_string(), "end": window.end.to_string()})),
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

//! `watchfire run`: evaluates one rule for an instant; nothing is told or written.

use serde_json::{Value as Json, json};
use watchfire_engine::RunReport;
use watchfire_model::RuleUid;

use crate::arguments::{Output, Run, Storage};
use crate::definitions;
use crate::exit::Exit;
use crate::output;
use crate::place;

pub(crate) async fn run(options: Run, form: Output) -> anyhow::Result<Exit> {
    let loaded = definitions::load(&options.config.config)?;
    let Some(rule) = definitions::rule(&loaded, &options.name) else {
        return definitions::explain_missing_rule(&loaded, &options.name, form);
    };
    let telemetry = definitions::telemetry(&loaded)?;
    let stored = stored(&options.storage, &loaded.definitions.settings, &rule.rule.uid).await?;
    let (state, last_window_end) = stored.map_or((None, None), |(state, end)| (Some(state), end));
    let definition = definitions::engine_rule(rule);
    let report = watchfire_engine::run_once(&definition, &telemetry, state, last_window_end, options.at).await;
    match form {
        Output::Json => output::json(&as_json(&options.name, &report))?,
        Output::Text => as_text(&options.name, &report)?,
    }
    Ok(Exit::Fine)
}

/// The stored state, when a store was named.
async fn stored(
    flags: &Storage,
    settings: &watchfire_config::Settings,
    uid: &RuleUid,
) -> anyhow::Result<Option<(watchfire_alerts::RuleState, Option<watchfire_model::Timestamp>)>> {
    if flags.data.is_none() && flags.database_url.is_none() {
        return Ok(None);
    }
    let store = place::open_read_only(flags, Some(settings)).await?;
    let mut states = store.rule_states(std::slice::from_ref(uid)).await?;
    let row = store.stored_rules().await?.into_iter().find(|row| row.uid == *uid);
    Ok(states.remove(uid).map(|state| (state, row.and_then(|row| row.last_window_end))))
}

fn as_json(name: &str, report: &RunReport) -> Json {
    let would_notify: Vec<Json> = report
        .would_notify
        .iter()
        .map(|would| {
            json!({
                "type": would.kind.as_str(),
                "instance": would.instance.as_ref().map(watchfire_model::InstanceKey::to_json),
                "reason": would.reason.as_str(),
            })
        })
        .collect();
    let mut value = json!({
        "rule": name,
        "scheduled_for": report.scheduled_for.to_string(),
        "window": report.window.map(|window| json!({"start": window.start.to_string(), "end": window.end.to_string()})),
        "outcome": report.verdict.as_str(),
        "rows": output::row_objects(&report.columns, &report.rows),
        "row_count": report.row_count,
        "would_notify": would_notify,
    });
    if let (Some(failure), Some(object)) = (&report.failure, value.as_object_mut()) {
        object.insert("error".to_owned(), json!({"code": failure.code.as_str(), "message": failure.message}));
    }
    value
}

fn as_text(name: &str, report: &RunReport) -> anyhow::Result<()> {
    output::line(&format!("{name} at {}: {}", report.scheduled_for, report.verdict.as_str()))?;
    if let Some(window) = report.window {
        output::line(&format!("window {} to {}", window.start, window.end))?;
    }
    if let Some(failure) = &report.failure {
        output::line(&format!("failed: {failure}"))?;
    }
    if !report.rows.is_empty() {
        output::line(&output::rows_table(&report.columns, &report.rows))?;
    }
    if report.row_count > report.rows.len() as u64 {
        output::line(&format!("{} of {} rows", report.rows.len(), report.row_count))?;
    }
    for would in &report.would_notify {
        let instance = would.instance.as_ref().map(|key| format!(" for {key}")).unwrap_or_default();
        output::line(&format!("would send {}{instance} ({})", would.kind, would.reason))?;
    }
    if report.would_notify.is_empty() {
        output::line("would send nothing")?;
    }
    Ok(())
}

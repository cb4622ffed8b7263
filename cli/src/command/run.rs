//! `watchfire run`: evaluates one rule for an instant; nothing is told or written.

use serde_json::{Value as Json, json};
use watchfire_alerts::{Hold, Mode, Rule, Verdict};
use watchfire_engine::RunReport;
use watchfire_model::{RuleKind, RuleUid};
use watchfire_store::Store;

use crate::arguments::{Output, Run};
use crate::definitions;
use crate::exit::Exit;
use crate::kept;
use crate::output;
use crate::place;

pub(crate) async fn run(options: Run, form: Output) -> anyhow::Result<Exit> {
    let loaded = definitions::load(&options.config.config)?;
    let Some(rule) = definitions::rule(&loaded, &options.name) else {
        return definitions::explain_missing_rule(&loaded, &options.name, form);
    };
    let settings = Some(&loaded.definitions.settings);
    let has_state = options.storage.data.is_some() || options.storage.database_url.is_some();
    let store = match has_state {
        true => Some(place::open_read_only(&options.storage, settings).await?),
        false => None,
    };
    let telemetry = match &store {
        Some(store) => {
            let target = place::store_target(&options.storage, settings)?;
            let storage = kept::open_read_only(store, target.folder(), settings).await?;
            definitions::telemetry(&loaded, storage)?.with_state(watchfire_engine::state_tables(store.clone()))
        }
        None => definitions::telemetry(&loaded, definitions::nothing_kept())?,
    };
    let stored = match &store {
        Some(store) => stored(store, &rule.rule.uid).await?,
        None => None,
    };
    let (state, last_window_end) = stored.map_or((None, None), |(state, end)| (Some(state), end));
    let definition = definitions::engine_rule(rule);
    let report = watchfire_engine::run_once(&definition, &telemetry, state, last_window_end, options.at).await;
    let silence = why_nothing(&rule.rule, &report, has_state);
    match form {
        Output::Json => output::json(&as_json(&options.name, &report))?,
        Output::Text => as_text(&options.name, &report, &silence)?,
    }
    Ok(if report.verdict == Verdict::Failed { Exit::No } else { Exit::Fine })
}

/// The stored state of the rule, if the store knows it.
async fn stored(
    store: &Store,
    uid: &RuleUid,
) -> anyhow::Result<Option<(watchfire_alerts::RuleState, Option<watchfire_model::Timestamp>)>> {
    let mut states = store.rule_states(std::slice::from_ref(uid)).await?;
    let row = store.stored_rules().await?.into_iter().find(|row| row.uid == *uid);
    Ok(states.remove(uid).map(|state| (state, row.and_then(|row| row.last_window_end))))
}

/// Why this evaluation tells nobody, in words that say what to try next.
fn why_nothing(rule: &Rule, report: &RunReport, has_state: bool) -> String {
    let hold = match rule.hold_for {
        Hold::Time(time) => !time.is_zero(),
        Hold::Runs(runs) => runs > 1,
    };
    match report.verdict {
        Verdict::Failed => "its query failed, which changes no condition".to_owned(),
        Verdict::NoData => "what it reads is empty in the window".to_owned(),
        Verdict::Clear => "nothing matches".to_owned(),
        Verdict::Matched if rule.kind == RuleKind::Report => "nobody hears of this result".to_owned(),
        Verdict::Matched if !has_state && hold => format!(
            "it matches and is pending: `for: {}` needs earlier runs, and here there are none; \
             with `--data` it is decided against those of a server",
            rule.hold_for
        ),
        Verdict::Matched if !has_state && rule.notify_when == Mode::DataChange => {
            "there is no earlier result to compare with; with `--data` there may be".to_owned()
        }
        Verdict::Matched if hold => {
            format!("it matches, and is pending until `for: {}` is over, or told already", rule.hold_for)
        }
        Verdict::Matched => "it matches, and nobody has to hear of it now, or all have heard".to_owned(),
    }
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

fn as_text(name: &str, report: &RunReport, silence: &str) -> anyhow::Result<()> {
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
        output::line(&format!("would send nothing: {silence}"))?;
    }
    Ok(())
}

//! A rule in JSON: in short for lists, in full alone.

use serde_json::{Map, Value, json};
use watchfire_engine::{AlertDetail, AlertInstance, AlertOverview, Condition, RuleSummary, Trouble};
use watchfire_model::{RuleKind, Severity};

use crate::run_view::{self, instant};
use crate::{deliveries, page};

/// The name under which the cursors of instances go.
pub(crate) const INSTANCES: &str = "instances";

/// A rule as lists show it.
pub(crate) fn overview(rule: &AlertOverview) -> Value {
    let AlertOverview { words, state, health, health_since, summary, last_run } = rule;
    let mut view = Map::new();
    let mut put = |key: &str, value: Value| drop(view.insert(key.to_owned(), value));
    put("name", json!(words.name));
    put("project", json!(words.project));
    put("description", json!(words.description));
    put("enabled", json!(words.enabled));
    match words.kind {
        RuleKind::Alert | RuleKind::Issue => put("state", json!(state.as_str())),
        RuleKind::Report => {}
    }
    put("health", json!(health.as_str()));
    put("health_since", json!(instant(*health_since)));
    put("error", error(summary));
    match words.kind {
        RuleKind::Alert | RuleKind::Issue => {
            put("severity", json!(summary.severity.map(Severity::as_str)));
            put("instances", Value::Object(counts(summary)));
        }
        RuleKind::Report => {
            put("compare", json!(words.compares.then_some("previous_window")));
            put("retention", json!(words.results_kept_for));
        }
    }
    put("every", json!(words.every));
    put("cron", json!(words.cron));
    put("timezone", json!(words.timezone));
    put("window", json!(words.window));
    put("notify_when", json!(words.notify_when));
    put("channels", json!(words.channels));
    put("last_run", json!(last_run.as_ref().map(run_view::last_run)));
    put("next_run_at", json!(instant(summary.next_at)));
    put("decided_through", json!(summary.decided_through.to_string()));
    put("labels", json!(words.labels));
    put("owner", json!(words.owner));
    Value::Object(view)
}

/// A rule in full; `limit` instances of it.
pub(crate) fn detail(rule: &AlertDetail, limit: usize) -> Value {
    let AlertDetail { overview: short, explanation, instances, runs, deliveries } = rule;
    let words = &short.words;
    let mut view = overview(short);
    let Some(object) = view.as_object_mut() else { return view };
    let mut put = |key: &str, value: Value| drop(object.insert(key.to_owned(), value));
    put("explanation", json!(explanation));
    put("query", json!(words.query));
    match words.kind {
        RuleKind::Alert | RuleKind::Issue => {
            put("when", json!(words.when));
            put("recover_when", json!(words.recover_when));
            put("per", json!(words.per));
            put("for", json!(words.hold_for));
            put("keep_firing_for", json!(words.keep_firing_for));
            put("missing", json!(words.missing));
            put("no_data", json!(words.no_data));
            put("repeat", json!(words.repeat));
            put("severity_from", severity_from(short));
            put("overflow_since", json!(instant(short.summary.overflow_since)));
            let mut shown = counts(&short.summary);
            let of_page = page::page(instances.iter().collect(), limit, |found| cursor(found), |found| instance(found));
            shown.extend(of_page.as_object().cloned().unwrap_or_default());
            put("instances", Value::Object(shown));
        }
        RuleKind::Report => {}
    }
    put("on_error", json!(words.on_error));
    put("window_on", json!(words.window_on));
    put("delay", json!(words.delay));
    put("catch_up", json!(words.catch_up));
    put("timeout", json!(words.timeout));
    put("runbook", json!(words.runbook));
    put("runs", runs.iter().map(run_view::run).collect());
    put("deliveries", deliveries.iter().map(deliveries::view).collect());
    view
}

fn error(summary: &RuleSummary) -> Value {
    match &summary.trouble {
        Trouble::None | Trouble::NoData { .. } => Value::Null,
        Trouble::Error { since, runs, failure } => json!({
            "code": failure.code.as_str(),
            "message": failure.message,
            "since": since.to_string(),
            "failed_runs": runs,
        }),
    }
}

fn counts(summary: &RuleSummary) -> Map<String, Value> {
    let counts = [("firing", summary.firing), ("pending", summary.pending), ("total", summary.instances)];
    counts.into_iter().map(|(name, count)| (name.to_owned(), json!(count))).collect()
}

/// A word, conditions by level, or `column`: the result's own column `severity`.
fn severity_from(rule: &AlertOverview) -> Value {
    let words = &rule.words;
    match words.fixed_severity {
        Some(severity) => json!(severity.as_str()),
        None if words.severity_conditions.is_empty() => json!("column"),
        None => {
            let conditions = words.severity_conditions.iter();
            Value::Object(conditions.map(|(level, sql)| (level.as_str().to_owned(), json!(sql))).collect())
        }
    }
}

fn cursor(found: &AlertInstance) -> String {
    let place = &found.place;
    page::cursor(INSTANCES, &[json!(place.condition), json!(place.severity), json!(place.key)])
}

fn instance(found: &AlertInstance) -> Value {
    let known = &found.instance;
    let (state, since, breached_since, clear_since) = match &known.condition {
        Condition::Inactive => ("inactive", None, None, None),
        Condition::Pending { breached_since, .. } => ("pending", Some(*breached_since), Some(*breached_since), None),
        Condition::Firing { breached_since, since, clear } => {
            ("firing", Some(*since), Some(*breached_since), clear.map(|clear| clear.since))
        }
        Condition::Resolved { at } => ("resolved", Some(*at), None, None),
    };
    json!({
        "key": (!found.key.parts().is_empty()).then(|| found.key.to_json()),
        "state": state,
        "since": instant(since),
        "breached_since": instant(breached_since),
        "clear_since": instant(clear_since),
        "episode": known.episode,
        "seq": known.seq,
        "severity": known.severity.as_str(),
        "value": known.value.as_ref().map(|value| value.to_json()),
        "peak": known.peak.as_ref().map(|peak| peak.to_json()),
        "last_seen_at": instant(known.last_seen_at),
        "absent_since": instant(known.absence.map(|absence| absence.since)),
        "told": known.told.iter().map(|channel| channel.as_str()).collect::<Vec<_>>(),
    })
}

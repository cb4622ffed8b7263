//! The webhook body, as receivers rely on it: one golden file per kind of notification.
//!
//! `UPDATE_GOLDEN=1 cargo test -p watchfire-channels` writes the files anew, but for
//! `firing.json`, which is the published example; a changed file is a changed contract.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Serialize;
use watchfire_channels::{test_notification, webhook};
use watchfire_model::{
    Change, ChangeKind, Column, ColumnType, ConditionName, ErrorFacts, InstanceKey, Notification, NotificationId,
    NotificationKind, ProjectName, Reason, RuleFacts, RuleKind, RuleName, Severity, Timestamp, Value, Window,
};

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn text(value: &str) -> Value {
    Value::String(value.to_owned())
}

fn texts<const N: usize>(pairs: [(&str, &str); N]) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn cells<const N: usize>(pairs: [(&str, Value); N]) -> BTreeMap<String, Value> {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn columns<const N: usize>(columns: [(&str, ColumnType); N]) -> Vec<Column> {
    columns.into_iter().map(|(name, kind)| Column { name: name.to_owned(), kind }).collect()
}

fn id(digits: &str) -> NotificationId {
    serde_json::from_value(digits.into()).unwrap()
}

fn firing() -> Notification {
    Notification {
        id: id("nt_01JD3K8Q"),
        kind: NotificationKind::AlertStarted,
        occurred_at: at("2026-11-20T06:00:00Z"),
        project: ProjectName::new("default"),
        rule: Some(RuleFacts {
            name: RuleName::new("error-rate"),
            kind: RuleKind::Alert,
            description: Some("Error rate above 5 %".into()),
            severity: Some(Severity::Critical),
            labels: texts([("team", "payments"), ("env", "prod")]),
        }),
        instance: Some(InstanceKey::new(vec![("service".into(), text("checkout"))])),
        episode: Some(7),
        seq: Some(1),
        thread: None,
        state: Some(ConditionName::Firing),
        severity: Some(Severity::Critical),
        since: Some(at("2026-11-20T05:55:00Z")),
        value: Some(Value::Float(7.41)),
        last_value: None,
        peak: None,
        scheduled_for: Some(at("2026-11-20T06:00:00Z")),
        window: Some(Window { start: at("2026-11-20T05:45:00Z"), end: at("2026-11-20T06:00:00Z") }),
        reason: Reason::StartedFiring,
        rule_end: None,
        columns: columns([("service", ColumnType::String), ("err_pct", ColumnType::Float), ("req", ColumnType::Int)]),
        rows: vec![vec![text("checkout"), Value::Float(7.41), Value::Int(18_204)]],
        row_count: 1,
        truncated: false,
        totals: BTreeMap::new(),
        changes: Vec::new(),
        change_count: 0,
        error: None,
        query: Some("SELECT service, err_pct, req FROM …".into()),
        links: texts([
            ("alert", "https://alerts.example.com/alerts/error-rate"),
            ("runbook", "https://wiki.example.com/rb/err-rate"),
        ]),
    }
}

/// About the rule as a whole: no instance, no episode, no rows.
fn about_the_rule(digits: &str, kind: NotificationKind, reason: Reason) -> Notification {
    Notification {
        id: id(digits),
        kind,
        reason,
        instance: None,
        episode: None,
        seq: None,
        thread: None,
        state: None,
        since: None,
        value: None,
        columns: Vec::new(),
        rows: Vec::new(),
        row_count: 0,
        ..firing()
    }
}

fn matches() -> Notification {
    Notification {
        severity: Some(Severity::Warning),
        columns: columns([
            ("at", ColumnType::Timestamp),
            ("big", ColumnType::Int),
            ("price", ColumnType::Float),
            ("ratio", ColumnType::Float),
            ("took", ColumnType::Duration),
            ("ok", ColumnType::Bool),
            ("tags", ColumnType::List),
            ("attributes", ColumnType::Json),
            ("raw", ColumnType::Binary),
            ("note", ColumnType::String),
        ]),
        rows: vec![vec![
            Value::Timestamp(at("2026-11-20T05:59:59Z")),
            Value::Int(9_007_199_254_740_993),
            Value::Decimal("12.50".into()),
            Value::Float(f64::NAN),
            Value::Duration(1_500_000),
            Value::Bool(true),
            Value::List(vec![text("a"), Value::Null]),
            Value::Json(serde_json::json!({"b": 1, "a": [true]})),
            Value::Binary(vec![0, 255]),
            Value::Null,
        ]],
        row_count: 431,
        truncated: true,
        ..about_the_rule("nt_matches", NotificationKind::AlertMatches, Reason::Matches)
    }
}

fn resolved() -> Notification {
    Notification {
        id: id("nt_resolved"),
        kind: NotificationKind::AlertResolved,
        reason: Reason::Resolved,
        occurred_at: at("2026-11-20T06:23:00Z"),
        scheduled_for: Some(at("2026-11-20T06:23:00Z")),
        window: Some(Window { start: at("2026-11-20T06:08:00Z"), end: at("2026-11-20T06:23:00Z") }),
        seq: Some(2),
        thread: None,
        state: Some(ConditionName::Resolved),
        value: Some(Value::Float(9.8)),
        last_value: Some(Value::Float(1.12)),
        rows: vec![vec![text("checkout"), Value::Float(1.12), Value::Int(17_950)]],
        ..firing()
    }
}

fn changed() -> Notification {
    let key = |name: &str| cells([("service", text(name))]);
    let row = |name: &str, pct: f64| Some(cells([("err_pct", Value::Float(pct)), ("service", text(name))]));
    Notification {
        columns: columns([("service", ColumnType::String), ("err_pct", ColumnType::Float)]),
        rows: vec![vec![text("cart"), Value::Float(2.5)], vec![text("checkout"), Value::Float(7.41)]],
        row_count: 2,
        changes: vec![
            Change { kind: ChangeKind::Added, key: key("cart"), before: None, after: row("cart", 2.5) },
            Change { kind: ChangeKind::Removed, key: key("mail"), before: row("mail", 1.0), after: None },
            Change {
                kind: ChangeKind::Changed,
                key: key("checkout"),
                before: Some(cells([("err_pct", Value::Float(6.0))])),
                after: Some(cells([("err_pct", Value::Float(7.41))])),
            },
        ],
        change_count: 3,
        ..about_the_rule("nt_changed", NotificationKind::AlertChanged, Reason::RowsChanged)
    }
}

fn failed() -> Notification {
    Notification {
        since: Some(at("2026-11-20T05:50:00Z")),
        error: Some(ErrorFacts {
            code: "timeout".into(),
            message: "the query took longer than its timeout of 30 s".into(),
            since: at("2026-11-20T05:50:00Z"),
            failed_runs: 3,
            last_success_at: Some(at("2026-11-20T05:45:00Z")),
            next_run_at: Some(at("2026-11-20T06:05:00Z")),
        }),
        ..about_the_rule("nt_failed", NotificationKind::AlertFailed, Reason::QueryFailed)
    }
}

fn recovered() -> Notification {
    Notification {
        since: Some(at("2026-11-20T05:50:00Z")),
        ..about_the_rule("nt_recovered", NotificationKind::AlertRecovered, Reason::QueryRecovered)
    }
}

fn no_data() -> Notification {
    Notification {
        window: None,
        instance: Some(InstanceKey::new(vec![("service".into(), text("mail")), ("region".into(), Value::Null)])),
        ..about_the_rule("nt_no_data", NotificationKind::AlertNoData, Reason::Missing)
    }
}

fn summary() -> Notification {
    Notification {
        occurred_at: Timestamp::from_micros(1_795_154_400_250_000),
        instance: Some(InstanceKey::new(vec![("service".into(), text("checkout"))])),
        episode: Some(7),
        seq: Some(2),
        thread: None,
        state: Some(ConditionName::Resolved),
        since: Some(at("2026-11-20T03:00:00Z")),
        value: Some(Value::Int(12)),
        last_value: Some(Value::Int(0)),
        ..about_the_rule("nt_summary", NotificationKind::AlertSummary, Reason::CaughtUp)
    }
}

fn test() -> Notification {
    test_notification(ProjectName::new("default"), "ev_1", at("2026-11-20T06:00:00Z"))
}

/// Compares text and not values, so that the order of the contract's keys counts. Labels and
/// links are free maps: a notification holds them sorted, whatever the order in the file.
fn assert_golden(case: &str, notification: &Notification) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("testdata/webhook/{case}.json"));
    let body = webhook::body(notification);
    if std::env::var_os("UPDATE_GOLDEN").is_some() && case != "firing" {
        std::fs::write(&path, pretty(&body)).unwrap();
    }
    let mut golden: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    for free_map in ["/rule/labels", "/links"] {
        golden
            .pointer_mut(free_map)
            .and_then(serde_json::Value::as_object_mut)
            .into_iter()
            .for_each(|map| map.sort_keys());
    }
    assert_eq!(pretty(&body), pretty(&golden), "{case}");
}

fn pretty(body: &serde_json::Value) -> String {
    let mut bytes = Vec::new();
    let indent = serde_json::ser::PrettyFormatter::with_indent(b" ");
    body.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, indent)).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn each_kind_of_notification_has_the_body_of_the_contract() {
    for (case, notification) in [
        ("firing", firing()),
        ("matches", matches()),
        ("resolved", resolved()),
        ("changed", changed()),
        ("failed", failed()),
        ("recovered", recovered()),
        ("no_data", no_data()),
        ("summary", summary()),
        ("test", test()),
    ] {
        assert_golden(case, &notification);
    }
}

#[test]
fn every_body_has_the_same_keys_in_the_same_order() {
    let keys = |notification: &Notification| -> Vec<String> {
        webhook::body(notification).as_object().unwrap().keys().cloned().collect()
    };
    for kind in NotificationKind::ALL {
        let body = webhook::body(&Notification { kind: *kind, ..test() });
        assert_eq!(keys(&Notification { kind: *kind, ..test() }), keys(&firing()), "{kind}");
        assert_eq!(body["type"], kind.as_str());
    }
    for reason in Reason::ALL {
        assert_eq!(webhook::body(&Notification { reason: *reason, ..test() })["reason"], reason.as_str());
    }
}

#[test]
fn changes_that_are_not_listed_count_as_truncated() {
    assert_eq!(webhook::body(&changed())["truncated"], false);
    assert_eq!(webhook::body(&Notification { change_count: 4, ..changed() })["truncated"], true);
    assert_eq!(webhook::body(&Notification { truncated: true, ..changed() })["truncated"], true);
}

#[test]
fn the_page_about_webhooks_shows_the_example_and_names_every_key_type_and_reason() {
    let page = include_str!("../../docs/webhook.md");
    assert!(page.contains(include_str!("../testdata/webhook/firing.json").trim()), "the example differs");
    let keys = webhook::body(&test()).as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let kinds = NotificationKind::ALL.iter().map(|kind| kind.as_str().to_owned());
    let reasons = Reason::ALL.iter().map(|reason| reason.as_str().to_owned());
    for word in keys.into_iter().chain(kinds).chain(reasons) {
        assert!(page.contains(&format!("`{word}`")), "docs/webhook.md does not name `{word}`");
    }
}

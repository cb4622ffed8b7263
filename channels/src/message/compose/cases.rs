//! The data of the example payloads.

use std::collections::BTreeMap;

use watchfire_model::{
    Change, ChangeKind, Column, ColumnType, ErrorFacts, InstanceKey, Notification, NotificationKind, ProjectName,
    Reason, RuleFacts, RuleKind, RuleName, Severity, Timestamp, Value, Window,
};

use crate::presentation::Presentation;
use crate::test_message::test_notification;

pub(super) fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

pub(super) fn text(text: &str) -> Value {
    Value::String(text.into())
}

pub(super) fn columns(columns: &[(&str, ColumnType)]) -> Vec<Column> {
    columns.iter().map(|(name, kind)| Column { name: (*name).into(), kind: *kind }).collect()
}

pub(super) fn rule(name: &str, kind: RuleKind, description: &str) -> Option<RuleFacts> {
    let labels = [("env", "prod"), ("team", "payments")].map(|(name, value)| (name.into(), value.into()));
    Some(RuleFacts {
        name: RuleName::new(name),
        kind,
        description: Some(description.into()).filter(|text: &String| !text.is_empty()),
        severity: Some(Severity::Critical),
        labels: if kind == RuleKind::Alert { BTreeMap::from(labels) } else { BTreeMap::new() },
    })
}

pub(super) fn presentation() -> Presentation {
    Presentation {
        cadence: Some("every 1m".into()),
        condition: Some("err_pct > 5".into()),
        owner: Some("payments".into()),
        ..Presentation::default()
    }
}

pub(super) fn links(names: &[(&str, &str)]) -> BTreeMap<String, String> {
    names.iter().map(|(name, url)| ((*name).to_owned(), (*url).to_owned())).collect()
}

pub(super) fn firing() -> Notification {
    let row = |service: &str, route: &str, rate, count| {
        vec![text(service), text(route), Value::Float(rate), Value::Int(count)]
    };
    Notification {
        kind: NotificationKind::AlertStarted,
        reason: Reason::FirstFiring,
        rule: rule("error-rate", RuleKind::Alert, "Error rate above 5 %"),
        severity: Some(Severity::Critical),
        since: Some(at("2026-11-20T05:55:00Z")),
        value: Some(Value::Float(7.41)),
        scheduled_for: Some(at("2026-11-20T06:00:00Z")),
        window: Some(Window { start: at("2026-11-20T05:45:00Z"), end: at("2026-11-20T06:00:00Z") }),
        columns: columns(&[
            ("service", ColumnType::String),
            ("route", ColumnType::String),
            ("err_pct", ColumnType::Float),
            ("req", ColumnType::Int),
        ]),
        rows: vec![
            row("checkout", "POST /pay", 7.41, 18_204),
            row("checkout", "POST /cart", 6.02, 9_771),
            row("gateway", "GET /quote", 5.38, 44_120),
        ],
        row_count: 3,
        links: links(&[
            ("silence", "https://alerts.example.com/alerts/error-rate/silence"),
            ("alert", "https://alerts.example.com/alerts/error-rate"),
            ("runbook", "https://wiki.example.com/rb/err-rate"),
        ]),
        ..test_notification(ProjectName::new("default"), "e1", at("2026-11-20T06:00:00Z"))
    }
}

pub(super) fn resolved() -> Notification {
    Notification {
        kind: NotificationKind::AlertResolved,
        reason: Reason::Resolved,
        occurred_at: at("2026-11-20T06:23:00Z"),
        instance: Some(InstanceKey::new(vec![("service".into(), text("checkout")), ("region".into(), Value::Null)])),
        since: Some(at("2026-11-20T06:00:00Z")),
        value: Some(Value::Float(6.02)),
        peak: Some(Value::Float(9.8)),
        last_value: Some(Value::Float(1.12)),
        window: Some(Window { start: at("2026-11-20T06:08:00Z"), end: at("2026-11-20T06:23:00Z") }),
        rows: Vec::new(),
        row_count: 0,
        ..firing()
    }
}

pub(super) fn report() -> Notification {
    let rows = [
        ("chat-xlarge", 41_210, 1_218.6, Some(1_088.04)),
        ("reason-xlarge", 9_120, 960.4, Some(990.1)),
        ("vision-large", 18_004, 512.5, Some(355.9)),
        ("tts-2", 310, 1.9, None),
    ];
    let row = |(model, calls, cost, before): (&str, i128, f64, Option<f64>)| {
        vec![
            text(model),
            Value::Int(calls),
            Value::Float(cost),
            before.map_or(Value::Null, Value::Float),
            before.map_or(Value::Null, |before| Value::Float(((cost - before) * 100.0_f64).round() / 100.0)),
        ]
    };
    let totals = [
        ("calls", Value::Int(1_294_644)),
        ("usd", Value::Float(3_439.0)),
        ("usd_prev", Value::Float(3_137.8)),
        ("usd_change", Value::Float(301.2)),
    ];
    Notification {
        kind: NotificationKind::ReportReady,
        reason: Reason::Report,
        rule: rule("llm-cost-daily", RuleKind::Report, "What the models cost"),
        severity: None,
        since: None,
        value: None,
        window: Some(Window { start: at("2026-11-18T23:00:00Z"), end: at("2026-11-19T23:00:00Z") }),
        columns: columns(&[
            ("model", ColumnType::String),
            ("calls", ColumnType::Int),
            ("usd", ColumnType::Float),
            ("usd_prev", ColumnType::Float),
            ("usd_change", ColumnType::Float),
        ]),
        rows: rows.into_iter().map(row).collect(),
        row_count: 10,
        truncated: true,
        totals: totals.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        links: links(&[
            ("alert", "https://alerts.example.com/reports/llm-cost-daily"),
            ("csv", "https://alerts.example.com/reports/llm-cost-daily.csv"),
        ]),
        ..firing()
    }
}

pub(super) fn trouble() -> Notification {
    Notification {
        kind: NotificationKind::AlertFailed,
        reason: Reason::QueryFailed,
        severity: None,
        since: Some(at("2026-11-20T05:52:00Z")),
        value: None,
        columns: Vec::new(),
        rows: Vec::new(),
        row_count: 0,
        error: Some(ErrorFacts {
            code: "resources_exhausted".into(),
            message: "resources exhausted\nmemory limit for one query exceeded: would use 2.02 GiB, maximum 2.00 GiB"
                .into(),
            since: at("2026-11-20T05:52:00Z"),
            failed_runs: 3,
            last_success_at: Some(at("2026-11-19T23:51:00Z")),
            next_run_at: Some(at("2026-11-20T06:04:00Z")),
        }),
        ..firing()
    }
}

pub(super) fn changed() -> Notification {
    let row = |service: &str, route: &str, rate, count| {
        let cells = [
            ("service", text(service)),
            ("route", text(route)),
            ("err_pct", Value::Float(rate)),
            ("req", Value::Int(count)),
        ];
        cells.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<BTreeMap<_, _>>()
    };
    let added = |row: BTreeMap<String, Value>| Change {
        kind: ChangeKind::Added,
        key: row.clone().into_iter().filter(|(name, _)| name == "service" || name == "route").collect(),
        before: None,
        after: Some(row),
    };
    let removed = added(row("checkout", "POST /cart", 6.02, 9_771));
    let flag = |value| Some(BTreeMap::from([("enabled".to_owned(), value)]));
    Notification {
        kind: NotificationKind::AlertChanged,
        reason: Reason::RowsChanged,
        severity: Some(Severity::Warning),
        since: None,
        value: None,
        rows: Vec::new(),
        row_count: 4,
        changes: vec![
            added(row("gateway", "POST /order", 8.9, 3_310)),
            added(row("search", "GET /q", 5.77, 71_002)),
            Change { kind: ChangeKind::Removed, before: removed.after.clone(), after: None, ..removed },
            Change {
                kind: ChangeKind::Changed,
                key: BTreeMap::from([("flag".to_owned(), text("dark-mode"))]),
                before: flag(Value::Bool(true)),
                after: flag(Value::Null),
            },
        ],
        change_count: 4,
        ..firing()
    }
}

//! The messages that people send to see whether a channel works, and how each kind of message looks there.

use std::collections::BTreeMap;
use std::time::Duration;

use watchfire_model::{
    Change, ChangeKind, Column, ColumnType, ConditionName, ErrorFacts, InstanceKey, Notification, NotificationId,
    NotificationKind, ProjectName, Reason, RuleFacts, RuleKind, RuleName, Severity, ThreadKey, Timestamp, Value,
    Window,
};

/// A test message: the envelope and nothing else. It is really sent.
///
/// `event_id` names this one test (two tests are two messages), `at` is when somebody asked for it.
pub fn test_notification(project: ProjectName, event_id: &str, at: Timestamp) -> Notification {
    Notification {
        id: NotificationId::of_event(event_id),
        kind: NotificationKind::Test,
        occurred_at: at,
        project,
        rule: None,
        instance: None,
        episode: None,
        seq: None,
        thread: None,
        state: None,
        severity: None,
        since: None,
        value: None,
        last_value: None,
        peak: None,
        scheduled_for: None,
        window: None,
        reason: Reason::Test,
        rule_end: None,
        columns: Vec::new(),
        rows: Vec::new(),
        row_count: 0,
        truncated: false,
        totals: BTreeMap::new(),
        changes: Vec::new(),
        change_count: 0,
        error: None,
        query: None,
        links: BTreeMap::new(),
    }
}

/// A plausible notification of any kind with made-up data, for trying how a channel shows it.
///
/// Its rule is called `TEST error-rate`, so that every message says that it is a test. `event_id` names this one
/// try, `at` is when somebody asked for it. [`NotificationKind::Test`] gives [`test_notification`].
pub fn sample_notification(
    kind: NotificationKind,
    project: ProjectName,
    event_id: &str,
    at: Timestamp,
) -> Notification {
    let plain = test_notification(project, event_id, at);
    let alert = |reason| with_rule(kind, reason, RuleKind::Alert, plain.clone());
    let firing = |reason| breaching(alert(reason));
    match kind {
        NotificationKind::Test => plain,
        NotificationKind::ChannelBroken => Notification {
            kind,
            reason: Reason::ChannelTrouble,
            since: Some(earlier(at, 10)),
            error: Some(failure(at, "config", "TEST: the receiver answered 403 invalid_token")),
            ..plain
        },
        NotificationKind::ReportReady => report(with_rule(kind, Reason::Report, RuleKind::Report, plain)),
        NotificationKind::IssueNew
        | NotificationKind::IssueRegressed
        | NotificationKind::IssueEscalating
        | NotificationKind::IssueDigest => breaching(with_rule(kind, Reason::StartedFiring, RuleKind::Issue, plain)),
        NotificationKind::AlertMatches => firing(Reason::Matches),
        NotificationKind::AlertStarted => firing(Reason::StartedFiring),
        NotificationKind::AlertRepeated => firing(Reason::Repeat),
        NotificationKind::AlertUpdated => firing(Reason::SeverityRaised),
        NotificationKind::AlertResolved => over(firing(Reason::Resolved)),
        NotificationKind::AlertSummary => over(firing(Reason::CaughtUp)),
        NotificationKind::AlertChanged => changed(alert(Reason::RowsChanged)),
        NotificationKind::AlertNoData => Notification { since: Some(earlier(at, 8)), ..alert(Reason::NoData) },
        NotificationKind::AlertFailed => failing(alert(Reason::QueryFailed)),
        NotificationKind::AlertRecovered => failing(alert(Reason::QueryRecovered)),
    }
}

fn failing(plain: Notification) -> Notification {
    let at = plain.occurred_at;
    let error = failure(at, "too_much_memory", "the query needs more than 2.00 GiB of memory");
    Notification { since: Some(earlier(at, 8)), error: Some(error), ..plain }
}

fn with_rule(kind: NotificationKind, reason: Reason, rule: RuleKind, plain: Notification) -> Notification {
    let at = plain.occurred_at;
    let name = match rule {
        RuleKind::Alert => "TEST error-rate",
        RuleKind::Report => "TEST llm-cost",
        RuleKind::Issue => "TEST issues",
    };
    Notification {
        kind,
        rule: Some(RuleFacts {
            name: RuleName::new(name),
            kind: rule,
            description: Some("This is a test with made-up data: nothing is wrong.".to_owned()),
            severity: None,
            labels: BTreeMap::from([("team".to_owned(), "payments".to_owned())]),
        }),
        reason,
        scheduled_for: Some(at),
        window: Some(Window { start: earlier(at, 15), end: at }),
        ..plain
    }
}

fn breaching(plain: Notification) -> Notification {
    let at = plain.occurred_at;
    let key = InstanceKey::new(vec![("service".to_owned(), text("checkout"))]);
    Notification {
        // A try opens nothing that a real alert would close: its thread is its own.
        thread: Some(ThreadKey::new(plain.id.as_str().replacen("nt_", "th_", 1))),
        instance: Some(key),
        episode: Some(1),
        seq: Some(1),
        state: Some(ConditionName::Firing),
        severity: Some(Severity::Warning),
        since: Some(earlier(at, 5)),
        value: Some(Value::Float(7.41)),
        columns: columns(&[("service", ColumnType::String), ("err_pct", ColumnType::Float), ("req", ColumnType::Int)]),
        rows: vec![vec![text("checkout"), Value::Float(7.41), Value::Int(18_204)]],
        row_count: 1,
        ..plain
    }
}

fn over(firing: Notification) -> Notification {
    Notification {
        seq: Some(2),
        state: Some(ConditionName::Resolved),
        since: Some(earlier(firing.occurred_at, 23)),
        last_value: Some(Value::Float(1.12)),
        peak: Some(Value::Float(9.8)),
        rows: vec![vec![text("checkout"), Value::Float(1.12), Value::Int(17_950)]],
        ..firing
    }
}

fn changed(plain: Notification) -> Notification {
    let cells = |on: bool| Some(BTreeMap::from([("enabled".to_owned(), Value::Bool(on))]));
    let change = |kind, flag: &str, before, after| Change {
        kind,
        key: BTreeMap::from([("flag".to_owned(), text(flag))]),
        before,
        after,
    };
    Notification {
        severity: Some(Severity::Warning),
        changes: vec![
            change(ChangeKind::Added, "new-cart", None, cells(true)),
            change(ChangeKind::Removed, "old-cart", cells(true), None),
            change(ChangeKind::Changed, "dark-mode", cells(true), cells(false)),
        ],
        change_count: 3,
        ..plain
    }
}

fn report(plain: Notification) -> Notification {
    let row = |model: &str, calls, cost| vec![text(model), Value::Int(calls), Value::Float(cost)];
    Notification {
        columns: columns(&[("model", ColumnType::String), ("calls", ColumnType::Int), ("cost_usd", ColumnType::Float)]),
        rows: vec![row("chat-xlarge", 41_210, 1_218.6), row("reason-xlarge", 9_120, 960.4), row("tts-2", 310, 1.9)],
        row_count: 3,
        totals: BTreeMap::from([
            ("calls".to_owned(), Value::Int(50_640)),
            ("cost_usd".to_owned(), Value::Float(2_180.9)),
        ]),
        ..plain
    }
}

fn failure(at: Timestamp, code: &str, message: &str) -> ErrorFacts {
    ErrorFacts {
        code: code.to_owned(),
        message: message.to_owned(),
        since: earlier(at, 8),
        failed_runs: 3,
        last_success_at: Some(earlier(at, 9)),
        next_run_at: Some(at.plus(Duration::from_mins(4))),
    }
}

fn columns(columns: &[(&str, ColumnType)]) -> Vec<Column> {
    columns.iter().map(|(name, kind)| Column { name: (*name).to_owned(), kind: *kind }).collect()
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn earlier(at: Timestamp, before: u64) -> Timestamp {
    at.minus(Duration::from_mins(before))
}

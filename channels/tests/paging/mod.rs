//! One message of each kind, as mail and pagers tell it: the facts and what they say, hand-made.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::collections::BTreeMap;

use watchfire_channels::message::{Align, Cell, ChangeLine, Changes, Fact, Link, Table, TableColumn, Tone};
use watchfire_channels::{Message, Presentation, Telling, test_notification};
use watchfire_model::{
    ChangeKind, ConditionName, ErrorFacts, InstanceKey, Notification, NotificationKind, ProjectName, Reason, RuleFacts,
    RuleKind, RuleName, RuleUid, Severity, ThreadKey, Timestamp, Topic, Value,
};

/// Since when the trouble lasts.
const SINCE: Timestamp = Timestamp::from_seconds(1_795_154_000);

/// A fact and its words.
#[derive(Debug, Clone)]
pub struct Case {
    pub notification: Notification,
    pub message: Message,
}

impl Case {
    /// The first attempt, half a minute after the fact. `root` is what an earlier message left behind.
    pub fn telling<'a>(&'a self, presentation: &'a Presentation, root: Option<&'a str>) -> Telling<'a> {
        let attempted_at = self.notification.occurred_at.plus(std::time::Duration::from_secs(30));
        Telling { root, ..Telling::first(&self.notification, presentation, attempted_at) }
    }
}

pub fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn fact(name: &str, value: &str) -> Fact {
    Fact { name: name.to_owned(), value: value.to_owned(), at: None }
}

fn link(label: &str, url: &str) -> Link {
    Link { label: label.to_owned(), url: url.to_owned() }
}

fn notification(kind: NotificationKind, reason: Reason, topic: Option<Topic>) -> Notification {
    let envelope = test_notification(ProjectName::new("default"), kind.as_str(), at("2026-11-20T06:00:00Z"));
    let instance = InstanceKey::new(vec![("service".into(), Value::String("checkout".into()))]);
    let rule = RuleUid::derive(&ProjectName::new("default"), "error-rate");
    let is_about_instance = matches!(topic, Some(Topic::Episode(_)));
    Notification {
        kind,
        reason,
        rule: Some(RuleFacts {
            name: RuleName::new("error-rate"),
            kind: RuleKind::Alert,
            description: Some("Error rate above 5 %".into()),
            severity: Some(Severity::Critical),
            labels: BTreeMap::from([("team".into(), "payments".into()), ("env".into(), "prod".into())]),
        }),
        thread: topic.map(|topic| ThreadKey::derive(&rule, 1, is_about_instance.then_some(&instance), topic)),
        instance: is_about_instance.then_some(instance),
        links: BTreeMap::from([
            ("alert".into(), "https://alerts.example.com/alerts/error-rate".into()),
            ("runbook".into(), "https://wiki.example.com/rb/err-rate".into()),
        ]),
        ..envelope
    }
}

fn message(tone: Tone, severity: Option<Severity>, state: &str, title: &str, summary: &str) -> Message {
    Message {
        tone,
        severity,
        state: state.to_owned(),
        title: title.to_owned(),
        summary: summary.to_owned(),
        facts: Vec::new(),
        table: None,
        changes: None,
        error: None,
        links: vec![
            link("Open alert", "https://alerts.example.com/alerts/error-rate"),
            link("Runbook", "https://wiki.example.com/rb/err-rate"),
        ],
        footer: vec!["error-rate".to_owned(), "every 1m".to_owned(), "window 05:45–06:00 UTC".to_owned()],
        at: at("2026-11-20T06:00:00Z"),
    }
}

/// A table of these columns (`>` before a name: numbers) and rows.
pub fn table(columns: &[&str], rows: &[&[&str]], row_count: u64) -> Table {
    let column = |name: &&str| match name.strip_prefix('>') {
        Some(name) => TableColumn { name: name.to_owned(), align: Align::Right },
        None => TableColumn { name: (*name).to_owned(), align: Align::Left },
    };
    let cell = |text: &&str| Cell { text: (*text).to_owned(), number: text.replace(',', "").parse().ok() };
    Table {
        columns: columns.iter().map(column).collect(),
        rows: rows.iter().map(|row| row.iter().map(cell).collect()).collect(),
        total: None,
        row_count,
    }
}

pub fn firing() -> Case {
    let columns = ["service", "route", ">err_pct", ">req"];
    let rows: [&[&str]; 3] = [
        &["checkout", "POST /pay", "7.41", "18,204"],
        &["checkout", "POST /cart", "6.02", "9,771"],
        &["gateway", "GET /quote", "5.38", "44,120"],
    ];
    Case {
        notification: Notification {
            state: Some(ConditionName::Firing),
            severity: Some(Severity::Critical),
            value: Some(Value::Float(7.41)),
            ..notification(NotificationKind::AlertStarted, Reason::StartedFiring, Some(Topic::Episode(7)))
        },
        message: Message {
            facts: vec![fact("Value", "7.41 (limit err_pct > 5)"), fact("Firing since", "05:55 UTC (5 m)")],
            table: Some(table(&columns, &rows, 3)),
            ..message(
                Tone::Firing,
                Some(Severity::Critical),
                "FIRING (critical)",
                "error-rate: checkout",
                "3 rows over the limit (err_pct > 5 %) for 5 m",
            )
        },
    }
}

pub fn resolved() -> Case {
    Case {
        notification: Notification {
            state: Some(ConditionName::Resolved),
            severity: Some(Severity::Critical),
            ..notification(NotificationKind::AlertResolved, Reason::Resolved, Some(Topic::Episode(7)))
        },
        message: message(
            Tone::Resolved,
            Some(Severity::Critical),
            "RESOLVED after 23 m",
            "error-rate: checkout",
            "Peak 9.80, last value 1.12 (limit err_pct > 5)",
        ),
    }
}

pub fn repeated() -> Case {
    let firing = firing();
    Case {
        notification: Notification {
            kind: NotificationKind::AlertRepeated,
            reason: Reason::Repeat,
            id: watchfire_model::NotificationId::of_event("repeat"),
            ..firing.notification
        },
        message: Message { state: "STILL FIRING (critical)".to_owned(), ..firing.message },
    }
}

pub fn rows_changed() -> Case {
    let line = |kind, text: &str| ChangeLine { kind, text: text.to_owned() };
    Case {
        notification: Notification {
            severity: Some(Severity::Warning),
            ..notification(NotificationKind::AlertChanged, Reason::RowsChanged, None)
        },
        message: Message {
            changes: Some(Changes {
                lines: vec![
                    line(ChangeKind::Added, "gateway · POST /order 8.90"),
                    line(ChangeKind::Removed, "checkout · POST /cart 6.02"),
                    line(ChangeKind::Changed, "search · GET /q · err_pct: 5.77 → 6.10"),
                ],
                total: 5,
            }),
            ..message(
                Tone::Changed,
                Some(Severity::Warning),
                "CHANGED (warning)",
                "error-rate",
                "2 added, 1 removed, 2 changed (now 4 rows, was 3)",
            )
        },
    }
}

pub fn trouble() -> Case {
    let words = "resources exhausted: the query needs 3.1 GB, more than the 2.0 GB that it may use";
    Case {
        notification: Notification {
            error: Some(ErrorFacts {
                code: "resources_exhausted".into(),
                message: words.into(),
                since: at("2026-11-20T05:52:00Z"),
                failed_runs: 3,
                last_success_at: Some(at("2026-11-20T05:51:00Z")),
                next_run_at: Some(at("2026-11-20T06:01:00Z")),
            }),
            rule: notification(NotificationKind::Test, Reason::Test, None)
                .rule
                .map(|rule| RuleFacts { severity: None, ..rule }),
            ..notification(NotificationKind::AlertFailed, Reason::QueryFailed, Some(Topic::Failure(SINCE)))
        },
        message: Message {
            error: Some(words.to_owned()),
            ..message(
                Tone::Trouble,
                None,
                "CANNOT EVALUATE",
                "error-rate cannot be evaluated",
                "3 runs failed since 05:52 UTC. State UNKNOWN, not OK.",
            )
        },
    }
}

pub fn recovered() -> Case {
    Case {
        notification: notification(
            NotificationKind::AlertRecovered,
            Reason::QueryRecovered,
            Some(Topic::Failure(SINCE)),
        ),
        message: message(Tone::Resolved, None, "RECOVERED", "error-rate can be evaluated again", "It failed for 9 m"),
    }
}

pub fn no_data() -> Case {
    Case {
        notification: Notification {
            severity: Some(Severity::Warning),
            ..notification(NotificationKind::AlertNoData, Reason::NoData, Some(Topic::NoData(SINCE)))
        },
        message: message(
            Tone::Changed,
            Some(Severity::Warning),
            "NO DATA (warning)",
            "error-rate",
            "records holds no row between 05:45 and 06:00 UTC",
        ),
    }
}

pub fn data_back() -> Case {
    Case {
        notification: notification(NotificationKind::AlertNoData, Reason::DataBack, Some(Topic::NoData(SINCE))),
        message: message(Tone::Resolved, None, "DATA IS BACK", "error-rate", ""),
    }
}

pub fn report() -> Case {
    let rows: [&[&str]; 3] = [&["gpt-x", "12,044", "2,100.50"], &["=cmd()", "8,102", "1,338.50"], &["größe", "12", ""]];
    let mut table = table(&["model", ">calls", ">cost_usd"], &rows, 200);
    table.total = Some(vec![
        Cell { text: "total".into(), number: None },
        Cell { text: "20,158".into(), number: Some(20158.0) },
        Cell { text: "3,439.00".into(), number: Some(3439.0) },
    ]);
    let envelope = notification(NotificationKind::ReportReady, Reason::Report, None);
    Case {
        notification: Notification {
            rule: envelope.rule.clone().map(|rule| RuleFacts {
                name: RuleName::new("llm-cost-daily"),
                kind: RuleKind::Report,
                severity: None,
                ..rule
            }),
            ..envelope
        },
        message: Message {
            table: Some(table),
            links: Vec::new(),
            footer: vec!["llm-cost-daily".to_owned(), "daily at 09:00 Europe/Berlin".to_owned()],
            ..message(
                Tone::Report,
                None,
                "REPORT",
                "LLM cost Thu 19 Nov 2026: $3,439.00 (+9.6 %)",
                "Total $3,439.00, the day before $3,138.20",
            )
        },
    }
}

pub fn summary() -> Case {
    Case {
        notification: notification(NotificationKind::AlertSummary, Reason::CaughtUp, Some(Topic::Episode(8))),
        message: message(Tone::Resolved, None, "FIRED AND RESOLVED while away", "error-rate: checkout", ""),
    }
}

pub fn test() -> Case {
    Case {
        notification: test_notification(ProjectName::new("default"), "ev_1", at("2026-11-20T06:00:00Z")),
        message: Message {
            links: Vec::new(),
            footer: vec!["Watchfire".to_owned()],
            ..message(Tone::Test, None, "TEST", "Test message from Watchfire", "Nothing is wrong. The channel works.")
        },
    }
}

/// All of them.
pub fn all() -> Vec<Case> {
    vec![
        firing(),
        resolved(),
        repeated(),
        rows_changed(),
        trouble(),
        recovered(),
        no_data(),
        data_back(),
        report(),
        summary(),
        test(),
    ]
}

/// Texts that break things.
pub const NASTY: [&str; 14] = [
    "",
    "a",
    "</pre></b><script>alert(1)</script>",
    "<!channel> <@U1> @everyone",
    "```\n```",
    "{{ title }}",
    "a\r\nBcc: evil@example.com\r\n\r\nbody",
    "\u{0}\u{7}\u{1b}[2J\u{9b}",
    "\u{202E}desrever\u{2066}x\u{2069}",
    "👩‍👩‍👧‍👦🔴é\u{301}\u{301}",
    "한국어 日本語 العربية",
    "=?utf-8?q?forged?= =HYPERLINK(\"x\")",
    ".\r\n.\r\n",
    "\u{FFFF}\u{FEFF}\u{2028}\u{85}",
];

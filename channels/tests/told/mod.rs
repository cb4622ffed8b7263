//! Messages as people get them, built by hand, and any others; and JSON in a shape that a person can read.

#![allow(dead_code, reason = "each test file uses some of it")]

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value as Json;
use watchfire_channels::message::{Align, Cell, ChangeLine, Changes, Fact, Link, Table, TableColumn, Tone};
use watchfire_channels::{Message, Presentation, Telling, compose, sample_notification, test_notification};
use watchfire_model::{ChangeKind, ChannelName, Notification, NotificationKind, ProjectName, Severity, Timestamp};

pub fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// What an attempt needs beside the message.
pub struct Attempt {
    notification: Notification,
    presentation: Presentation,
}

impl Attempt {
    pub fn new() -> Self {
        let notification = test_notification(ProjectName::new("default"), "event", at("2026-11-20T06:00:00Z"));
        Self { notification, presentation: Presentation::default() }
    }

    pub fn telling(&self) -> Telling<'_> {
        Telling::first(&self.notification, &self.presentation, at("2026-11-20T06:00:02Z"))
    }
}

/// A message of a kind as it is composed of a notification, with made-up data.
pub fn composed(kind: NotificationKind) -> Message {
    let notification = sample_notification(kind, ProjectName::new("default"), "event", at("2026-11-20T06:00:00Z"));
    compose(&notification, &Presentation::default(), &ChannelName::new("chat"))
}

fn fact(name: &str, value: &str) -> Fact {
    Fact { name: name.into(), value: value.into(), at: None }
}

fn link(label: &str, url: &str) -> Link {
    Link { label: label.into(), url: url.into() }
}

/// A cell: a number when its text is one.
fn cell(text: &str) -> Cell {
    Cell { text: text.into(), number: text.replace(',', "").parse().ok() }
}

/// A table from its header, where `>` marks a column of numbers, and its rows.
fn table(header: &str, rows: &[&str], row_count: u64) -> Table {
    let columns = header.split(" | ").map(|name| match name.strip_prefix('>') {
        Some(name) => TableColumn { name: name.into(), align: Align::Right },
        None => TableColumn { name: name.into(), align: Align::Left },
    });
    let row = |row: &&str| row.split(" | ").map(|text| cell(text.trim())).collect();
    Table { columns: columns.collect(), rows: rows.iter().map(row).collect(), total: None, row_count }
}

fn alert_links() -> Vec<Link> {
    vec![
        link("Open alert", "https://alerts.example.com/alerts/a1-9f2c41d07be3"),
        link("Query", "https://alerts.example.com/alerts/a1-9f2c41d07be3/query?from=1&to=2"),
        link("Runbook", "https://wiki.example.com/rb/err-rate"),
    ]
}

pub fn firing() -> Message {
    Message {
        tone: Tone::Firing,
        severity: Some(Severity::Critical),
        state: "FIRING (critical)".into(),
        title: "Error rate above 5% — 3 rows".into(),
        summary: "Checkout fails. See https://wiki.example.com/checkout_errors, then call *payments*.".into(),
        facts: vec![
            fact("Worst value", "7.41 %  (limit > 5 %)"),
            Fact { at: Some(at("2026-11-20T06:00:00Z")), ..fact("Firing for", "5 m (since 06:00 UTC)") },
            fact("Owner", "payments"),
        ],
        table: Some(table(
            "service | route | >err_pct | >req",
            &[
                "checkout | POST /pay | 7.41 | 18,204",
                "checkout | POST /cart | 6.02 | 9,771",
                "gateway |  | 5.38 | 44,120",
            ],
            3,
        )),
        changes: None,
        error: None,
        links: alert_links(),
        footer: vec!["rule error_rate".into(), "every 1m".into(), "3 of 3 rows".into()],
        at: at("2026-11-20T06:00:00Z"),
    }
}

pub fn resolved() -> Message {
    Message {
        tone: Tone::Resolved,
        state: "RESOLVED after 23 m".into(),
        title: "Error rate above 5%".into(),
        summary: String::new(),
        facts: vec![
            fact("Was firing", "06:00 → 06:23 UTC (23 m)"),
            fact("Peak", "9.80 % at 06:11"),
            fact("Last value", "1.12 %"),
        ],
        table: None,
        footer: vec!["rule error_rate".into()],
        at: at("2026-11-20T06:23:00.250Z"),
        ..firing()
    }
}

pub fn rows_changed() -> Message {
    let line = |kind, text: &str| ChangeLine { kind, text: text.into() };
    Message {
        tone: Tone::Changed,
        severity: None,
        state: "CHANGED".into(),
        title: "Rows changed: 2 added, 1 removed, 1 changed".into(),
        summary: String::new(),
        facts: Vec::new(),
        table: None,
        changes: Some(Changes {
            lines: vec![
                line(ChangeKind::Added, "gateway   POST /order  8.90  3,310"),
                line(ChangeKind::Added, "search    GET /q       5.77  71,002"),
                line(ChangeKind::Removed, "checkout  POST /cart   6.02  9,771"),
                line(ChangeKind::Changed, "flag dark-mode · enabled: true → false"),
            ],
            total: 12,
        }),
        ..firing()
    }
}

pub fn report() -> Message {
    let rows = [
        "chat-xlarge | 41,210 | 1,218.60 | +12%",
        "reason-xlarge | 9,120 | 960.40 | -3%",
        "vision-large | 18,004 | 512.50 | +44%",
        "chat-small | 210,331 | 380.44 | +1%",
        "reason-small-2 | 98,120 | 245.11 | -8%",
        "open-medium | 55,012 | 78.16 | +0%",
        "embed-v4 | 801,223 | 22.04 | +5%",
        "speech-v3 | 1,204 | 13.65 | -21%",
        "rerank-2 | 60,110 | 6.20 | +2%",
        "tts-2 | 310 | 1.90 | new",
    ];
    let mut table = table("model | >calls | >usd | vs_prev", &rows, 431);
    table.total = Some(["Total", "1,294,644", "3,439.00", ""].map(cell).to_vec());
    Message {
        tone: Tone::Report,
        severity: None,
        state: "REPORT".into(),
        title: "LLM cost, Thu 19 Nov 2026: $3,439.00 (+9.6 % vs Wed)".into(),
        summary: String::new(),
        facts: vec![fact("Total", "$3,439.00"), fact("Calls", "1,294,644")],
        table: Some(table),
        links: vec![link("Report", "https://alerts.example.com/reports/llm-cost/2026-11-19")],
        footer: vec!["report llm-cost-daily".into(), "window 2026-11-19 00:00–24:00 UTC".into()],
        ..firing()
    }
}

pub fn engine_trouble() -> Message {
    Message {
        tone: Tone::Trouble,
        severity: None,
        state: "QUERY FAILS".into(),
        title: "Rule error_rate failed 3 times in a row — state is UNKNOWN, not OK".into(),
        summary: String::new(),
        facts: vec![fact("Failing since", "05:52 UTC (3 runs, 8 m)"), fact("Last good run", "05:51 UTC")],
        table: None,
        error: Some("query error: \"resources\" exhausted\n```would use 2.02 GiB, maximum 2.00 GiB```".into()),
        links: vec![link("Rule", "https://alerts.example.com/rules/error-rate")],
        ..firing()
    }
}

pub fn no_data() -> Message {
    Message {
        tone: Tone::Trouble,
        severity: Some(Severity::Warning),
        state: "NO DATA (warning)".into(),
        title: "error_rate: nothing arrived in the last 15 m".into(),
        summary: "The rule cannot tell whether it would fire.".into(),
        facts: vec![fact("Last row", "05:44 UTC")],
        table: None,
        ..firing()
    }
}

pub fn test() -> Message {
    Message {
        tone: Tone::Test,
        severity: None,
        state: "TEST".into(),
        title: "Somebody tries this channel".into(),
        summary: String::new(),
        facts: Vec::new(),
        table: None,
        links: Vec::new(),
        footer: vec!["project default".into()],
        ..firing()
    }
}

/// Every kind, with its name.
pub fn all() -> [(&'static str, Message); 7] {
    [
        ("firing", firing()),
        ("resolved", resolved()),
        ("rows_changed", rows_changed()),
        ("report", report()),
        ("engine_trouble", engine_trouble()),
        ("no_data", no_data()),
        ("test", test()),
    ]
}

/// Texts that break whoever does not expect them.
const NASTY: [&str; 24] = [
    "",
    " ",
    "checkout",
    "error_rate *bold* ~gone~ `code`",
    "a & b < c > d",
    "<!channel> <@U012> <#C012> <!here|here>",
    "@everyone @here <@12> <@&34>",
    "```",
    "````\n`` ` ```` ```",
    "</pre>{{ rule.name }}",
    "[click](https://evil.example) ](",
    "https://example.com/a_b?c=1&d=*x*",
    "|||| bars | and | bars ||||",
    "line\r\nline\n\n\n> quote\n- list\n# title",
    "NUL\0 ESC\u{1b}[31m BEL\u{7}",
    "\u{202E}turned\u{202C} \u{2066}x\u{2069} \u{200B}\u{FEFF}",
    "👩‍👩‍👧‍👦🏳️‍🌈🇩🇪",
    "日本語のテキスト",
    "שלום עולם",
    "e\u{301}\u{301}\u{301}\u{301}",
    "\\\\\\\" \"quoted\" 'x'",
    "\u{2028}\u{2029}",
    "&amp;&lt;&gt;",
    "-",
];

/// A nasty text, some of them after one another, or one that is far too long.
fn any_text() -> impl Strategy<Value = String> {
    let nasty = proptest::sample::select(NASTY.as_slice());
    prop_oneof![
        6 => nasty.clone().prop_map(str::to_owned),
        2 => vec(nasty.clone(), 1..6).prop_map(|texts| texts.join(" ")),
        2 => (nasty.clone(), 1..3_000_usize).prop_map(|(text, times)| text.repeat(times)),
        1 => any::<String>(),
    ]
}

fn any_url() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => any_text().prop_map(|text| format!("https://example.com/{text}")),
        1 => any_text(),
        1 => Just("https://alerts.example.com/alerts/a1".to_owned()),
    ]
}

fn any_cell() -> impl Strategy<Value = Cell> {
    (any_text(), proptest::option::of(any::<f64>())).prop_map(|(text, number)| Cell { text, number })
}

fn any_table() -> impl Strategy<Value = Table> {
    let size =
        prop_oneof![Just((1_usize, 1_usize)), (1..8_usize, 1..30_usize), Just((60, 8)), Just((4, 200)), Just((20, 60))];
    // A few cells, over and over, make a large table quickly.
    (size, vec(any_cell(), 1..12), vec(any_text(), 1..6), any::<bool>(), 0..1_000_000_u64).prop_map(
        |((columns, rows), cells, names, has_total, more)| {
            let row = |row: usize| (0..columns).map(|column| cells[(row + column) % cells.len()].clone()).collect();
            Table {
                columns: (0..columns)
                    .map(|column| TableColumn {
                        name: names[column % names.len()].clone(),
                        align: if column % 2 == 0 { Align::Left } else { Align::Right },
                    })
                    .collect(),
                rows: (0..rows).map(row).collect(),
                total: has_total.then(|| row(0)),
                row_count: rows as u64 + more,
            }
        },
    )
}

fn any_changes() -> impl Strategy<Value = Changes> {
    let kind = proptest::sample::select(&[ChangeKind::Added, ChangeKind::Removed, ChangeKind::Changed][..]);
    let line = (kind, any_text()).prop_map(|(kind, text)| ChangeLine { kind, text });
    (vec(line, 0..40), 0..1_000_u64).prop_map(|(lines, more)| Changes { total: lines.len() as u64 + more, lines })
}

/// Any message at all.
pub fn any_message() -> impl Strategy<Value = Message> {
    use proptest::option::of;
    let instant = any::<i64>().prop_map(Timestamp::from_micros);
    let fact = (any_text(), any_text(), of(instant.clone())).prop_map(|(name, value, at)| Fact { name, value, at });
    let link = (any_text(), any_url()).prop_map(|(label, url)| Link { label, url });
    let tones = [Tone::Firing, Tone::Changed, Tone::Resolved, Tone::Report, Tone::Trouble, Tone::Test];
    let texts = (any_text(), any_text(), any_text(), of(any_text()), vec(any_text(), 0..6));
    let parts = (vec(fact, 0..30), of(any_table()), of(any_changes()), vec(link, 0..12));
    (proptest::sample::select(tones.to_vec()), texts, parts, instant).prop_map(
        |(tone, (state, title, summary, error, footer), (facts, table, changes, links), at)| Message {
            tone,
            severity: Some(Severity::Warning),
            state,
            title,
            summary,
            facts,
            table,
            changes,
            error,
            links,
            footer,
            at,
        },
    )
}

/// A message of 200 rows, 60 columns and cells of a megabyte.
pub fn enormous(columns: usize) -> Message {
    let huge = "é<&*`\"".repeat(150_000);
    let row: Vec<Cell> =
        (0..columns).map(|column| if column == 1 { cell(&huge) } else { cell("12,345.678") }).collect();
    let mut message = firing();
    message.title = huge.clone();
    message.summary = huge.clone();
    message.error = Some(huge.clone());
    message.facts = vec![fact(&huge, &huge); 3];
    message.table = Some(Table {
        columns: (0..columns).map(|column| TableColumn { name: format!("c{column}"), align: Align::Left }).collect(),
        rows: std::iter::once(row).chain((1..200).map(|_| vec![cell("12,345.678"); columns])).collect(),
        total: None,
        row_count: 4_310,
    });
    message
}

/// JSON in lines: what fits into one line stands in one.
pub fn shaped(json: &Json) -> String {
    let mut text = String::new();
    shape(json, 0, &mut text);
    text
}

fn shape(json: &Json, depth: usize, text: &mut String) {
    let line = json.to_string();
    let indent = " ".repeat(depth + 1);
    match json {
        Json::Array(items) if line.chars().count() > 110 => {
            text.push_str("[\n");
            for item in items {
                text.push_str(&indent);
                shape(item, depth + 1, text);
                text.push('\n');
            }
            text.push_str(&format!("{}]", " ".repeat(depth)));
        }
        Json::Object(object) if line.chars().count() > 110 => {
            text.push_str("{\n");
            for (key, item) in object {
                text.push_str(&format!("{indent}{key}: "));
                shape(item, depth + 1, text);
                text.push('\n');
            }
            text.push_str(&format!("{}}}", " ".repeat(depth)));
        }
        _ => text.push_str(&line),
    }
}

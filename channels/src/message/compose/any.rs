//! Any notification composes, and nothing in its message is without a limit.

use std::collections::BTreeMap;

use proptest::prelude::*;
use watchfire_model::{
    Change, ChangeKind, ChannelName, Column, ColumnType, ErrorFacts, InstanceKey, Notification, NotificationId,
    NotificationKind, ProjectName, Reason, RuleFacts, RuleKind, RuleName, Severity, Timestamp, Value, Window,
};

use super::compose;
use crate::limits::*;
use crate::message::Message;
use crate::message::text::{one_line, width};
use crate::presentation::{Format, Presentation};
use crate::template::Template;
use crate::test_message::test_notification;

/// Texts that broke somebody's messages.
const NASTY: [&str; 14] = [
    "",
    " ",
    "\0",
    "```",
    "<!channel>",
    "@everyone",
    "</pre><script>",
    "{{row.x}}",
    "👩‍👩‍👧‍👦🏴\u{E0067}\u{E007F}",
    "日本語テキスト",
    "\u{202E}gnp.exe",
    "a\u{0301}\u{0301}\u{0301}\u{0301}\u{0301}",
    "=cmd|' /C calc'!A0",
    "line\r\nline\u{2028}line",
];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        20 => prop::sample::select(&NASTY[..]).prop_map(str::to_owned),
        20 => any::<String>(),
        1 => prop::sample::select(&NASTY[..]).prop_map(|text| text.repeat(2_000)),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(|n| Value::Int(n.into())),
        any::<f64>().prop_map(Value::Float),
        Just(Value::Float(f64::NAN)),
        text().prop_map(Value::Decimal),
        "-?[0-9]{1,40}(\\.[0-9]{1,20})?".prop_map(Value::Decimal),
        text().prop_map(Value::String),
        any::<i64>().prop_map(|n| Value::Timestamp(Timestamp::from_micros(n))),
        any::<i64>().prop_map(Value::Duration),
        text().prop_map(|text| Value::Json(serde_json::json!({"a": [text]}))),
        text().prop_map(|text| Value::List(vec![Value::String(text)])),
        any::<Vec<u8>>().prop_map(Value::Binary),
    ]
}

fn kind() -> impl Strategy<Value = ColumnType> {
    prop::sample::select(vec![
        ColumnType::String,
        ColumnType::Int,
        ColumnType::Float,
        ColumnType::Bool,
        ColumnType::Timestamp,
        ColumnType::Duration,
        ColumnType::Json,
        ColumnType::List,
        ColumnType::Binary,
    ])
}

fn instant() -> impl Strategy<Value = Timestamp> {
    prop_oneof![any::<i64>(), 1_790_000_000_000_000_i64..1_800_000_000_000_000].prop_map(Timestamp::from_micros)
}

fn row() -> impl Strategy<Value = BTreeMap<String, Value>> {
    prop::collection::btree_map(text(), value(), 0..5)
}

fn change() -> impl Strategy<Value = Change> {
    let kind = prop::sample::select(vec![ChangeKind::Added, ChangeKind::Removed, ChangeKind::Changed]);
    (kind, row(), prop::option::of(row()), prop::option::of(row())).prop_map(|(kind, key, before, after)| Change {
        kind,
        key,
        before,
        after,
    })
}

/// A result whose rows may be shorter or longer than its columns say: stored ones are not ours to trust.
fn result() -> impl Strategy<Value = (Vec<Column>, Vec<Vec<Value>>)> {
    let columns = prop::collection::vec((text(), kind()).prop_map(|(name, kind)| Column { name, kind }), 0..30);
    let rows = prop::collection::vec(prop::collection::vec(value(), 0..30), 0..8);
    (columns, rows, 1_usize..30).prop_map(|(columns, rows, times)| {
        let many = rows.iter().cycle().take(rows.len() * times).cloned().collect();
        (columns, many)
    })
}

fn rule() -> impl Strategy<Value = Option<RuleFacts>> {
    let kind = prop::sample::select(vec![RuleKind::Alert, RuleKind::Report, RuleKind::Issue]);
    let labels = prop::collection::btree_map(text(), text(), 0..5);
    let rule = (text(), kind, prop::option::of(text()), labels).prop_map(|(name, kind, description, labels)| {
        RuleFacts { name: RuleName::new(name), kind, description, severity: None, labels }
    });
    prop::option::of(rule)
}

fn notification() -> impl Strategy<Value = Notification> {
    let words = (
        prop::sample::select(NotificationKind::ALL.to_vec()),
        prop::sample::select(Reason::ALL.to_vec()),
        rule(),
        prop::option::of(prop::collection::vec((text(), value()), 0..4).prop_map(InstanceKey::new)),
        prop::option::of(prop::sample::select(Severity::ALL.to_vec())),
    );
    let instants = (instant(), prop::option::of(instant()), prop::option::of((instant(), instant())));
    let values = (prop::option::of(value()), prop::option::of(value()), prop::option::of(value()), row());
    let rest = (
        result(),
        any::<u64>(),
        prop::collection::vec(change(), 0..4),
        any::<u64>(),
        prop::option::of((text(), text(), instant(), any::<u64>(), prop::option::of(instant()))),
        prop::collection::btree_map(text(), text(), 0..4),
    );
    (words, instants, values, rest).prop_map(|(words, instants, values, rest)| {
        let (kind, reason, rule, instance, severity) = words;
        let (occurred_at, since, window) = instants;
        let (value, last_value, peak, totals) = values;
        let ((columns, rows), row_count, changes, change_count, error, links) = rest;
        Notification {
            id: NotificationId::of_event("x"),
            kind,
            reason,
            rule,
            instance,
            severity,
            since,
            scheduled_for: since,
            window: window.map(|(start, end)| Window { start, end }),
            value,
            last_value,
            peak,
            totals,
            columns,
            rows,
            row_count,
            truncated: true,
            changes,
            change_count,
            error: error.map(|(code, message, since, failed_runs, at)| ErrorFacts {
                code,
                message,
                since,
                failed_runs,
                last_success_at: at,
                next_run_at: at,
            }),
            links,
            ..test_notification(ProjectName::new("p"), "x", occurred_at)
        }
    })
}

fn presentation() -> impl Strategy<Value = Presentation> {
    let template = prop::option::of(prop::sample::select(vec![
        "{{rule.name}} {{value}}",
        "{{#each rows}}{{json this}}{{/each}}{{#each changes}}{{diff}}{{/each}}",
        "{{instance.service}} {{row.x}}",
        "{{percent value}}",
    ]));
    let words = (prop::option::of(text()), prop::option::of(text()), prop::option::of(text()));
    let zone = prop::sample::select(vec!["UTC", "Europe/Berlin", "Pacific/Apia", "America/St_Johns"]);
    let format = (prop::option::of(0_usize..300), prop::collection::vec(text(), 0..3), any::<bool>());
    (template, words, zone, format).prop_map(|(template, (cadence, condition, owner), zone, format)| Presentation {
        timezone: zone.parse().unwrap(),
        title: template.map(|text| Template::parse(text).unwrap()),
        body: template.map(|text| Template::parse(text).unwrap()),
        cadence,
        condition,
        owner,
        formats: BTreeMap::from([(
            ChannelName::new("c"),
            Format { max_rows: format.0, total: format.1, has_bars: format.2, attaches_csv: false },
        )]),
    })
}

fn chars(text: &str) -> usize {
    text.chars().count()
}

fn is_one_line(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{2028}'))
}

fn check(message: &Message) -> Result<(), TestCaseError> {
    prop_assert!(!message.title.is_empty() && chars(&message.title) <= TITLE_MAX_CHARS && is_one_line(&message.title));
    prop_assert!(!message.state.is_empty() && chars(&message.state) <= STATE_MAX_CHARS && is_one_line(&message.state));
    prop_assert!(chars(&message.summary) <= SUMMARY_MAX_CHARS);
    prop_assert!(message.facts.len() <= FACTS_MAX && message.footer.len() <= FOOTER_MAX);
    for fact in &message.facts {
        prop_assert!((1..=FACT_NAME_MAX_CHARS).contains(&chars(&fact.name)) && is_one_line(&fact.name));
        prop_assert!((1..=FACT_VALUE_MAX_CHARS).contains(&chars(&fact.value)) && is_one_line(&fact.value));
    }
    for part in &message.footer {
        prop_assert!((1..=FOOTER_PART_MAX_CHARS).contains(&chars(part)) && is_one_line(part), "{:?}", part);
    }
    if let Some(table) = &message.table {
        prop_assert!(table.rows.len() <= TABLE_MAX_ROWS && table.columns.len() <= TABLE_MAX_COLUMNS + 1);
        for row in table.rows.iter().chain(&table.total) {
            prop_assert_eq!(row.len(), table.columns.len());
            prop_assert!(row.iter().all(|cell| chars(&cell.text) <= CELL_MAX_CHARS + 1 && is_one_line(&cell.text)));
            prop_assert!(row.iter().all(|cell| cell.number.is_none_or(f64::is_finite)));
        }
        for max_width in [35, 70] {
            prop_assert!(table.mono(max_width, 20).text.lines().all(|line| width(line) <= max_width));
        }
    }
    if let Some(changes) = &message.changes {
        prop_assert!(changes.lines.len() <= CHANGE_LINES_MAX && changes.total >= changes.lines.len() as u64);
        let is_kept = |text: &str| chars(text) <= CHANGE_LINE_MAX_CHARS && is_one_line(text);
        prop_assert!(changes.lines.iter().all(|line| is_kept(&line.text)));
    }
    prop_assert!(message.error.as_ref().is_none_or(|error| chars(error) <= ERROR_MAX_CHARS));
    prop_assert!(message.links.len() <= LINKS_MAX);
    for link in &message.links {
        prop_assert!(!link.label.is_empty() && chars(&link.label) <= LINK_LABEL_MAX_CHARS);
        prop_assert!(link.url.len() <= LINK_URL_MAX_BYTES && link.url.starts_with("http"));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_notification_composes_within_the_limits(notification in notification(), presentation in presentation()) {
        let message = compose(&notification, &presentation, &ChannelName::new("c"));
        check(&message)?;
        if let Some(rule) = &notification.rule {
            let name: String = one_line(rule.name.as_str()).chars().take(100).collect();
            prop_assert!(message.footer[0].contains(name.trim()), "{} {:?}", name, message.footer);
        }
    }
}

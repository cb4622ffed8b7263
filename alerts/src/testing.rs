//! Timelines as data: a rule in few words, one letter per slot, and what came of it in one line per slot.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use watchfire_model::{
    ChangeKind, ChannelClass, ChannelName, Column, ColumnType, Failure, FailureCode, Fingerprint, InstanceKey,
    Notification, Observation, ObservedRow, Outcome, ProjectName, RuleKind, RuleName, RuleUid, Severity, Slot,
    Timestamp, Value, Window, parse_duration,
};

use crate::decision::{Decision, RunContext, StateChanges};
use crate::evaluate::evaluate;
use crate::rule::{
    Assignment, Change, FirstRun, Hold, Missing, Mode, NoData, OnError, Patience, Repeat, Rule, SeveritySource,
};
use crate::state::{Condition, Health, RuleState};

/// A rule from words like `for: 2m, per, missing: resolve after 2 runs`. Slots are a minute apart.
pub(crate) fn rule(words: &str) -> Rule {
    let mut rule = plain_rule();
    for word in words.split(',').map(str::trim).filter(|word| !word.is_empty()) {
        let (name, value) = word.split_once(':').map_or((word, ""), |(name, value)| (name, value.trim()));
        match name {
            "for" => rule.hold_for = hold(value),
            "keep_firing_for" => rule.keep_firing_for = hold(value),
            "per" => rule.per = vec!["key".into()],
            "notify_when" => rule.notify_when = mode(value),
            "kind" => rule.kind = if value == "report" { RuleKind::Report } else { RuleKind::Alert },
            "missing" => rule.missing = missing(value),
            "no_data" => rule.no_data = no_data(value),
            "on_error" => rule.on_error = after(value).map_or(OnError::Keep, OnError::Alert),
            "repeat" => rule.repeat = Repeat::Every(parse_duration(value).unwrap()),
            "severity" => rule.severity = SeveritySource::Fixed(Severity::parse(value).unwrap()),
            "severities" => rule.severity = SeveritySource::Conditions,
            "notify_lowered" => rule.tell_lowered_severity = true,
            "max_instances" => rule.max_instances = value.parse().unwrap(),
            "max_rows" => rule.max_rows = value.parse().unwrap(),
            "silent" => rule.notify.clear(),
            "channel" => rule.notify.push(assignment(value)),
            "owner" => rule.owner_channel = Some(ChannelName::new(value)),
            "fallback" => rule.fallback_channel = Some(ChannelName::new(value)),
            other => panic!("no such word: {other}"),
        }
    }
    if rule.notify.is_empty() && !words.contains("silent") {
        rule.notify.push(assignment("hook"));
    }
    rule
}

fn plain_rule() -> Rule {
    Rule {
        uid: RuleUid::new("default/rule"),
        name: RuleName::new("rule"),
        project: ProjectName::new("default"),
        kind: RuleKind::Alert,
        description: None,
        labels: BTreeMap::new(),
        runbook: None,
        query: "SELECT 1".into(),
        per: Vec::new(),
        has_when: true,
        notify_when: Mode::Transitions,
        hold_for: Hold::Time(Duration::ZERO),
        keep_firing_for: Hold::Time(Duration::ZERO),
        missing: Missing::Resolve(Patience::Runs(2)),
        no_data: NoData::Keep,
        on_error: OnError::Alert(Patience::Runs(3)),
        repeat: Repeat::Never,
        severity: SeveritySource::Fixed(Severity::Warning),
        tell_lowered_severity: false,
        change: Change {
            ignore: BTreeSet::new(),
            report: BTreeSet::from([ChangeKind::Added, ChangeKind::Removed, ChangeKind::Changed]),
            first_run: FirstRun::Silent,
            max_rows: 50,
            tolerance: None,
        },
        notify: Vec::new(),
        owner_channel: None,
        fallback_channel: None,
        max_instances: 500,
        max_rows: 1000,
        interval: Duration::from_secs(60),
        semantic_hash: Fingerprint::builder("test").finish(),
    }
}

/// `chat`, `pager` or `mail` as they are called, everything else a webhook; then `/critical`
/// levels, `@resolved` reasons and `*4h` its own reminders.
pub(crate) fn assignment(text: &str) -> Assignment {
    let end = text.find(['/', '@', '*']).unwrap_or(text.len());
    let (name, mut rest) = text.split_at(end);
    let class = match name {
        "chat" | "room" => ChannelClass::Chat,
        "pager" => ChannelClass::Paging,
        "mail" => ChannelClass::Mail,
        _ => ChannelClass::Webhook,
    };
    let mut assignment = Assignment { channel: ChannelName::new(name), class, severity: None, on: None, repeat: None };
    while let Some(sign) = rest.chars().next() {
        let end = rest[1..].find(['/', '@', '*']).map_or(rest.len(), |end| end + 1);
        let word = &rest[1..end];
        match sign {
            '/' => drop(assignment.severity.get_or_insert_default().insert(Severity::parse(word).unwrap())),
            '@' => drop(assignment.on.get_or_insert_default().insert(watchfire_model::Reason::parse(word).unwrap())),
            _ if word == "never" => assignment.repeat = Some(Repeat::Never),
            _ => assignment.repeat = Some(Repeat::Every(parse_duration(word).unwrap())),
        }
        rest = &rest[end..];
    }
    assignment
}

fn hold(text: &str) -> Hold {
    match text.strip_suffix(" runs") {
        Some(runs) => Hold::Runs(runs.parse().unwrap()),
        None => Hold::Time(parse_duration(text).unwrap()),
    }
}

/// `… after 2 runs` or `… after 10m`.
fn after(text: &str) -> Option<Patience> {
    let (_, text) = text.split_once(" after ")?;
    Some(match hold(text) {
        Hold::Time(time) => Patience::Time(time),
        Hold::Runs(runs) => Patience::Runs(runs),
    })
}

fn mode(word: &str) -> Mode {
    match word {
        "any_results" => Mode::AnyResults,
        "transitions" => Mode::Transitions,
        "onset" => Mode::Onset,
        "data_change" => Mode::DataChange,
        "always" => Mode::Always,
        other => panic!("no such mode: {other}"),
    }
}

fn missing(text: &str) -> Missing {
    match (text.split(' ').next(), after(text)) {
        (Some("recovers"), _) => Missing::Recovers,
        (Some("keep"), _) => Missing::Keep,
        (Some("resolve"), Some(patience)) => Missing::Resolve(patience),
        (Some("alert"), Some(patience)) => Missing::Alert(patience),
        other => panic!("no such missing: {other:?}"),
    }
}

fn no_data(text: &str) -> NoData {
    match (text.split(' ').next(), after(text)) {
        (Some("keep"), _) => NoData::Keep,
        (Some("resolve"), _) => NoData::Resolve,
        (Some("ok"), _) => NoData::Ok,
        (Some("alert"), Some(patience)) => NoData::Alert(patience),
        other => panic!("no such no_data: {other:?}"),
    }
}

/// The slot so many minutes after the epoch.
pub(crate) fn minute(number: i64) -> Timestamp {
    Timestamp::from_seconds(number * 60)
}

/// A cell of text.
pub(crate) fn text(value: &str) -> Value {
    Value::String(value.into())
}

/// The key of an instance called `name`.
pub(crate) fn key(name: &str) -> InstanceKey {
    InstanceKey::new(vec![("key".into(), text(name))])
}

/// One row `key, value`; the letter says what the query engine found:
/// `x` breaches, `i w e c` breaches at that level, `.` is clear, `~` is clear but not recovered.
pub(crate) fn row(key: &str, letter: char, value: i64) -> ObservedRow {
    let severity = match letter {
        'i' => Some(Severity::Info),
        'w' => Some(Severity::Warning),
        'e' => Some(Severity::Error),
        'c' => Some(Severity::Critical),
        _ => None,
    };
    ObservedRow {
        values: vec![text(key), Value::Int(value.into())],
        breaches: letter == 'x' || severity.is_some(),
        recovered: (letter == '~').then_some(false),
        severity,
    }
}

/// A complete result of these rows, with the columns `key` and `value`.
pub(crate) fn observation(rows: Vec<ObservedRow>) -> Observation {
    let column = |name: &str, kind| Column { name: name.into(), kind };
    let breaching = rows.iter().filter(|row| row.breaches);
    Observation {
        columns: vec![column("key", ColumnType::String), column("value", ColumnType::Int)],
        row_count: rows.len() as u64,
        breaching_count: breaching.clone().count() as u64,
        unrecovered_count: rows.iter().filter(|row| row.recovered == Some(false)).count() as u64,
        severity: breaching.filter_map(|row| row.severity).max(),
        value_column: Some(1),
        totals: BTreeMap::new(),
        rows,
    }
}

/// What the query sees at one slot; `None` when the slot is skipped.
///
/// One letter per instance: those of [`row`], `-` no row, `!` the query fails, `?` no data,
/// `_` the slot is skipped. The first instance with `!`, `?` or `_` decides for all.
pub(crate) fn outcome(letters: &[(&str, char)], number: i64) -> Option<Outcome> {
    for (_, letter) in letters {
        match letter {
            '!' => return Some(Outcome::Failed(Failure::new(FailureCode::Timeout, "too slow"))),
            '?' => return Some(Outcome::NoData),
            '_' => return None,
            _ => {}
        }
    }
    let rows = letters.iter().filter(|(_, letter)| *letter != '-').map(|(key, letter)| row(key, *letter, number));
    Some(Outcome::Rows(observation(rows.collect())))
}

/// The context of a slot in its turn, or of one that is caught up.
pub(crate) fn context(number: i64, catching_up: bool) -> RunContext {
    let at = minute(number);
    RunContext {
        slot: Slot { scheduled_for: at, catching_up },
        window: Some(Window { start: minute(number - 1), end: at }),
        next_run_at: Some(minute(number + 1)),
    }
}

/// A rule on its way through its slots.
pub(crate) struct Run {
    pub rule: Rule,
    pub state: RuleState,
    pub told: Vec<(Notification, Vec<String>)>,
}

impl Run {
    pub(crate) fn new(rule: Rule) -> Self {
        Self { rule, state: RuleState::default(), told: Vec::new() }
    }

    /// Decides one slot and keeps what came of it.
    pub(crate) fn step(&mut self, outcome: &Outcome, context: &RunContext) -> (Decision, StateChanges) {
        let decision = evaluate(&self.rule, &self.state, outcome, context);
        let changes = decision.state.changes_from(&self.state);
        self.state = decision.state.clone();
        self.told.extend(decision.notices.iter().map(|notice| {
            (notice.notification.clone(), notice.channels.iter().map(|name| name.as_str().to_owned()).collect())
        }));
        (decision, changes)
    }

    /// Decides a slot per letter, from `first` on, a minute apart; those before `present` are caught up.
    pub(crate) fn slots(&mut self, inputs: &[(&str, &str)], first: i64, present: i64) -> String {
        let length = inputs.iter().map(|(_, letters)| letters.len()).max().unwrap_or(0);
        let mut lines = String::new();
        for place in 0..length {
            let number = first + i64::try_from(place).unwrap();
            let letters: Vec<(&str, char)> =
                inputs.iter().map(|(key, letters)| (*key, letters.chars().nth(place).unwrap_or('-'))).collect();
            let Some(outcome) = outcome(&letters, number) else { continue };
            let (decision, _) = self.step(&outcome, &context(number, number < present));
            lines.push_str(&line(&self.rule, number, &decision));
        }
        lines
    }
}

/// What the rule does over these slots; one instance.
pub(crate) fn timeline(words: &str, letters: &str) -> String {
    timelines(words, &[("a", letters)])
}

/// What the rule does over these slots; several instances.
pub(crate) fn timelines(words: &str, inputs: &[(&str, &str)]) -> String {
    Run::new(rule(words)).slots(inputs, 0, 0)
}

/// What the rule does when it comes back: the slots before `present` are caught up.
pub(crate) fn caught_up(words: &str, letters: &str, present: i64) -> String {
    Run::new(rule(words)).slots(&[("a", letters)], 0, present)
}

fn line(rule: &Rule, number: i64, decision: &Decision) -> String {
    let mut line = format!("{:02}:{:02} {}", number / 60, number % 60, conditions(rule, &decision.state));
    match &decision.state.health {
        Health::Ok => {}
        Health::NoData { .. } => line.push_str(" (no data)"),
        Health::Error { .. } => line.push_str(" (error)"),
    }
    for notice in &decision.notices {
        let told = &notice.notification;
        let instance = told.instance.as_ref().map(|key| format!(" {}", name(key))).unwrap_or_default();
        let channels: Vec<&str> = notice.channels.iter().map(ChannelName::as_str).collect();
        let channels = match channels.as_slice() {
            ["hook"] => String::new(),
            [] => " > nobody".to_owned(),
            some => format!(" > {}", some.join("+")),
        };
        let at = told.scheduled_for.unwrap();
        let of = if at == minute(number) { String::new() } else { format!(" of {}", at.as_micros() / 60_000_000) };
        line.push_str(&format!("  notify {}{instance}{of}{channels}", told.reason));
    }
    line.push('\n');
    line
}

fn conditions(rule: &Rule, state: &RuleState) -> String {
    let word = |condition: &Condition| match condition {
        Condition::Inactive => "inactive",
        Condition::Pending { .. } => "pending",
        Condition::Firing { clear: None, .. } => "firing",
        Condition::Firing { clear: Some(_), .. } => "recovering",
        Condition::Resolved { .. } => "resolved",
    };
    let mut words: Vec<String> = Vec::new();
    for (key, instance) in &state.instances {
        let severity = match rule.severity {
            SeveritySource::Fixed(_) => String::new(),
            SeveritySource::Conditions | SeveritySource::Column => format!("/{}", instance.severity),
        };
        let name = if rule.per.is_empty() { String::new() } else { format!("{}=", name(key)) };
        words.push(format!("{name}{}{severity}", word(&instance.condition)));
    }
    if words.is_empty() { "nothing".into() } else { words.join(" ") }
}

fn name(key: &InstanceKey) -> String {
    key.parts().iter().map(|(_, value)| value.to_json().as_str().unwrap_or("null").to_owned()).collect()
}

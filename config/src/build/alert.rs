//! A rule with every default filled in.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use url::Url;
use watchfire_alerts::{
    Change, FirstRun, Hold, Missing, Mode, NoData, OnError, Patience, Repeat, Rule, SeveritySource,
};
use watchfire_channels::Presentation;
use watchfire_model::{
    ChangeKind, Keep, ProjectName, QuerySpec, RuleKind, RuleName, RuleUid, Severity, format_duration,
};
use watchfire_scheduler::{Schedule, WindowSpec};

use super::cadence::{PATTERNS_FROM, schedule};
use super::lint::lint;
use super::names::check_name;
use super::notify::{assignments, owner_channel, repeat};
use super::semantic_hash::{Question, semantic_hash};
use super::sql_tokens::sql_tokens;
use super::{Known, Names};
use crate::definitions::{RuleDefinition, SqlCheck};
use crate::phrases::RaisedOrBoth;
use crate::raw::{RawAlert, RawSeverity};
use crate::read::{Count, Defined, Field, Text};
use crate::report::Report;
use crate::text_map::TextMap;

/// The only project there is for now.
const PROJECT: &str = "default";
/// What `timeout` is when nothing is said.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);
/// What `max_instances` is when nothing is said.
const MAX_INSTANCES_DEFAULT: usize = 500;
/// What `max_rows` is when nothing is said.
const MAX_ROWS_DEFAULT: usize = 1000;
/// What `change.max_rows` is when nothing is said.
const CHANGE_MAX_ROWS_DEFAULT: usize = 50;
/// Up to this distance between runs, a failing query is told after the third failure, else after the first.
const PATIENT_UP_TO: Duration = Duration::from_secs(600);

/// Makes a rule. What is wrong is reported, and the rule is then `None`; its SQL is there to be
/// checked whenever its query could be read.
pub(crate) fn rule(
    defined: &Defined<RawAlert>,
    known: &Known<'_>,
    uids: &mut Names,
    report: &mut Report,
) -> (Option<RuleDefinition>, Option<SqlCheck>) {
    let (raw, before) = (&defined.raw, report.errors());
    check_name(&raw.name, report);
    check_name(&raw.id, report);
    let uid = uid(raw, uids, report);
    let schedule = schedule(raw, &uid, report);
    let per = columns(raw);
    let notify_when = mode(raw, report);
    let query = query_spec(raw, known, notify_when, report);
    let rule = Rule {
        name: rule_name(defined),
        project: project(raw, report),
        kind: RuleKind::Alert,
        description: text(&raw.description),
        labels: labels(raw),
        runbook: runbook(raw, report),
        query: query.sql.clone(),
        has_when: query.when.is_some(),
        notify_when,
        hold_for: raw.r#for.value.as_ref().map_or(Hold::Time(Duration::ZERO), |hold| hold.0),
        keep_firing_for: raw.keep_firing_for.value.as_ref().map_or(Hold::Time(Duration::ZERO), |hold| hold.0),
        missing: raw.missing.value.as_ref().map_or(default_missing(raw), |missing| missing.0),
        no_data: raw.no_data.value.as_ref().map_or(default_no_data(raw, notify_when), |no_data| no_data.0),
        on_error: raw.on_error.value.as_ref().map_or(default_on_error(&schedule), |on_error| on_error.0),
        repeat: repeat(&raw.repeat, report).unwrap_or(Repeat::Never),
        severity: severity(raw, &query),
        tell_lowered_severity: raw.notify_severity.value.as_ref().is_some_and(|word| word.0 == RaisedOrBoth::Both),
        change: change(raw),
        notify: assignments(raw, known, report),
        owner_channel: owner_channel(raw, known),
        fallback_channel: known.settings.delivery.fallback_channel.clone(),
        max_instances: at_most(
            "max_instances",
            &raw.max_instances,
            MAX_INSTANCES_DEFAULT,
            known.settings.limits.max_instances,
            report,
        ),
        max_rows: at_most("max_rows", &raw.max_rows, MAX_ROWS_DEFAULT, Some(known.settings.limits.max_rows), report),
        interval: schedule.cadence.nominal_interval(PATTERNS_FROM),
        semantic_hash: semantic_hash(&Question {
            query: &query,
            per: &per,
            window: schedule.window,
            delay: schedule.delay,
            hold_for: raw.r#for.value.as_ref().map_or(Hold::Time(Duration::ZERO), |hold| hold.0),
            keep_firing_for: raw.keep_firing_for.value.as_ref().map_or(Hold::Time(Duration::ZERO), |hold| hold.0),
            notify_when,
        }),
        uid,
        per,
    };
    not_yet(raw, report);
    window_has_ends(raw, &query, &schedule, report);
    // Of a rule without a name or a query nothing can be said about what it means.
    if let (Some(_), Some(_), Some(name)) = (&raw.name.value, &raw.query.value, raw.name.at()) {
        lint(raw, &rule, &schedule, name, report);
    }
    let check = sql_check(raw, &defined.subject, &rule.name, &query, report);
    let valid = !defined.bad && report.errors() == before;
    let enabled = raw.enabled.value.as_ref().is_none_or(|flag| flag.0);
    let presentation = Presentation {
        condition: query.when.clone(),
        owner: raw.owner.value.as_ref().map(|owner| owner.0.clone()),
        ..Presentation::default()
    };
    (valid.then_some(RuleDefinition { rule, schedule, query, enabled, presentation, report: None }), check)
}

fn text(field: &Field<Text>) -> Option<String> {
    field.value.as_ref().map(|text| text.0.clone())
}

fn rule_name(defined: &Defined<RawAlert>) -> RuleName {
    RuleName::new(text(&defined.raw.name).unwrap_or_else(|| defined.subject.clone()))
}

fn uid(raw: &RawAlert, uids: &mut Names, report: &mut Report) -> RuleUid {
    let field = if raw.id.is_absent() { &raw.name } else { &raw.id };
    let id = text(field).unwrap_or_default();
    if let (Some(_), Some(at)) = (&field.value, field.at()) {
        uids.claim(&id, at, report);
    }
    RuleUid::derive(&ProjectName::new(PROJECT), &id)
}

fn project(raw: &RawAlert, report: &mut Report) -> ProjectName {
    if let (Some(project), Some(at)) = (&raw.project.value, raw.project.at())
        && project.0 != PROJECT
    {
        report
            .error(at, "not_supported_yet", "projects other than `default` are not supported yet")
            .help("write `project: default`, or remove it");
    }
    ProjectName::new(PROJECT)
}

fn labels(raw: &RawAlert) -> BTreeMap<String, String> {
    let rows = raw.labels.value.iter().flat_map(|table| &table.0);
    rows.map(|(key, value)| (key.value.0.clone(), value.value.0.clone())).collect()
}

/// Whether it has key columns; an empty list has none, one that could not be read surely meant some.
fn has_per(raw: &RawAlert) -> bool {
    !raw.per.is_absent() && raw.per.value.as_ref().is_none_or(|per| !per.0.is_empty())
}

fn columns(raw: &RawAlert) -> Vec<String> {
    raw.per.value.iter().flat_map(|per| per.names()).map(str::to_owned).collect()
}

fn runbook(raw: &RawAlert, report: &mut Report) -> Option<String> {
    let field = &raw.message.value.as_ref()?.runbook;
    let (runbook, at) = (text(field)?, field.at()?);
    if !Url::parse(&runbook).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
        report
            .error(at, "bad_url", "`runbook` is no address that a browser could open")
            .help("write a whole address, for example `https://wiki.example.com/runbooks/errors`");
    }
    Some(runbook)
}

fn mode(raw: &RawAlert, report: &mut Report) -> Mode {
    let bare = !has_per(raw) && raw.when.is_absent();
    match raw.notify_when.value.as_ref().map(|mode| mode.0) {
        Some(Mode::Always) => {
            if let Some(at) = raw.notify_when.at() {
                report
                    .error(at, "for_reports_only", "`notify_when: always` is for reports")
                    .help("write `any_results` to hear of every run with matches");
            }
            Mode::AnyResults
        }
        Some(mode @ (Mode::AnyResults | Mode::Transitions | Mode::Onset | Mode::DataChange)) => mode,
        None if bare => Mode::AnyResults,
        None => Mode::Transitions,
    }
}

fn query_spec(raw: &RawAlert, known: &Known<'_>, mode: Mode, report: &mut Report) -> QuerySpec {
    let max_rows = raw.max_rows.value.as_ref().map_or(MAX_ROWS_DEFAULT, |count| count.0);
    let limit = known.settings.limits.query_timeout;
    let timeout = raw.timeout.value.as_ref().map(|timeout| timeout.0.0);
    if let (Some(timeout), Some(limit), Some(at)) = (timeout, limit, raw.timeout.at())
        && timeout > limit
    {
        let (given, most) = (format_duration(timeout), format_duration(limit));
        report
            .error(at, "over_limit", format!("`timeout` is {given}, and `limits.query_timeout` allows {most}"))
            .help(format!("write `timeout: {most}` or less"));
    }
    let severity = match &raw.severity.value {
        Some(RawSeverity::Conditions(conditions)) => {
            conditions.iter().map(|(level, condition)| (*level, condition.value.0.clone())).collect()
        }
        Some(RawSeverity::Fixed(_)) | None => Vec::new(),
    };
    let keep_all = has_per(raw) || mode == Mode::DataChange;
    QuerySpec {
        sql: text(&raw.query).unwrap_or_default(),
        when: text(&raw.when),
        recover_when: text(&raw.recover_when),
        severity,
        window_on: text(&raw.window_on),
        timeout: timeout.unwrap_or_else(|| limit.map_or(TIMEOUT_DEFAULT, |limit| limit.min(TIMEOUT_DEFAULT))),
        keep: if keep_all { Keep::All } else { Keep::Shown(max_rows) },
    }
}

/// Without `when`, a row that is gone has recovered; with it, a row may be late.
fn default_missing(raw: &RawAlert) -> Missing {
    if raw.when.is_absent() { Missing::Recovers } else { Missing::Resolve(Patience::Runs(2)) }
}

/// A quiet service must end an "any error" alert; anything else needs a policy to be moved by silence.
fn default_no_data(raw: &RawAlert, mode: Mode) -> NoData {
    let bare = !has_per(raw) && raw.when.is_absent() && mode != Mode::DataChange;
    if bare { NoData::Ok } else { NoData::Keep }
}

/// A daily rule must not fail silently for three days.
fn default_on_error(schedule: &Schedule) -> OnError {
    let often = schedule.cadence.nominal_interval(PATTERNS_FROM) <= PATIENT_UP_TO;
    OnError::Alert(Patience::Runs(if often { 3 } else { 1 }))
}

fn severity(raw: &RawAlert, query: &QuerySpec) -> SeveritySource {
    match &raw.severity.value {
        Some(RawSeverity::Fixed(level)) => SeveritySource::Fixed(*level),
        Some(RawSeverity::Conditions(_)) => SeveritySource::Conditions,
        None if may_have_severity(&query.sql) => SeveritySource::Column,
        None => SeveritySource::Fixed(Severity::Warning),
    }
}

/// Whether the result may have a column `severity`, which only the query engine knows.
///
/// A query may name it, with or without its table, or take all columns. Where it then has none,
/// the level is the default all the same.
fn may_have_severity(sql: &str) -> bool {
    let tokens = sql_tokens(sql);
    let names_it =
        |token: &String| matches!(token.as_str(), "severity" | "\"severity\"") || token.ends_with(".severity");
    // `count(*)` and products take no columns.
    let takes_all = |pair: &[String]| {
        pair[1] == "*" && (matches!(pair[0].as_str(), "select" | "distinct" | "all" | ",") || pair[0].ends_with('.'))
    };
    tokens.iter().any(names_it) || tokens.windows(2).any(takes_all)
}

fn change(raw: &RawAlert) -> Change {
    let given = raw.change.value.as_ref();
    let kinds = given.and_then(|change| change.report.value.as_ref());
    Change {
        ignore: given
            .and_then(|change| change.ignore.value.as_ref())
            .map(|columns| columns.names().map(str::to_owned).collect())
            .unwrap_or_default(),
        report: kinds.map_or_else(
            || BTreeSet::from([ChangeKind::Added, ChangeKind::Removed, ChangeKind::Changed]),
            |kinds| kinds.0.iter().map(|kind| kind.value.0).collect(),
        ),
        first_run: given
            .and_then(|change| change.first_run.value.as_ref())
            .map_or(FirstRun::Silent, |first_run| first_run.0),
        max_rows: given
            .and_then(|change| change.max_rows.value.as_ref())
            .map_or(CHANGE_MAX_ROWS_DEFAULT, |count| count.0),
        tolerance: given.and_then(|change| change.tolerance.value.as_ref()).map(|tolerance| tolerance.0.0),
    }
}

fn at_most(key: &str, field: &Field<Count>, default: usize, limit: Option<usize>, report: &mut Report) -> usize {
    let Some(given) = field.value.as_ref().map(|count| count.0) else {
        return limit.map_or(default, |limit| limit.min(default));
    };
    if let (Some(limit), Some(at)) = (limit, field.at())
        && given > limit
    {
        report
            .error(at, "over_limit", format!("`{key}` is {given}, and `limits.{key}` allows {limit}"))
            .help(format!("write `{key}: {limit}` or less"));
    }
    given
}

/// Values, not keys, whose effect is not built yet.
fn not_yet(raw: &RawAlert, report: &mut Report) {
    if raw.notify_on_join.value.as_ref().is_some_and(|flag| flag.0)
        && let Some(at) = raw.notify_on_join.at()
    {
        report.error(at, "not_supported_yet", "`notify_on_join: true` is not supported yet").help("remove it for now");
    }
}

/// A parameter of the window has no value where there is no window: such a rule could only fail.
fn window_has_ends(raw: &RawAlert, query: &QuerySpec, schedule: &Schedule, report: &mut Report) {
    let conditions = query.severity.iter().map(|(_, condition)| condition);
    let texts = std::iter::once(&query.sql).chain(&query.when).chain(&query.recover_when).chain(conditions);
    let tokens = texts.flat_map(|text| sql_tokens(text));
    let named = tokens.into_iter().find(|token| matches!(token.as_str(), "$window_start" | "$window_end"));
    if let (WindowSpec::None, Some(at), Some(parameter)) = (schedule.window, raw.window.at(), named) {
        report
            .error(at, "no_window", format!("`{parameter}` has no value with `window: none`"))
            .help("write a duration, for example `window: 15m`");
    }
}

fn sql_check(raw: &RawAlert, subject: &str, name: &RuleName, query: &QuerySpec, report: &Report) -> Option<SqlCheck> {
    let map = |field: &Field<Text>| field.node().map(|node| TextMap::of(&report.source, node));
    let ignored = raw.change.value.as_ref().and_then(|change| change.ignore.value.as_ref());
    let columns = raw.per.value.iter().chain(ignored).flat_map(|columns| &columns.0);
    let severity = match &raw.severity.value {
        Some(RawSeverity::Conditions(conditions)) => {
            conditions.iter().map(|(_, condition)| TextMap::of(&report.source, &condition.node)).collect()
        }
        Some(RawSeverity::Fixed(_)) | None => Vec::new(),
    };
    Some(SqlCheck {
        rule: name.clone(),
        query: query.clone(),
        keys: columns.map(|column| (column.value.0.clone(), report.source.place(column.at()))).collect(),
        query_text: map(&raw.query)?,
        window_on: raw.window_on.at().map(|at| report.source.place(at)),
        when: map(&raw.when),
        recover_when: map(&raw.recover_when),
        severity,
        subject: subject.to_owned(),
    })
}

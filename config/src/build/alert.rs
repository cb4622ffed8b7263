//! An alert with every default filled in.

use std::collections::BTreeSet;
use std::time::Duration;

use watchfire_alerts::{Change, FirstRun, Hold, Missing, Mode, NoData, Patience, Repeat, Rule, SeveritySource};
use watchfire_channels::Presentation;
use watchfire_model::{ChangeKind, Keep, QuerySpec, RuleKind, Severity};

use super::basics::{
    MAX_ROWS_DEFAULT, at_most, enabled, on_error, project, rule_name, text, timeout, uid, window_has_ends,
};
use super::cadence::{PATTERNS_FROM, cadence_words, schedule};
use super::lint::lint;
use super::message::{Keys, texts};
use super::notify::{audience, owner_channel, repeat};
use super::semantic_hash::{Question, semantic_hash};
use super::sql_check::{Wanted, map, sql_check};
use super::sql_tokens::sql_tokens;
use super::{Known, Names};
use crate::definitions::{RuleDefinition, SqlCheck};
use crate::phrases::RaisedOrBoth;
use crate::problem::Place;
use crate::raw::{RawAlert, RawSeverity, RuleKeys};
use crate::read::{Count, Defined, Field, Phrased};
use crate::report::Report;
use crate::text_map::TextMap;

/// What `max_instances` is when nothing is said.
const MAX_INSTANCES_DEFAULT: usize = 500;
/// What `change.max_rows` is when nothing is said.
const CHANGE_MAX_ROWS_DEFAULT: usize = 50;

/// Makes an alert. What is wrong is reported, and the rule is then `None`; its SQL is there to be
/// checked whenever its query could be read.
pub(crate) fn alert(
    defined: &Defined<RawAlert>,
    known: &Known<'_>,
    uids: &mut Names,
    report: &mut Report,
) -> (Option<RuleDefinition>, Option<SqlCheck>) {
    let (raw, keys, before) = (&defined.raw, RuleKeys::from(&defined.raw), report.errors());
    let uid = uid(&keys, "rule", uids, report);
    let schedule = schedule(&keys, RuleKind::Alert, &uid, report);
    let per = columns(raw);
    let notify_when = mode(raw, report);
    let query = query_spec(raw, &keys, known, notify_when, report);
    // Key columns that could not be read can hold any name.
    let per_is_known = raw.per.is_absent() || raw.per.value.is_some();
    let texts = texts(keys.message, if per_is_known { Keys::Named(&per) } else { Keys::Unknown }, report);
    let audience = audience(&raw.notify, known, report);
    let (hold_for, keep_firing_for) = (hold(&raw.r#for), hold(&raw.keep_firing_for));
    let limits = &known.settings.limits;
    let rule = Rule {
        name: rule_name(&keys, &defined.subject),
        project: project(keys.project, known.projects, report),
        kind: RuleKind::Alert,
        description: text(keys.description),
        labels: keys.labels(),
        runbook: texts.runbook,
        query: query.sql.clone(),
        has_when: query.when.is_some(),
        notify_when,
        hold_for,
        keep_firing_for,
        missing: raw.missing.value.as_ref().map_or(default_missing(raw), |missing| missing.0),
        no_data: raw.no_data.value.as_ref().map_or(default_no_data(raw, notify_when), |no_data| no_data.0),
        on_error: on_error(&keys, &schedule),
        repeat: repeat(&raw.repeat, report).unwrap_or(Repeat::Never),
        severity: severity(raw, &query),
        tell_lowered_severity: raw.notify_severity.value.as_ref().is_some_and(|word| word.0 == RaisedOrBoth::Both),
        change: change(raw),
        notify: audience.assignments,
        owner_channel: owner_channel(&keys, known),
        fallback_channel: known.settings.delivery.fallback_channel.clone(),
        max_instances: max_instances(&raw.max_instances, limits.max_instances, report),
        max_rows: at_most("max_rows", keys.max_rows, MAX_ROWS_DEFAULT, Some(limits.max_rows), report),
        interval: schedule.cadence.nominal_interval(PATTERNS_FROM),
        semantic_hash: semantic_hash(&Question {
            query: &query,
            per: &per,
            window: schedule.window,
            delay: schedule.delay,
            hold_for,
            keep_firing_for,
            notify_when,
        }),
        uid,
        per,
    };
    not_yet(raw, report);
    window_has_ends(&keys, sql_texts(&query), &schedule, report);
    // Of a rule without a name or a query nothing can be said about what it means.
    if let (Some(_), Some(_), Some(name)) = (&raw.name.value, &raw.query.value, raw.name.at()) {
        lint(raw, &rule, &schedule, name, report);
    }
    let (columns, totals) = ([key_columns(raw, report), texts.columns].concat(), audience.totals);
    let wanted = Wanted { subject: &defined.subject, rule: &rule, query: &query, columns, totals, compares: false };
    let check = sql_check(&keys, wanted, report).map(|check| with_conditions(check, raw, report));
    let valid = !defined.bad && report.errors() == before;
    let presentation = Presentation {
        timezone: schedule.zone,
        title: texts.title,
        body: texts.body,
        cadence: Some(cadence_words(&keys, &schedule)),
        condition: query.when.clone(),
        owner: text(keys.owner),
        formats: audience.formats,
    };
    let enabled = enabled(&keys);
    (valid.then_some(RuleDefinition { rule, schedule, query, enabled, presentation, report: None }), check)
}

fn hold(field: &Field<Phrased<Hold>>) -> Hold {
    field.value.as_ref().map_or(Hold::Time(Duration::ZERO), |hold| hold.0)
}

fn max_instances(field: &Field<Count>, limit: Option<usize>, report: &mut Report) -> usize {
    at_most("max_instances", field, MAX_INSTANCES_DEFAULT, limit, report)
}

/// Whether it has key columns; an empty list has none, one that could not be read surely meant some.
fn has_per(raw: &RawAlert) -> bool {
    !raw.per.is_absent() && raw.per.value.as_ref().is_none_or(|per| !per.0.is_empty())
}

fn columns(raw: &RawAlert) -> Vec<String> {
    raw.per.value.iter().flat_map(|per| per.names()).map(str::to_owned).collect()
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

fn query_spec(raw: &RawAlert, keys: &RuleKeys<'_>, known: &Known<'_>, mode: Mode, report: &mut Report) -> QuerySpec {
    let max_rows = raw.max_rows.value.as_ref().map_or(MAX_ROWS_DEFAULT, |count| count.0);
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
        environments: keys.environments(),
        timeout: timeout(keys, known, report),
        keep: if keep_all { Keep::All } else { Keep::Shown(max_rows) },
        asks_without_data: false,
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

/// Values, not keys, whose effect is not built yet.
fn not_yet(raw: &RawAlert, report: &mut Report) {
    if raw.notify_on_join.value.as_ref().is_some_and(|flag| flag.0)
        && let Some(at) = raw.notify_on_join.at()
    {
        report.error(at, "not_supported_yet", "`notify_on_join: true` is not supported yet").help("remove it for now");
    }
}

/// Every text of a rule that is SQL.
fn sql_texts(query: &QuerySpec) -> impl Iterator<Item = &String> {
    let conditions = query.severity.iter().map(|(_, condition)| condition);
    std::iter::once(&query.sql).chain(&query.when).chain(&query.recover_when).chain(conditions)
}

/// Columns of `per` and `change.ignore`, each with its place.
fn key_columns(raw: &RawAlert, report: &Report) -> Vec<(String, Place)> {
    let ignored = raw.change.value.as_ref().and_then(|change| change.ignore.value.as_ref());
    let columns = raw.per.value.iter().chain(ignored).flat_map(|columns| &columns.0);
    columns.map(|column| (column.value.0.clone(), report.source.place(column.at()))).collect()
}

/// Adds where the conditions stand.
fn with_conditions(check: SqlCheck, raw: &RawAlert, report: &Report) -> SqlCheck {
    let severity = match &raw.severity.value {
        Some(RawSeverity::Conditions(conditions)) => {
            conditions.iter().map(|(_, condition)| TextMap::of(&report.source, &condition.node)).collect()
        }
        Some(RawSeverity::Fixed(_)) | None => Vec::new(),
    };
    SqlCheck { when: map(&raw.when, report), recover_when: map(&raw.recover_when, report), severity, ..check }
}

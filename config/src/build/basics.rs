//! What alerts and reports have in common: who they are, and what one run may take.

use std::collections::BTreeSet;
use std::time::Duration;

use watchfire_alerts::{OnError, Patience};
use watchfire_model::{DEFAULT_PROJECT, ProjectName, RuleName, RuleUid, format_duration};
use watchfire_scheduler::{Schedule, WindowSpec};

use super::Known;
use super::cadence::PATTERNS_FROM;
use super::names::{Names, check_name};
use super::sql_tokens::sql_tokens;
use crate::raw::RuleKeys;
use crate::read::{Count, Field, Text, nearest, quoted};
use crate::report::Report;

/// What `timeout` is when nothing is said.
const TIMEOUT_DEFAULT: Duration = Duration::from_secs(30);
/// What `max_rows` is when nothing is said.
pub(super) const MAX_ROWS_DEFAULT: usize = 1000;
/// Up to this distance between runs, a failing query is told after the third failure, else after the first.
const PATIENT_UP_TO: Duration = Duration::from_secs(600);

/// The text of a field.
pub(super) fn text(field: &Field<Text>) -> Option<String> {
    field.value.as_ref().map(|text| text.0.clone())
}

/// The rule's name; `subject` stands in for one that cannot be read.
pub(super) fn rule_name(keys: &RuleKeys<'_>, subject: &str) -> RuleName {
    RuleName::new(text(keys.name).unwrap_or_else(|| subject.to_owned()))
}

/// What the rule is known by; two with the same are reported.
pub(super) fn uid(keys: &RuleKeys<'_>, word: &'static str, uids: &mut Names, report: &mut Report) -> RuleUid {
    check_name(keys.name, report);
    check_name(keys.id, report);
    let field = if keys.id.is_absent() { keys.name } else { keys.id };
    let id = text(field).unwrap_or_default();
    let project = project_name(keys.project);
    if let (Some(_), Some(at)) = (&field.value, field.at()) {
        uids.claim_in(project.as_str(), word, &id, at, report);
    }
    RuleUid::derive(&project, &id)
}

/// The project that a definition names; whether there is one is for [`project`] to say.
pub(crate) fn project_name(field: &Field<Text>) -> ProjectName {
    ProjectName::new(field.value.as_ref().map_or(DEFAULT_PROJECT, |name| name.0.as_str()))
}

/// The project that it belongs to: one of `known`, those that some file defines and `default`.
pub(super) fn project(field: &Field<Text>, known: &BTreeSet<String>, report: &mut Report) -> ProjectName {
    if let (Some(project), Some(at)) = (&field.value, field.at())
        && !known.contains(&project.0)
    {
        let problem = report.error(at, "unknown_project", format!("there is no project `{}`", quoted(&project.0)));
        match nearest(&project.0, known.iter().map(String::as_str)) {
            Some(meant) => problem.help(format!("did you mean `{meant}`?")),
            None => problem.help("define it under `projects:`, or remove `project`, which then is `default`"),
        };
    }
    project_name(field)
}

/// How long one run may take.
pub(super) fn timeout(keys: &RuleKeys<'_>, known: &Known<'_>, report: &mut Report) -> Duration {
    let limit = known.settings.limits.query_timeout;
    let timeout = keys.timeout.value.as_ref().map(|timeout| timeout.0.0);
    if let (Some(timeout), Some(limit), Some(at)) = (timeout, limit, keys.timeout.at())
        && timeout > limit
    {
        let (given, most) = (format_duration(timeout), format_duration(limit));
        report
            .error(at, "over_limit", format!("`timeout` is {given}, and `limits.query_timeout` allows {most}"))
            .help(format!("write `timeout: {most}` or less"));
    }
    timeout.unwrap_or_else(|| limit.map_or(TIMEOUT_DEFAULT, |limit| limit.min(TIMEOUT_DEFAULT)))
}

/// A count that a setting may limit.
pub(super) fn at_most(
    key: &str,
    field: &Field<Count>,
    default: usize,
    limit: Option<usize>,
    report: &mut Report,
) -> usize {
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

/// When a failing query is told: a daily rule must not fail silently for three days.
pub(super) fn on_error(keys: &RuleKeys<'_>, schedule: &Schedule) -> OnError {
    let often = schedule.cadence.nominal_interval(PATTERNS_FROM) <= PATIENT_UP_TO;
    let default = OnError::Alert(Patience::Runs(if often { 3 } else { 1 }));
    keys.on_error.value.as_ref().map_or(default, |on_error| on_error.0)
}

/// Whether the rule runs at all.
pub(super) fn enabled(keys: &RuleKeys<'_>) -> bool {
    keys.enabled.value.as_ref().is_none_or(|flag| flag.0)
}

/// A parameter of the window has no value where there is no window: such a rule could only fail.
pub(super) fn window_has_ends<'a>(
    keys: &RuleKeys<'_>,
    texts: impl Iterator<Item = &'a String>,
    schedule: &Schedule,
    report: &mut Report,
) {
    let tokens = texts.flat_map(|text| sql_tokens(text));
    let named = tokens.into_iter().find(|token| matches!(token.as_str(), "$window_start" | "$window_end"));
    if let (WindowSpec::None, Some(at), Some(parameter)) = (schedule.window, keys.window_at, named) {
        report
            .error(at, "no_window", format!("`{parameter}` has no value with `window: none`"))
            .help("write a duration, for example `window: 15m`");
    }
}

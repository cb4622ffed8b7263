//! A report with every default filled in.

use std::collections::BTreeSet;
use std::time::Duration;

use watchfire_alerts::{Change, FirstRun, Hold, Missing, Mode, NoData, Repeat, Rule, SeveritySource};
use watchfire_channels::Presentation;
use watchfire_model::{Keep, QuerySpec, RuleKind, Severity, format_duration};
use watchfire_scheduler::{Schedule, WindowSpec};

use super::basics::{
    MAX_ROWS_DEFAULT, at_most, enabled, on_error, project, rule_name, text, timeout, uid, window_has_ends,
};
use super::cadence::{PATTERNS_FROM, cadence_words, schedule};
use super::lint::{gaps_between_windows, no_channel};
use super::message::{Keys, texts};
use super::notify::{audience, owner_channel};
use super::semantic_hash::{Question, semantic_hash};
use super::sql_check::{Wanted, sql_check};
use super::{Known, Names};
use crate::definitions::{ReportSpec, RuleDefinition, SqlCheck};
use crate::raw::{RawReport, RuleKeys};
use crate::read::Defined;
use crate::report::Report;

const DAY: Duration = Duration::from_secs(86_400);
/// What `retention` is when nothing is said.
const RETENTION_DEFAULT: Duration = Duration::from_secs(90 * DAY.as_secs());
/// The longest `retention`: five years.
const RETENTION_MAX: Duration = Duration::from_secs(5 * 365 * DAY.as_secs());
/// How long a report has to hold before it is told: it has no state.
const AT_ONCE: Hold = Hold::Time(Duration::ZERO);

/// Makes a report. What is wrong is reported, and the rule is then `None`; its SQL is there to be
/// checked whenever its query could be read.
pub(crate) fn report(
    defined: &Defined<RawReport>,
    known: &Known<'_>,
    uids: &mut Names,
    report: &mut Report,
) -> (Option<RuleDefinition>, Option<SqlCheck>) {
    let (raw, keys, before) = (&defined.raw, RuleKeys::from(&defined.raw), report.errors());
    let uid = uid(&keys, "report", uids, report);
    let schedule = schedule(&keys, RuleKind::Report, &uid, report);
    let notify_when = raw.notify_when.value.as_ref().map_or(Mode::Always, |mode| mode.0.0);
    let query = QuerySpec {
        sql: text(keys.query).unwrap_or_default(),
        when: None,
        recover_when: None,
        severity: Vec::new(),
        window_on: text(keys.window_on),
        environments: keys.environments(),
        timeout: timeout(&keys, known, report),
        // The whole result is stored, and summed.
        keep: Keep::All,
        // What stays silent about an empty result need not have one.
        asks_without_data: notify_when == Mode::Always,
    };
    let spec = ReportSpec { compares: compares(raw, &schedule, report), kept_for: kept_for(raw, report) };
    let texts = texts(keys.message, Keys::Never, report);
    let audience = audience(&raw.notify, known, report);
    let severity = raw.severity.value.as_ref().map_or(Severity::Info, |level| level.0);
    let rule = Rule {
        name: rule_name(&keys, &defined.subject),
        project: project(keys.project, known.projects, report),
        kind: RuleKind::Report,
        description: text(keys.description),
        labels: keys.labels(),
        runbook: texts.runbook,
        query: query.sql.clone(),
        per: Vec::new(),
        has_when: false,
        notify_when,
        hold_for: AT_ONCE,
        keep_firing_for: AT_ONCE,
        missing: Missing::Recovers,
        no_data: NoData::Ok,
        on_error: on_error(&keys, &schedule),
        repeat: Repeat::Never,
        severity: SeveritySource::Fixed(severity),
        tell_lowered_severity: false,
        change: no_change(),
        notify: audience.assignments,
        owner_channel: owner_channel(&keys, known),
        fallback_channel: known.settings.delivery.fallback_channel.clone(),
        // It has none at all; the one that the rule itself counts as is always admitted.
        max_instances: 1,
        max_rows: at_most("max_rows", keys.max_rows, MAX_ROWS_DEFAULT, Some(known.settings.limits.max_rows), report),
        interval: schedule.cadence.nominal_interval(PATTERNS_FROM),
        semantic_hash: semantic_hash(&Question {
            query: &query,
            per: &[],
            window: schedule.window,
            delay: schedule.delay,
            hold_for: AT_ONCE,
            keep_firing_for: AT_ONCE,
            notify_when,
        }),
        uid,
    };
    window_has_ends(&keys, std::iter::once(&query.sql), &schedule, report);
    if let (Some(_), Some(_), Some(name)) = (&keys.name.value, &keys.query.value, keys.name.at()) {
        gaps_between_windows(&keys, &schedule, report);
        no_channel(&raw.notify, &rule, name, report);
    }
    let (columns, totals) = (texts.columns, audience.totals);
    let wanted =
        Wanted { subject: &defined.subject, rule: &rule, query: &query, columns, totals, compares: spec.compares };
    let check = sql_check(&keys, wanted, report);
    let valid = !defined.bad && report.errors() == before;
    let presentation = Presentation {
        timezone: schedule.zone,
        title: texts.title,
        body: texts.body,
        cadence: Some(cadence_words(&keys, &schedule)),
        condition: None,
        owner: text(keys.owner),
        formats: audience.formats,
    };
    let enabled = enabled(&keys);
    (valid.then_some(RuleDefinition { rule, schedule, query, enabled, presentation, report: Some(spec) }), check)
}

/// Whether the result is joined with that of the window before.
fn compares(raw: &RawReport, schedule: &Schedule, report: &mut Report) -> bool {
    if let (Some(_), WindowSpec::None, Some(at)) = (&raw.compare.value, schedule.window, raw.compare.at()) {
        report
            .error(at, "no_window", "`compare: previous_window` needs a window, and `window: none` has none before it")
            .help("write for example `window: previous_day`, or remove `compare`");
    }
    raw.compare.value.is_some()
}

/// How long results are kept.
fn kept_for(raw: &RawReport, report: &mut Report) -> Duration {
    let Some(given) = raw.retention.value.as_ref().map(|span| span.0.0) else { return RETENTION_DEFAULT };
    if let Some(at) = raw.retention.at()
        && !(DAY..=RETENTION_MAX).contains(&given)
    {
        let most = format_duration(RETENTION_MAX);
        let message = format!("`retention` is {}, and results are kept from 1d to {most}", format_duration(given));
        let nearest = if given < DAY { "1d" } else { &most };
        report.error(at, "over_limit", message).help(format!("write for example `retention: {nearest}`"));
    }
    given
}

/// What `data_change` would compare; a report never does.
const fn no_change() -> Change {
    Change {
        ignore: BTreeSet::new(),
        report: BTreeSet::new(),
        first_run: FirstRun::Silent,
        max_rows: 1,
        tolerance: None,
    }
}

//! A rule as its file says it, every default filled in, in words and numbers that JSON knows. Pure.

use std::collections::BTreeMap;

use watchfire_alerts::SeveritySource;
use watchfire_model::{RuleKind, Severity, format_duration};
use watchfire_scheduler::Cadence;

use crate::definition::RuleDefinition;

/// A rule in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleWords {
    /// Its name.
    pub name: String,
    /// Its project.
    pub project: String,
    /// Alert or report.
    pub kind: RuleKind,
    /// What its file says about it.
    pub description: Option<String>,
    /// Whether it runs.
    pub enabled: bool,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The team or channel that owns it.
    pub owner: Option<String>,
    /// Where people read what to do.
    pub runbook: Option<String>,
    /// The interval, for example `1m`; `None` for a rule with a pattern.
    pub every: Option<String>,
    /// The cron pattern; `None` for a rule with an interval.
    pub cron: Option<String>,
    /// The zone of the pattern and of calendar windows.
    pub timezone: String,
    /// How far back it looks, for example `15m` or `previous_day`.
    pub window: String,
    /// The time column that the window cuts, when it is not the table's own.
    pub window_on: Option<String>,
    /// How long late rows are waited for.
    pub delay: String,
    /// What happens to missed slots.
    pub catch_up: String,
    /// How long its query may take.
    pub timeout: String,
    /// What is told.
    pub notify_when: &'static str,
    /// The channels that it names, each once, in order.
    pub channels: Vec<String>,
    /// The SQL.
    pub query: String,
    /// The condition on each row.
    pub when: Option<String>,
    /// The condition under which a row has recovered.
    pub recover_when: Option<String>,
    /// The columns that tell instances apart.
    pub per: Vec<String>,
    /// How long it must breach before it fires (`for`).
    pub hold_for: String,
    /// How long it must be clear before it resolves.
    pub keep_firing_for: String,
    /// What a vanished instance means.
    pub missing: String,
    /// What empty input means.
    pub no_data: String,
    /// When a failing query is told.
    pub on_error: String,
    /// Reminders.
    pub repeat: String,
    /// The severity when it is one word for all rows.
    pub fixed_severity: Option<Severity>,
    /// The conditions that give the severity, each with its level.
    pub severity_conditions: Vec<(Severity, String)>,
    /// Of a report: whether it is compared with the window before.
    pub compares: bool,
    /// Of a report: how long its results are kept.
    pub results_kept_for: Option<String>,
}

impl RuleWords {
    pub(crate) fn of(definition: &RuleDefinition) -> Self {
        let RuleDefinition { rule, schedule, query, enabled, presentation, report } = definition;
        let (every, cron) = match &schedule.cadence {
            Cadence::Every(every) => (Some(format_duration(every.interval())), None),
            Cadence::Cron(cron) => (None, Some(cron.pattern().to_owned())),
        };
        let mut channels: Vec<String> = Vec::new();
        for assignment in &rule.notify {
            let name = assignment.channel.as_str();
            if !channels.iter().any(|known| known == name) {
                channels.push(name.to_owned());
            }
        }
        Self {
            name: rule.name.as_str().to_owned(),
            project: rule.project.as_str().to_owned(),
            kind: rule.kind,
            description: rule.description.clone(),
            enabled: *enabled,
            labels: rule.labels.clone(),
            owner: presentation.owner.clone(),
            runbook: rule.runbook.clone(),
            every,
            cron,
            timezone: schedule.zone.name().to_owned(),
            window: schedule.window.to_string(),
            window_on: query.window_on.clone(),
            delay: format_duration(schedule.delay),
            catch_up: schedule.catch_up.to_string(),
            timeout: format_duration(query.timeout),
            notify_when: rule.notify_when.as_str(),
            channels,
            query: query.sql.clone(),
            when: query.when.clone(),
            recover_when: query.recover_when.clone(),
            per: rule.per.clone(),
            hold_for: rule.hold_for.to_string(),
            keep_firing_for: rule.keep_firing_for.to_string(),
            missing: rule.missing.to_string(),
            no_data: rule.no_data.to_string(),
            on_error: rule.on_error.to_string(),
            repeat: rule.repeat.to_string(),
            fixed_severity: match rule.severity {
                SeveritySource::Fixed(severity) => Some(severity),
                SeveritySource::Conditions | SeveritySource::Column => None,
            },
            severity_conditions: query.severity.clone(),
            compares: report.is_some_and(|report| report.compares),
            results_kept_for: report.map(|report| format_duration(report.kept_for)),
        }
    }
}

//! What a folder of definitions means.

use std::time::Duration;

use secrecy::SecretString;
use watchfire_alerts::Rule;
use watchfire_channels::{ChannelSpec, Presentation};
use watchfire_model::{Project, QuerySpec, RuleKind, RuleName, SourceSpec};
use watchfire_scheduler::Schedule;

use crate::problem::{Place, Problem, ProblemSeverity};
use crate::settings::Settings;
use crate::text_map::TextMap;

/// Everything that could be made of the files without a mistake, in the order of files and lines.
#[derive(Debug, Clone, Default)]
pub struct Definitions {
    /// From `watchfire.yaml`, or the defaults.
    pub settings: Settings,
    /// Where messages go.
    pub channels: Vec<ChannelSpec>,
    /// What is watched.
    pub rules: Vec<RuleDefinition>,
    /// Tables that are read where they lie.
    pub sources: Vec<SourceSpec>,
    /// Whose telemetry is kept apart; `default` is always one of them.
    pub projects: Vec<ProjectDefinition>,
}

/// A project with the values of its tokens, which nobody but `watchfire projects` shows.
#[derive(Debug, Clone)]
pub struct ProjectDefinition {
    /// What is known of it everywhere else.
    pub project: Project,
    /// The value of each token, in the order of `project.tokens`.
    pub values: Vec<SecretString>,
}

/// One rule: what it decides, when it is due, what it asks.
#[derive(Debug, Clone)]
pub struct RuleDefinition {
    /// What it decides.
    pub rule: Rule,
    /// When it is due, and what it reads then.
    pub schedule: Schedule,
    /// What it asks.
    pub query: QuerySpec,
    /// Whether it runs at all.
    pub enabled: bool,
    /// How its messages look.
    pub presentation: Presentation,
    /// What a report does beyond an alert; `None` for an alert.
    pub report: Option<ReportSpec>,
}

/// What a report does with its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportSpec {
    /// Whether the result is joined with that of the window before (`compare: previous_window`).
    pub compares: bool,
    /// How long its stored results are kept.
    pub kept_for: Duration,
}

/// The SQL of one rule with the way back into its file, for checks that need the query engine.
#[derive(Debug, Clone)]
pub struct SqlCheck {
    /// The rule's name; where it has none, words that say which one it is.
    pub rule: RuleName,
    /// What it asks. Fields that could not be read have their defaults here.
    pub query: QuerySpec,
    /// Whether it is an alert or a report: one row at every run is what a report wants.
    pub kind: RuleKind,
    /// Columns that the result of the query must have: from `per`, `change.ignore`, templates and summed columns.
    pub keys: Vec<WantedColumn>,
    /// Whether the result is joined with that of the window before, which adds columns (`cost_prev`).
    pub compares: bool,
    /// Where the query stands.
    pub query_text: TextMap,
    /// Where the name in `window_on` stands.
    pub window_on: Option<Place>,
    /// Where `when` stands.
    pub when: Option<TextMap>,
    /// Where `recover_when` stands.
    pub recover_when: Option<TextMap>,
    /// Where each condition of `severity` stands, in the order of `query.severity`.
    pub severity: Vec<TextMap>,
    /// How messages about this rule begin, for example `rule "checkout-5xx"`.
    pub subject: String,
}

/// A column that a rule names.
#[derive(Debug, Clone)]
pub struct WantedColumn {
    /// Its name.
    pub name: String,
    /// The place that names it.
    pub place: Place,
    /// Whether it is summed, and must be a number for that.
    pub is_summed: bool,
}

impl SqlCheck {
    /// A mistake found in this rule's SQL; `place` comes from one of its maps or keys.
    pub fn problem(
        &self,
        place: Place,
        severity: ProblemSeverity,
        code: &'static str,
        message: &str,
        help: Option<String>,
    ) -> Problem {
        Problem { place, severity, code, message: format!("{}: {message}", self.subject), label: None, help }
    }
}

//! A rule as the decision sees it: every default is already filled in.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use watchfire_model::{
    ChangeKind, ChannelClass, ChannelName, Fingerprint, ProjectName, Reason, RuleKind, RuleName, RuleUid, Severity,
};

/// One rule. Field meanings and defaults: `docs/rules.md`.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// What it is known by for ever.
    pub uid: RuleUid,
    /// Its name.
    pub name: RuleName,
    /// Its project.
    pub project: ProjectName,
    /// Alert or report.
    pub kind: RuleKind,
    /// What its file says about it.
    pub description: Option<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Where people read what to do.
    pub runbook: Option<String>,
    /// The SQL text, for messages.
    pub query: String,
    /// Key columns of an instance; empty: the rule is one instance.
    pub per: Vec<String>,
    /// Whether rows are tested by `when`; without it every row breaches.
    pub has_when: bool,
    /// What is told.
    pub notify_when: Mode,
    /// How long it must breach before it fires.
    pub hold_for: Hold,
    /// How long it must be clear before it resolves.
    pub keep_firing_for: Hold,
    /// What a known instance that is no longer in the result means.
    pub missing: Missing,
    /// What empty input means.
    pub no_data: NoData,
    /// When a failing query is told.
    pub on_error: OnError,
    /// Reminders while it fires.
    pub repeat: Repeat,
    /// Where the severity comes from.
    pub severity: SeveritySource,
    /// Whether a lowered severity is told too (`notify_severity: both`).
    pub tell_lowered_severity: bool,
    /// How `data_change` compares.
    pub change: Change,
    /// Who hears.
    pub notify: Vec<Assignment>,
    /// The channel that `owner` names, if it names one: it alone hears of failing queries.
    pub owner_channel: Option<ChannelName>,
    /// `delivery.fallback_channel`: hears of failing queries when there is no owner channel.
    pub fallback_channel: Option<ChannelName>,
    /// Most instances of this rule.
    pub max_instances: usize,
    /// Most rows in one message.
    pub max_rows: usize,
    /// The usual distance between two slots.
    pub interval: Duration,
    /// Hash of the part whose change means another question: query, `when`, `per`, window, modes, ….
    pub semantic_hash: Fingerprint,
}

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Every run in which it fires.
    AnyResults,
    /// Start and end.
    Transitions,
    /// Start.
    Onset,
    /// Rows that differ from the last successful run.
    DataChange,
    /// Every run, also an empty one (reports).
    Always,
}

/// How long something must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hold {
    /// So much time, from slot to slot; zero: at once.
    Time(Duration),
    /// So many successful evaluations in a row, the first included.
    Runs(u64),
}

/// How long something is borne before it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Patience {
    /// The so-manieth evaluation in a row counts; 1: the first.
    Runs(u64),
    /// It counts once it has lasted so long.
    Time(Duration),
}

/// A known instance is not in a successful, complete result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Missing {
    /// Absence is recovery, at once, with reason `resolved` (the default without `when`).
    Recovers,
    /// From then on it counts as no breach; the resolve carries reason `missing`.
    Resolve(Patience),
    /// The state stays until it is seen again.
    Keep,
    /// The state stays, and the absence is told.
    Alert(Patience),
}

/// The rule's input is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoData {
    /// The state stays.
    Keep,
    /// The state stays, and it is told.
    Alert(Patience),
    /// Everything that fires resolves.
    Resolve,
    /// It counts as a result without rows.
    Ok,
}

/// When a failing query is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnError {
    /// Never.
    Keep,
    /// After so many failures.
    Alert(Patience),
}

/// Reminders while an instance fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Repeat {
    /// None. Under `any_results`: every run.
    Never,
    /// The least distance between two messages.
    Every(Duration),
}

/// Where the severity of an instance comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SeveritySource {
    /// A plain word in the file (or the default, `warning`).
    Fixed(Severity),
    /// Conditions; the query engine gives the highest true level, `warning` when none is true.
    Conditions,
    /// The result's text column `severity`; `warning` where it holds no level.
    Column,
}

/// How `data_change` compares the breaching rows of two runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Columns that are left out of the comparison.
    pub ignore: BTreeSet<String>,
    /// Which kinds are told.
    pub report: BTreeSet<ChangeKind>,
    /// What the first run tells.
    pub first_run: FirstRun,
    /// Most changes listed in one message.
    pub max_rows: usize,
    /// How far two numbers may be apart and still be equal.
    pub tolerance: Option<Tolerance>,
}

/// What the first run of a `data_change` rule tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FirstRun {
    /// Nothing: it is the baseline.
    Silent,
    /// All rows, as added.
    Report,
}

/// How far two floating numbers may be apart and still be equal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tolerance {
    /// So much.
    Absolute(f64),
    /// So many parts of the larger one; `1%` is 0.01.
    Relative(f64),
}

/// One entry of `notify`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The channel.
    pub channel: ChannelName,
    /// What kind of receiver it is.
    pub class: ChannelClass,
    /// Levels that it hears; `None`: all.
    pub severity: Option<BTreeSet<Severity>>,
    /// Reasons that it hears; `None`: all.
    pub on: Option<BTreeSet<Reason>>,
    /// Its own reminders; `None`: the rule's.
    pub repeat: Option<Repeat>,
}

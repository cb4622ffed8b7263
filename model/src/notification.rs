//! One fact to tell. Decided once, stored as it was decided, rendered by each channel for its receiver.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::{NotificationId, ProjectName, RuleName, ThreadKey};
use crate::instance::InstanceKey;
use crate::severity::Severity;
use crate::time::{Timestamp, Window};
use crate::value::{Column, Value};

/// One fact to tell, with everything a message about it needs.
///
/// A field that has no meaning for a kind is `None` or empty. The field names follow
/// the webhook body, which is a public contract (`docs/webhook.md`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// Derived from rule, incarnation, instance, slot and reason.
    pub id: NotificationId,
    /// What kind of message this is.
    pub kind: NotificationKind,
    /// When it became true: the slot, never the wall clock.
    pub occurred_at: Timestamp,
    /// The project of the rule.
    pub project: ProjectName,
    /// What it is about; `None` for a test message or a broken channel.
    pub rule: Option<RuleFacts>,
    /// The instance; `None` when the rule has no `per`, or the fact is about the whole rule.
    pub instance: Option<InstanceKey>,
    /// Number of the episode of this instance, from 1.
    pub episode: Option<u64>,
    /// Number of the transition inside the episode, from 1.
    pub seq: Option<u64>,
    /// What it shares with the other messages of its episode; `None` when it stands alone.
    #[serde(default)]
    pub thread: Option<ThreadKey>,
    /// The condition after this transition.
    pub state: Option<ConditionName>,
    /// The current severity.
    pub severity: Option<Severity>,
    /// Start of firing, or since when the trouble lasts.
    pub since: Option<Timestamp>,
    /// The deciding value; on a resolve the last breaching one.
    pub value: Option<Value>,
    /// On a resolve, the clearing value.
    pub last_value: Option<Value>,
    /// On a resolve, the breaching value of the episode that lay farthest from the clearing one.
    #[serde(default)]
    pub peak: Option<Value>,
    /// The slot that decided it.
    pub scheduled_for: Option<Timestamp>,
    /// The span of time that the deciding run read.
    pub window: Option<Window>,
    /// Why it is told.
    pub reason: Reason,
    /// Set when not the world but the rule made an end of it.
    #[serde(default)]
    pub rule_end: Option<RuleEnd>,
    /// The columns of `rows`.
    pub columns: Vec<Column>,
    /// The rows that prove it, capped.
    pub rows: Vec<Vec<Value>>,
    /// How many rows there are in full.
    pub row_count: u64,
    /// Whether `rows` was cut.
    pub truncated: bool,
    /// Of a report: the sum of each numeric column over all rows, shown or not.
    #[serde(default)]
    pub totals: BTreeMap<String, Value>,
    /// Under `data_change`: what differs from the last successful run, capped.
    pub changes: Vec<Change>,
    /// Under `data_change`: how many changes there are in full.
    pub change_count: u64,
    /// What failed, when something did.
    pub error: Option<ErrorFacts>,
    /// The SQL that was asked.
    pub query: Option<String>,
    /// Addresses for people, by name: `alert`, `query`, `runbook`, …
    pub links: BTreeMap<String, String>,
}

/// How a rule ended while something of it was open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleEnd {
    /// Its definition is gone.
    Removed,
    /// It asks another question now.
    Changed,
}

/// What a message says about its rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleFacts {
    /// Its name.
    pub name: RuleName,
    /// Alert, report or issue source.
    pub kind: RuleKind,
    /// What its file says about it.
    pub description: Option<String>,
    /// The severity in its file when that is a plain word.
    pub severity: Option<Severity>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// Kinds of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleKind {
    /// Has a condition.
    Alert,
    /// Has none; tells its rows.
    Report,
    /// Groups exceptions.
    Issue,
}

/// The condition of an instance, as a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConditionName {
    /// Nothing breaches.
    Inactive,
    /// Breaches, but not yet for long enough.
    Pending,
    /// Fires.
    Firing,
    /// Fired and ended.
    Resolved,
}

/// What failed, for messages about failing and recovering queries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorFacts {
    /// A word for scripts, for example `timeout`.
    pub code: String,
    /// A sentence for people.
    pub message: String,
    /// The first failed slot.
    pub since: Timestamp,
    /// How many evaluations failed in a row.
    pub failed_runs: u64,
    /// The last slot that was evaluated successfully.
    pub last_success_at: Option<Timestamp>,
    /// The next slot that will try again.
    pub next_run_at: Option<Timestamp>,
}

/// One difference between the rows of two runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What happened to the row.
    pub kind: ChangeKind,
    /// The `per` columns; without `per` the whole row.
    pub key: BTreeMap<String, Value>,
    /// The row, or its changed columns, before.
    pub before: Option<BTreeMap<String, Value>>,
    /// The row, or its changed columns, now.
    pub after: Option<BTreeMap<String, Value>>,
}

/// Kinds of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// A row that was not there.
    Added,
    /// A row that is gone.
    Removed,
    /// A row with the same key and other values.
    Changed,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant),+
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word for it in files, JSON and messages.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }

            /// Reads the word; `None` for any other.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|item| item.as_str() == word)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// The `type` of a message.
    NotificationKind {
        /// A run with matches under `any_results`.
        AlertMatches = "alert.matches",
        /// An episode started.
        AlertStarted = "alert.started",
        /// Still firing.
        AlertRepeated = "alert.repeated",
        /// Severity, silence, flapping or overflow.
        AlertUpdated = "alert.updated",
        /// An episode ended.
        AlertResolved = "alert.resolved",
        /// Rows differ from the last successful run.
        AlertChanged = "alert.changed",
        /// Data is missing, or is back.
        AlertNoData = "alert.no_data",
        /// The query fails.
        AlertFailed = "alert.failed",
        /// The query works again.
        AlertRecovered = "alert.recovered",
        /// What happened while we were away.
        AlertSummary = "alert.summary",
        /// A scheduled report.
        ReportReady = "report.ready",
        /// A new issue.
        IssueNew = "issue.new",
        /// A resolved issue was seen again.
        IssueRegressed = "issue.regressed",
        /// An issue happens much more often.
        IssueEscalating = "issue.escalating",
        /// Many issues in one message.
        IssueDigest = "issue.digest",
        /// A channel does not take messages.
        ChannelBroken = "channel.broken",
        /// A test message.
        Test = "test",
    }
}

words! {
    /// Why something is told. Stored with the notification and shown to people.
    Reason {
        /// An instance started firing.
        StartedFiring = "started_firing",
        /// An instance stopped firing.
        Resolved = "resolved",
        /// It got worse while firing.
        SeverityRaised = "severity_raised",
        /// It got better while firing.
        SeverityLowered = "severity_lowered",
        /// Still firing after `repeat`.
        Repeat = "repeat",
        /// A run with matches under `any_results`.
        Matches = "matches",
        /// Rows differ from the last successful run.
        RowsChanged = "rows_changed",
        /// A known instance is no longer in the result.
        Missing = "missing",
        /// The rule's input is empty.
        NoData = "no_data",
        /// The rule's input is there again.
        DataBack = "data_back",
        /// The query fails.
        QueryFailed = "query_failed",
        /// The query works again.
        QueryRecovered = "query_recovered",
        /// The first instances of a rule started firing.
        FirstFiring = "first_firing",
        /// More instances started firing.
        NewInstances = "new_instances",
        /// Some instances stopped firing.
        SomeResolved = "some_resolved",
        /// The last instances stopped firing.
        AllResolved = "all_resolved",
        /// It starts and stops too often to tell each time.
        Flapping = "flapping",
        /// It stopped flapping.
        FlappingOver = "flapping_over",
        /// A silence ended while it still fires.
        SilenceEnded = "silence_ended",
        /// More instances than the cap.
        Overflow = "overflow",
        /// It fired and resolved while we were away.
        CaughtUp = "caught_up",
        /// A scheduled report.
        Report = "report",
        /// A test message.
        Test = "test",
        /// A channel does not take messages.
        ChannelTrouble = "channel_trouble",
    }
}

impl ConditionName {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }
}

impl RuleKind {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Report => "report",
            Self::Issue => "issue",
        }
    }
}

impl ChangeKind {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

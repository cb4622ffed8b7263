//! What is remembered of a rule between two slots. Every field is stored and restored as it is.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use watchfire_model::{ChannelName, Column, Failure, InstanceKey, Severity, Timestamp, Value};

/// Everything that is remembered of one rule.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RuleState {
    /// Rises when the rule is deleted and made again, or its `per` changes.
    pub incarnation: u64,
    /// Whether its query works and has input.
    pub health: Health,
    /// The last slot whose query ran (with rows or without data).
    pub last_success_at: Option<Timestamp>,
    /// Under `data_change`: the rows of the last successful run.
    pub baseline: Option<Baseline>,
    /// Since when the rule has more instances than `max_instances`; told once.
    pub overflow_since: Option<Timestamp>,
    /// Known instances; a rule without `per` has at most one, with an empty key.
    pub instances: BTreeMap<InstanceKey, Instance>,
}

impl RuleState {
    /// What remains of this state when the query ran at `slot` and may have had input: no trouble, and nothing seen yet.
    pub(crate) fn fine(&self, slot: Timestamp) -> Self {
        Self { incarnation: self.incarnation, last_success_at: Some(slot), ..Self::default() }
    }
}

/// Whether the query of a rule works and has input. Never moves the condition.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "health", rename_all = "snake_case")]
pub enum Health {
    /// The last evaluation had rows, or may have had.
    #[default]
    Ok,
    /// The input is empty.
    NoData {
        /// The first slot without data.
        since: Timestamp,
        /// Evaluations without data in a row.
        runs: u64,
        /// When it was told last.
        told_at: Option<Timestamp>,
    },
    /// The query fails.
    Error {
        /// The first failed slot.
        since: Timestamp,
        /// Failed evaluations in a row.
        runs: u64,
        /// When it was told last.
        told_at: Option<Timestamp>,
        /// The last failure.
        failure: Failure,
        /// The empty input that the failures interrupted: it goes on, or is over, once the query works again.
        #[serde(default)]
        empty: Option<EmptyInput>,
    },
}

/// How long the input of a rule had been empty when its query began to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmptyInput {
    /// The first slot without data.
    pub since: Timestamp,
    /// Evaluations without data in a row.
    pub runs: u64,
    /// When it was told last.
    pub told_at: Option<Timestamp>,
}

/// One alert under a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// Where it stands.
    pub condition: Condition,
    /// Number of its current or last episode, from 1; 0 before the first.
    pub episode: u64,
    /// Number of the last transition inside the episode: 0 while pending, 1 when it starts to fire.
    pub seq: u64,
    /// Its current severity; while slots are caught up, the one that was told.
    pub severity: Severity,
    /// The last breaching value.
    pub value: Option<Value>,
    /// The greatest breaching value of the episode.
    #[serde(default)]
    pub peak: Option<Value>,
    /// The least breaching value of the episode.
    #[serde(default)]
    pub trough: Option<Value>,
    /// Channels that were told that this episode started (or matches); they hear its end.
    pub told: BTreeSet<ChannelName>,
    /// When something about this instance was last told, per channel; survives the episode, so that flapping keeps the repeat clock.
    pub last_told_at: BTreeMap<ChannelName, Timestamp>,
    /// The episode started while slots were caught up and has not been told yet.
    pub untold: bool,
    /// Since when it is absent from complete results.
    pub absence: Option<Absence>,
    /// The last slot in which its row was there; shown, never decided by. Storage may lag behind:
    /// it alone is no reason to write.
    pub last_seen_at: Option<Timestamp>,
}

/// The condition of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "condition", rename_all = "snake_case")]
pub enum Condition {
    /// Nothing breaches.
    Inactive,
    /// Breaches, but not yet for long enough.
    Pending {
        /// The first breach.
        breached_since: Timestamp,
        /// The last breach: a long gap after it starts the hold again.
        breached_at: Timestamp,
        /// Breaching evaluations in a row.
        runs: u64,
    },
    /// Fires; while recovering with the start of the clear time.
    Firing {
        /// The first breach of the episode.
        breached_since: Timestamp,
        /// The slot in which it started to fire.
        since: Timestamp,
        /// Since when it is clear, while `keep_firing_for` runs.
        clear: Option<Clear>,
    },
    /// Fired and ended.
    Resolved {
        /// The slot that ended it.
        at: Timestamp,
    },
}

/// A firing instance that is clear, but not yet for long enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clear {
    /// The first clear slot.
    pub since: Timestamp,
    /// Clear evaluations in a row.
    pub runs: u64,
}

/// How long a known instance has been absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absence {
    /// The first successful evaluation without it.
    pub since: Timestamp,
    /// Successful evaluations without it, counted until they have an effect.
    pub runs: u64,
    /// When it was told (`missing: alert`).
    pub told_at: Option<Timestamp>,
}

/// The rows of the last successful run of a `data_change` rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// The slot it was taken at.
    pub at: Timestamp,
    /// The question it belongs to: another semantic hash means a new silent baseline.
    pub semantic_hash: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its breaching rows, in canonical order.
    pub rows: Vec<Vec<Value>>,
}

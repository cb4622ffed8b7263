//! What an evaluation decides.

use watchfire_model::{ChannelName, InstanceKey, Notification, Slot, Timestamp, Window};

use crate::state::{Instance, RuleState};

/// When an evaluation happens, and over which window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunContext {
    /// The slot that is decided.
    pub slot: Slot,
    /// The window its query read.
    pub window: Option<Window>,
    /// The slot after this one, for messages about trouble.
    pub next_run_at: Option<Timestamp>,
}

/// The result of an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// What is remembered from now on.
    pub state: RuleState,
    /// What is told, to whom, in this order.
    pub notices: Vec<Notice>,
    /// The evaluation in one word.
    pub verdict: Verdict,
}

/// A notification and the channels that hear it.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// The fact.
    pub notification: Notification,
    /// Its receivers, each once.
    pub channels: Vec<ChannelName>,
}

/// The evaluation in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// At least one row breaches.
    Matched,
    /// No row breaches.
    Clear,
    /// The input is empty.
    NoData,
    /// The query failed.
    Failed,
}

impl Verdict {
    /// The word for it in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::Clear => "clear",
            Self::NoData => "no_data",
            Self::Failed => "failed",
        }
    }
}

/// What must be written to storage to get from one state to the next.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StateChanges {
    /// Health, overflow, baseline or the last success differ.
    pub rule: bool,
    /// The baseline differs.
    pub baseline: bool,
    /// New and changed instances.
    pub upserts: Vec<(InstanceKey, Instance)>,
    /// Instances that are forgotten.
    pub forgets: Vec<InstanceKey>,
}

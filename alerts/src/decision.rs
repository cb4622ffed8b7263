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
    /// Its receivers, each once; none when the rule names no channel, and then it is history only.
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
    /// Incarnation, health or overflow differ.
    pub rule: bool,
    /// The baseline differs.
    pub baseline: bool,
    /// New and changed instances.
    pub upserts: Vec<(InstanceKey, Instance)>,
    /// Instances that are forgotten.
    pub forgets: Vec<InstanceKey>,
}

impl RuleState {
    /// What must be written to storage to get from `previous` to this state.
    ///
    /// An instance that was only seen again is not written, nor a state that only succeeded again: storage
    /// knows from its history of runs when that was.
    pub fn changes_from(&self, previous: &Self) -> StateChanges {
        let upserts = self.instances.iter().filter(|(key, instance)| match previous.instances.get(*key) {
            Some(before) => !instance.is_same_but_for_sight(before),
            None => true,
        });
        let forgets = previous.instances.keys().filter(|key| !self.instances.contains_key(*key));
        StateChanges {
            rule: self.incarnation != previous.incarnation
                || self.health != previous.health
                || self.overflow_since != previous.overflow_since,
            baseline: self.baseline != previous.baseline,
            upserts: upserts.map(|(key, instance)| (key.clone(), instance.clone())).collect(),
            forgets: forgets.cloned().collect(),
        }
    }
}

impl Instance {
    fn is_same_but_for_sight(&self, other: &Self) -> bool {
        *self == Self { last_seen_at: self.last_seen_at, ..other.clone() }
    }
}

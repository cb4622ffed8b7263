//! One word for how a rule stands, from what is remembered of it. Pure.

use watchfire_model::{ConditionName, Timestamp};
use watchfire_store::{DeliveryState, RuleSummary, Trouble};

/// The health of a rule as a word: does its query work, and has it input?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HealthName {
    /// It works.
    Ok,
    /// Its input is empty.
    NoData,
    /// Its query fails.
    Error,
}

impl HealthName {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ok, Self::NoData, Self::Error];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NoData => "no_data",
            Self::Error => "error",
        }
    }

    /// The word for what is wrong, and since when.
    pub(crate) const fn of(trouble: &Trouble) -> (Self, Option<Timestamp>) {
        match trouble {
            Trouble::None => (Self::Ok, None),
            Trouble::NoData { since, .. } => (Self::NoData, Some(*since)),
            Trouble::Error { since, .. } => (Self::Error, Some(*since)),
        }
    }
}

/// The worst condition of a rule's instances. One that fired lately says more than one that never did.
pub(crate) fn worst_condition(summary: &RuleSummary) -> ConditionName {
    if summary.firing > 0 {
        ConditionName::Firing
    } else if summary.pending > 0 {
        ConditionName::Pending
    } else if summary.resolved > 0 {
        ConditionName::Resolved
    } else {
        ConditionName::Inactive
    }
}

/// A message that has not arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    /// The channel.
    pub(crate) channel: String,
    /// Where its delivery stands.
    pub(crate) state: DeliveryState,
    /// Why the last attempt failed.
    pub(crate) last_error: Option<String>,
}

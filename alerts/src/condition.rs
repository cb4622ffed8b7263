//! The machine of one instance: from one condition to the next. Nothing here knows rows, channels or messages.

use std::time::Duration;

use watchfire_model::Timestamp;

use crate::rule::{Hold, Rule};
use crate::state::{Clear, Condition};

/// What one evaluation says about one instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// It breaches.
    Breach,
    /// It does not breach; `recovered` is false while `recover_when` does not hold.
    Clear { recovered: bool },
    /// The evaluation says nothing about it, so nothing moves.
    Unknown,
}

/// What happened between two conditions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transition {
    /// An episode opened; it does not fire yet.
    Opened,
    /// It fires; `opened`: its episode opened in the same slot.
    Fired { opened: bool },
    /// It was pending and cleared before it fired.
    Withdrawn,
    /// It fired since `since` and ended.
    Resolved { since: Timestamp },
}

/// The condition after this slot, and how it came to be when it is another.
pub(crate) fn step(rule: &Rule, condition: &Condition, sight: Sight, at: Timestamp) -> (Condition, Option<Transition>) {
    match (condition, sight) {
        (_, Sight::Unknown) => (condition.clone(), None),
        (Condition::Inactive | Condition::Resolved { .. }, Sight::Breach) => open(rule, at),
        (Condition::Inactive | Condition::Resolved { .. }, Sight::Clear { .. }) => (condition.clone(), None),
        (Condition::Pending { breached_since, breached_at, runs }, Sight::Breach) => {
            if gap_restarts(rule, *breached_at, at) {
                return open(rule, at);
            }
            let runs = runs.saturating_add(1);
            if held(rule.hold_for, *breached_since, runs, at) {
                return (fire(*breached_since, at), Some(Transition::Fired { opened: false }));
            }
            (Condition::Pending { breached_since: *breached_since, breached_at: at, runs }, None)
        }
        (Condition::Pending { .. }, Sight::Clear { .. }) => (Condition::Inactive, Some(Transition::Withdrawn)),
        (Condition::Firing { breached_since, since, .. }, Sight::Breach | Sight::Clear { recovered: false }) => {
            (Condition::Firing { breached_since: *breached_since, since: *since, clear: None }, None)
        }
        (Condition::Firing { breached_since, since, clear }, Sight::Clear { recovered: true }) => {
            let clear = match clear {
                Some(clear) => Clear { since: clear.since, runs: clear.runs.saturating_add(1) },
                None => Clear { since: at, runs: 1 },
            };
            if held(rule.keep_firing_for, clear.since, clear.runs, at) {
                return (Condition::Resolved { at }, Some(Transition::Resolved { since: *since }));
            }
            (Condition::Firing { breached_since: *breached_since, since: *since, clear: Some(clear) }, None)
        }
    }
}

/// The first breach of an episode.
fn open(rule: &Rule, at: Timestamp) -> (Condition, Option<Transition>) {
    if held(rule.hold_for, at, 1, at) {
        return (fire(at, at), Some(Transition::Fired { opened: true }));
    }
    (Condition::Pending { breached_since: at, breached_at: at, runs: 1 }, Some(Transition::Opened))
}

const fn fire(breached_since: Timestamp, at: Timestamp) -> Condition {
    Condition::Firing { breached_since, since: at, clear: None }
}

fn held(hold: Hold, since: Timestamp, runs: u64, at: Timestamp) -> bool {
    match hold {
        Hold::Time(duration) => at.since(since) >= duration,
        Hold::Runs(needed) => runs >= needed,
    }
}

/// Whether a breach comes so long after the last one that the hold starts again.
///
/// Time passes over skipped and failed slots. Without this limit, two breaches with a night of
/// downtime between them would fire at once, though nobody saw anything in between. A hold in
/// runs needs no limit: an evaluation that did not happen does not count.
fn gap_restarts(rule: &Rule, breached_at: Timestamp, at: Timestamp) -> bool {
    match rule.hold_for {
        Hold::Time(duration) => {
            let bridged = duration.saturating_add(rule.interval).saturating_add(rule.interval);
            let gap: Duration = at.since(breached_at);
            gap >= bridged
        }
        Hold::Runs(_) => false,
    }
}

//! What is forgotten of instances that are at rest.

use std::collections::BTreeMap;
use std::time::Duration;

use watchfire_model::{InstanceKey, Timestamp};

use crate::instances::watches_healthy;
use crate::rule::Rule;
use crate::state::{Condition, Instance};

/// How long an ended instance, what was told of it, and its absence are remembered.
const MEMORY: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How long an ended instance is kept even when there are too many.
const KEPT_RESOLVED: Duration = Duration::from_secs(15 * 60);

/// Drops the instances that nothing needs any more.
///
/// Kept are those that fire; the pending and the ended ones for seven days; those whose absence
/// would be news; and those whose repeat clock still runs. Of all that is at rest at most
/// `max_instances` are kept, those that moved last: without this limit, a `per` over ever new
/// keys would grow the state for seven days.
pub(crate) fn forget(rule: &Rule, instances: &mut BTreeMap<InstanceKey, Instance>, at: Timestamp) {
    instances.retain(|_, instance| is_needed(rule, instance, at));
    let mut at_rest: Vec<(Timestamp, InstanceKey)> =
        instances.iter().filter_map(|(key, instance)| Some((rests_since(instance, at)?, key.clone()))).collect();
    let Some(surplus) = at_rest.len().checked_sub(rule.max_instances) else { return };
    at_rest.sort();
    for (since, key) in at_rest.into_iter().take(surplus) {
        if at.since(since) >= KEPT_RESOLVED {
            instances.remove(&key);
        }
    }
}

fn is_needed(rule: &Rule, instance: &Instance, at: Timestamp) -> bool {
    let is_fresh = |since: Timestamp| at.since(since) < MEMORY;
    match instance.condition {
        Condition::Firing { .. } => true,
        Condition::Pending { breached_at, .. } => is_fresh(breached_at),
        Condition::Resolved { at: ended } if is_fresh(ended) => true,
        Condition::Resolved { .. } | Condition::Inactive => {
            let told_of_absence = instance.absence.and_then(|absence| absence.told_at);
            let absence_is_news = watches_healthy(rule) && told_of_absence.is_none_or(is_fresh);
            let clock_runs = instance.last_told_at.values().copied().any(is_fresh);
            absence_is_news || clock_runs
        }
    }
}

/// Since when nothing happened to it; `None` while it fires or breaches.
///
/// An instance that waits to fire and is no longer seen is at rest too.
fn rests_since(instance: &Instance, at: Timestamp) -> Option<Timestamp> {
    match instance.condition {
        Condition::Firing { .. } => None,
        Condition::Pending { breached_at, .. } => (breached_at < at).then_some(breached_at),
        Condition::Resolved { at: ended } => Some(ended),
        Condition::Inactive => Some(instance.absence.map_or(at, |absence| absence.since)),
    }
}

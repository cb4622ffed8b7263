//! What is forgotten of instances that are at rest.

use std::collections::BTreeMap;
use std::time::Duration;

use watchfire_model::{InstanceKey, Timestamp};

use crate::instances::watches_healthy;
use crate::rule::Rule;
use crate::state::{Condition, Instance};

/// How long an ended instance, what was told of it, and its absence are remembered.
const MEMORY: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How many instances at rest are kept for each one of `max_instances`.
const AT_REST_FACTOR: usize = 10;

/// How long an instance at rest is kept even when there are too many.
const KEPT_ANYWAY: Duration = Duration::from_secs(15 * 60);

/// Drops the instances that nothing needs any more.
///
/// Kept are those that fire; the pending and the ended ones for seven days; those whose absence
/// would be news; and those whose repeat clock still runs. Of all that is at rest at most ten times
/// `max_instances` are kept, those that moved last: without this limit, a `per` over ever new
/// keys would grow the state for seven days. The limit is generous because an instance that
/// comes back after it was forgotten counts its episodes from one again.
pub(crate) fn forget(rule: &Rule, instances: &mut BTreeMap<InstanceKey, Instance>, at: Timestamp) {
    instances.retain(|_, instance| is_needed(rule, instance, at));
    let mut at_rest: Vec<(Timestamp, InstanceKey)> =
        instances.iter().filter_map(|(key, instance)| Some((rests_since(instance, at)?, key.clone()))).collect();
    let Some(surplus) = at_rest.len().checked_sub(rule.max_instances.saturating_mul(AT_REST_FACTOR)) else { return };
    at_rest.sort();
    for (since, key) in at_rest.into_iter().take(surplus) {
        if at.since(since) >= KEPT_ANYWAY {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::episode::unknown;
    use crate::testing::{key, minute, rule};

    /// The names that are left of these instances at minute `now`, with room for ten at rest.
    fn left(conditions: impl IntoIterator<Item = Condition>, now: i64) -> String {
        let rule = rule("per, max_instances: 1");
        let instance = |condition| Instance { condition, ..unknown(&rule) };
        let names = ('a'..='z').map(|name| key(&name.to_string()));
        let mut instances: BTreeMap<_, _> = names.zip(conditions.into_iter().map(instance)).collect();
        forget(&rule, &mut instances, minute(now));
        instances.keys().map(|key| key.parts()[0].1.to_json().as_str().unwrap().to_owned()).collect()
    }

    fn resolved(at: i64) -> Condition {
        Condition::Resolved { at: minute(at) }
    }

    fn pending(at: i64) -> Condition {
        Condition::Pending { breached_since: minute(0), breached_at: minute(at), runs: 1 }
    }

    #[test]
    fn of_what_is_at_rest_the_oldest_are_dropped_after_fifteen_minutes() {
        let eleven = || (0..11).map(resolved);
        assert_eq!(left(eleven(), 14), "abcdefghijk");
        assert_eq!(left(eleven(), 15), "bcdefghijk");
        assert_eq!(left((0..10).map(resolved), 99), "abcdefghij");
        assert_eq!(left((0..13).map(resolved), 99), "defghijklm");
        assert_eq!(left((0..13).map(|at| resolved(13 - at)), 99), "abcdefghij");
    }

    #[test]
    fn what_waits_and_is_not_seen_is_at_rest_and_what_breaches_now_is_not() {
        assert_eq!(left((0..10).map(resolved).chain([pending(98)]), 99), "bcdefghijk");
        assert_eq!(left((0..10).map(resolved).chain([pending(99)]), 99), "abcdefghijk");
        assert_eq!(left([pending(0)].into_iter().chain((1..11).map(resolved)), 99), "bcdefghijk");
    }

    #[test]
    fn what_waits_and_is_not_seen_is_forgotten_after_seven_days() {
        let week = 7 * 24 * 60;
        assert_eq!(left([pending(1)], week), "a");
        assert_eq!(left([pending(0)], week), "");
    }
}

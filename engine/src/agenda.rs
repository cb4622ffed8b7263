//! When the next slot of any rule is due. Only a hint: the store knows what is owed.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;
use watchfire_model::{RuleUid, Timestamp};

/// The next slot of every rule that nobody is evaluating.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    entries: Mutex<Entries>,
    /// Told when a slot earlier than all others comes in.
    pub(crate) earlier: Notify,
}

#[derive(Debug, Default)]
struct Entries {
    by_instant: BTreeSet<(Timestamp, RuleUid)>,
    by_rule: HashMap<RuleUid, Timestamp>,
}

impl Agenda {
    /// Enters the next slot of a rule; `None` takes the rule out.
    pub(crate) fn enter(&self, uid: &RuleUid, next_at: Option<Timestamp>) {
        let mut entries = self.lock();
        let first_before = entries.first();
        if let Some(old) = entries.by_rule.remove(uid) {
            entries.by_instant.remove(&(old, uid.clone()));
        }
        if let Some(at) = next_at {
            entries.by_rule.insert(uid.clone(), at);
            entries.by_instant.insert((at, uid.clone()));
        }
        if first_before.is_none_or(|before| next_at.is_some_and(|at| at < before)) {
            self.earlier.notify_one();
        }
    }

    /// The next instant at which a rule is due.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.lock().first()
    }

    /// Takes out what was due by `now`: it has been claimed, by us or by another server.
    pub(crate) fn take_due(&self, now: Timestamp) {
        let mut entries = self.lock();
        while entries.first().is_some_and(|at| at <= now) {
            if let Some((_, uid)) = entries.by_instant.pop_first() {
                entries.by_rule.remove(&uid);
            }
        }
    }

    /// Forgets everything, before definitions are taken over anew.
    pub(crate) fn clear(&self) {
        *self.lock() = Entries::default();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn first(&self) -> Option<Timestamp> {
        self.by_instant.first().map(|(at, _)| *at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_stands_once_in_the_agenda_and_due_ones_are_taken_out() {
        let agenda = Agenda::default();
        let (a, b) = (RuleUid::new("a"), RuleUid::new("b"));
        let at = Timestamp::from_seconds;
        agenda.enter(&a, Some(at(10)));
        agenda.enter(&b, Some(at(20)));
        agenda.enter(&a, Some(at(30)));
        assert_eq!(agenda.next(), Some(at(20)));
        agenda.take_due(at(19));
        assert_eq!(agenda.next(), Some(at(20)));
        agenda.take_due(at(20));
        assert_eq!(agenda.next(), Some(at(30)));
        agenda.enter(&a, None);
        assert_eq!(agenda.next(), None);
    }
}

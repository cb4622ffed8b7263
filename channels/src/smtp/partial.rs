//! Who already has a mail that others still wait for.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::limits::MAIL_PARTIAL_MAX;

/// Mails that some of their receivers have. Known to this process only: after a restart they get
/// such a mail again, with the `Message-ID` by which their reader sees that it is the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Partial {
    mails: Arc<Mutex<Mails>>,
}

/// Each mail with those who have it, in the order in which it was remembered.
type Mails = VecDeque<(String, Who)>;

/// Who has a mail, and after how many attempts.
#[derive(Debug, Clone, Default)]
struct Who {
    has_it: BTreeSet<String>,
    rounds: u32,
}

impl Partial {
    /// The receivers who have it.
    pub(super) fn known(&self, mail: &str) -> BTreeSet<String> {
        self.lock().iter().find(|(name, _)| name == mail).map(|(_, who)| who.has_it.clone()).unwrap_or_default()
    }

    /// How many attempts somebody got it in.
    pub(super) fn rounds(&self, mail: &str) -> u32 {
        self.lock().iter().find(|(name, _)| name == mail).map_or(0, |(_, who)| who.rounds)
    }

    /// Adds receivers who have it. The mail that was remembered first is forgotten when there are too many.
    pub(super) fn remember(&self, mail: &str, who: impl Iterator<Item = String>) {
        let has_it: BTreeSet<String> = who.collect();
        if has_it.is_empty() {
            return;
        }
        let rounds = self.rounds(mail) + 1;
        let mut mails = self.lock();
        mails.retain(|(name, _)| name != mail);
        while mails.len() >= MAIL_PARTIAL_MAX {
            mails.pop_front();
        }
        mails.push_back((mail.to_owned(), Who { has_it, rounds }));
    }

    /// Nobody waits for it any more.
    pub(super) fn forget(&self, mail: &str) {
        self.lock().retain(|(name, _)| name != mail);
    }

    fn lock(&self) -> MutexGuard<'_, Mails> {
        self.mails.lock().expect("nobody panics while holding it")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn the_receivers_of_a_mail_are_remembered_until_it_is_through() {
        let partial = Partial::default();
        partial.remember("a", who(&["ann"]).into_iter());
        partial.remember("a", who(&["ann", "bob"]).into_iter());
        partial.remember("b", who(&[]).into_iter());
        assert_eq!((partial.known("a"), partial.known("b")), (who(&["ann", "bob"]), who(&[])));
        partial.forget("a");
        assert_eq!(partial.known("a"), who(&[]));
    }

    #[test]
    fn the_oldest_is_forgotten_when_there_are_too_many() {
        let partial = Partial::default();
        for number in 0..=MAIL_PARTIAL_MAX {
            partial.remember(&number.to_string(), who(&["ann"]).into_iter());
        }
        assert_eq!((partial.known("0"), partial.known("1")), (who(&[]), who(&["ann"])));
    }
}

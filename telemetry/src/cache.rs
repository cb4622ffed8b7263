//! Plans by the text of their question.
//!
//! Planning is most of what a query over memory costs, and a rule asks the same question at every slot. What people type
//! is mostly asked once: it has a small room of its own, so that it never crowds out the rules.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use watchfire_model::ProjectName;

use crate::parse::{Parsed, Question};
use crate::plan::Planned;
use crate::runtime::Asker;

/// Most questions of rules that are remembered: more than the rules of a large installation, since a cache that is too
/// small for a round of all rules remembers none of them in time. A plan takes some ten kilobytes.
const OF_RULES: Room = Room { questions: 20_000, text_bytes: 64 << 20, one_text_bytes: 1 << 20 };

/// Most questions of people that are remembered: those of a dashboard that asks again. Syntax and plan take some
/// twenty times the text.
const OF_PEOPLE: Room = Room { questions: 200, text_bytes: 1 << 20, one_text_bytes: 16 << 10 };

/// A question that was read, and its plan over the tables as they were.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub parsed: Arc<Parsed>,
    pub planned: Option<Arc<Planned>>,
}

/// The questions of one set of definitions.
#[derive(Debug)]
pub(crate) struct PlanCache {
    rules: Mutex<Remembered<Entry>>,
    people: Mutex<Remembered<Entry>>,
}

impl Default for PlanCache {
    fn default() -> Self {
        Self { rules: Mutex::new(Remembered::new(OF_RULES)), people: Mutex::new(Remembered::new(OF_PEOPLE)) }
    }
}

impl PlanCache {
    pub(crate) fn get(&self, asker: Asker, project: &ProjectName, question: &Question) -> Option<Entry> {
        self.of(asker).lock().unwrap_or_else(PoisonError::into_inner).get(project, question)
    }

    pub(crate) fn put(&self, asker: Asker, project: &ProjectName, question: &Question, entry: Entry) {
        self.of(asker).lock().unwrap_or_else(PoisonError::into_inner).put(project, question, entry);
    }

    const fn of(&self, asker: Asker) -> &Mutex<Remembered<Entry>> {
        match asker {
            Asker::Rule => &self.rules,
            Asker::Person => &self.people,
        }
    }
}

/// How much is remembered.
#[derive(Debug, Clone, Copy)]
struct Room {
    questions: usize,
    /// Of the texts of all of them; what is made of a text grows with it.
    text_bytes: usize,
    /// A longer text is planned anew every time.
    one_text_bytes: usize,
}

#[derive(Debug)]
struct Remembered<E> {
    room: Room,
    /// Projects have tables of the same names with other columns.
    entries: HashMap<ProjectName, HashMap<Question, E>>,
    /// In the order of arrival; the oldest makes room.
    order: VecDeque<(ProjectName, Question)>,
    text_bytes: usize,
}

impl<E: Clone> Remembered<E> {
    fn new(room: Room) -> Self {
        Self { room, entries: HashMap::new(), order: VecDeque::new(), text_bytes: 0 }
    }

    fn get(&self, project: &ProjectName, question: &Question) -> Option<E> {
        self.entries.get(project)?.get(question).cloned()
    }

    fn put(&mut self, project: &ProjectName, question: &Question, entry: E) {
        let bytes = question.text_bytes();
        if bytes > self.room.one_text_bytes {
            return;
        }
        let of_project = self.entries.entry(project.clone()).or_default();
        if of_project.insert(question.clone(), entry).is_some() {
            return;
        }
        self.order.push_back((project.clone(), question.clone()));
        self.text_bytes += bytes;
        while self.order.len() > self.room.questions || self.text_bytes > self.room.text_bytes {
            let Some((project, oldest)) = self.order.pop_front() else { break };
            self.text_bytes -= oldest.text_bytes();
            if let Some(of_project) = self.entries.get_mut(&project) {
                of_project.remove(&oldest);
                if of_project.is_empty() {
                    self.entries.remove(&project);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remembered() -> Remembered<usize> {
        Remembered::new(Room { questions: 3, text_bytes: 40, one_text_bytes: 20 })
    }

    fn kept(remembered: &Remembered<usize>, project: &str) -> Vec<usize> {
        let of_project = remembered.entries.get(&ProjectName::new(project));
        let mut kept: Vec<usize> = of_project.into_iter().flat_map(|entries| entries.values().copied()).collect();
        kept.sort_unstable();
        kept
    }

    fn put(remembered: &mut Remembered<usize>, project: &str, length: usize, entry: usize) {
        let text = format!("{entry}{}", "x".repeat(length - 1));
        remembered.put(&ProjectName::new(project), &Question::bare(&text), entry);
    }

    #[test]
    fn the_oldest_makes_room_by_number_and_by_bytes() {
        let mut few = remembered();
        for entry in 0..5 {
            put(&mut few, "a", 5, entry);
        }
        assert_eq!((kept(&few, "a"), few.text_bytes), (vec![2, 3, 4], 15));
        put(&mut few, "b", 20, 5);
        put(&mut few, "b", 20, 6);
        assert_eq!((kept(&few, "a"), kept(&few, "b"), few.text_bytes), (vec![], vec![5, 6], 40));
        assert_eq!(few.entries.len(), 1);
        // The same question again takes no more.
        put(&mut few, "b", 20, 6);
        assert_eq!((few.order.len(), few.text_bytes), (2, 40));
    }

    #[test]
    fn a_long_text_is_not_remembered_and_forgets_nothing() {
        let mut few = remembered();
        put(&mut few, "a", 5, 0);
        put(&mut few, "a", 21, 1);
        assert_eq!(kept(&few, "a"), [0]);
    }

    #[test]
    fn what_people_type_crowds_out_no_rule() {
        const { assert!(OF_PEOPLE.text_bytes < OF_RULES.text_bytes && OF_PEOPLE.questions < OF_RULES.questions) };
        let cache = PlanCache::default();
        assert!(!std::ptr::eq(cache.of(Asker::Rule), cache.of(Asker::Person)));
    }
}

//! Plans by the text of their question.
//!
//! Planning is most of what a query over memory costs, and a rule asks the same question at every slot.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use crate::parse::{Parsed, Question};
use crate::plan::Planned;

/// Most questions that are remembered: more than the rules of a large installation, since a cache that is too small
/// for a round of all rules remembers none of them in time. A plan takes some ten kilobytes.
const CAPACITY: usize = 20_000;

/// A question that was read, and its plan over the tables as they were.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub parsed: Arc<Parsed>,
    pub planned: Option<Arc<Planned>>,
}

/// The questions of one set of definitions.
#[derive(Debug, Default)]
pub(crate) struct PlanCache(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    entries: HashMap<Question, Entry>,
    /// In the order of arrival; the oldest makes room.
    order: VecDeque<Question>,
}

impl PlanCache {
    pub(crate) fn get(&self, question: &Question) -> Option<Entry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entries.get(question).cloned()
    }

    pub(crate) fn put(&self, question: &Question, entry: Entry) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.entries.insert(question.clone(), entry).is_some() {
            return;
        }
        inner.order.push_back(question.clone());
        while inner.order.len() > CAPACITY {
            if let Some(oldest) = inner.order.pop_front() {
                inner.entries.remove(&oldest);
            }
        }
    }
}

//! Plans by the text of their question.
//!
//! Planning is most of what a query over memory costs, and a rule asks the same question at every slot.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use watchfire_model::ProjectName;

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
    /// Projects have tables of the same names with other columns.
    entries: HashMap<ProjectName, HashMap<Question, Entry>>,
    /// In the order of arrival; the oldest makes room.
    order: VecDeque<(ProjectName, Question)>,
}

impl PlanCache {
    pub(crate) fn get(&self, project: &ProjectName, question: &Question) -> Option<Entry> {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.entries.get(project)?.get(question).cloned()
    }

    pub(crate) fn put(&self, project: &ProjectName, question: &Question, entry: Entry) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_project = inner.entries.entry(project.clone()).or_default();
        if of_project.insert(question.clone(), entry).is_some() {
            return;
        }
        inner.order.push_back((project.clone(), question.clone()));
        while inner.order.len() > CAPACITY {
            if let Some((project, oldest)) = inner.order.pop_front()
                && let Some(of_project) = inner.entries.get_mut(&project)
            {
                of_project.remove(&oldest);
            }
        }
    }
}

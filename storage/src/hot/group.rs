//! What one table of one project has, and which of it a query needs.

use std::sync::Arc;

use watchfire_model::{Timestamp, Window};

use super::batches::{Batches, Kept};
use crate::file_list::DataFile;
use crate::rows::TimeRange;
use crate::snapshot::{HotBatch, Reach, Snapshot, TimeAxis};

/// See the module.
#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    pub shown: Batches,
    pub pending: Batches,
    pub files: Arc<Vec<Listed>>,
    /// The greatest instants of rows that are in files and not in memory; `None` when there are no such rows.
    pub floor: Option<Instants>,
}

/// A file, and which of its rows memory does not have.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub file: Arc<DataFile>,
    /// The greatest instants of its rows that are not in memory; `None` when memory has all of them.
    pub missing: Option<Instants>,
}

/// An instant on each axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Instants {
    pub time: Timestamp,
    pub arrival: Timestamp,
}

impl Instants {
    /// The greater ones.
    pub(super) fn or_later(self, other: Self) -> Self {
        Self { time: self.time.max(other.time), arrival: self.arrival.max(other.arrival) }
    }

    pub(super) fn or_earlier(self, other: Self) -> Self {
        Self { time: self.time.min(other.time), arrival: self.arrival.min(other.arrival) }
    }

    /// The last ones of a file.
    pub(super) fn last_of(file: &DataFile) -> Self {
        Self { time: file.time.last, arrival: file.arrival.last }
    }

    fn on(self, axis: TimeAxis) -> Timestamp {
        match axis {
            TimeAxis::Time => self.time,
            TimeAxis::Arrival => self.arrival,
        }
    }
}

impl Listed {
    /// A file that was there before this process: memory has none of its rows.
    pub(super) fn cold(file: Arc<DataFile>) -> Self {
        let missing = Some(Instants::last_of(&file));
        Self { file, missing }
    }

    /// Rows of these appends have left memory.
    fn evicted(&mut self, kept: &Kept) {
        let (first, last) = self.file.sequences;
        if kept.sequences.0 > last || kept.sequences.1 < first {
            return;
        }
        let gone = Instants { time: kept.batch.time.last, arrival: kept.batch.arrival.last };
        let gone = gone.or_earlier(Instants::last_of(&self.file));
        self.missing = Some(self.missing.map_or(gone, |before| before.or_later(gone)));
    }

    /// Whether rows of it that memory does not have can be inside the window.
    fn is_missed(&self, reach: Reach) -> bool {
        match (self.missing, reach.window) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(missing), Some(window)) => {
                missing.on(reach.on) >= window.start && range_of(&self.file, reach.on).first < window.end
            }
        }
    }
}

impl Group {
    /// Both lists.
    pub(super) fn batches(&self) -> impl Iterator<Item = &Arc<Kept>> {
        self.shown.iter().chain(self.pending.iter())
    }

    /// What a query of this reach needs.
    ///
    /// When memory has all rows that files have inside the window, memory alone, flushed rows too; else all files that
    /// touch the window, and the rows of memory that are in no file yet. `floor` is a shortcut of the first question: a
    /// window above it needs no look at the files. Below it, each file is asked for itself, so that one row from
    /// the future, whose file never leaves the window of "above", does not send every query to the disk.
    pub(super) fn snapshot(&self, reach: Reach, flushed_through: u64) -> Snapshot {
        let is_above = match (self.floor, reach.window) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(floor), Some(window)) => window.start > floor.on(reach.on),
        };
        let is_in_memory = is_above || !self.files.iter().any(|listed| listed.is_missed(reach));
        let is_due = |kept: &&Arc<Kept>| {
            (is_in_memory || kept.sequences.0 > flushed_through)
                && touches(range_in(&kept.batch, reach.on), reach.window)
        };
        let hot = self.batches().filter(is_due).map(|kept| Arc::clone(&kept.batch)).collect();
        if is_in_memory {
            return Snapshot { hot, files: Vec::new() };
        }
        let is_due = |listed: &&Listed| touches(range_of(&listed.file, reach.on), reach.window);
        let files = self.files.iter().filter(is_due).map(|listed| Arc::clone(&listed.file)).collect();
        Snapshot { hot, files }
    }

    /// Takes the batches for which `goes` holds out of memory, and says what they were. Only for flushed ones.
    pub(super) fn evict(&mut self, mut goes: impl FnMut(&Kept) -> bool) -> Vec<Arc<Kept>> {
        let mut gone = Vec::new();
        for batches in [&mut self.shown, &mut self.pending] {
            let leaving: Vec<bool> = batches.iter().map(|kept| goes(kept)).collect();
            if !leaving.contains(&true) {
                continue;
            }
            let mut leaving = leaving.into_iter();
            Arc::make_mut(batches).retain(|kept| {
                let leaves = leaving.next().expect("one answer per batch");
                if leaves {
                    gone.push(Arc::clone(kept));
                }
                !leaves
            });
        }
        if !gone.is_empty() {
            for listed in Arc::make_mut(&mut self.files) {
                gone.iter().for_each(|kept| listed.evicted(kept));
            }
            self.raise_floor();
        }
        gone
    }

    /// Makes the floor as high as the files say. It never sinks: a lower one would only spare a look.
    pub(super) fn raise_floor(&mut self) {
        let missing = self.files.iter().filter_map(|listed| listed.missing);
        self.floor = missing.chain(self.floor).reduce(Instants::or_later);
    }
}

fn range_of(file: &DataFile, axis: TimeAxis) -> TimeRange {
    match axis {
        TimeAxis::Time => file.time,
        TimeAxis::Arrival => file.arrival,
    }
}

fn range_in(batch: &HotBatch, axis: TimeAxis) -> TimeRange {
    match axis {
        TimeAxis::Time => batch.time,
        TimeAxis::Arrival => batch.arrival,
    }
}

fn touches(range: TimeRange, window: Option<Window>) -> bool {
    window.is_none_or(|window| range.first < window.end && range.last >= window.start)
}

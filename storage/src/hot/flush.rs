//! What a flush takes from memory, and what a change of the list of files means for it.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use watchfire_ingest::table::Table;
use watchfire_model::ProjectName;

use super::batches::Kept;
use super::group::{Group, Instants, Listed};
use super::tier::{Hot, State, sums};
use crate::file_list::{DataFile, FileChange, ListedFiles};

/// Rows on their way into files.
#[derive(Debug)]
pub(crate) struct FlushWork {
    /// Everything up to here was flushed before.
    pub after: u64,
    /// Everything up to here is in these.
    pub through: u64,
    /// What becomes files.
    pub tables: Vec<TableRows>,
}

/// The rows of one table of one project.
#[derive(Debug)]
pub(crate) struct TableRows {
    pub project: ProjectName,
    pub table: Table,
    /// The first and the last number of their appends.
    pub sequences: (u64, u64),
    pub rows: Vec<RecordBatch>,
}

impl Hot {
    /// The list at the start: memory has nothing of it.
    pub(crate) fn load(&self, listed: ListedFiles) {
        let mut state = self.lock();
        state.flushed_through = listed.flushed_through;
        state.frozen_through = listed.flushed_through;
        state.visible_through = state.visible_through.max(listed.flushed_through);
        for file in listed.files {
            let group = state.group(&file.project.clone(), file.table);
            Arc::make_mut(&mut group.files).push(Listed::cold(Arc::new(file)));
            group.raise_floor();
        }
        state.doomed.extend(listed.doomed.into_iter().map(|path| (path, None)));
    }

    /// Everything that is in no file yet; it stays as it is until [`Hot::apply`] or [`Hot::end_flush`]. `None` when there
    /// is nothing.
    pub(crate) fn begin_flush(&self) -> Option<FlushWork> {
        let mut state = self.lock();
        let (after, through) = (state.flushed_through, state.visible_through);
        let mut tables = Vec::new();
        for (project, of_project) in &state.groups {
            for (table, group) in of_project {
                let unflushed: Vec<&Arc<Kept>> = group.batches().filter(|kept| kept.sequences.1 > after).collect();
                let first = unflushed.iter().map(|kept| kept.sequences.0).min();
                let last = unflushed.iter().map(|kept| kept.sequences.1).max();
                let Some(sequences) = first.zip(last) else { continue };
                let rows = unflushed.iter().map(|kept| kept.batch.rows.clone()).collect();
                tables.push(TableRows { project: project.clone(), table: *table, sequences, rows });
            }
        }
        if tables.is_empty() {
            return None;
        }
        state.frozen_through = through;
        Some(FlushWork { after, through, tables })
    }

    /// A flush is over; if its change did not come about, its rows may be joined with others again.
    pub(crate) fn end_flush(&self, failure: Option<String>) {
        let mut state = self.lock();
        state.frozen_through = state.flushed_through;
        state.flush_failure = failure;
    }

    /// Remembers why a flush failed, while it is not known whether the list has its files.
    pub(crate) fn flush_is_unsure(&self, failure: String) {
        self.lock().flush_failure = Some(failure);
    }

    pub(crate) fn flush_failure(&self) -> Option<String> {
        self.lock().flush_failure.clone()
    }

    /// A change that the list now has: from here on snapshots go by it.
    pub(crate) fn apply(&self, change: &FileChange) {
        let mut state = self.lock();
        let missing = state.missing_of(&change.removed);
        for path in &change.removed {
            state.remove(path);
        }
        for file in &change.added {
            let listed = Arc::new(file.clone());
            let missing = match change.removed.is_empty() {
                // Rows out of memory, where they still are.
                true => None,
                // Rows of other files: memory misses of them what it missed before.
                false => missing.get(&(file.project.clone(), file.table)).copied().flatten(),
            };
            let missing = missing.map(|missing| missing.or_earlier(Instants::last_of(file)));
            let group = state.group(&file.project, file.table);
            if group.files.iter().any(|there| there.file.path == file.path) {
                continue;
            }
            Arc::make_mut(&mut group.files).push(Listed { file: listed, missing });
            group.raise_floor();
        }
        if let Some(through) = change.flushed_through {
            state.flush_through(through);
        }
        for path in &change.deleted {
            state.doomed.remove(path);
        }
    }

    /// All files that are part of tables.
    pub(crate) fn files(&self) -> Vec<Arc<DataFile>> {
        let state = self.lock();
        let groups = state.groups.values().flat_map(HashMap::values);
        groups.flat_map(|group| group.files.iter()).map(|listed| Arc::clone(&listed.file)).collect()
    }

    /// How many files are part of tables, and their bytes.
    pub(crate) fn file_sums(&self) -> (u64, u64) {
        let state = self.lock();
        let groups = state.groups.values().flat_map(HashMap::values);
        let files = groups.flat_map(|group| group.files.iter());
        files.fold((0, 0), |(count, bytes), listed| (count + 1, bytes + listed.file.size_bytes))
    }

    /// The paths of files that are part of no table any more and are still to be deleted.
    pub(crate) fn doomed(&self) -> Vec<String> {
        let mut paths: Vec<String> = self.lock().doomed.keys().cloned().collect();
        paths.sort();
        paths
    }

    /// Whether a snapshot of this process has the file, or a later one may get it.
    pub(crate) fn is_held(&self, path: &str) -> bool {
        let state = self.lock();
        if let Some(doomed) = state.doomed.get(path) {
            // One of them is ours.
            return doomed.as_ref().is_some_and(|file| Arc::strong_count(file) > 1);
        }
        let mut groups = state.groups.values().flat_map(HashMap::values);
        groups.any(|group| group.files.iter().any(|listed| listed.file.path == path))
    }
}

impl State {
    /// What memory misses of the rows of these files, per table.
    fn missing_of(&self, paths: &[String]) -> HashMap<(ProjectName, Table), Option<Instants>> {
        let mut missing: HashMap<(ProjectName, Table), Option<Instants>> = HashMap::new();
        let groups = self.groups.values().flat_map(HashMap::values);
        for listed in groups.flat_map(|group| group.files.iter()).filter(|it| paths.contains(&it.file.path)) {
            let known = missing.entry((listed.file.project.clone(), listed.file.table)).or_default();
            *known = known.iter().chain(listed.missing.iter()).copied().reduce(Instants::or_later);
        }
        missing
    }

    fn remove(&mut self, path: &str) {
        let groups = self.groups.values_mut().flat_map(HashMap::values_mut);
        for group in groups {
            let Some(place) = group.files.iter().position(|listed| listed.file.path == path) else { continue };
            let listed = Arc::make_mut(&mut group.files).remove(place);
            self.doomed.insert(path.to_owned(), Some(listed.file));
            return;
        }
        self.doomed.entry(path.to_owned()).or_insert(None);
    }

    fn flush_through(&mut self, through: u64) {
        let before = self.flushed_through;
        if through <= before {
            return;
        }
        let is_new = |kept: &&Arc<Kept>| kept.sequences.1 > before && kept.sequences.1 <= through;
        let groups = self.groups.values().flat_map(HashMap::values);
        let flushed: Vec<Arc<Kept>> = groups.flat_map(Group::batches).filter(is_new).cloned().collect();
        let (rows, bytes) = sums(&flushed);
        self.totals.unflushed_rows = self.totals.unflushed_rows.saturating_sub(rows);
        self.totals.unflushed_bytes = self.totals.unflushed_bytes.saturating_sub(bytes);
        self.flushed_through = through;
        self.frozen_through = self.frozen_through.max(through);
        self.flush_failure = None;
    }
}

//! All tables of all projects, and the bounds over them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use watchfire_ingest::table::Table;
use watchfire_model::{ProjectName, Timestamp};

use super::batches::{Kept, joined, replace, worth_joining};
use super::group::Group;
use crate::error::AppendError;
use crate::file_list::DataFile;
use crate::limits;
use crate::part::Part;
use crate::snapshot::{Reach, Snapshot};

/// See the module.
#[derive(Debug)]
pub(crate) struct Hot {
    pub(super) state: Mutex<State>,
    bytes_max: usize,
    /// From how many unflushed bytes on a flush is wanted.
    flush_bytes: usize,
    pub(crate) flush_wanted: Notify,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub groups: HashMap<ProjectName, HashMap<Table, Group>>,
    /// Everything up to here is in files.
    pub flushed_through: u64,
    /// Everything up to here is in files, or in the hands of a flush.
    pub frozen_through: u64,
    /// Everything up to here has been pushed.
    pub visible_through: u64,
    /// Files that are in no table any more, by their paths; the file itself if this process had it in its list.
    pub doomed: HashMap<String, Option<Arc<DataFile>>>,
    pub totals: Totals,
    pub reserved_bytes: usize,
    /// Why the last flush failed, until one succeeds.
    pub flush_failure: Option<String>,
    /// What has changed since batches were last joined.
    untidy: Vec<(ProjectName, Table)>,
}

/// Sums over everything in memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub rows: u64,
    pub size_bytes: usize,
    pub unflushed_rows: u64,
    pub unflushed_bytes: usize,
}

/// A place in memory for rows that are on their way; it is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    hot: Arc<Hot>,
    size_bytes: usize,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut state = self.hot.lock();
        state.reserved_bytes = state.reserved_bytes.saturating_sub(self.size_bytes);
    }
}

impl Hot {
    /// An empty one of at most `bytes_max` bytes.
    pub(crate) fn new(bytes_max: usize) -> Self {
        let flush_bytes = limits::FLUSH_BYTES.min(bytes_max / 4);
        Self { state: Mutex::default(), bytes_max, flush_bytes, flush_wanted: Notify::new() }
    }

    /// A place for so many bytes, or why there is none.
    pub(crate) fn reserve(self: &Arc<Self>, size_bytes: usize) -> Result<Reservation, AppendError> {
        let mut state = self.lock();
        let held = state.totals.unflushed_bytes + state.reserved_bytes;
        if held.saturating_add(size_bytes) > self.bytes_max {
            let failure = state.flush_failure.clone();
            drop(state);
            self.flush_wanted.notify_one();
            return Err(self.full(held, size_bytes, failure));
        }
        state.reserved_bytes += size_bytes;
        Ok(Reservation { hot: Arc::clone(self), size_bytes })
    }

    fn full(&self, held: usize, size_bytes: usize, failure: Option<String>) -> AppendError {
        let bytes_max = self.bytes_max;
        if size_bytes > bytes_max {
            let reason = format!(
                "the rows take {size_bytes} bytes of memory, and the limit for all telemetry in memory is {bytes_max} \
                 bytes; send fewer at once, or raise `telemetry.hot_memory`"
            );
            return AppendError::TooLarge { reason };
        }
        let why = match failure {
            Some(failure) => format!("flushing to files fails: {failure}"),
            None => "flushing to files does not keep up".to_owned(),
        };
        let reason = format!(
            "memory for telemetry is full: {held} bytes are in no file yet, {size_bytes} more would pass the limit of \
             {bytes_max} bytes; {why}"
        );
        AppendError::Unavailable { reason }
    }

    /// Adds the rows of an append; every later snapshot has them. Numbers come in their order.
    pub(crate) fn push(&self, sequence: u64, parts: Vec<Part>, reservation: Option<Reservation>) {
        // Slices are made, and measured, before the lock is taken.
        let kept: Vec<_> = parts.into_iter().map(|part| kept(part, sequence)).collect();
        let mut state = self.lock();
        state.add(sequence, kept);
        self.after_push(state);
        drop(reservation);
    }

    /// As [`Hot::push`], with the number behind the last one.
    pub(crate) fn push_next(&self, parts: Vec<Part>, reservation: Reservation) {
        let mut state = self.lock();
        let sequence = state.visible_through + 1;
        let kept = parts.into_iter().map(|part| kept(part, sequence)).collect();
        state.add(sequence, kept);
        self.after_push(state);
        drop(reservation);
    }

    fn after_push(&self, mut state: MutexGuard<'_, State>) {
        if state.totals.size_bytes > self.bytes_max {
            state.make_room(self.bytes_max);
        }
        let is_wanted = state.totals.unflushed_bytes >= self.flush_bytes;
        drop(state);
        if is_wanted {
            self.flush_wanted.notify_one();
        }
    }

    /// Joins what has come in small batches.
    pub(crate) fn tidy(&self) {
        let mut untidy = std::mem::take(&mut self.lock().untidy);
        untidy.sort();
        untidy.dedup();
        for (project, table) in untidy {
            for is_pending in [false, true] {
                self.tidy_one(&project, table, is_pending);
            }
        }
    }

    fn tidy_one(&self, project: &ProjectName, table: Table, is_pending: bool) {
        let parts = {
            let mut state = self.lock();
            let frozen_through = state.frozen_through;
            let group = state.group(project, table);
            worth_joining(if is_pending { &group.pending } else { &group.shown }, frozen_through)
        };
        let Some(parts) = parts else { return };
        let joined = joined(&parts, table);
        let mut state = self.lock();
        let frozen_through = state.frozen_through;
        let group = state.group(project, table);
        let list = if is_pending { &mut group.pending } else { &mut group.shown };
        if replace(list, &parts, &joined, frozen_through) {
            let before: usize = parts.iter().map(|kept| kept.size_bytes).sum();
            let totals = &mut state.totals;
            for sum in [&mut totals.size_bytes, &mut totals.unflushed_bytes] {
                *sum = sum.saturating_sub(before).saturating_add(joined.size_bytes);
            }
        }
    }

    /// The rows of a table as they are now.
    pub(crate) fn snapshot(&self, project: &ProjectName, table: Table, reach: Reach) -> Snapshot {
        let state = self.lock();
        let group = state.groups.get(project).and_then(|tables| tables.get(&table)).cloned();
        let flushed_through = state.flushed_through;
        drop(state);
        // The group's lists are shared, not copied, so the lock was short.
        group.map_or_else(Snapshot::default, |group| group.snapshot(reach, flushed_through))
    }

    /// Takes rows out of memory that are in files and whose time and arrival are both before `kept_from`.
    pub(crate) fn evict(&self, kept_from: Timestamp) {
        let mut state = self.lock();
        let flushed_through = state.flushed_through;
        let is_old = |kept: &Kept| kept.batch.time.last < kept_from && kept.batch.arrival.last < kept_from;
        state.evict(|kept| kept.sequences.1 <= flushed_through && is_old(kept));
    }

    /// Whether rows have waited long enough for a flush, or are many enough.
    pub(crate) fn flush_is_due(&self, now: Timestamp, flush_age: Duration) -> bool {
        let state = self.lock();
        state.totals.unflushed_bytes >= self.flush_bytes
            || state.oldest_unflushed().is_some_and(|arrival| now.since(arrival) >= flush_age)
    }

    pub(crate) fn oldest_unflushed(&self) -> Option<Timestamp> {
        self.lock().oldest_unflushed()
    }

    /// The projects that have rows.
    pub(crate) fn projects(&self) -> Vec<ProjectName> {
        let mut names: Vec<ProjectName> = self.lock().groups.keys().cloned().collect();
        names.sort();
        names
    }

    pub(crate) fn totals(&self) -> Totals {
        self.lock().totals
    }

    /// The numbers that everything is flushed, and visible, through.
    pub(crate) fn sequences(&self) -> (u64, u64) {
        let state = self.lock();
        (state.flushed_through, state.visible_through)
    }

    /// The number that everything is flushed through, and the first one in memory behind it.
    pub(crate) fn unflushed_from(&self) -> (u64, Option<u64>) {
        let state = self.lock();
        let groups = state.groups.values().flat_map(HashMap::values);
        let unflushed = groups.flat_map(Group::batches).filter(|kept| kept.sequences.1 > state.flushed_through);
        (state.flushed_through, unflushed.map(|kept| kept.sequences.0).min())
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A part as batches of the usual size.
fn kept(part: Part, sequence: u64) -> (ProjectName, Table, Vec<Arc<Kept>>) {
    let slices = part.batch.in_slices(part.table, limits::HOT_BATCH_ROWS);
    (part.project, part.table, slices.into_iter().map(|slice| Kept::new(slice, sequence)).collect())
}

impl State {
    pub(super) fn group(&mut self, project: &ProjectName, table: Table) -> &mut Group {
        if !self.groups.contains_key(project) {
            self.groups.insert(project.clone(), HashMap::new());
        }
        self.groups.get_mut(project).expect("it was added above").entry(table).or_default()
    }

    fn add(&mut self, sequence: u64, kept: Vec<(ProjectName, Table, Vec<Arc<Kept>>)>) {
        for (project, table, slices) in kept {
            let (rows, bytes) = sums(&slices);
            self.totals.rows += rows;
            self.totals.unflushed_rows += rows;
            self.totals.size_bytes += bytes;
            self.totals.unflushed_bytes += bytes;
            let group = self.group(&project, table);
            for slice in slices {
                let list = if slice.batch.is_pending { &mut group.pending } else { &mut group.shown };
                Arc::make_mut(list).push(slice);
            }
            self.untidy.push((project, table));
        }
        self.visible_through = self.visible_through.max(sequence);
    }

    /// Evicts what is in files, the oldest first, until a tenth is free or nothing more can go.
    fn make_room(&mut self, bytes_max: usize) {
        let flushed_through = self.flushed_through;
        let groups = self.groups.values().flat_map(HashMap::values);
        let flushed = groups.flat_map(Group::batches).filter(|kept| kept.sequences.1 <= flushed_through);
        let mut flushed: Vec<(Timestamp, usize)> =
            flushed.map(|kept| (kept.batch.time.last, kept.size_bytes)).collect();
        flushed.sort_unstable();
        let mut excess = self.totals.size_bytes.saturating_sub(bytes_max - bytes_max / 10);
        let mut goes_through = None;
        for (last, bytes) in flushed {
            if excess == 0 {
                break;
            }
            excess = excess.saturating_sub(bytes);
            goes_through = Some(last);
        }
        if let Some(goes_through) = goes_through {
            self.evict(|kept| kept.sequences.1 <= flushed_through && kept.batch.time.last <= goes_through);
        }
    }

    fn evict(&mut self, goes: impl Fn(&Kept) -> bool) {
        for group in self.groups.values_mut().flat_map(HashMap::values_mut) {
            let (rows, bytes) = sums(&group.evict(&goes));
            self.totals.rows = self.totals.rows.saturating_sub(rows);
            self.totals.size_bytes = self.totals.size_bytes.saturating_sub(bytes);
        }
    }

    fn oldest_unflushed(&self) -> Option<Timestamp> {
        let groups = self.groups.values().flat_map(HashMap::values);
        let unflushed = groups.flat_map(Group::batches).filter(|kept| kept.sequences.1 > self.flushed_through);
        unflushed.map(|kept| kept.batch.arrival.first).min()
    }
}

pub(super) fn sums(batches: &[Arc<Kept>]) -> (u64, usize) {
    let rows = batches.iter().map(|kept| kept.row_count() as u64).sum();
    (rows, batches.iter().map(|kept| kept.size_bytes).sum())
}

//! `records` and `records_all` held in memory.
//!
//! Rows are kept in batches that are sorted by time inside, pending spans apart from the others.
//! So a scan of `records` looks at no row at all: it takes the batches that touch the window, and
//! slices those at its borders. Small batches are joined as they come, so that there are few.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::RecordBatch;
use arrow::compute::{concat_batches, sort_to_indices, take_record_batch};

use watchfire_ingest::{Record, RecordKind, batch};

use super::records;
use crate::source::{Batch, Rows, Snapshot};

/// Most rows of a batch that was joined from smaller ones: as many as the query engine takes at once.
const BATCH_ROWS: usize = 8_192;

/// There is no room for more records in memory; nothing was added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the records in memory would take {size_bytes} bytes, more than the limit `records_bytes` of {limit_bytes} bytes; \
     raise the limit or keep a shorter time in memory"
)]
pub struct RecordsFull {
    /// How many bytes they would take.
    pub size_bytes: usize,
    /// [`crate::Limits::records_bytes`].
    pub limit_bytes: usize,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct MemoryRecords {
    bytes_max: usize,
    kept: Mutex<Kept>,
}

/// Snapshots share the lists; they are copied only when one is out while rows are added.
#[derive(Debug, Default, Clone)]
struct Kept {
    shown: Arc<Vec<Batch>>,
    pending: Arc<Vec<Batch>>,
    size_bytes: usize,
}

impl MemoryRecords {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { bytes_max, kept: Mutex::default() }
    }

    /// Adds all of these, or none.
    pub(crate) fn append(&self, rows: &[Record]) -> Result<(), RecordsFull> {
        let (pending, shown): (Vec<&Record>, Vec<&Record>) =
            rows.iter().partition(|row| row.kind == RecordKind::PendingSpan);
        let (shown, pending) = (batches(shown), batches(pending));
        let added: usize = shown.iter().chain(&pending).map(RecordBatch::get_array_memory_size).sum();
        let mut kept = self.lock();
        let size_bytes = kept.size_bytes.saturating_add(added);
        if size_bytes > self.bytes_max {
            return Err(RecordsFull { size_bytes, limit_bytes: self.bytes_max });
        }
        kept.size_bytes = size_bytes;
        let Kept { shown: all_shown, pending: all_pending, size_bytes } = &mut *kept;
        for (new, all) in [(shown, all_shown), (pending, all_pending)] {
            if new.is_empty() {
                continue;
            }
            let all = Arc::make_mut(all);
            new.into_iter().for_each(|rows| add(all, rows, size_bytes));
        }
        Ok(())
    }

    /// `records` as it is now.
    pub(crate) fn shown(&self) -> Snapshot {
        snapshot(Arc::clone(&self.lock().shown))
    }

    /// `records_all` as it is now.
    pub(crate) fn all(&self) -> Snapshot {
        let Kept { shown, pending, .. } = self.lock().clone();
        if pending.is_empty() {
            return snapshot(shown);
        }
        snapshot(Arc::new(shown.iter().chain(pending.iter()).cloned().collect()))
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn snapshot(batches: Arc<Vec<Batch>>) -> Snapshot {
    Snapshot {
        schema: records::schema(),
        time_column: Some(records::TIME_COLUMN.to_owned()),
        rows: Rows::Memory(batches),
        hides_pending: false,
    }
}

/// The rows in the order of time, as batches.
fn batches(mut rows: Vec<&Record>) -> Vec<RecordBatch> {
    rows.sort_by_key(|row| row.start_timestamp);
    rows.chunks(BATCH_ROWS).map(batch).collect()
}

/// Adds a batch, joined with those before it that are not larger.
///
/// As in a binary counter: every row is copied at most once for each doubling, and a million
/// appended rows are some hundred batches, however few of them come at once.
fn add(all: &mut Vec<Batch>, rows: RecordBatch, size_bytes: &mut usize) {
    let mut rows = rows;
    while let Some(last) = all.pop_if(|last| joins(&last.rows, &rows)) {
        let apart = last.rows.get_array_memory_size() + rows.get_array_memory_size();
        rows = joined(&last.rows, &rows);
        *size_bytes = size_bytes.saturating_sub(apart).saturating_add(rows.get_array_memory_size());
    }
    all.push(Batch::new(rows, Some(records::TIME_COLUMN)));
}

fn joins(before: &RecordBatch, rows: &RecordBatch) -> bool {
    before.num_rows() <= rows.num_rows() && before.num_rows() + rows.num_rows() <= BATCH_ROWS
}

/// Both, in the order of time.
fn joined(before: &RecordBatch, after: &RecordBatch) -> RecordBatch {
    let schema = before.schema();
    let together = concat_batches(&schema, [before, after]).expect("both have the table's schema");
    if Batch::new(together.clone(), Some(records::TIME_COLUMN)).is_sorted {
        return together;
    }
    let times = together.column_by_name(records::TIME_COLUMN).expect("the table has its time column");
    let order = sort_to_indices(times, None, None).expect("instants can be sorted");
    take_record_batch(&together, &order).expect("the order names rows of this batch")
}

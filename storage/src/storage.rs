//! All of it together.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::{filter_record_batch, max, min, not};
use arrow::datatypes::TimestampMicrosecondType;
use object_store::ObjectStore;
use object_store::memory::InMemory;
use watchfire_ingest::table::{ARRIVAL_COLUMN, Shredding, Table, records};
use watchfire_model::{ProjectName, Timestamp};

use crate::error::AppendError;
use crate::rows::{Rows, TimeRange};
use crate::snapshot::{HotBatch, Reach, Snapshot};

/// How telemetry is kept.
#[derive(Debug, Clone)]
pub struct StorageOptions {
    /// The attributes with a column of their own.
    pub shredding: Shredding,
    /// How long rows stay in memory; default 15 minutes.
    pub hot_window: Duration,
    /// Most bytes of rows in memory; default 256 MiB.
    pub hot_bytes: usize,
    /// How long rows are kept at all; `None`: for ever.
    pub retention: Option<Duration>,
}

impl Default for StorageOptions {
    fn default() -> Self {
        Self {
            shredding: Shredding::default(),
            hot_window: Duration::from_secs(15 * 60),
            hot_bytes: 256 << 20,
            retention: None,
        }
    }
}

/// Telemetry that is kept. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Storage {
    options: Arc<StorageOptions>,
    objects: Arc<dyn ObjectStore>,
    hot: Arc<Mutex<HashMap<(ProjectName, Table), Vec<HotBatch>>>>,
}

impl Storage {
    /// Rows in memory alone: gone with the process.
    pub fn in_memory(options: StorageOptions) -> Self {
        Self { options: Arc::new(options), hot: Arc::default(), objects: Arc::new(InMemory::new()) }
    }

    /// Where its files are; nothing but its files is in there.
    pub fn objects(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.objects)
    }

    /// How it was opened.
    pub fn options(&self) -> &StorageOptions {
        &self.options
    }

    /// Keeps these rows, all of them or none. They are durable, and every later snapshot has them, once this returns.
    pub async fn append(&self, rows: Vec<Rows>) -> Result<(), AppendError> {
        let mut hot = self.hot.lock().unwrap_or_else(PoisonError::into_inner);
        let apart = rows.into_iter().flat_map(|Rows { project, table, batch }| {
            by_kind(table, batch).into_iter().map(move |batch| Rows { project: project.clone(), table, batch })
        });
        for Rows { project, table, batch } in apart.filter(|rows| rows.batch.num_rows() > 0) {
            let (Some(time), Some(arrival)) = (range(&batch, table.time_column()), range(&batch, ARRIVAL_COLUMN))
            else {
                continue;
            };
            let times = batch.column_by_name(table.time_column());
            let times = times.and_then(|times| times.as_primitive_opt::<TimestampMicrosecondType>());
            let is_sorted = times.is_some_and(|times| times.values().is_sorted());
            let is_pending = table == Table::Records && is_pending(&batch);
            let batch = HotBatch { rows: batch, time, arrival, is_sorted, is_pending };
            hot.entry((project, table)).or_default().push(batch);
        }
        Ok(())
    }

    /// The rows of a table as they are now. Never waits for a disk.
    pub fn snapshot(&self, project: &ProjectName, table: Table, _reach: Reach) -> Snapshot {
        let hot = self.hot.lock().unwrap_or_else(PoisonError::into_inner);
        let hot = hot.get(&(project.clone(), table)).cloned().unwrap_or_default();
        Snapshot { hot, files: Vec::new() }
    }
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Storage").field("options", &self.options).finish_non_exhaustive()
    }
}

fn range(batch: &RecordBatch, column: &str) -> Option<TimeRange> {
    let values = batch.column_by_name(column)?.as_primitive_opt::<TimestampMicrosecondType>()?;
    let (first, last) = min(values).zip(max(values))?;
    Some(TimeRange { first: Timestamp::from_micros(first), last: Timestamp::from_micros(last) })
}

/// Pending spans apart from all others.
fn by_kind(table: Table, batch: RecordBatch) -> Vec<RecordBatch> {
    let kinds = batch.column_by_name(records::KIND).and_then(|kinds| kinds.as_string_opt::<i32>());
    let Some(kinds) = kinds.filter(|_| table == Table::Records) else { return vec![batch] };
    let pending: BooleanArray = kinds.iter().map(|kind| Some(kind == Some(records::PENDING))).collect();
    let shown = not(&pending).expect("a mask can be turned around");
    [shown, pending].iter().filter_map(|mask| filter_record_batch(&batch, mask).ok()).collect()
}

fn is_pending(batch: &RecordBatch) -> bool {
    let kinds = batch.column_by_name(records::KIND).and_then(|kinds| kinds.as_string_opt::<i32>());
    kinds.is_some_and(|kinds| kinds.iter().all(|kind| kind == Some(records::PENDING)))
}

//! Batches in the order in which they came, joined as they come, so that there are few.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use watchfire_ingest::table::Table;

use crate::limits::{HOT_BATCH_BYTES, HOT_BATCH_ROWS};
use crate::part::{hot_batch, size_of};
use crate::snapshot::HotBatch;

/// A batch in memory.
#[derive(Debug)]
pub(crate) struct Kept {
    pub batch: Arc<HotBatch>,
    /// The first and the last number of the appends its rows came with.
    pub sequences: (u64, u64),
    /// Memory that it takes.
    pub size_bytes: usize,
}

/// Rows of one table and one project, either pending spans or none of them.
///
/// The list is shared with those who look at it, and copied only when it changes while somebody does.
pub(super) type Batches = Arc<Vec<Arc<Kept>>>;

impl Kept {
    /// A batch as it came.
    pub(super) fn new(batch: HotBatch, sequence: u64) -> Arc<Self> {
        let size_bytes = size_of(&batch.rows);
        Arc::new(Self { batch: Arc::new(batch), sequences: (sequence, sequence), size_bytes })
    }

    pub(super) fn row_count(&self) -> usize {
        self.batch.rows.num_rows()
    }
}

/// The batches at the end of the list that are worth joining: `None` when there are not two of them.
///
/// As in a binary counter: a batch is joined with those behind it once they are together as large as it, so every row
/// is copied once for each doubling, and a million rows are some hundred batches, however few come at once.
/// Nothing at or below `frozen_through` is joined: a flush has it in its hands.
pub(super) fn worth_joining(all: &Batches, frozen_through: u64) -> Option<Vec<Arc<Kept>>> {
    let (mut rows, mut bytes, mut count) = (0, 0, 0);
    for kept in all.iter().rev() {
        let fits = rows + kept.row_count() <= HOT_BATCH_ROWS && bytes + kept.size_bytes <= HOT_BATCH_BYTES;
        let is_small = count == 0 || kept.row_count() <= rows;
        if kept.sequences.0 <= frozen_through || !fits || !is_small {
            break;
        }
        rows += kept.row_count();
        bytes += kept.size_bytes;
        count += 1;
    }
    (count > 1).then(|| all[all.len() - count..].to_vec())
}

/// All of them as one, in the order of time.
pub(super) fn joined(parts: &[Arc<Kept>], table: Table) -> Arc<Kept> {
    let (first, last) = (&parts[0], &parts[parts.len() - 1]);
    let rows: Vec<&RecordBatch> = parts.iter().map(|kept| &kept.batch.rows).collect();
    let schema = first.batch.rows.schema();
    let together = concat_batches(&schema, rows).expect("all have the table's columns");
    let batch = hot_batch(together, table, first.batch.is_pending);
    let size_bytes = size_of(&batch.rows);
    Arc::new(Kept { batch: Arc::new(batch), sequences: (first.sequences.0, last.sequences.1), size_bytes })
}

/// Puts the joined batch where its parts are. `false` when they are not the end of the list any more, or frozen.
pub(super) fn replace(all: &mut Batches, parts: &[Arc<Kept>], joined: &Arc<Kept>, frozen_through: u64) -> bool {
    let Some(start) = all.len().checked_sub(parts.len()) else { return false };
    let is_there = all[start..].iter().zip(parts).all(|(there, part)| Arc::ptr_eq(there, part));
    if !is_there || parts[0].sequences.0 <= frozen_through {
        return false;
    }
    let all = Arc::make_mut(all);
    all.truncate(start);
    all.push(Arc::clone(joined));
    true
}

//! Rows made ready: in the table's columns, pending spans apart, in the order of time.

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch};
use arrow::compute::{filter_record_batch, max, min, not, sort_to_indices, take_record_batch};
use arrow::datatypes::TimestampMicrosecondType;
use watchfire_ingest::table::{ARRIVAL_COLUMN, Shredding, Table, records};
use watchfire_model::{ProjectName, Timestamp};

use crate::conform::conform;
use crate::rows::{Rows, TimeRange};
use crate::snapshot::HotBatch;

/// Rows of one table and one project that are kept together.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub project: ProjectName,
    pub table: Table,
    pub batch: HotBatch,
}

/// The rows as parts, without empty ones. Pure, and as much work as sorting them.
pub(crate) fn prepare(rows: Vec<Rows>, shredding: &Shredding) -> Vec<Part> {
    let mut parts = Vec::with_capacity(rows.len());
    for Rows { project, table, batch } in rows {
        if batch.num_rows() == 0 {
            continue;
        }
        let batch = conform(&batch, table, shredding);
        for (rows, is_pending) in apart(batch, table) {
            parts.push(Part { project: project.clone(), table, batch: hot_batch(rows, table, is_pending) });
        }
    }
    // Shown rows first: a reader that stops early has what most queries ask for.
    parts.sort_by_key(|part| part.batch.is_pending);
    parts
}

/// The rows in the order of time, with what a snapshot tells of them.
pub(crate) fn hot_batch(rows: RecordBatch, table: Table, is_pending: bool) -> HotBatch {
    let rows = in_order(rows, table);
    let time = range(&rows, table.time_column());
    let arrival = range(&rows, ARRIVAL_COLUMN);
    let is_sorted = is_sorted(&rows, table);
    HotBatch { rows, time, arrival, is_sorted, is_pending }
}

/// Shown rows and pending spans, each only if there are some.
fn apart(batch: RecordBatch, table: Table) -> Vec<(RecordBatch, bool)> {
    let is_pending = match table {
        Table::Records => pending(&batch),
        Table::Metrics => None,
    };
    let Some(is_pending) = is_pending else { return vec![(batch, false)] };
    match is_pending.true_count() {
        0 => vec![(batch, false)],
        all if all == batch.num_rows() => vec![(batch, true)],
        _ => {
            let shown = not(&is_pending).expect("a mask without NULLs can be turned around");
            [(shown, false), (is_pending, true)]
                .map(|(mask, is_pending)| {
                    (filter_record_batch(&batch, &mask).expect("the mask has one value per row"), is_pending)
                })
                .into()
        }
    }
}

fn pending(batch: &RecordBatch) -> Option<BooleanArray> {
    let kinds = batch.column_by_name(records::KIND)?.as_string_opt::<i32>()?;
    Some(kinds.iter().map(|kind| Some(kind == Some(records::PENDING))).collect())
}

fn in_order(rows: RecordBatch, table: Table) -> RecordBatch {
    if is_sorted(&rows, table) {
        return rows;
    }
    let Some(times) = rows.column_by_name(table.time_column()) else { return rows };
    let order = sort_to_indices(times, None, None).expect("instants can be sorted");
    take_record_batch(&rows, &order).expect("the order names rows of this batch")
}

/// Whether every row has a time, none before the one above it.
fn is_sorted(rows: &RecordBatch, table: Table) -> bool {
    let times = rows.column_by_name(table.time_column()).and_then(instants);
    times.is_some_and(|times| times.null_count() == 0 && times.values().is_sorted())
}

/// Rows without an instant are as old as can be: no window has them, and files give them back when there is none.
fn range(rows: &RecordBatch, column: &str) -> TimeRange {
    let values = rows.column_by_name(column).and_then(instants);
    let (first, last) = values.and_then(|values| min(values).zip(max(values))).unwrap_or((0, 0));
    TimeRange { first: Timestamp::from_micros(first), last: Timestamp::from_micros(last) }
}

fn instants(column: &ArrayRef) -> Option<&arrow::array::PrimitiveArray<TimestampMicrosecondType>> {
    column.as_primitive_opt::<TimestampMicrosecondType>()
}

/// How many bytes of memory the rows take, without what a slice does not show.
pub(crate) fn size_of(rows: &RecordBatch) -> usize {
    let of =
        |column: &ArrayRef| column.to_data().get_slice_memory_size().unwrap_or_else(|_| column.get_array_memory_size());
    rows.columns().iter().map(of).sum()
}

impl HotBatch {
    /// Slices of at most `rows_max` rows; their ranges are their own.
    pub(crate) fn in_slices(self, table: Table, rows_max: usize) -> Vec<Self> {
        if self.rows.num_rows() <= rows_max {
            return vec![self];
        }
        let starts = (0..self.rows.num_rows()).step_by(rows_max);
        starts
            .map(|start| {
                let rows = self.rows.slice(start, rows_max.min(self.rows.num_rows() - start));
                hot_batch(rows, table, self.is_pending)
            })
            .collect()
    }
}

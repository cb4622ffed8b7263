//! The order of rows in a file: first everything but pending spans, then those, each by time.
//!
//! Pending spans stand in row groups of their own at the end of the same file. `records` never shows them, and the
//! statistics of `kind` skip those row groups whole; files of their own would double the files that every query opens
//! while they are small.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::{max, min};
use arrow::datatypes::TimestampMicrosecondType;
use watchfire_ingest::table::{ARRIVAL_COLUMN, Table, records};
use watchfire_model::Timestamp;

use crate::rows::TimeRange;

/// The place of one row: pending or not, then its time in microseconds; a row without a time stands first.
pub(super) type Key = (bool, i64);

/// The places of all rows of a batch. Columns that are not there count as empty.
pub(super) fn keys(batch: &RecordBatch, table: Table) -> Vec<Key> {
    let times = times(batch, table.time_column());
    let kinds = match table {
        Table::Records => batch.column_by_name(records::KIND).and_then(|kinds| kinds.as_string_opt::<i32>()),
        Table::Metrics => None,
    };
    (0..batch.num_rows())
        .map(|row| {
            let pending = kinds.is_some_and(|kinds| kinds.is_valid(row) && kinds.value(row) == records::PENDING);
            let time = times.filter(|times| times.is_valid(row)).map_or(i64::MIN, |times| times.value(row));
            (pending, time)
        })
        .collect()
}

/// The times and the arrivals of batches; a column without any value counts as 1970.
pub(super) fn ranges<'a>(
    batches: impl Iterator<Item = &'a RecordBatch> + Clone,
    table: Table,
) -> (TimeRange, TimeRange) {
    let range = |column: &str| {
        let ranges = batches.clone().filter_map(|batch| range(batch, column));
        ranges.reduce(join).unwrap_or(TimeRange { first: Timestamp::from_micros(0), last: Timestamp::from_micros(0) })
    };
    (range(table.time_column()), range(ARRIVAL_COLUMN))
}

/// The smallest range with both in it.
pub(super) fn join(one: TimeRange, other: TimeRange) -> TimeRange {
    TimeRange { first: one.first.min(other.first), last: one.last.max(other.last) }
}

/// How many bytes the rows take in memory, without what a slice does not show.
pub(super) fn memory_bytes(batch: &RecordBatch) -> u64 {
    let of =
        |column: &ArrayRef| column.to_data().get_slice_memory_size().unwrap_or_else(|_| column.get_array_memory_size());
    batch.columns().iter().map(of).sum::<usize>() as u64
}

fn range(batch: &RecordBatch, column: &str) -> Option<TimeRange> {
    let values = times(batch, column)?;
    let (first, last) = min(values).zip(max(values))?;
    Some(TimeRange { first: Timestamp::from_micros(first), last: Timestamp::from_micros(last) })
}

type Times = arrow::array::PrimitiveArray<TimestampMicrosecondType>;

fn times<'a>(batch: &'a RecordBatch, column: &str) -> Option<&'a Times> {
    batch.column_by_name(column)?.as_primitive_opt::<TimestampMicrosecondType>()
}

//! One of our own tables as one query sees it: rows in memory and Parquet files.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, RecordBatchOptions, TimestampMicrosecondArray};
use arrow::datatypes::{SchemaRef, TimestampMicrosecondType};
use datafusion::common::Result;
use watchfire_ingest::table::{ARRIVAL_COLUMN, Shredding, Table};
use watchfire_model::Window;
use watchfire_storage::{DataFile, HotBatch, Reach, Snapshot, TimeAxis, TimeRange};

/// The rows of one table and one project at one moment.
///
/// Shared by `records` and `records_all` of one query, so that both see the same rows.
#[derive(Debug)]
pub(crate) struct KeptRows {
    pub table: Table,
    /// Keeps the files that it names from being deleted.
    pub snapshot: Snapshot,
    /// The attributes with a column of their own.
    pub shredding: Shredding,
}

/// Which rows of a table a query can see at most.
pub(crate) fn reach(table: Table, window: Option<Window>, window_on: Option<&str>) -> Reach {
    match axis(table, window_on) {
        Some(on) => Reach { window, on },
        None => Reach::default(),
    }
}

/// The axis that a window cuts by; `None` for a column about which batches and files say nothing.
///
/// A column that the table does not have leaves its own time column in place.
fn axis(table: Table, window_on: Option<&str>) -> Option<TimeAxis> {
    match window_on {
        Some(ARRIVAL_COLUMN) => Some(TimeAxis::Arrival),
        Some(column) if column == table.time_column() => Some(TimeAxis::Time),
        Some(column) if super::shown_schema(table).field_with_name(column).is_ok() => None,
        Some(_) | None => Some(TimeAxis::Time),
    }
}

/// Rows in memory that are read in one go.
pub(crate) struct HotRows<'a> {
    /// Each batch with its rows that may be inside the window.
    batches: Vec<(&'a HotBatch, Range<usize>)>,
    /// Whether every one of these rows is inside the window.
    pub is_exact: bool,
}

impl HotRows<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// These columns of them, as batches of `schema`; a batch that lacks one of them is an error.
    pub(crate) fn project(&self, schema: &SchemaRef) -> Result<Vec<RecordBatch>> {
        let mut known: Option<(SchemaRef, Vec<usize>)> = None;
        let mut projected = Vec::with_capacity(self.batches.len());
        for (batch, range) in &self.batches {
            let of = batch.rows.schema_ref();
            // Nearly always all batches share one schema.
            if !known.as_ref().is_some_and(|(known, _)| Arc::ptr_eq(known, of)) {
                let places = schema.fields().iter().map(|field| of.index_of(field.name()));
                known = Some((Arc::clone(of), places.collect::<std::result::Result<_, _>>()?));
            }
            let places = known.iter().flat_map(|(_, places)| places);
            let columns = places.map(|place| batch.rows.column(*place).slice(range.start, range.len())).collect();
            let options = RecordBatchOptions::new().with_row_count(Some(range.len()));
            projected.push(RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?);
        }
        Ok(projected)
    }
}

impl KeptRows {
    /// The rows in memory that may be inside the window, those first whose batches have all of `attributes`, then the
    /// others: what they lack is computed.
    pub(crate) fn hot(
        &self,
        attributes: &[&str],
        window: Option<Window>,
        window_on: Option<&str>,
        hides_pending: bool,
    ) -> [HotRows<'_>; 2] {
        let mut groups = [true, false].map(|_| HotRows { batches: Vec::new(), is_exact: true });
        for batch in &self.snapshot.hot {
            if hides_pending && batch.is_pending {
                continue;
            }
            let cut = window.map(|window| self.cut(batch, window, window_on));
            let (range, is_exact) = cut.unwrap_or((0..batch.rows.num_rows(), true));
            if range.is_empty() {
                continue;
            }
            let has = |key: &&str| batch.rows.schema_ref().column_with_name(&Shredding::column_of(key)).is_some();
            let group = &mut groups[usize::from(!attributes.iter().all(has))];
            group.batches.push((batch, range));
            group.is_exact &= is_exact;
        }
        groups
    }

    /// The rows of a batch that may be inside the window, and whether all of them are.
    fn cut(&self, batch: &HotBatch, window: Window, window_on: Option<&str>) -> (Range<usize>, bool) {
        let all = 0..batch.rows.num_rows();
        let (range, column) = match axis(self.table, window_on) {
            None => return (all, false),
            Some(TimeAxis::Time) => (batch.time, self.table.time_column()),
            Some(TimeAxis::Arrival) => (batch.arrival, ARRIVAL_COLUMN),
        };
        if !touches(range, window) {
            return (0..0, true);
        }
        let Some(times) = times(&batch.rows, column).filter(|times| times.null_count() == 0) else {
            return (all, false);
        };
        if range.first >= window.start && range.last < window.end {
            return (all, true);
        }
        if !batch.is_sorted || column != self.table.time_column() {
            return (all, false);
        }
        let from = times.values().partition_point(|at| *at < window.start.as_micros());
        let to = times.values().partition_point(|at| *at < window.end.as_micros());
        (from..to.max(from), true)
    }

    /// The files that may have rows inside the window, those first that have all of `attributes` as columns.
    pub(crate) fn files(
        &self,
        attributes: &[&str],
        window: Option<Window>,
        window_on: Option<&str>,
    ) -> [Vec<&DataFile>; 2] {
        let mut groups = [Vec::new(), Vec::new()];
        for file in &self.snapshot.files {
            let is_inside = match (window, axis(self.table, window_on)) {
                (Some(window), Some(TimeAxis::Time)) => touches(file.time, window),
                (Some(window), Some(TimeAxis::Arrival)) => touches(file.arrival, window),
                (None, _) | (Some(_), None) => true,
            };
            if is_inside {
                let has_all = attributes.iter().all(|key| file.shredded.iter().any(|shredded| shredded == key));
                groups[usize::from(!has_all)].push(file.as_ref());
            }
        }
        groups
    }
}

fn touches(range: TimeRange, window: Window) -> bool {
    range.first < window.end && range.last >= window.start
}

fn times<'a>(rows: &'a RecordBatch, column: &str) -> Option<&'a TimestampMicrosecondArray> {
    rows.column_by_name(column)?.as_primitive_opt::<TimestampMicrosecondType>()
}

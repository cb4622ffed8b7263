//! The rows of one request, within its limits.

use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::{filter_record_batch, not};
use watchfire_model::Timestamp;

use super::columns::{self, RecordColumns};
use super::decode::{Arrival, TableRows};
use super::metric_columns::{self, MetricColumns, Point};
use super::origin::Origin;
use super::proto::Malformed;
use super::refused::Refused;
use super::row::Row;
use crate::limits::DECODED_BYTES_MAX;
use crate::table::{Shredding, Table, records};

/// As how much memory it counts that something was looked at.
const LOOK_BYTES: usize = 250;

/// Why a request gives no rows.
#[derive(Debug)]
pub(super) enum Stop {
    Malformed(Malformed),
    /// The rows take more memory than [`DECODED_BYTES_MAX`].
    TooLarge {
        size_bytes: usize,
    },
}

impl From<Malformed> for Stop {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

/// The rows of one request so far, and what was not taken.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    pub arrival: &'a Arrival,
    pub refused: Refused,
    records: RecordColumns,
    metrics: MetricColumns,
    size_bytes: usize,
}

impl<'a> Rows<'a> {
    pub fn new(arrival: &'a Arrival, shredding: &Shredding) -> Self {
        Self {
            arrival,
            refused: Refused::default(),
            records: RecordColumns::new(shredding),
            metrics: MetricColumns::new(),
            size_bytes: 0,
        }
    }

    /// Whether an item of this time is taken; one that is not is counted as refused.
    pub fn takes(&mut self, at: Timestamp, origin: &Arc<Origin>) -> Result<bool, Stop> {
        let accepts = self.arrival.accepts(at);
        if !accepts {
            self.refused.add(at, origin);
            // It has cost as much to read as a row that is kept.
            self.grow(origin.size_bytes())?;
        }
        Ok(accepts)
    }

    /// A scope, a metric or a point of a summary, of which a row may come or not: each has cost some reading, and takes so
    /// few bytes on the wire that a small request may have millions of them.
    pub fn looked_at(&mut self) -> Result<(), Stop> {
        self.grow(LOOK_BYTES)
    }

    pub fn push(&mut self, row: &Row<'_>) -> Result<(), Stop> {
        self.grow(columns::size_bytes(row))?;
        self.records.push(row);
        Ok(())
    }

    pub fn push_point(&mut self, point: &Point<'_>) -> Result<(), Stop> {
        self.grow(metric_columns::size_bytes(point))?;
        self.metrics.push(point);
        Ok(())
    }

    fn grow(&mut self, bytes: usize) -> Result<(), Stop> {
        self.size_bytes = self.size_bytes.saturating_add(bytes);
        if self.size_bytes > DECODED_BYTES_MAX {
            return Err(Stop::TooLarge { size_bytes: self.size_bytes });
        }
        Ok(())
    }

    /// The records, all of them in the order of the wire.
    pub fn into_records(self) -> RecordBatch {
        self.records.finish()
    }

    /// All rows, pending spans apart from other records; no batch is empty.
    pub fn into_batches(self) -> Vec<TableRows> {
        let mut batches = Vec::new();
        if !self.records.is_empty() {
            let [shown, pending] = pending_apart(self.records.finish());
            batches.extend([shown, pending].map(|batch| TableRows { table: Table::Records, batch }));
        }
        if !self.metrics.is_empty() {
            batches.push(TableRows { table: Table::Metrics, batch: self.metrics.finish() });
        }
        batches.retain(|rows| rows.batch.num_rows() > 0);
        batches
    }
}

/// What `records` shows, and what it hides.
fn pending_apart(batch: RecordBatch) -> [RecordBatch; 2] {
    let kinds = batch.column_by_name(records::KIND).expect("the table has this column").as_string::<i32>();
    let is_pending: BooleanArray = kinds.iter().map(|kind| Some(kind == Some(records::PENDING))).collect();
    let none = batch.slice(0, 0);
    match is_pending.true_count() {
        0 => [batch, none],
        all if all == batch.num_rows() => [none, batch],
        _ => {
            let shown = not(&is_pending).expect("truths can be turned around");
            [&shown, &is_pending]
                .map(|chosen| filter_record_batch(&batch, chosen).expect("there is one truth for each row"))
        }
    }
}

//! What one query sees.

use std::sync::Arc;

use arrow::array::RecordBatch;
use watchfire_model::Window;

use crate::file_list::DataFile;
use crate::rows::TimeRange;

/// Rows of one table and one project, as they were at one moment: each row is in `hot` or in one of `files`, never in both.
///
/// The files exist at least as long as this value does.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Rows in memory.
    pub hot: Vec<Arc<HotBatch>>,
    /// Files, without those that cannot touch the window that was asked for.
    pub files: Vec<Arc<DataFile>>,
}

/// Rows in memory. Pending spans are in batches of their own.
#[derive(Debug, Clone)]
pub struct HotBatch {
    /// In the columns of [`watchfire_ingest::table::Table::stored_schema`].
    pub rows: RecordBatch,
    /// Their times.
    pub time: TimeRange,
    /// Their arrivals.
    pub arrival: TimeRange,
    /// Whether they are in the order of their times.
    pub is_sorted: bool,
    /// Whether they are pending spans, all of them; else none is.
    pub is_pending: bool,
}

/// Which rows a query can see at most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reach {
    /// `None`: all time.
    pub window: Option<Window>,
    /// Which column the window cuts.
    pub on: TimeAxis,
}

/// A column by which rows can be cut.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TimeAxis {
    /// The table's time column.
    #[default]
    Time,
    /// The column of arrival.
    Arrival,
}

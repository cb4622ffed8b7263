//! What is kept.

use arrow::array::RecordBatch;
use watchfire_ingest::table::Table;
use watchfire_model::{ProjectName, Timestamp};

/// Rows of one table and one project that arrived together.
#[derive(Debug, Clone)]
pub struct Rows {
    /// Whose they are.
    pub project: ProjectName,
    /// Which table they belong to.
    pub table: Table,
    /// In the columns of [`Table::stored_schema`].
    pub batch: RecordBatch,
}

/// The least and the greatest instant of some rows, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// The least.
    pub first: Timestamp,
    /// The greatest.
    pub last: Timestamp,
}

//! The list of files, which the store keeps: the port that the engine fills.

use async_trait::async_trait;
use watchfire_ingest::table::Table;
use watchfire_model::ProjectName;

use crate::rows::TimeRange;

/// A Parquet file with rows of one table and one project. Its footer says the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFile {
    /// Its place in the object store, from the root of telemetry; unique for ever.
    pub path: String,
    /// Whose rows they are.
    pub project: ProjectName,
    /// The rows' table.
    pub table: Table,
    /// How many rows it has.
    pub rows: u64,
    /// Its size.
    pub size_bytes: u64,
    /// The rows' times, by [`Table::time_column`].
    pub time: TimeRange,
    /// The rows' arrivals, by [`watchfire_ingest::table::ARRIVAL_COLUMN`].
    pub arrival: TimeRange,
    /// The first and the last sequence number of the rows' batches.
    pub sequences: (u64, u64),
    /// The attributes that have a column of their own in it.
    pub shredded: Vec<String>,
}

/// The list at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListedFiles {
    /// The files that are part of the tables.
    pub files: Vec<DataFile>,
    /// Every batch up to this sequence number is in a file (or was forgotten by retention).
    pub flushed_through: u64,
    /// Paths of files that are no part of the tables any more and are still to be deleted.
    pub doomed: Vec<String>,
}

/// A change of the list; it happens whole or not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileChange {
    /// New files.
    pub added: Vec<DataFile>,
    /// Paths of files that end being part of the tables; they become doomed.
    pub removed: Vec<String>,
    /// The new `flushed_through`, when it moves.
    pub flushed_through: Option<u64>,
    /// Paths of doomed files that have been deleted: they are forgotten.
    pub deleted: Vec<String>,
}

/// The list cannot be read or changed now.
#[derive(Debug, thiserror::Error)]
#[error("the list of telemetry files: {reason}")]
pub struct FileListError {
    /// What the store said.
    pub reason: String,
    /// Whether trying again may help.
    pub is_transient: bool,
}

/// Where the list is kept: one per data folder.
#[async_trait]
pub trait FileList: Send + Sync + 'static {
    /// The whole list.
    async fn load(&self) -> Result<ListedFiles, FileListError>;

    /// Makes the change in one transaction. Applying the same change twice is the same as once.
    async fn commit(&self, change: &FileChange) -> Result<(), FileListError>;
}

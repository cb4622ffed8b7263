//! What storage says of itself.

use watchfire_model::Timestamp;

/// The state of storage at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// Rows in memory.
    pub hot_rows: u64,
    /// Bytes of memory that they take.
    pub hot_bytes: u64,
    /// Those of them that are in no file yet.
    pub unflushed_rows: u64,
    /// Bytes of memory that those take.
    pub unflushed_bytes: u64,
    /// When the oldest row that is in no file yet arrived.
    pub oldest_unflushed_at: Option<Timestamp>,
    /// Bytes of the log's segments on the disk.
    pub wal_bytes: u64,
    /// Fsyncs of the log since the start, each for a group of appends.
    pub wal_syncs: u64,
    /// Files that are part of tables.
    pub files: u64,
    /// Their bytes.
    pub file_bytes: u64,
    /// The number of the newest append.
    pub last_sequence: u64,
    /// Every append up to this number is in files.
    pub flushed_through: u64,
    /// When a flush last succeeded in this process.
    pub last_flush_at: Option<Timestamp>,
    /// Why the last flush failed, until one succeeds.
    pub flush_failure: Option<String>,
    /// Why the last append was refused by the disk, until one is taken.
    pub append_failure: Option<String>,
    /// Whether no append will be taken before a restart, since the log's thread ended by a fault; `append_failure` says so.
    pub log_is_broken: bool,
    /// What the disk had lost of the log when it was opened, one sentence for each place.
    pub damaged: Vec<String>,
}

//! Keeps telemetry: a write-ahead log, the newest rows in memory, the others in Parquet files.
//!
//! ```text
//!  Rows ─► wal (one fsync for many) ─► hot (memory) ─► files (Parquet, on any object store)
//!             │                          │                │
//!             └─ replayed at start       └──── Snapshot ◄─┴─ FileList (the store's table of files)
//! ```
//!
//! Rows are durable once [`Storage::append`] has returned, and are in exactly one of memory and files for every
//! [`Snapshot`]. Deliberately absent: SQL (that is `telemetry`), the database that holds the list of files (the
//! engine hands in a [`FileList`]), and clocks: `now` is an argument.
//!
//! Start reading at `storage.rs`.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests"))]

mod conform;
mod error;
mod file_list;
pub mod files;
mod flush;
mod flushed_mark;
mod hot;
mod kill_point;
pub mod limits;
mod list;
mod log_begin;
mod open;
mod part;
mod rows;
mod snapshot;
mod status;
mod storage;
#[cfg(test)]
mod testing;
mod upkeep;
mod wal;

pub use conform::conform;
pub use error::{AppendError, Error};
pub use file_list::{DataFile, FileChange, FileList, FileListError, ListedFiles};
pub use flush::Flushed;
pub use flushed_mark::{known_of, mark_flushed};
pub use open::ReplayProgress;
pub use rows::{Rows, TimeRange};
pub use snapshot::{HotBatch, Reach, Snapshot, TimeAxis};
pub use status::Status;
pub use storage::{Storage, StorageOptions};
pub use upkeep::{Joined, Upkeep};

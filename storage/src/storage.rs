//! All of it together.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use object_store::ObjectStore;
use object_store::memory::InMemory;
use tracing::warn;
use watchfire_ingest::table::{Shredding, Table};
use watchfire_model::{ProjectName, Timestamp};

use crate::conform::Columns;
use crate::error::{AppendError, Error};
use crate::file_list::{DataFile, FileChange};
use crate::files;
use crate::hot::Hot;
use crate::limits;
use crate::list::{List, Refused};
use crate::part::{Part, prepare};
use crate::rows::Rows;
use crate::snapshot::{Reach, Snapshot};
use crate::status::Status;
use crate::wal;

/// How telemetry is kept.
#[derive(Debug, Clone)]
pub struct StorageOptions {
    /// Who writes: the identity of the data folder, which its files and segments name. Default `local`.
    pub writer: String,
    /// The attributes with a column of their own.
    pub shredding: Shredding,
    /// How long rows stay in memory; default 15 minutes.
    pub hot_window: Duration,
    /// Most bytes of rows in memory; default 256 MiB.
    pub hot_bytes: usize,
    /// How long rows are kept at all; `None`: for ever.
    pub retention: Option<Duration>,
}

impl Default for StorageOptions {
    fn default() -> Self {
        Self {
            writer: "local".to_owned(),
            shredding: Shredding::default(),
            hot_window: Duration::from_secs(15 * 60),
            hot_bytes: 256 << 20,
            retention: None,
        }
    }
}

/// Telemetry that is kept. Cheap to clone; clones share everything.
///
/// One folder belongs to one of these that writes: a second one would give numbers twice. The lock on
/// the data folder, which the store holds, prevents that. Any number may read beside it
/// ([`Storage::open_read_only`]).
#[derive(Clone)]
pub struct Storage {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub options: StorageOptions,
    pub columns: Columns,
    pub hot: Arc<Hot>,
    /// Where the files are.
    pub objects: Arc<dyn ObjectStore>,
    pub keeping: Keeping,
    /// What the disk had lost when the log was opened.
    pub damaged: Vec<String>,
    pub last_flush_at: Mutex<Option<Timestamp>>,
}

/// Where rows are kept beside memory.
pub(crate) enum Keeping {
    /// Nowhere.
    Memory,
    /// In a log, then in files.
    Durable(Box<Durable>),
    /// Where another process keeps them.
    ReadOnly,
}

pub(crate) struct Durable {
    /// What the log and the mark of what was flushed are in.
    pub folder: PathBuf,
    pub wal: wal::Writer,
    pub list: List,
    /// One flush at a time.
    pub flushing: tokio::sync::Mutex<()>,
}

impl Storage {
    /// Rows in memory alone: gone with the process, never flushed or evicted. When `hot_bytes` is full, no more are taken.
    pub fn in_memory(options: StorageOptions) -> Self {
        let hot = Arc::new(Hot::new(options.hot_bytes));
        Self::of(options, hot, Arc::new(InMemory::new()), Keeping::Memory, Vec::new())
    }

    pub(crate) fn of(
        options: StorageOptions,
        hot: Arc<Hot>,
        objects: Arc<dyn ObjectStore>,
        keeping: Keeping,
        damaged: Vec<String>,
    ) -> Self {
        let columns = Columns::of(&options.shredding);
        let inner = Inner { options, columns, hot, objects, keeping, damaged, last_flush_at: Mutex::new(None) };
        Self { inner: Arc::new(inner) }
    }

    /// How it was opened.
    pub fn options(&self) -> &StorageOptions {
        &self.inner.options
    }

    /// Keeps these rows, all of them or none. They are durable, and every later snapshot has them, once this returns.
    ///
    /// Rows in other columns than [`Table::stored_schema`] says are conformed ([`crate::conform`]). If nobody waits
    /// for the answer any more, the rows may be kept or not, but never some of them.
    ///
    /// # Errors
    /// [`AppendError::Unavailable`] when the disk does not take them, when too many wait for it, or when memory is full
    /// because flushing does not keep up. Later appends work by themselves once there is room. [`AppendError::TooLarge`] when
    /// these rows would not be taken then either.
    pub async fn append(&self, rows: Vec<Rows>) -> Result<(), AppendError> {
        let inner = &*self.inner;
        let size_bytes = rows.iter().map(|rows| rows.batch.get_array_memory_size()).sum();
        if rows.iter().all(|rows| rows.batch.num_rows() == 0) {
            return Ok(());
        }
        let reservation = inner.hot.reserve(size_bytes)?;
        let columns = &inner.columns;
        match &inner.keeping {
            Keeping::Memory => {
                inner.hot.push_next(prepare(rows, columns), reservation);
                inner.hot.tidy();
                Ok(())
            }
            Keeping::Durable(durable) => {
                let (frame, parts) = if size_bytes <= limits::INLINE_BYTES {
                    encoded(rows, columns)?
                } else {
                    let columns = columns.clone();
                    let work = tokio::task::spawn_blocking(move || encoded(rows, &columns));
                    work.await.unwrap_or_else(|_| {
                        let reason = "the rows could not be encoded; the log says why".to_owned();
                        Err(AppendError::Unavailable { reason })
                    })?
                };
                durable.wal.append(frame, parts, reservation).await
            }
            Keeping::ReadOnly => {
                let reason = "this telemetry was opened for reading only".to_owned();
                Err(AppendError::Unavailable { reason })
            }
        }
    }

    /// The rows of a table as they are now. Never waits for a disk.
    ///
    /// When memory has every row inside the reach's window, flushed ones included, there are no files in it; else there
    /// are all files that touch the window, and the rows that are in no file yet.
    pub fn snapshot(&self, project: &ProjectName, table: Table, reach: Reach) -> Snapshot {
        self.inner.hot.snapshot(project, table, reach)
    }

    /// The projects that have rows, in the order of their names.
    pub fn projects(&self) -> Vec<ProjectName> {
        self.inner.hot.projects()
    }

    /// Takes rows out of memory that are in files, and whose time and arrival are both older than `hot_window`.
    pub fn evict(&self, now: Timestamp) {
        if matches!(self.inner.keeping, Keeping::Durable(_)) {
            self.inner.hot.evict(now.minus(self.inner.options.hot_window));
        }
    }

    /// All files that are part of tables.
    pub fn files(&self) -> Vec<Arc<DataFile>> {
        self.inner.hot.files()
    }

    /// Changes the list of files (compaction, retention, deletion), and what snapshots see of it. Changes are made one
    /// after the other, beside flushes. New files that the list refuses are deleted.
    ///
    /// # Errors
    /// [`Error::FileList`]. If that is transient, the change may still come about: it is made again before the next one.
    pub async fn change_files(&self, change: FileChange) -> Result<(), Error> {
        match &self.inner.keeping {
            Keeping::Durable(durable) => {
                let added: Vec<String> = change.added.iter().map(|file| file.path.clone()).collect();
                let changed = durable.list.change(change).await;
                if let Err(Refused::ForGood(_)) = &changed {
                    self.delete_unlisted(added).await;
                }
                changed.map_err(Refused::into_error)
            }
            Keeping::Memory | Keeping::ReadOnly => Err(not_durable("the list of files cannot be changed")),
        }
    }

    /// Deletes files that the list certainly does not have, and will not get. Those that stay are swept later.
    pub(crate) async fn delete_unlisted(&self, paths: Vec<String>) {
        let (_, failed) = files::delete(&self.inner.objects, &paths).await;
        if let Some(error) = failed {
            warn!(%error, "Files of a change that did not come about stay until they are swept");
        }
    }

    /// Finds out what became of a change of the list whose answer did not come.
    pub(crate) async fn settle(&self) -> Result<(), Error> {
        match &self.inner.keeping {
            Keeping::Durable(durable) => durable.list.settle().await,
            Keeping::Memory | Keeping::ReadOnly => Ok(()),
        }
    }

    /// The paths of files that are part of no table any more and are still to be deleted.
    pub fn doomed(&self) -> Vec<String> {
        self.inner.hot.doomed()
    }

    /// Whether a snapshot of this process has the file, or a later one may.
    pub fn is_held(&self, path: &str) -> bool {
        self.inner.hot.is_held(path)
    }

    /// Whether rows outlive the process, and this process may write them: not in memory alone, not opened to be read.
    pub fn is_durable(&self) -> bool {
        matches!(self.inner.keeping, Keeping::Durable(_))
    }

    /// Where the files of snapshots are, to be read.
    pub fn objects(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.inner.objects)
    }

    /// Where files are written and deleted.
    ///
    /// # Errors
    /// [`Error::Io`] with `what` for rows in memory alone, and for what was opened to be read.
    pub(crate) fn own_objects(&self, what: &str) -> Result<&Arc<dyn ObjectStore>, Error> {
        match &self.inner.keeping {
            Keeping::Durable(_) => Ok(&self.inner.objects),
            Keeping::Memory | Keeping::ReadOnly => Err(not_durable(what)),
        }
    }

    /// What it holds and how it is.
    pub fn status(&self) -> Status {
        let inner = &*self.inner;
        let totals = inner.hot.totals();
        let (files, file_bytes) = inner.hot.file_sums();
        let (flushed_through, last_sequence) = inner.hot.sequences();
        let gauges = match &inner.keeping {
            Keeping::Durable(durable) => Some(&durable.wal.gauges),
            Keeping::Memory | Keeping::ReadOnly => None,
        };
        let load = |of: fn(&wal::Gauges) -> &std::sync::atomic::AtomicU64| {
            gauges.map_or(0, |gauges| of(gauges).load(std::sync::atomic::Ordering::Relaxed))
        };
        Status {
            hot_rows: totals.rows,
            hot_bytes: totals.size_bytes as u64,
            unflushed_rows: totals.unflushed_rows,
            unflushed_bytes: totals.unflushed_bytes as u64,
            oldest_unflushed_at: inner.hot.oldest_unflushed(),
            wal_bytes: load(|gauges| &gauges.size_bytes),
            wal_syncs: load(|gauges| &gauges.syncs),
            files,
            file_bytes,
            last_sequence,
            flushed_through,
            last_flush_at: *inner.last_flush_at.lock().unwrap_or_else(PoisonError::into_inner),
            flush_failure: inner.hot.flush_failure(),
            append_failure: gauges.and_then(|gauges| gauges.failure()),
            log_is_broken: gauges.is_some_and(|gauges| gauges.is_broken.load(std::sync::atomic::Ordering::Relaxed)),
            damaged: inner.damaged.clone(),
        }
    }

    /// Takes no more appends, and returns once those that wait are durable and answered. Nothing is flushed: the log has
    /// it all.
    pub async fn shutdown(&self) {
        let inner = Arc::clone(&self.inner);
        let stopped = tokio::task::spawn_blocking(move || match &inner.keeping {
            Keeping::Durable(durable) => durable.wal.stop(),
            Keeping::Memory | Keeping::ReadOnly => {}
        });
        // It fails only when the runtime ends before it, and then nobody waits.
        let _ = stopped.await;
    }
}

pub(crate) fn not_durable(what: &str) -> Error {
    let reason = "this telemetry is in memory alone, or was opened for reading only".to_owned();
    Error::Io { what: what.to_owned(), reason }
}

fn encoded(rows: Vec<Rows>, columns: &Columns) -> Result<(wal::Frame, Vec<Part>), AppendError> {
    let parts = prepare(rows, columns);
    let frame = wal::encode(&parts, limits::APPEND_BYTES)?;
    Ok((frame, parts))
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Storage").field("options", &self.inner.options).finish_non_exhaustive()
    }
}

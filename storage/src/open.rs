//! Opening: what the list says, then what the log has beyond it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use object_store::ObjectStore;
use tracing::warn;
use watchfire_ingest::table::Shredding;

use crate::conform::conform;
use crate::error::Error;
use crate::file_list::FileList;
use crate::hot::Hot;
use crate::limits;
use crate::list::List;
use crate::part::{Part, hot_batch};
use crate::storage::{Durable, Keeping, Storage, StorageOptions};
use crate::wal::{self, Disk, LocalDisk, replay};

/// Batches are joined after so many rows were read.
const TIDY_ROWS: usize = 16 * limits::HOT_BATCH_ROWS;

/// How far reading the log is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplayProgress {
    /// Bytes that were read.
    pub done_bytes: u64,
    /// Bytes that there are.
    pub all_bytes: u64,
}

impl Storage {
    /// Opens what is kept in `folder` (the log, in `folder/wal`) and in `objects` (the files that `file_list` names), and
    /// makes the folder when it is not there. Two that write must never share a folder.
    ///
    /// `progress` hears how far reading the log is, about once per MiB.
    ///
    /// # Errors
    /// [`Error::Io`] when the folder cannot be read or written, [`Error::FileList`] when the list cannot be loaded. A torn end of
    /// the log is no error (nobody was told that it is kept); damage before its end is told in
    /// [`crate::Status::damaged`], and everything around it is there.
    pub async fn open(
        folder: &Path,
        objects: Arc<dyn ObjectStore>,
        file_list: Arc<dyn FileList>,
        options: StorageOptions,
        progress: impl FnMut(ReplayProgress) + Send + 'static,
    ) -> Result<Self, Error> {
        Self::open_on(Arc::new(LocalDisk), folder, objects, file_list, options, progress).await
    }

    pub(crate) async fn open_on(
        disk: Arc<dyn Disk>,
        folder: &Path,
        objects: Arc<dyn ObjectStore>,
        file_list: Arc<dyn FileList>,
        options: StorageOptions,
        mut progress: impl FnMut(ReplayProgress) + Send + 'static,
    ) -> Result<Self, Error> {
        let folder = folder.join("wal");
        let listed = file_list.load().await?;
        let flushed_through = listed.flushed_through;
        let hot = Arc::new(Hot::new(options.hot_bytes));
        hot.load(listed);
        let (ours, theirs, shredding) = (folder.clone(), Arc::clone(&hot), options.shredding.clone());
        let replayed = blocking(&folder, "reading the log", move || {
            make_folder(&ours)?;
            let mut progress = |done_bytes, all_bytes| progress(ReplayProgress { done_bytes, all_bytes });
            fill(&theirs, &shredding, |each| replay(&ours, flushed_through, true, each, &mut progress))
        });
        let mut replayed = replayed.await?;
        let damaged = std::mem::take(&mut replayed.damaged);
        let log = replayed.into_log(folder.clone(), disk, options.writer.clone(), &options.shredding, flushed_through);
        let failed = |error: io::Error| trouble(&folder, "starting the log's thread", &error);
        let wal = wal::Writer::start(log, Arc::clone(&hot)).map_err(failed)?;
        let list = List::new(file_list, Arc::clone(&hot));
        let durable = Durable { wal, list, flushing: tokio::sync::Mutex::new(()) };
        let storage = Self::of(options, hot, objects, Keeping::Durable(Box::new(durable)), damaged);
        storage.forget_flushed_segments().await;
        Ok(storage)
    }

    /// Opens for reading, beside a server or without one; nothing is changed, and rows that come later are not seen.
    ///
    /// # Errors
    /// As [`Storage::open`]; also when a server flushes so fast that the log cannot be read in between.
    pub async fn open_read_only(
        folder: &Path,
        objects: Arc<dyn ObjectStore>,
        file_list: Arc<dyn FileList>,
        options: StorageOptions,
    ) -> Result<Self, Error> {
        let folder = folder.join("wal");
        for _ in 0..limits::READ_ATTEMPTS {
            let listed = file_list.load().await?;
            let flushed_through = listed.flushed_through;
            // Rows that are read may be more than the server may hold.
            let hot = Arc::new(Hot::new(usize::MAX));
            hot.load(listed);
            let (ours, theirs, shredding) = (folder.clone(), Arc::clone(&hot), options.shredding.clone());
            let replayed = blocking(&folder, "reading the log", move || {
                if !ours.exists() {
                    return Ok(None);
                }
                let read =
                    fill(&theirs, &shredding, |each| replay(&ours, flushed_through, false, each, &mut |_, _| {}));
                match read {
                    Ok(replayed) => Ok(Some(replayed)),
                    // A segment was flushed and removed between two looks.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                    Err(error) => Err(error),
                }
            });
            let replayed = replayed.await?;
            // Segments are removed only after the list has moved: if it has not, all of them were there.
            if file_list.load().await?.flushed_through == flushed_through {
                let damaged = replayed.map_or_else(Vec::new, |replayed| replayed.damaged);
                return Ok(Self::of(options, hot, objects, Keeping::ReadOnly, damaged));
            }
        }
        let reason = "the server that writes it flushes too often; try again".to_owned();
        Err(Error::Io { what: format!("reading the log in {}", folder.display()), reason })
    }

    /// Removes the segments of the log whose rows are all in files. One that cannot be removed costs room and nothing else:
    /// what is flushed is passed over when the log is read.
    pub(crate) async fn forget_flushed_segments(&self) {
        let Keeping::Durable(durable) = &self.inner.keeping else { return };
        let inner = Arc::clone(&self.inner);
        let (through, _) = inner.hot.sequences();
        let removed = blocking(durable.wal.folder(), "removing flushed segments", move || match &inner.keeping {
            Keeping::Durable(durable) => durable.wal.remove_through(through),
            Keeping::Memory | Keeping::ReadOnly => Ok(()),
        });
        if let Err(error) = removed.await {
            warn!(%error, "Flushed segments of the log stay until the next flush");
        }
    }
}

/// Gives what a log has to memory.
fn fill<T>(
    hot: &Hot,
    shredding: &Shredding,
    read: impl FnOnce(&mut dyn FnMut(u64, Vec<Part>)) -> io::Result<T>,
) -> io::Result<T> {
    let mut untidy_rows = 0;
    let mut each = |sequence: u64, parts: Vec<Part>| {
        untidy_rows += parts.iter().map(|part| part.batch.rows.num_rows()).sum::<usize>();
        hot.push(sequence, parts.into_iter().map(|part| conformed(part, shredding)).collect(), None);
        if untidy_rows >= TIDY_ROWS {
            untidy_rows = 0;
            hot.tidy();
        }
    };
    let read = read(&mut each)?;
    hot.tidy();
    Ok(read)
}

/// Makes a folder and those above it, and makes that durable: what is in it must not go with its name.
fn make_folder(folder: &Path) -> io::Result<()> {
    let is_new = !folder.exists();
    std::fs::create_dir_all(folder)?;
    if is_new {
        for above in folder.ancestors().skip(1).take(3).filter(|above| above.parent().is_some()) {
            std::fs::File::open(above)?.sync_all()?;
        }
    }
    Ok(())
}

/// In the columns of the present shredding.
fn conformed(part: Part, shredding: &Shredding) -> Part {
    let rows = conform(&part.batch.rows, part.table, shredding);
    let batch = hot_batch(rows, part.table, part.batch.is_pending);
    Part { batch, ..part }
}

/// Runs work that waits for the disk where it blocks nobody.
pub(crate) async fn blocking<T: Send + 'static>(
    folder: &Path,
    what: &str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| trouble(folder, what, &error)),
        Err(_) => {
            let reason = "the program broke at it, or is stopping".to_owned();
            Err(Error::Io { what: format!("{what} in {}", folder.display()), reason })
        }
    }
}

fn trouble(folder: &Path, what: &str, error: &io::Error) -> Error {
    Error::Io { what: format!("{what} in {}", PathBuf::from(folder).display()), reason: error.to_string() }
}

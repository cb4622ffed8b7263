//! Opening: what the list says, then what the log has beyond it.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use object_store::ObjectStore;
use tracing::warn;

use crate::conform::Columns;
use crate::error::Error;
use crate::file_list::{FileList, ListedFiles};
use crate::files;
use crate::flushed_mark;
use crate::hot::Hot;
use crate::kill_point::KillPoint;
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
    /// [`Error::Io`] when the folder cannot be read or written, [`Error::FileList`] when the list cannot be loaded,
    /// [`Error::OldList`] when the list lacks files, so that it has to be repaired first. A torn end of
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
        let whole = folder.to_owned();
        let marked = marked(&whole).await?;
        let listed = file_list.load().await?;
        let flushed_through = listed.flushed_through;
        not_older(&whole, flushed_through, marked.unwrap_or(0))?;
        let paths: HashSet<String> = known_paths(&listed);
        let folder = whole.join("wal");
        let hot = Arc::new(Hot::new(options.hot_bytes));
        hot.load(listed);
        let (ours, theirs, columns) = (folder.clone(), Arc::clone(&hot), Columns::of(&options.shredding));
        let replayed = blocking(&folder, "reading the log", move || {
            make_folder(&ours)?;
            let mut progress = |done_bytes, all_bytes| progress(ReplayProgress { done_bytes, all_bytes });
            fill(&theirs, &columns, |each| replay(&ours, flushed_through, true, each, &mut progress))
        });
        let mut replayed = replayed.await?;
        if marked.is_none() {
            // Nobody has kept here yet how much was flushed: the files say it, if there are any.
            let filed_through = files::flushed_through(&objects, &paths, hot.unflushed_from().1).await?;
            not_older(&whole, flushed_through, filed_through)?;
        }
        let damaged = std::mem::take(&mut replayed.damaged);
        let log = replayed.into_log(folder.clone(), disk, options.writer.clone(), &options.shredding, flushed_through);
        let failed = |error: io::Error| trouble(&folder, "starting the log's thread", &error);
        let wal = wal::Writer::start(log, Arc::clone(&hot)).map_err(failed)?;
        let list = List::new(file_list, Arc::clone(&hot));
        let durable = Durable { folder: whole, wal, list, flushing: tokio::sync::Mutex::new(()) };
        let storage = Self::of(options, hot, objects, Keeping::Durable(Box::new(durable)), damaged);
        storage.forget_flushed_segments().await;
        Ok(storage)
    }

    /// Opens for reading, beside a server or without one; nothing is changed, and rows that come later are not seen.
    ///
    /// # Errors
    /// As [`Storage::open`]; [`Error::Io`] also when a server flushes so fast that the log cannot be read in between.
    pub async fn open_read_only(
        folder: &Path,
        objects: Arc<dyn ObjectStore>,
        file_list: Arc<dyn FileList>,
        options: StorageOptions,
    ) -> Result<Self, Error> {
        let whole = folder;
        let folder = whole.join("wal");
        for _ in 0..limits::READ_ATTEMPTS {
            // Before the list: a server moves the list first.
            let marked = marked(whole).await?;
            let listed = file_list.load().await?;
            let flushed_through = listed.flushed_through;
            not_older(whole, flushed_through, marked.unwrap_or(0))?;
            // Rows that are read may be more than the server may hold.
            let hot = Arc::new(Hot::new(usize::MAX));
            hot.load(listed);
            let (ours, theirs, columns) = (folder.clone(), Arc::clone(&hot), Columns::of(&options.shredding));
            let replayed = blocking(&folder, "reading the log", move || {
                if !ours.exists() {
                    return Ok(Some(Vec::new()));
                }
                let read = fill(&theirs, &columns, |each| replay(&ours, flushed_through, false, each, &mut |_, _| {}));
                match read {
                    Ok(replayed) => Ok(Some(replayed.damaged)),
                    // A segment was flushed and removed between two looks: what was read is not all.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                    Err(error) => Err(error),
                }
            });
            let Some(damaged) = replayed.await? else { continue };
            // Segments are removed only after the list has moved: if it has not, all of them were there.
            if file_list.load().await?.flushed_through == flushed_through {
                return Ok(Self::of(options, hot, objects, Keeping::ReadOnly, damaged));
            }
        }
        let reason = "segments of it go while it is read, since the server that writes it flushes too often, or since \
                      one is a broken link; try again"
            .to_owned();
        Err(Error::Io { what: format!("reading the log in {}", folder.display()), reason })
    }

    /// Removes the segments of the log whose rows are all in files, once the folder itself says so. One that cannot be removed costs room and nothing else:
    /// what is flushed is passed over when the log is read.
    pub(crate) async fn forget_flushed_segments(&self) {
        let Keeping::Durable(durable) = &self.inner.keeping else { return };
        let inner = Arc::clone(&self.inner);
        let (through, _) = inner.hot.sequences();
        let removed = blocking(durable.wal.folder(), "removing flushed segments", move || match &inner.keeping {
            Keeping::Durable(durable) => {
                if flushed_mark::read(&durable.folder)? != Some(through) {
                    flushed_mark::write(&durable.folder, through)?;
                    KillPoint::FlushAfterMark.pass();
                }
                durable.wal.remove_through(through)
            }
            Keeping::Memory | Keeping::ReadOnly => Ok(()),
        });
        if let Err(error) = removed.await {
            warn!(%error, "Flushed segments of the log stay until the next flush");
        }
    }
}

/// How much was flushed, as the folder knows.
async fn marked(folder: &Path) -> Result<Option<u64>, Error> {
    let ours = folder.to_owned();
    blocking(folder, "reading how much was flushed", move || flushed_mark::read(&ours)).await
}

/// Refuses a list that knows of less than was flushed.
fn not_older(folder: &Path, listed_through: u64, flushed_through: u64) -> Result<(), Error> {
    if flushed_through > listed_through {
        return Err(Error::OldList { folder: folder.display().to_string(), listed_through, flushed_through });
    }
    Ok(())
}

fn known_paths(listed: &ListedFiles) -> HashSet<String> {
    listed.files.iter().map(|file| file.path.clone()).chain(listed.doomed.iter().cloned()).collect()
}

/// Gives what a log has to memory.
fn fill<T>(
    hot: &Hot,
    columns: &Columns,
    read: impl FnOnce(&mut dyn FnMut(u64, Vec<Part>)) -> io::Result<T>,
) -> io::Result<T> {
    let mut untidy_rows = 0;
    let mut each = |sequence: u64, parts: Vec<Part>| {
        untidy_rows += parts.iter().map(|part| part.batch.rows.num_rows()).sum::<usize>();
        hot.push(sequence, parts.into_iter().map(|part| conformed(part, columns)).collect(), None);
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
fn conformed(part: Part, columns: &Columns) -> Part {
    if part.batch.rows.schema_ref() == columns.of_table(part.table) {
        return part;
    }
    let rows = columns.conform(&part.batch.rows, part.table);
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

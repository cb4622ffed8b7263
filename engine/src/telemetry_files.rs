//! The list of telemetry's files, kept in the store, and telemetry opened over it.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use watchfire_ingest::table::Table;
use watchfire_model::Timestamp;
use watchfire_storage::files::{LocalFolder, Rebuilt, rebuild};
use watchfire_storage::{
    DataFile, FileChange, FileList, FileListError, ListedFiles, ReplayProgress, Storage, StorageOptions, TimeRange,
    known_of, mark_flushed,
};
use watchfire_store::{Store, TelemetryFile, TelemetryFileChange, TelemetryFileList};

use crate::error::Error;

/// Where telemetry lies in a data folder.
const FOLDER: &str = "telemetry";
/// Where its files lie in there, beside the log.
const FILES: &str = "files";

/// Whether telemetry was ever kept in a data folder.
pub fn has_telemetry(data: &Path) -> bool {
    data.join(FOLDER).join(FILES).is_dir()
}

/// Opens the telemetry of a data folder, to keep more in it. The store holds the folder, so that nobody else does.
///
/// `progress` hears how far reading the log is.
///
/// # Errors
/// [`Error::Storage`] when the folder or the list cannot be read.
pub async fn open_telemetry(
    store: &Store,
    data: &Path,
    options: StorageOptions,
    progress: impl FnMut(ReplayProgress) + Send + 'static,
) -> Result<Storage, Error> {
    let folder = data.join(FOLDER);
    let objects = LocalFolder::open(&folder.join(FILES))?;
    let options = StorageOptions { writer: store.telemetry_writer().to_owned(), ..options };
    Ok(Storage::open(&folder, Arc::new(objects), Arc::new(StoredList { store: store.clone() }), options, progress)
        .await?)
}

/// Opens the telemetry of a data folder to read it, also beside a running server; `None` when nothing was ever kept there.
///
/// # Errors
/// [`Error::Storage`] when the folder or the list cannot be read.
pub async fn open_telemetry_read_only(
    store: &Store,
    data: &Path,
    options: StorageOptions,
) -> Result<Option<Storage>, Error> {
    let folder = data.join(FOLDER);
    if !has_telemetry(data) {
        return Ok(None);
    }
    let objects = LocalFolder::open_to_read(&folder.join(FILES))?;
    let list = Arc::new(StoredList { store: store.clone() });
    Ok(Some(Storage::open_read_only(&folder, Arc::new(objects), list, options).await?))
}

/// What a repair did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Repaired {
    /// How many files the list had before, and how many it has now.
    pub files: (usize, usize),
    /// The rows of the files before, and now.
    pub rows: (u64, u64),
    /// Files whose rows others or the log have too; they will be deleted.
    pub superseded: usize,
    /// Files that are in the list again, or for the first time.
    pub found: Vec<String>,
    /// Files that were in the list and are not there.
    pub lost: Vec<String>,
    /// Files that cannot be read, with what is wrong.
    pub damaged: Vec<(String, String)>,
}

/// Makes the list of telemetry's files again from the files in the data folder.
///
/// # Errors
/// [`Error::Storage`] when the files cannot be read, [`Error::Store`] when the list cannot be written; then it is as it was.
pub async fn repair_telemetry(store: &Store, data: &Path) -> Result<Repaired, Error> {
    let folder = data.join(FOLDER);
    let objects: Arc<dyn object_store::ObjectStore> = Arc::new(LocalFolder::open(&folder.join(FILES))?);
    let old = store.telemetry_files().await?;
    let known = known_of(&folder, old.flushed_through).await?;
    let Rebuilt { list, damaged } = rebuild(&objects, known).await?;
    let new = TelemetryFileList {
        files: list.files.iter().map(stored).collect(),
        flushed_through: list.flushed_through,
        doomed: list.doomed,
    };
    store.replace_telemetry_files(&new).await?;
    // After the list, never before it: it must not say more than the list.
    mark_flushed(&folder, new.flushed_through).await?;
    let rows = |list: &TelemetryFileList| list.files.iter().map(|file| file.rows).sum();
    let is_in = |list: &TelemetryFileList, path: &str| list.files.iter().any(|file| file.path == path);
    let difference = |of: &TelemetryFileList, without: &TelemetryFileList| {
        let paths = of.files.iter().map(|file| &file.path);
        paths.filter(|path| !is_in(without, path)).cloned().collect::<Vec<String>>()
    };
    let lost = difference(&old, &new).into_iter().filter(|path| !new.doomed.contains(path)).collect();
    Ok(Repaired {
        files: (old.files.len(), new.files.len()),
        rows: (rows(&old), rows(&new)),
        superseded: new.doomed.len(),
        found: difference(&new, &old),
        lost,
        damaged,
    })
}

/// The list in the store, under the name of its data folder.
struct StoredList {
    store: Store,
}

#[async_trait]
impl FileList for StoredList {
    async fn load(&self) -> Result<ListedFiles, FileListError> {
        let TelemetryFileList { files, flushed_through, doomed } =
            self.store.telemetry_files().await.map_err(trouble)?;
        let files = files.into_iter().map(listed).collect::<Result<_, _>>()?;
        Ok(ListedFiles { files, flushed_through, doomed })
    }

    async fn commit(&self, change: &FileChange) -> Result<(), FileListError> {
        let change = TelemetryFileChange {
            added: change.added.iter().map(stored).collect(),
            removed: change.removed.clone(),
            flushed_through: change.flushed_through,
            deleted: change.deleted.clone(),
        };
        self.store.commit_telemetry_files(&change).await.map_err(trouble)
    }
}

fn trouble(error: watchfire_store::Error) -> FileListError {
    FileListError { is_transient: error.is_transient(), reason: error.to_string() }
}

fn stored(file: &DataFile) -> TelemetryFile {
    TelemetryFile {
        path: file.path.clone(),
        project: file.project.clone(),
        table: file.table.as_str().to_owned(),
        rows: file.rows,
        size_bytes: file.size_bytes,
        time: (file.time.first, file.time.last),
        arrival: (file.arrival.first, file.arrival.last),
        sequences: file.sequences,
        shredded: file.shredded.clone(),
    }
}

fn listed(file: TelemetryFile) -> Result<DataFile, FileListError> {
    let Some(table) = Table::parse(&file.table) else {
        let reason = format!("{} is a file of the unknown table `{}`", file.path, file.table);
        return Err(FileListError { reason, is_transient: false });
    };
    let range = |(first, last): (Timestamp, Timestamp)| TimeRange { first, last };
    Ok(DataFile {
        path: file.path,
        project: file.project,
        table,
        rows: file.rows,
        size_bytes: file.size_bytes,
        time: range(file.time),
        arrival: range(file.arrival),
        sequences: file.sequences,
        shredded: file.shredded,
    })
}

//! A local folder as an object store whose objects survive a power cut.
//!
//! `object_store`'s own does not sync: after a power cut an object that was written may be empty, and the log that had
//! its rows is cut by then. So each object is synced, and the folders above it, before its writing counts as done.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMultipartOptions,
    PutOptions, PutPayload, PutResult, Result, UploadPart,
};
use tokio::task::spawn_blocking;

use super::trouble;
use crate::error::Error;

/// A folder on this machine.
#[derive(Debug, Clone)]
pub struct LocalFolder {
    files: Arc<LocalFileSystem>,
    root: PathBuf,
}

impl LocalFolder {
    /// Opens the folder to write in it: makes it when it is not there, and removes what a crash left half written.
    /// Nobody else may have it open so.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be made or read.
    pub fn open(root: &FilePath) -> Result<Self, Error> {
        let what = || format!("opening the folder {}", root.display());
        fs::create_dir_all(root).map_err(trouble::at(what()))?;
        remove_half_written(root).map_err(trouble::at(what()))?;
        Self::open_to_read(root)
    }

    /// Opens the folder to read it, also while somebody else writes.
    ///
    /// # Errors
    /// [`Error::Io`] when it is not there.
    pub fn open_to_read(root: &FilePath) -> Result<Self, Error> {
        let what = || format!("opening the folder {}", root.display());
        let root = fs::canonicalize(root).map_err(trouble::at(what()))?;
        let files = LocalFileSystem::new_with_prefix(&root).map_err(trouble::at(what()))?;
        Ok(Self { files: Arc::new(files.with_automatic_cleanup(true)), root })
    }

    /// Makes an object durable that was just put into its place.
    async fn sync(&self, location: &Path) -> Result<()> {
        let (path, root) = (self.files.path_to_filesystem(location)?, self.root.clone());
        let synced = spawn_blocking(move || sync(&path, &root)).await;
        synced.unwrap_or_else(|_| Err(io::Error::other("the program is stopping"))).map_err(generic)
    }
}

fn sync(path: &FilePath, root: &FilePath) -> io::Result<()> {
    File::open(path)?.sync_all()?;
    // The folders above may be new too, so that each is an entry in the next one.
    for folder in path.ancestors().skip(1).take_while(|folder| folder.starts_with(root)) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// `LocalFileSystem` writes beside the place, under the same name with `#` and a number behind.
fn remove_half_written(folder: &FilePath) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        let name = entry.file_name();
        let is_half_written = name.to_string_lossy().rsplit_once('#').is_some_and(|(before, number)| {
            before.ends_with(".parquet") && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        });
        if entry.file_type()?.is_dir() {
            remove_half_written(&path)?;
        } else if is_half_written {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

fn generic(error: io::Error) -> object_store::Error {
    object_store::Error::Generic { store: "LocalFolder", source: Box::new(error) }
}

impl fmt::Display for LocalFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the folder {}", self.root.display())
    }
}

#[async_trait]
impl ObjectStore for LocalFolder {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        let put = self.files.put_opts(location, payload, opts).await?;
        self.sync(location).await?;
        Ok(put)
    }

    async fn put_multipart_opts(&self, location: &Path, opts: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        let upload = self.files.put_multipart_opts(location, opts).await?;
        Ok(Box::new(SyncedUpload { upload, folder: self.clone(), location: location.clone() }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.files.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.files.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.files.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.files.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.files.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.files.copy_opts(from, to, options).await?;
        self.sync(to).await
    }
}

/// An upload that counts once it is on the disk.
#[derive(Debug)]
struct SyncedUpload {
    upload: Box<dyn MultipartUpload>,
    folder: LocalFolder,
    location: Path,
}

#[async_trait]
impl MultipartUpload for SyncedUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.upload.put_part(data)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let put = self.upload.complete().await?;
        self.folder.sync(&self.location).await?;
        Ok(put)
    }

    async fn abort(&mut self) -> Result<()> {
        self.upload.abort().await
    }
}

#[cfg(test)]
mod tests {
    use object_store::ObjectStoreExt;
    use watchfire_ingest::table::Table;

    use super::super::testing::{flush, objects_in, project, read_rows, records, span};
    use super::super::write::write;
    use super::*;

    #[tokio::test]
    async fn files_in_a_folder_are_read_again_and_leave_no_empty_folders_behind() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("telemetry/files");
        let objects: Arc<dyn ObjectStore> = Arc::new(LocalFolder::open(&root).unwrap());
        let rows = vec![records(&[span("a", 1), span("b", 2)])];
        let files = write(&objects, &flush(0, 1, 0), &project("p/1"), Table::Records, (1, 1), rows).await.unwrap();
        assert_eq!(read_rows(&objects, &files[0]).await, ["a", "b"]);
        assert!(root.join(&files[0].path).is_file());
        let again: Arc<dyn ObjectStore> = Arc::new(LocalFolder::open_to_read(&root).unwrap());
        assert_eq!(objects_in(&again).await, [files[0].path.clone()]);
        objects.delete(&files[0].path.as_str().into()).await.unwrap();
        assert!(!root.join("records").exists());
    }

    #[tokio::test]
    async fn large_objects_arrive_whole_in_parts() {
        let folder = tempfile::tempdir().unwrap();
        let objects: Arc<dyn ObjectStore> = Arc::new(LocalFolder::open(folder.path()).unwrap());
        let mut upload = objects.put_multipart(&"records/p/d/x.parquet".into()).await.unwrap();
        for byte in [b'a', b'b'] {
            upload.put_part(vec![byte; 1_000].into()).await.unwrap();
        }
        assert_eq!(objects_in(&objects).await, [] as [String; 0], "not before it is complete");
        upload.complete().await.unwrap();
        let bytes = fs::read(folder.path().join("records/p/d/x.parquet")).unwrap();
        assert_eq!(bytes, [vec![b'a'; 1_000], vec![b'b'; 1_000]].concat());
    }

    #[test]
    fn what_a_crash_left_half_written_goes_at_the_next_start_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let day = folder.path().join("records/p/2026-11-20");
        fs::create_dir_all(&day).unwrap();
        for name in ["x.parquet", "x.parquet#1", "notes #1", "y.parquet#a"] {
            fs::write(day.join(name), "x").unwrap();
        }
        LocalFolder::open(folder.path()).unwrap();
        let mut left: Vec<_> = fs::read_dir(&day).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["notes #1", "x.parquet", "y.parquet#a"]);
    }
}

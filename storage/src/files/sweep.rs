//! Files that are in no list: left by a crash between writing and listing.

use std::collections::HashSet;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use object_store::{ObjectMeta, ObjectStore};
use watchfire_model::Timestamp;

use super::footer::{self, Footer};
use super::limits::{FOOTERS_AT_ONCE, ORPHAN_AGE_MIN};
use super::{doom, place, trouble};
use crate::error::Error;
use crate::file_list::ListedFiles;

/// What a sweep found and did.
#[derive(Debug, Default)]
pub struct Swept {
    /// Paths of orphans that were deleted.
    pub deleted: Vec<String>,
    /// Paths that the list has and the object store has not. `watchfire repair` makes the list again.
    pub missing: Vec<String>,
    /// Paths of files that say that more was flushed than the list knows: the list is older than the files, as after a
    /// backup was put back. `watchfire repair` makes it again.
    pub newer_than_list: Vec<String>,
    /// Paths of files in no list whose footer names another data folder: this one has lost its name, or somebody has put
    /// them here. `watchfire repair` lists them.
    pub of_others: Vec<String>,
    /// Files in no list that cannot be read, with what is wrong; they are left alone.
    pub unreadable: Vec<(String, String)>,
}

impl Swept {
    /// The paths that do not fit, of whatever kind.
    pub fn misfits(&self) -> impl Iterator<Item = &str> {
        let all = self.missing.iter().chain(&self.newer_than_list).chain(&self.of_others);
        all.map(String::as_str)
    }

    /// Whether the list and the files fit together.
    pub fn fits(&self) -> bool {
        self.misfits().next().is_none()
    }
}

/// Deletes the files of this writer that are in no list and old enough not to be on their way into it. Nothing is
/// deleted when list and files do not fit together: then the files are what can be trusted. `unflushed_from` is the first
/// sequence number that is not in listed files, and so in the log; `None` when there is none.
///
/// Not to be called while files are joined, removed or deleted; a flush may go on.
///
/// # Errors
/// [`Error::Io`] when the object store does not answer.
pub async fn sweep(
    objects: &Arc<dyn ObjectStore>,
    list: &ListedFiles,
    writer: &str,
    unflushed_from: Option<u64>,
    now: Timestamp,
) -> Result<Swept, Error> {
    let found = ours(objects).await?;
    let present: HashSet<&str> = found.iter().map(|object| object.location.as_ref()).collect();
    let known: HashSet<&str> = list.files.iter().map(|file| file.path.as_str()).collect();
    let doomed: HashSet<&str> = list.doomed.iter().map(String::as_str).collect();
    let missing = known.iter().filter(|path| !present.contains(*path));
    let mut swept = Swept { missing: missing.map(|path| (*path).to_owned()).collect(), ..Swept::default() };
    swept.missing.sort();
    let is_unlisted = |object: &&ObjectMeta| {
        let path = object.location.as_ref();
        let written_at = Timestamp::from_micros(object.last_modified.timestamp_micros());
        !known.contains(path) && !doomed.contains(path) && now.since(written_at) >= ORPHAN_AGE_MIN
    };
    let mut orphans = Vec::new();
    for (object, footer) in footers(objects, found.iter().filter(is_unlisted).cloned().collect()).await? {
        let path = object.location.to_string();
        match footer {
            Err(reason) => swept.unreadable.push((path, reason)),
            Ok(footer) if footer.writer != writer => swept.of_others.push(path),
            Ok(footer) if footer.was_listed_through(unflushed_from) > list.flushed_through => {
                swept.newer_than_list.push(path);
            }
            Ok(_) => orphans.push(path),
        }
    }
    if swept.fits() {
        let (deleted, error) = doom::delete(objects, &orphans).await;
        swept.deleted = deleted;
        error.map_or(Ok(()), Err)?;
    }
    Ok(swept)
}

/// Up to where everything was flushed and listed, as the files beside these paths say; 0 when there are none.
/// `unflushed_from` is as in [`sweep`].
///
/// # Errors
/// [`Error::Io`] when the object store does not answer.
pub(crate) async fn flushed_through(
    objects: &Arc<dyn ObjectStore>,
    beside: &HashSet<String>,
    unflushed_from: Option<u64>,
) -> Result<u64, Error> {
    let mut found = ours(objects).await?;
    found.retain(|object| !beside.contains(object.location.as_ref()));
    let footers = footers(objects, found).await?;
    let whole = footers.iter().filter_map(|(_, footer)| footer.as_ref().ok());
    Ok(whole.map(|footer| footer.was_listed_through(unflushed_from)).max().unwrap_or(0))
}

/// All objects that may be files of ours, by path.
pub(super) async fn ours(objects: &Arc<dyn ObjectStore>) -> Result<Vec<ObjectMeta>, Error> {
    let listed: Result<Vec<ObjectMeta>, _> = objects.list(None).try_collect().await;
    let mut listed = listed.map_err(trouble::at("listing telemetry files"))?;
    listed.retain(|object| place::is_ours(object.location.as_ref()));
    listed.sort_by(|one, other| one.location.cmp(&other.location));
    Ok(listed)
}

/// Their footers, or what is wrong with them.
pub(super) async fn footers(
    objects: &Arc<dyn ObjectStore>,
    found: Vec<ObjectMeta>,
) -> Result<Vec<(ObjectMeta, Result<Footer, String>)>, Error> {
    let reads = found.into_iter().map(|object| async move {
        let read = footer::read(objects, &object).await?;
        Ok((object, read.map(|(footer, _)| footer)))
    });
    futures::stream::iter(reads).buffered(FOOTERS_AT_ONCE).try_collect().await
}

#[cfg(test)]
mod tests {
    use object_store::ObjectStoreExt;
    use object_store::memory::InMemory;
    use watchfire_ingest::table::Table;

    use super::super::testing::{at, flush, objects_in, project, records, span};
    use super::super::write::{Flush, write};
    use super::*;
    use crate::file_list::DataFile;

    /// Long after everything that a test writes: object stores stamp objects with the time of the machine.
    const LATER: i64 = 32_503_680_000_000_000;

    async fn written(objects: &Arc<dyn ObjectStore>, flush: &Flush) -> DataFile {
        let rows = vec![records(&[span("a", 1)])];
        write(objects, flush, &project("p"), Table::Records, (1, 1), rows).await.unwrap().remove(0)
    }

    #[tokio::test]
    async fn a_file_that_was_written_and_never_listed_is_deleted_once_it_is_old() {
        let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let listed = written(&objects, &flush(0, 1, 0)).await;
        let doomed = written(&objects, &flush(0, 1, 0)).await;
        let orphan = written(&objects, &flush(0, 1, 0)).await;
        objects.put(&"notes.txt".into(), "mine".into()).await.unwrap();
        let list = ListedFiles { files: vec![listed], flushed_through: 1, doomed: vec![doomed.path] };
        let young = sweep(&objects, &list, "writer", None, at(0)).await.unwrap();
        assert_eq!((young.deleted.len(), objects_in(&objects).await.len()), (0, 4));
        let old = sweep(&objects, &list, "writer", None, at(LATER)).await.unwrap();
        assert_eq!(old.deleted, [orphan.path]);
        let left = objects_in(&objects).await;
        assert_eq!(left.len(), 3, "{left:?}");
    }

    #[tokio::test]
    async fn nothing_is_deleted_when_files_name_another_folder() {
        let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        written(&objects, &flush(0, 1, 0)).await;
        let others = written(&objects, &Flush::begin("somebody else", 0, 1, at(0))).await;
        let list = ListedFiles { flushed_through: 1, ..ListedFiles::default() };
        let swept = sweep(&objects, &list, "writer", None, at(LATER)).await.unwrap();
        assert_eq!((swept.deleted.len(), swept.misfits().collect::<Vec<_>>()), (0, vec![others.path.as_str()]));
        assert_eq!(objects_in(&objects).await.len(), 2);
    }

    #[tokio::test]
    async fn the_only_flush_is_kept_when_the_list_is_lost_unless_the_log_has_its_rows() {
        let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let file = written(&objects, &flush(0, 1, 0)).await;
        for unflushed_from in [None, Some(2)] {
            let swept = sweep(&objects, &ListedFiles::default(), "writer", unflushed_from, at(LATER)).await.unwrap();
            assert_eq!((swept.deleted.len(), swept.newer_than_list), (0, vec![file.path.clone()]));
        }
        let swept = sweep(&objects, &ListedFiles::default(), "writer", Some(1), at(LATER)).await.unwrap();
        assert_eq!(swept.deleted, [file.path]);
    }

    #[tokio::test]
    async fn nothing_is_deleted_when_the_list_is_older_than_the_files() {
        let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let (leftover, newer) = (written(&objects, &flush(0, 1, 0)).await, written(&objects, &flush(7, 9, 0)).await);
        let list = ListedFiles { flushed_through: 5, ..ListedFiles::default() };
        let swept = sweep(&objects, &list, "writer", None, at(LATER)).await.unwrap();
        assert_eq!((swept.deleted.len(), swept.newer_than_list.clone()), (0, vec![newer.path.clone()]));
        assert!(!swept.fits());
        let lost = DataFile { path: "records/p/d/lost.parquet".into(), ..leftover };
        let list = ListedFiles { files: vec![lost, newer], flushed_through: 9, ..ListedFiles::default() };
        let swept = sweep(&objects, &list, "writer", None, at(LATER)).await.unwrap();
        assert_eq!((swept.deleted.len(), swept.missing.len()), (0, 1));
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_read_is_told_and_left() {
        let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        objects.put(&"records/p/d/torn.parquet".into(), "PAR1 and then nothing".into()).await.unwrap();
        let swept = sweep(&objects, &ListedFiles::default(), "writer", None, at(LATER)).await.unwrap();
        assert_eq!(swept.unreadable.len(), 1);
        assert!(swept.unreadable[0].1.starts_with("it is not whole"), "{swept:?}");
        assert_eq!(objects_in(&objects).await.len(), 1);
    }
}

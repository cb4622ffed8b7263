//! What is done with the files of an open storage while it runs: joined, forgotten, deleted, swept.

use std::collections::HashMap;

use watchfire_model::Timestamp;

use crate::error::Error;
use crate::file_list::{DataFile, FileChange, ListedFiles};
use crate::files::{self, Doomed, Swept};
use crate::kill_point::KillPoint;
use crate::limits::JOIN_AGAIN_AFTER;
use crate::storage::Storage;

/// Keeps the files of a storage in order. There is one of it, so that no two of its works are under way at once; flushes
/// and queries go on beside it.
#[derive(Debug)]
pub struct Upkeep {
    storage: Storage,
    doomed: Doomed,
    /// Files whose join failed, and when: one that is damaged must not stop all the others.
    unjoinable: HashMap<String, Timestamp>,
}

/// Files that became one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Joined {
    /// How many they were.
    pub files: usize,
    /// How many rows they have.
    pub rows: u64,
}

impl Upkeep {
    /// Keeps the files of this storage in order from now on.
    pub fn new(storage: Storage) -> Self {
        Self { storage, doomed: Doomed::default(), unjoinable: HashMap::new() }
    }

    /// Joins the files that are most worth it; `None`: none is. To be called again until then.
    ///
    /// # Errors
    /// [`Error::Io`] when a file cannot be read or written, [`Error::FileList`] when the list does not take the change;
    /// every row is where it was, and these files are left alone for [`JOIN_AGAIN_AFTER`].
    pub async fn join(&mut self, now: Timestamp) -> Result<Option<Joined>, Error> {
        let objects = self.storage.own_objects("joining files")?;
        // Before the files: what a flush adds in between is above it.
        let flushed_through = self.storage.status().flushed_through;
        self.unjoinable.retain(|_, failed_at| now.since(*failed_at) < JOIN_AGAIN_AFTER);
        let mut files = self.storage.files();
        files.retain(|file| !self.unjoinable.contains_key(&file.path));
        let Some(plan) = files::plan(&files, now).into_iter().next() else { return Ok(None) };
        let options = self.storage.options();
        let merged = files::merge(objects, &plan, &options.shredding, &options.writer, flushed_through, now).await;
        let change = merged.inspect_err(|_| {
            self.unjoinable.extend(plan.files.iter().map(|file| (file.path.clone(), now)));
        })?;
        let joined = Joined { files: plan.files.len(), rows: change.added.iter().map(|file| file.rows).sum() };
        KillPoint::JoinAfterWrite.pass();
        self.storage.change_files(change).await?;
        KillPoint::JoinAfterCommit.pass();
        Ok(Some(joined))
    }

    /// Takes files out of the tables that are wholly older than `retention`. How many.
    ///
    /// # Errors
    /// [`Error::FileList`] when the list does not take the change.
    pub async fn retain(&mut self, now: Timestamp) -> Result<usize, Error> {
        let removed = files::expired(&self.storage.files(), now, self.storage.options().retention);
        let count = removed.len();
        if count > 0 {
            self.storage.change_files(FileChange { removed, ..FileChange::default() }).await?;
        }
        Ok(count)
    }

    /// Deletes doomed files that no snapshot of this process has and that readers elsewhere had time to let go. How many.
    ///
    /// # Errors
    /// [`Error::Io`] when one cannot be deleted (the others are), [`Error::FileList`] when the list does not forget them.
    pub async fn delete(&mut self, now: Timestamp) -> Result<usize, Error> {
        let objects = self.storage.own_objects("deleting files")?;
        let storage = &self.storage;
        let due = self.doomed.due(&storage.doomed(), now, |path| storage.is_held(path));
        if due.is_empty() {
            return Ok(0);
        }
        let (deleted, failed) = files::delete(objects, &due).await;
        let count = deleted.len();
        if count > 0 {
            KillPoint::DeleteBeforeCommit.pass();
            storage.change_files(FileChange { deleted, ..FileChange::default() }).await?;
        }
        failed.map_or(Ok(count), Err)
    }

    /// Compares the files with their list, and deletes what is in none. See [`files::sweep`].
    ///
    /// # Errors
    /// [`Error::Io`] when the object store does not answer.
    pub async fn sweep(&mut self, now: Timestamp) -> Result<Swept, Error> {
        let objects = self.storage.own_objects("sweeping files")?;
        // A file whose listing was not answered for an hour must not be taken for an orphan.
        self.storage.settle().await?;
        let (flushed_through, unflushed_from) = self.storage.inner.hot.unflushed_from();
        let list = ListedFiles {
            flushed_through,
            files: self.storage.files().iter().map(|file| DataFile::clone(file)).collect(),
            doomed: self.storage.doomed(),
        };
        files::sweep(objects, &list, &self.storage.options().writer, unflushed_from, now).await
    }
}

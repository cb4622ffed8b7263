//! The list of files and memory's picture of it, changed one after the other.

use std::sync::Arc;

use tokio::sync::Mutex;

use crate::error::Error;
use crate::file_list::{FileChange, FileList, ListedFiles};
use crate::hot::Hot;

/// See the module.
pub(crate) struct List {
    port: Arc<dyn FileList>,
    hot: Arc<Hot>,
    /// A change that may have happened or not, since its answer did not come. It is made again, which changes nothing if
    /// it has happened, before any other: a flush whose rows are written a second time into other files would double them.
    unsure: Mutex<Option<FileChange>>,
}

/// Why a change did not come about, as far as is known.
pub(crate) enum Refused {
    /// The list does not have it.
    ForGood(Error),
    /// The list has it or not; it is made again before the next one.
    Perhaps(Error),
}

impl Refused {
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::ForGood(error) | Self::Perhaps(error) => error,
        }
    }
}

impl List {
    pub(crate) fn new(port: Arc<dyn FileList>, hot: Arc<Hot>) -> Self {
        Self { port, hot, unsure: Mutex::new(None) }
    }

    /// Makes a change in the list, then in memory.
    pub(crate) async fn change(&self, change: FileChange) -> Result<(), Refused> {
        let mut unsure = self.unsure.lock().await;
        // This one was not even tried when an earlier one is in the way.
        self.settle_locked(&mut unsure).await.map_err(Refused::ForGood)?;
        *unsure = Some(change);
        let made = self.settle_locked(&mut unsure).await;
        made.map_err(if unsure.is_some() { Refused::Perhaps } else { Refused::ForGood })
    }

    /// Finds out what became of an earlier change.
    pub(crate) async fn settle(&self) -> Result<(), Error> {
        let mut unsure = self.unsure.lock().await;
        self.settle_locked(&mut unsure).await
    }

    /// Whether it is still unknown what became of a change.
    pub(crate) async fn is_unsure(&self) -> bool {
        self.unsure.lock().await.is_some()
    }

    async fn settle_locked(&self, unsure: &mut Option<FileChange>) -> Result<(), Error> {
        // It stays in `unsure` while the store works on it, so that whoever stops waiting for us loses nothing.
        let Some(change) = unsure.as_ref() else { return Ok(()) };
        match self.port.commit(change).await {
            Ok(()) => {}
            Err(error) if error.is_transient => return Err(error.into()),
            Err(error) => {
                // Refused for good, as far as the store knows. The list itself says whether that is so.
                let listed = self.port.load().await?;
                if !has(&listed, change) {
                    *unsure = None;
                    return Err(error.into());
                }
            }
        }
        self.hot.apply(change);
        *unsure = None;
        Ok(())
    }
}

/// Whether the list is as it is after the change.
fn has(listed: &ListedFiles, change: &FileChange) -> bool {
    change.added.iter().all(|file| listed.files.iter().any(|there| there.path == file.path))
        && change.removed.iter().all(|path| listed.files.iter().all(|there| there.path != *path))
        && change.flushed_through.is_none_or(|through| listed.flushed_through >= through)
}

//! From memory into files.

use std::sync::PoisonError;

use tracing::debug;
use watchfire_model::Timestamp;

use crate::error::Error;
use crate::file_list::FileChange;
use crate::files;
use crate::hot::{FlushWork, TableRows};
use crate::kill_point::KillPoint;
use crate::limits;
use crate::storage::{Durable, Keeping, Storage};

/// What a flush did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flushed {
    /// Rows that are in files now and were not before.
    pub rows: u64,
    /// The files.
    pub files: u64,
    /// Their bytes.
    pub size_bytes: u64,
}

impl Storage {
    /// Moves every row that is in no file yet into files, and forgets the log up to there. Appends go on meanwhile.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::FileList`]: nothing was moved, every row is still in the log and in memory, and the next
    /// flush begins anew. What it has written by then is deleted: on a full disk each attempt would need more room. Only when
    /// the list does not answer it stays, since the list may have it.
    pub async fn flush(&self, now: Timestamp) -> Result<Flushed, Error> {
        let Keeping::Durable(durable) = &self.inner.keeping else {
            return Err(crate::storage::not_durable("flushing"));
        };
        let _turn = durable.flushing.lock().await;
        let flushed = self.flush_in_turn(durable, now).await;
        match &flushed {
            Ok(_) => {
                self.inner.hot.end_flush(None);
                *self.inner.last_flush_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
            }
            // While it is unknown whether the list has the files, their rows stay as they were.
            Err(error) if durable.list.is_unsure().await => self.inner.hot.flush_is_unsure(error.to_string()),
            Err(error) => self.inner.hot.end_flush(Some(error.to_string())),
        }
        flushed
    }

    async fn flush_in_turn(&self, durable: &Durable, now: Timestamp) -> Result<Flushed, Error> {
        durable.list.settle().await?;
        let Some(work) = self.inner.hot.begin_flush() else {
            self.forget_flushed_segments().await;
            return Ok(Flushed::default());
        };
        KillPoint::FlushBeforeWrite.pass();
        let FlushWork { after, through, tables } = work;
        let attempt = files::Flush::begin(self.inner.options.writer.clone(), after, through, now);
        let mut added = Vec::new();
        for TableRows { project, table, sequences, rows } in tables {
            match files::write(&self.inner.objects, &attempt, &project, table, sequences, rows).await {
                Ok(files) => added.extend(files),
                Err(error) => {
                    self.delete_unlisted(added.into_iter().map(|file| file.path).collect()).await;
                    return Err(error);
                }
            }
        }
        KillPoint::FlushAfterWrite.pass();
        let flushed = Flushed {
            rows: added.iter().map(|file| file.rows).sum(),
            files: added.len() as u64,
            size_bytes: added.iter().map(|file| file.size_bytes).sum(),
        };
        let change = FileChange { added, flushed_through: Some(through), ..FileChange::default() };
        self.change_files(change).await?;
        KillPoint::FlushAfterCommit.pass();
        debug!(
            flush.through = through,
            flush.rows = flushed.rows,
            flush.files = flushed.files,
            "Telemetry was flushed"
        );
        self.forget_flushed_segments().await;
        Ok(flushed)
    }

    /// Whether it is time for a flush: enough bytes wait, or one row has waited long enough.
    pub fn flush_is_due(&self, now: Timestamp) -> bool {
        matches!(self.inner.keeping, Keeping::Durable(_)) && self.inner.hot.flush_is_due(now, limits::FLUSH_AGE)
    }

    /// Returns once enough bytes wait for a flush; now and then for no reason.
    pub async fn flush_wanted(&self) {
        self.inner.hot.flush_wanted.notified().await;
    }
}

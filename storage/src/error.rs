//! What can go wrong.

/// Why rows were not kept. None of them was.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// There is no room, or the disk does not take them: the sender shall try again later.
    #[error("telemetry cannot be taken now: {reason}")]
    Unavailable {
        /// What is in the way, and how to mend it.
        reason: String,
    },
}

/// Why telemetry cannot be opened, flushed, compacted or repaired.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The disk or the object store.
    #[error("{what}: {reason}")]
    Io {
        /// What was tried, with its path.
        what: String,
        /// What the system said.
        reason: String,
    },
    /// The list of files.
    #[error(transparent)]
    FileList(#[from] crate::file_list::FileListError),
}

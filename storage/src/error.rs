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
    /// They are more than may ever be taken at once: sending the same again does not help, fewer at once may.
    #[error("telemetry cannot be taken at once: {reason}")]
    TooLarge {
        /// Both numbers, and how to mend it.
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
    /// The list of files lacks what was flushed, as after a backup of the store was put back, or after the name of the data
    /// folder was lost. Nothing was changed.
    #[error(
        "the list of files in the store is older than the telemetry in {folder}: the list knows of everything up to append \
         {listed_through}, and the telemetry was flushed up to append {flushed_through}; run `watchfire repair` first, which \
         makes the list again from the files"
    )]
    OldList {
        /// The telemetry's folder.
        folder: String,
        /// What the list says.
        listed_through: u64,
        /// What the folder, or a file in it, says.
        flushed_through: u64,
    },
    /// The list of files.
    #[error(transparent)]
    FileList(#[from] crate::file_list::FileListError),
}

//! What can go wrong with the engine as a whole. A failed query or delivery is an outcome, not an error.

use std::time::Duration;

/// Errors of the engine, by what the caller can do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store cannot be opened or does not answer.
    #[error("the store: {0}")]
    Store(#[from] watchfire_store::Error),
    /// The store takes too long to answer.
    #[error("the store has not answered within {} s", waited.as_secs())]
    StoreSilent {
        /// How long we waited.
        waited: Duration,
    },
    /// The sources cannot be set up.
    #[error("the sources: {0}")]
    Telemetry(#[from] watchfire_telemetry::Error),
    /// Telemetry that is kept cannot be opened or repaired.
    #[error("telemetry: {0}")]
    Storage(#[from] watchfire_storage::Error),
    /// Telemetry is refused until a restart.
    #[error("telemetry: {reason}")]
    LogBroken {
        /// Why, and how to mend it.
        reason: String,
    },
    /// A stored result is damaged.
    #[error("{0}")]
    Result(watchfire_telemetry::Error),
    /// The client for deliveries cannot be set up.
    #[error("the delivery client: {0}")]
    Sender(#[from] watchfire_channels::SendError),
    /// The heartbeat cannot be started.
    #[error("the heartbeat: {0}")]
    Heartbeat(#[from] watchfire_scheduler::ticker::TickerError),
}

impl Error {
    /// Whether trying again later may succeed without anybody mending anything.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Store(trouble) => trouble.is_transient(),
            Self::StoreSilent { .. } => true,
            Self::Storage(watchfire_storage::Error::FileList(trouble)) => trouble.is_transient,
            Self::Storage(watchfire_storage::Error::Io { .. } | watchfire_storage::Error::OldList { .. })
            | Self::LogBroken { .. }
            | Self::Telemetry(_)
            | Self::Result(_)
            | Self::Sender(_)
            | Self::Heartbeat(_) => false,
        }
    }
}

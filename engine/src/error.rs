//! What can go wrong with the engine as a whole. A failed query or delivery is an outcome, not an error.

/// Errors of the engine, by what the caller can do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store cannot be opened or does not answer.
    #[error("the store: {0}")]
    Store(#[from] watchfire_store::Error),
    /// The sources cannot be set up.
    #[error("the sources: {0}")]
    Telemetry(#[from] watchfire_telemetry::Error),
    /// The client for deliveries cannot be set up.
    #[error("the delivery client: {0}")]
    Sender(#[from] watchfire_channels::SendError),
    /// The heartbeat cannot be started.
    #[error("the heartbeat: {0}")]
    Heartbeat(#[from] watchfire_scheduler::ticker::TickerError),
}

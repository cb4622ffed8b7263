//! Telemetry comes in: a request's bytes become rows, and rows are kept before anybody says thank you.
//!
//! What all requests under way may hold in memory is limited ([`Room`]), and so is how many are worked on at once
//! (`work`): who comes when there is no room is asked to come again, and nobody waits in a queue that only grows.

mod accepted;
mod arrivals;
mod decode;
mod room;
mod work;

use bytes::Bytes;
use tokio::sync::oneshot;
use watchfire_ingest::Arrival;
use watchfire_model::ProjectName;
use watchfire_storage::AppendError;

use crate::engine::Engine;

pub use watchfire_ingest::{Encoding, Signal};

pub use accepted::AcceptedTimes;
pub(crate) use arrivals::Arrivals;
pub use room::{Held, NoRoom, Room, Sharing};
pub(crate) use work::Workers;

/// What became of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ingested {
    /// How many spans, log records or points were not taken, though the others were.
    pub rejected: u64,
    /// Why, for the people who run the sender.
    pub message: Option<String>,
}

/// Why nothing of a request was kept.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The bytes are no such request: sending them again does not help.
    #[error("{0}")]
    Malformed(String),
    /// It would take too much memory: smaller ones may fit.
    #[error("{0}")]
    TooLarge(String),
    /// It cannot be kept now: the same may be taken later.
    #[error("{0}")]
    Unavailable(String),
    /// A fault of ours.
    #[error("the request could not be worked on; this is a fault of Watchfire, and its log says more")]
    Broken,
}

impl From<AppendError> for IngestError {
    fn from(trouble: AppendError) -> Self {
        match &trouble {
            AppendError::Unavailable { .. } => Self::Unavailable(trouble.to_string()),
            AppendError::TooLarge { .. } => Self::TooLarge(trouble.to_string()),
        }
    }
}

impl Engine {
    /// Takes the uncompressed body of one OTLP request. Its rows are durable once this returns.
    ///
    /// `held` is the memory that the body takes; it is given back once the rows are kept.
    pub async fn ingest(
        &self,
        project: &ProjectName,
        signal: Signal,
        encoding: Encoding,
        body: Bytes,
        held: Held,
    ) -> Result<Ingested, IngestError> {
        let shared = &self.shared;
        let under_way = shared.arrivals.begin(shared.clock.as_ref());
        let arrival = Arrival {
            at: under_way.at(),
            project: project.clone(),
            accepted_past: shared.accepted.past,
            accepted_future: shared.accepted.future,
        };
        let shredding = shared.storage.options().shredding.clone();
        let decoded = shared.workers.run(body.len(), move || {
            // The body goes here; what it took of the room stands for the rows until they are kept.
            decode::rows(signal, encoding, &body, &arrival, &shredding)
        });
        let (rows, ingested) = decoded.await.ok_or(IngestError::Broken)??;
        let counts: Vec<_> = rows.iter().map(|rows| (rows.table.as_str(), rows.batch.num_rows() as u64)).collect();
        let storage = shared.storage.clone();
        // Its rows are kept also when who sent them hangs up meanwhile, and until then they are under way.
        let (tells, kept) = oneshot::channel();
        shared.supervisor.keeping().spawn(async move {
            let kept = storage.append(rows).await;
            drop((under_way, held));
            // Who sent them may have hung up.
            drop(tells.send(kept));
        });
        kept.await.map_err(|_| IngestError::Broken)??;
        for (table, rows) in counts {
            shared.metrics.ingested(table, rows);
        }
        shared.metrics.ingest_rejected.inc_by(ingested.rejected);
        Ok(ingested)
    }

    /// The memory that all requests under way may take.
    pub fn ingest_room(&self) -> &Room {
        &self.shared.room
    }

    /// Runs what takes a processor for a while, such as unpacking, where it keeps nobody from being answered.
    ///
    /// `size_bytes` says how large the thing is that is worked on. `None`: it panicked, which is logged.
    pub async fn work<T: Send + 'static>(
        &self,
        size_bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        self.shared.workers.run(size_bytes, work).await
    }

    /// Counts an answer to a sender of telemetry; `code` is the status of HTTP, also for gRPC.
    pub fn ingest_answered(&self, signal: Signal, code: u16) {
        self.shared.metrics.ingest_answered(signal.as_str(), code);
    }
}

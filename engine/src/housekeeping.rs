//! What is done once in a while: the claimant's sign of life, and history in fewer rows.

use std::sync::Arc;

use tokio::sync::watch;
use tracing::{debug, warn};

use crate::shared::Shared;

/// A sign of life every so many beats (seconds); other servers wait three times as long before they take over.
const HEARTBEAT_EVERY: u64 = 5;
/// History is compacted every so many beats.
const COMPACT_EVERY: u64 = 300;
/// The newest runs of each rule that stay one by one.
const RUNS_KEPT: usize = 100;

/// Works through the beats until the engine stops.
pub(crate) async fn run(shared: Arc<Shared>, mut beats: watch::Receiver<u64>) {
    let group = shared.supervisor.committing().clone();
    loop {
        tokio::select! {
            () = group.stopping() => return,
            changed = beats.changed() => if changed.is_err() { return },
        }
        let beat = *beats.borrow_and_update();
        if beat.is_multiple_of(HEARTBEAT_EVERY)
            && let Err(trouble) = shared.store.heartbeat().await
        {
            warn!(error = %trouble, "No sign of life could be left in the store");
        }
        if beat.is_multiple_of(COMPACT_EVERY) {
            match shared.store.compact_runs(RUNS_KEPT).await {
                Ok(rows) => debug!(rows, "History compacted"),
                Err(trouble) => warn!(error = %trouble, "History could not be compacted"),
            }
        }
    }
}

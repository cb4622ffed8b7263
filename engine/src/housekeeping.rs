//! What is done once in a while: the claimant's sign of life, history in fewer rows, and what is forgotten.
//!
//! By timers and not by beats: beats follow the wall clock and pause while it catches up with itself, and a
//! claimant that is silent for so long is taken for dead.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tracing::{debug, warn};

use crate::shared::Shared;

/// A sign of life so often; other servers wait three times as long before they take over.
const ALIVE_EVERY: Duration = Duration::from_secs(5);
/// The first tidying comes soon, since a process may not live long, but not into the start.
const TIDY_FIRST_AFTER: Duration = Duration::from_secs(60);
/// History is compacted so often.
const COMPACT_EVERY: Duration = Duration::from_secs(300);
/// Of so many compactings one also forgets what is old: once an hour.
const PRUNE_EVERY: u32 = 12;
/// The newest runs of each rule that stay one by one, however old they are.
const RUNS_KEPT: usize = 100;
/// How long runs beyond those are kept, also those that notified or failed.
const RUNS_KEPT_FOR: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// How long deliveries are kept after they ended.
const DELIVERIES_KEPT_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Leaves signs of life until the engine stops.
pub(crate) async fn live(shared: Arc<Shared>) {
    let group = shared.supervisor.committing().clone();
    let mut ticks = interval_at(Instant::now() + ALIVE_EVERY, ALIVE_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = group.stopping() => return,
            _ = ticks.tick() => {}
        }
        if let Err(trouble) = shared.store.heartbeat().await {
            warn!(error = %trouble, "No sign of life could be left in the store");
        }
    }
}

/// Keeps the store small until the engine stops.
pub(crate) async fn tidy(shared: Arc<Shared>) {
    let group = shared.supervisor.committing().clone();
    let mut ticks = interval_at(Instant::now() + TIDY_FIRST_AFTER, COMPACT_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for round in 0_u32.. {
        tokio::select! {
            () = group.stopping() => return,
            _ = ticks.tick() => {}
        }
        match shared.store.compact_runs(RUNS_KEPT).await {
            Ok(rows) => debug!(rows, "History compacted"),
            Err(trouble) => warn!(error = %trouble, "History could not be compacted"),
        }
        if round.is_multiple_of(PRUNE_EVERY)
            && let Err(trouble) = prune(&shared).await
        {
            warn!(error = %trouble, "Old runs, deliveries and results could not be forgotten");
        }
    }
}

async fn prune(shared: &Shared) -> Result<(), watchfire_store::Error> {
    let now = shared.clock.now();
    let runs = shared.store.prune_runs(now.minus(RUNS_KEPT_FOR), RUNS_KEPT).await?;
    let deliveries = shared.store.prune_deliveries(now.minus(DELIVERIES_KEPT_FOR)).await?;
    let results = shared.store.prune_report_results(now).await?;
    debug!(runs, deliveries, results, "Old history forgotten");
    Ok(())
}

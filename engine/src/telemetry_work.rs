//! What keeps telemetry in order while the engine runs: flushing, and what is done with the files.
//!
//! None of it ever ends the process. What fails is tried again; the first failure and the first success after it are
//! logged, and the figures show the state in between. Rows wait in the log and in memory meanwhile, and when
//! there is no room for more, senders are told so.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tracing::{debug, error, info, warn};
use watchfire_storage::files::Swept;
use watchfire_storage::{Error, Storage, Upkeep};

use crate::clock::Clock;
use crate::supervise::Group;
use crate::telemetry_metrics::TelemetryMetrics;

/// Whether a flush is due is looked at so often, besides when enough bytes wait.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Waits between tries of a flush that fails.
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(30);
/// Files are looked at so often: joined, forgotten, deleted.
const TIDY_EVERY: Duration = Duration::from_secs(30);
/// Files that are in no list are looked for at the start and so often.
const SWEEP_EVERY: Duration = Duration::from_secs(24 * 60 * 60);

/// What the loops work with.
#[derive(Clone)]
pub(crate) struct TelemetryWork {
    pub(crate) storage: Storage,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) group: Group,
    pub(crate) metrics: TelemetryMetrics,
    /// Counts rounds that did something: what waits for a flush or a join, waits here.
    pub(crate) rounds: watch::Sender<u64>,
}

impl TelemetryWork {
    /// Starts the loops in their group.
    pub(crate) fn start(&self) {
        let work = self.clone();
        self.group.spawn_forever("flushes of telemetry", move || work.clone().flush());
        let work = self.clone();
        self.group.spawn_forever("telemetry's files", move || work.clone().tidy());
    }

    /// Flushes when it is due, and lets old rows go from memory.
    async fn flush(self) {
        let mut trouble = Trouble::of("Telemetry could not be flushed; its rows stay in the log and in memory");
        let mut retry = RETRY_FIRST;
        loop {
            let failed = if self.storage.flush_is_due(self.clock.now()) {
                let flushed = self.storage.flush(self.clock.now()).await;
                self.metrics.flushed(flushed.is_ok());
                self.rounds.send_modify(|rounds| *rounds += 1);
                trouble.told(&flushed);
                flushed.is_err()
            } else {
                false
            };
            self.storage.evict(self.clock.now());
            if failed {
                tokio::select! {
                    () = self.group.stopping() => return,
                    () = self.clock.sleep_until(self.clock.now().plus(retry)) => {}
                }
                retry = (retry * 2).min(RETRY_MAX);
            } else {
                retry = RETRY_FIRST;
                tokio::select! {
                    () = self.group.stopping() => return,
                    () = self.storage.flush_wanted() => {}
                    () = self.clock.sleep_until(self.clock.now().plus(LOOK_EVERY)) => {}
                }
            }
        }
    }

    /// Joins small files, forgets old ones and deletes what nobody reads any more.
    async fn tidy(self) {
        let mut upkeep = Upkeep::new(self.storage.clone());
        let mut joining = Trouble::of("Telemetry files could not be joined; queries open more of them");
        let mut retaining = Trouble::of("Old telemetry could not be forgotten");
        let mut deleting = Trouble::of("Telemetry files that are not needed any more could not be deleted");
        let mut sweeping = Trouble::of("Telemetry files could not be compared with their list");
        let mut sweep_at = self.clock.now();
        loop {
            let now = self.clock.now();
            if now >= sweep_at {
                let swept = upkeep.sweep(now).await;
                sweeping.told(&swept);
                if let Ok(swept) = swept {
                    sweep_at = now.plus(SWEEP_EVERY);
                    self.tell_sweep(&swept);
                }
            }
            retaining.told(&upkeep.retain(now).await);
            while !self.group.is_stopping() {
                let joined = upkeep.join(self.clock.now()).await;
                joining.told(&joined);
                let Ok(Some(joined)) = joined else { break };
                debug!(telemetry.files = joined.files, telemetry.rows = joined.rows, "Telemetry files were joined");
                self.rounds.send_modify(|rounds| *rounds += 1);
            }
            deleting.told(&upkeep.delete(self.clock.now()).await);
            self.rounds.send_modify(|rounds| *rounds += 1);
            tokio::select! {
                () = self.group.stopping() => return,
                () = self.clock.sleep_until(self.clock.now().plus(TIDY_EVERY)) => {}
            }
        }
    }

    fn tell_sweep(&self, swept: &Swept) {
        self.metrics.misfits(swept.misfits().count());
        if !swept.fits() {
            error!(
                telemetry.missing = swept.missing.len(),
                telemetry.newer = swept.newer_than_list.len(),
                telemetry.of_others = swept.of_others.len(),
                example = swept.misfits().next(),
                "The list of telemetry files does not fit the files; stop the server and run `watchfire repair`"
            );
        }
        for (path, reason) in &swept.unreadable {
            warn!(path, reason, "A telemetry file is in no list and cannot be read; it is left alone");
        }
        if !swept.deleted.is_empty() {
            info!(telemetry.files = swept.deleted.len(), "Telemetry files that a crash had left were deleted");
        }
    }
}

/// Logs an error when it begins and when it is over, and not every time.
struct Trouble {
    sentence: &'static str,
    is_there: bool,
}

impl Trouble {
    const fn of(sentence: &'static str) -> Self {
        Self { sentence, is_there: false }
    }

    fn told<T>(&mut self, outcome: &Result<T, Error>) {
        match outcome {
            Ok(_) if self.is_there => info!("It works again: {}", self.sentence),
            Ok(_) => {}
            Err(error) if self.is_there => debug!(%error, "{}", self.sentence),
            Err(error) => error!(%error, "{}", self.sentence),
        }
        self.is_there = outcome.is_err();
    }
}

//! Who runs, and how it stops: every task is known, so that shutdown can wait for it.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, warn};

/// How long shutdown waits for evaluations, for sends beyond their own hard timeout, and for the last commits.
const DECIDING_AT_MOST: Duration = Duration::from_secs(10);
const DELIVERING_BEYOND_TIMEOUT: Duration = Duration::from_secs(2);
const COMMITTING_AT_MOST: Duration = Duration::from_secs(3);
/// How long it waits for the flush or the join of files that is under way. One that is cut off is begun anew later.
const KEEPING_AT_MOST: Duration = Duration::from_secs(10);
/// A loop that broke starts again after so long: at once it would only break again.
const RESTART_AFTER: Duration = Duration::from_secs(1);

/// Groups of tasks, stopped one after the other: what decides, what delivers, and last what commits for both.
#[derive(Debug, Clone, Default)]
pub(crate) struct Supervisor {
    deciding: Group,
    delivering: Group,
    committing: Group,
    keeping: Group,
}

/// Tasks that stop together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Group {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Supervisor {
    /// Claims, evaluations and their commits.
    pub(crate) fn deciding(&self) -> &Group {
        &self.deciding
    }

    /// Sends and their acknowledgements.
    pub(crate) fn delivering(&self) -> &Group {
        &self.delivering
    }

    /// The group commits.
    pub(crate) fn committing(&self) -> &Group {
        &self.committing
    }

    /// Flushes of telemetry and what is done with its files.
    pub(crate) fn keeping(&self) -> &Group {
        &self.keeping
    }

    /// Lets what is under way end, then returns. What did not end in time is in the store.
    pub(crate) async fn stop(&self, request_timeout: Duration) {
        let telling = async {
            self.deciding.stop("evaluations", DECIDING_AT_MOST).await;
            self.delivering.stop("deliveries", request_timeout + DELIVERING_BEYOND_TIMEOUT).await;
        };
        tokio::join!(telling, self.keeping.stop("telemetry's files", KEEPING_AT_MOST));
        self.committing.stop("commits", COMMITTING_AT_MOST).await;
    }
}

impl Group {
    /// Starts a task of this group. A panic ends this task only.
    #[expect(clippy::disallowed_methods, reason = "this is the spawner that everybody else uses")]
    pub(crate) fn spawn<F>(&self, task: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        tokio::spawn(self.tasks.track_future(task));
    }

    /// Starts a loop without which nobody would be told anything: one that breaks is logged and started again.
    pub(crate) fn spawn_forever<F, L>(&self, name: &'static str, start: L)
    where
        F: Future<Output = ()> + Send + 'static,
        L: Fn() -> F + Send + 'static,
    {
        let stop = self.stop.clone();
        self.spawn(async move {
            while let Err(panic) = AssertUnwindSafe(start()).catch_unwind().await {
                let panic = panic_text(&*panic);
                error!(panic, "The loop of {name} broke and starts again; this is a fault of Watchfire");
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(RESTART_AFTER) => {}
                }
            }
        });
    }

    /// Returns once this group was asked to stop.
    pub(crate) async fn stopping(&self) {
        self.stop.cancelled().await;
    }

    /// Whether this group was asked to stop.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Asks the group to stop and waits for its tasks, at most so long.
    async fn stop(&self, name: &str, at_most: Duration) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(at_most, self.tasks.wait()).await.is_err() {
            warn!(
                tasks = self.tasks.len(),
                "Stopping without waiting longer for {name}; the next start goes on from the store"
            );
        }
    }
}

/// The words of a panic.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without words")
}

/// Waits for the next beat; for ever once the heart has stopped, since a beat is only a hint.
pub(crate) async fn next_beat(beats: &mut watch::Receiver<u64>) {
    if beats.changed().await.is_err() {
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_breaks_starts_again() {
        let (starts, third) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let group = Group::default();
        let (counted, told) = (Arc::clone(&starts), Arc::clone(&third));
        group.spawn_forever("tests", move || {
            let (starts, third) = (Arc::clone(&counted), Arc::clone(&told));
            async move {
                assert!(starts.fetch_add(1, Ordering::SeqCst) >= 2, "it breaks");
                third.notify_one();
            }
        });
        third.notified().await;
        group.stop("tests", Duration::from_secs(1)).await;
        assert_eq!(starts.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn a_heart_that_has_stopped_is_not_taken_for_one_that_races() {
        let (heart, mut beats) = watch::channel(0_u64);
        heart.send_replace(1);
        next_beat(&mut beats).await;
        drop(heart);
        assert!(next_beat(&mut beats).now_or_never().is_none());
    }
}

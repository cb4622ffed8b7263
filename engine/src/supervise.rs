//! Who runs, and how it stops: every task is known, so that shutdown can wait for it.

use std::future::Future;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::warn;

/// How long shutdown waits for evaluations, for sends (their hard timeout is 15 s), and for the last commits.
const DECIDING_AT_MOST: Duration = Duration::from_secs(10);
const DELIVERING_AT_MOST: Duration = Duration::from_secs(17);
const COMMITTING_AT_MOST: Duration = Duration::from_secs(3);

/// Groups of tasks, stopped one after the other: what decides, what delivers, and last what commits for both.
#[derive(Debug, Clone, Default)]
pub(crate) struct Supervisor {
    deciding: Group,
    delivering: Group,
    committing: Group,
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

    /// Lets what is under way end, then returns. What did not end in time is in the store.
    pub(crate) async fn stop(&self) {
        self.deciding.stop("evaluations", DECIDING_AT_MOST).await;
        self.delivering.stop("deliveries", DELIVERING_AT_MOST).await;
        self.committing.stop("commits", COMMITTING_AT_MOST).await;
    }
}

impl Group {
    /// Starts a task of this group.
    #[expect(clippy::disallowed_methods, reason = "this is the spawner that everybody else uses")]
    pub(crate) fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        tokio::spawn(self.tasks.track_future(task))
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

//! Many small commits become one: thousands of evaluations a second must not mean thousands of transactions.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};
use tracing::{error, warn};
use watchfire_store::Error as StoreError;

use crate::supervise::{Group, panic_text};

/// Most items in one transaction.
const ITEMS_MAX: usize = 256;
/// How long the first item of a transaction waits for others.
const LINGER: Duration = Duration::from_millis(15);
/// Waits between tries while the database does not take commits.
const RETRY_FIRST: Duration = Duration::from_millis(100);
const RETRY_MAX: Duration = Duration::from_secs(5);

type Reply<R> = oneshot::Sender<Option<R>>;
type Commit<T, R> = Box<dyn Fn(Arc<Vec<T>>) -> BoxFuture<'static, Result<Vec<R>, StoreError>> + Send + Sync>;

/// Hands items to a task that commits them in groups.
#[derive(Debug)]
pub(crate) struct GroupCommit<T, R> {
    queue: mpsc::Sender<(T, Reply<R>)>,
    is_stuck: Arc<AtomicBool>,
}

impl<T: Send + Sync + 'static, R: Send + 'static> GroupCommit<T, R> {
    /// Starts the committing task in a group that stops after everybody who commits.
    pub(crate) fn start(group: &Group, name: &'static str, commit: Commit<T, R>) -> Self {
        let (queue, items) = mpsc::channel(ITEMS_MAX * 4);
        let is_stuck = Arc::new(AtomicBool::new(false));
        let committer = Committer { name, commit, group: group.clone(), is_stuck: Arc::clone(&is_stuck) };
        group.spawn(committer.run(items));
        Self { queue, is_stuck }
    }

    /// Whether the database does not take what was handed in, and it is being tried again.
    pub(crate) fn is_stuck(&self) -> bool {
        self.is_stuck.load(Ordering::Relaxed)
    }

    /// Commits one item together with its neighbors, and gives its result.
    ///
    /// Waits as long as the database is away. `None`: it was not committed, because the engine stops or
    /// the store is damaged (which is logged).
    pub(crate) async fn commit(&self, item: T) -> Option<R> {
        let (reply, answer) = oneshot::channel();
        self.queue.send((item, reply)).await.ok()?;
        answer.await.ok().flatten()
    }
}

struct Committer<T, R> {
    name: &'static str,
    commit: Commit<T, R>,
    group: Group,
    is_stuck: Arc<AtomicBool>,
}

impl<T: Send + Sync + 'static, R: Send + 'static> Committer<T, R> {
    async fn run(self, mut items: mpsc::Receiver<(T, Reply<R>)>) {
        loop {
            // This group stops last, when nobody commits any more: what is still queued goes first.
            let first = tokio::select! {
                biased;
                first = items.recv() => first,
                () = self.group.stopping() => None,
            };
            let Some(first) = first else { return };
            let (batch, replies) = gather(first, &mut items).await;
            // A commit that panics takes its own batch along, never the committer: without it nothing is decided.
            if let Err(panic) = AssertUnwindSafe(self.commit_batch(batch, replies)).catch_unwind().await {
                let panic = panic_text(&*panic);
                error!(panic, "A commit of {} broke; this is a fault of Watchfire", self.name);
            }
            self.is_stuck.store(false, Ordering::Relaxed);
        }
    }

    /// Tries again for as long as the database is away: a batch that is committed twice writes nothing new.
    async fn commit_batch(&self, batch: Vec<T>, replies: Vec<Reply<R>>) {
        let batch = Arc::new(batch);
        let mut wait = RETRY_FIRST;
        loop {
            match (self.commit)(Arc::clone(&batch)).await {
                Ok(results) => {
                    results.into_iter().zip(replies).for_each(|(result, reply)| drop(reply.send(Some(result))));
                    return;
                }
                Err(trouble) if trouble.is_transient() && !self.group.is_stopping() => {
                    warn!(error = %trouble, items = batch.len(), "The store does not take {}; trying again", self.name);
                    self.is_stuck.store(true, Ordering::Relaxed);
                    tokio::select! {
                        // One last try.
                        () = self.group.stopping() => {}
                        () = tokio::time::sleep(wait) => {}
                    }
                    wait = (wait * 2).min(RETRY_MAX);
                }
                Err(trouble) => {
                    error!(error = %trouble, items = batch.len(), "The store refuses {}", self.name);
                    return;
                }
            }
        }
    }
}

/// Collects what else is queued, for a moment.
async fn gather<T, R>(first: (T, Reply<R>), items: &mut mpsc::Receiver<(T, Reply<R>)>) -> (Vec<T>, Vec<Reply<R>>) {
    let (mut batch, mut replies) = (vec![first.0], vec![first.1]);
    let deadline = tokio::time::Instant::now() + LINGER;
    while batch.len() < ITEMS_MAX {
        match tokio::time::timeout_at(deadline, items.recv()).await {
            Ok(Some((item, reply))) => {
                batch.push(item);
                replies.push(reply);
            }
            Ok(None) | Err(_) => break,
        }
    }
    (batch, replies)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;
    use crate::supervise::Supervisor;

    /// A committer whose first commit does not come about, for this reason; it gives back what it is given.
    fn failing_once(group: &Group, fail: fn() -> StoreError) -> GroupCommit<u32, u32> {
        let tries = Arc::new(AtomicU32::new(0));
        let commit = move |batch: Arc<Vec<u32>>| {
            let is_first = tries.fetch_add(1, Ordering::SeqCst) == 0;
            let commit = async move { if is_first { Err(fail()) } else { Ok(batch.to_vec()) } };
            Box::pin(commit) as BoxFuture<'static, _>
        };
        GroupCommit::start(group, "tests", Box::new(commit))
    }

    #[tokio::test(start_paused = true)]
    async fn a_commit_that_breaks_takes_its_own_batch_along_and_no_other() {
        let supervisor = Supervisor::default();
        let commits = failing_once(supervisor.committing(), || panic!("it breaks"));
        assert_eq!(commits.commit(1).await, None);
        assert_eq!(commits.commit(2).await, Some(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_database_that_comes_back_takes_what_it_refused_and_until_then_everybody_knows() {
        let supervisor = Supervisor::default();
        let away = || StoreError::Unavailable { detail: "it is away".into() };
        let stuck_when_tried: Arc<std::sync::Mutex<Vec<bool>>> = Arc::default();
        let commits: Arc<std::sync::OnceLock<GroupCommit<u32, u32>>> = Arc::default();
        let (seen, asked) = (Arc::clone(&stuck_when_tried), Arc::clone(&commits));
        let commit = move |batch: Arc<Vec<u32>>| {
            let mut seen = seen.lock().expect("nobody broke");
            seen.push(asked.get().expect("it commits, so it is there").is_stuck());
            let is_away = seen.len() <= 2;
            let commit = async move { if is_away { Err(away()) } else { Ok(batch.to_vec()) } };
            Box::pin(commit) as BoxFuture<'static, _>
        };
        let commits = commits.get_or_init(|| GroupCommit::start(supervisor.committing(), "tests", Box::new(commit)));
        assert_eq!(commits.commit(1).await, Some(1));
        assert_eq!(*stuck_when_tried.lock().expect("nobody broke"), [false, true, true]);
        assert_eq!(commits.commit(2).await, Some(2));
        assert!(!commits.is_stuck());
    }
}

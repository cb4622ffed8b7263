//! Many small commits become one: thousands of evaluations a second must not mean thousands of transactions.

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};
use tracing::{error, warn};
use watchfire_store::Error as StoreError;

use crate::supervise::Group;

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
}

impl<T, R> Clone for GroupCommit<T, R> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone() }
    }
}

impl<T: Send + Sync + 'static, R: Send + 'static> GroupCommit<T, R> {
    /// Starts the committing task in a group that stops after everybody who commits.
    pub(crate) fn start(group: &Group, name: &'static str, commit: Commit<T, R>) -> Self {
        let (queue, items) = mpsc::channel(ITEMS_MAX * 4);
        let committer = Committer { name, commit, group: group.clone() };
        group.spawn(committer.run(items));
        Self { queue }
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
            self.commit_batch(batch, replies).await;
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
                    tokio::time::sleep(wait).await;
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

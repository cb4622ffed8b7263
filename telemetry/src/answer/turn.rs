//! Turns of queries that clients send: a share of all queries, so that rules always get theirs.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout_at;
use watchfire_model::{Failure, FailureCode, format_duration};

use super::error::QueryError;
use crate::limits::Limits;
use crate::runtime::Limit;

/// When who was sent away should come back.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The turns of all clients of one engine.
#[derive(Debug)]
pub(crate) struct Turns {
    permits: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    waiting_max: usize,
}

/// Somebody's turn; over when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn(Arc<OwnedSemaphorePermit>);

impl Turn {
    /// For the query itself, which may take a moment longer than who asked waits for it.
    pub(super) fn permit(&self) -> Arc<OwnedSemaphorePermit> {
        Arc::clone(&self.0)
    }
}

impl Turns {
    /// Over the permits of people: there is one queue.
    pub(crate) fn new(limits: &Limits, permits: Arc<Semaphore>) -> Self {
        Self { permits, waiting: Arc::default(), waiting_max: limits.ad_hoc_waiting_max }
    }

    /// Waits for a turn, within `limit`; not at all where too many wait.
    pub(super) async fn take(&self, limit: Limit) -> Result<Turn, QueryError> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Ok(Turn(Arc::new(permit)));
        }
        let place = Place::take(&self.waiting);
        if place.before >= self.waiting_max {
            return Err(QueryError::Busy { waiting: place.before, retry_after: RETRY_AFTER });
        }
        match timeout_at(limit.deadline, Arc::clone(&self.permits).acquire_owned()).await {
            Ok(permit) => Ok(Turn(Arc::new(permit.expect("nobody closes it")))),
            Err(_elapsed) => {
                let limit = format_duration(limit.timeout);
                let message = format!("the query waited for others until its timeout of {limit}; ask again later");
                Err(QueryError::Failed(Failure::new(FailureCode::Timeout, message)))
            }
        }
    }
}

/// A place in the queue; free again when it is dropped, also by who hangs up.
struct Place {
    waiting: Arc<AtomicUsize>,
    before: usize,
}

impl Place {
    fn take(waiting: &Arc<AtomicUsize>) -> Self {
        Self { waiting: Arc::clone(waiting), before: waiting.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Limit {
        Limit::of(Duration::from_secs(seconds))
    }

    fn turns(at_once: usize, waiting: usize) -> Turns {
        let limits = Limits { ad_hoc_waiting_max: waiting, ..Limits::default() };
        Turns::new(&limits, Arc::new(Semaphore::new(at_once)))
    }

    #[tokio::test(start_paused = true)]
    async fn who_finds_the_queue_full_is_sent_away_and_who_leaves_makes_room() {
        let turns = turns(1, 1);
        let first = turns.take(seconds(1)).await.unwrap();
        let mut second = Box::pin(turns.take(seconds(60)));
        assert!(futures::poll!(&mut second).is_pending());
        let third = turns.take(seconds(60)).await.unwrap_err();
        assert_eq!(third, QueryError::Busy { waiting: 1, retry_after: RETRY_AFTER });
        // Who hangs up while it waits makes room.
        drop(second);
        let mut fourth = Box::pin(turns.take(seconds(60)));
        assert!(futures::poll!(&mut fourth).is_pending());
        drop(first);
        assert!(fourth.await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_longer_than_the_timeout() {
        let turns = turns(1, 1);
        let _first = turns.take(seconds(1)).await.unwrap();
        let QueryError::Failed(failure) = turns.take(seconds(3)).await.unwrap_err() else { panic!() };
        assert_eq!(failure.code, FailureCode::Timeout);
        assert!(failure.message.contains("timeout of 3s"), "{failure}");
    }
}

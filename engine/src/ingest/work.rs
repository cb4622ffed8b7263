//! The processors' part of ingest: a bounded number of jobs at a time, off the threads that answer.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tracing::error;

use crate::supervise::panic_text;

/// A body of so many bytes is worked on alone: what is made of it may take several times as much.
const ALONE_FROM_BYTES: usize = 8 << 20;
/// How many processors are taken for there to be when nobody can say.
const PROCESSORS_DEFAULT: usize = 2;

/// Takes turns at the processors.
#[derive(Debug)]
pub(crate) struct Workers {
    turns: Arc<Semaphore>,
    count: u32,
}

impl Default for Workers {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(PROCESSORS_DEFAULT, usize::from);
        let count = u32::try_from(processors).unwrap_or(u32::MAX);
        Self { turns: Arc::new(Semaphore::new(processors)), count }
    }
}

impl Workers {
    /// Waits for a turn and works on a thing of this size; `None`: it panicked.
    ///
    /// The wait is bounded: whatever waits holds a part of [`super::Room`]. The turn belongs to the job itself, so that
    /// a client that goes away does not let further ones begin before this one has ended.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        size_bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let turns = if size_bytes < ALONE_FROM_BYTES { 1 } else { self.count };
        let turn = Arc::clone(&self.turns).acquire_many_owned(turns).await.expect("nobody closes it");
        let done = spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        match done.await {
            Ok(done) => Some(done),
            Err(broken) => {
                let panic = broken.try_into_panic().ok();
                let panic = panic.as_deref().map_or("it was cancelled", |panic| panic_text(panic));
                error!(panic, "A request with telemetry could not be worked on; this is a fault of Watchfire");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_job_that_panics_is_nothing_and_its_turn_is_free_again() {
        let workers = Workers::default();
        for _ in 0..=workers.count {
            assert_eq!(workers.run(ALONE_FROM_BYTES, || -> u8 { panic!("on purpose") }).await, None);
        }
        assert_eq!(workers.run(1, || 7).await, Some(7));
    }
}

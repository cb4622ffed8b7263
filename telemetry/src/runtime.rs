//! Threads for queries alone: a query that never yields costs other queries, but no delivery and no web page.

use std::any::Any;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, JoinError};
use tokio::time::{Instant, timeout_at};
use watchfire_model::{Failure, FailureCode, format_duration};

/// Longer timeouts are cut to this, so that a deadline can always be computed.
const TIMEOUT_MAX: Duration = Duration::from_secs(366 * 86_400);

/// A long chain of operators is walked recursively; `parse` bounds how long it can be.
const STACK_BYTES: usize = 16 << 20;

/// A tokio runtime of its own and as many permits as queries may run at once.
pub(crate) struct QueryRuntime {
    /// `Some` until dropped.
    runtime: Option<Runtime>,
    permits: Arc<Semaphore>,
}

impl QueryRuntime {
    pub(crate) fn new(concurrency: usize) -> std::io::Result<Self> {
        let concurrency = concurrency.max(1);
        // One thread more than queries: even when every query is stuck inside
        // the engine, somebody is left to notice that its time is over.
        let runtime = Builder::new_multi_thread()
            .worker_threads(concurrency + 1)
            .thread_name("watchfire-query")
            .thread_stack_size(STACK_BYTES)
            .enable_all()
            .build()?;
        Ok(Self { runtime: Some(runtime), permits: Arc::new(Semaphore::new(concurrency)) })
    }

    /// Runs `work` here and waits for it, at most `timeout` altogether, waiting for a permit included.
    ///
    /// A panic becomes `Failure(Internal)`. Dropping the returned future stops the work at its next await.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        timeout: Duration,
        work: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Result<T, Failure> {
        let runtime = self.runtime.as_ref().expect("present until dropped");
        let handle = runtime.handle().clone();
        let permits = Arc::clone(&self.permits);
        let supervisor = runtime.spawn(async move {
            let deadline = Instant::now() + timeout.min(TIMEOUT_MAX);
            let Ok(permit) = timeout_at(deadline, permits.acquire_owned()).await else {
                return Err(timed_out(timeout, "it waited for other queries all the time"));
            };
            // The permit ends with the work, not with the wait for it: work that
            // does not yield still holds its thread after its time is over.
            let task = handle.spawn(async move {
                let _permit = permit;
                work.await
            });
            let _stop = AbortOnDrop(task.abort_handle());
            match timeout_at(deadline, task).await {
                Ok(Ok(result)) => result,
                Ok(Err(error)) => Err(panicked(error)),
                Err(_elapsed) => Err(timed_out(timeout, "it was stopped")),
            }
        });
        let _stop = AbortOnDrop(supervisor.abort_handle());
        match supervisor.await {
            Ok(result) => result,
            Err(error) => Err(panicked(error)),
        }
    }
}

impl Drop for QueryRuntime {
    fn drop(&mut self) {
        // A runtime must not be waited for inside another one.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn timed_out(timeout: Duration, what: &str) -> Failure {
    let limit = format_duration(timeout);
    Failure::new(
        FailureCode::Timeout,
        format!("the query took longer than its timeout of {limit}; {what}. Narrow the window or raise `timeout`"),
    )
}

fn panicked(error: JoinError) -> Failure {
    let text = match error.try_into_panic() {
        Ok(payload) => panic_text(payload.as_ref()),
        Err(_cancelled) => "the query was stopped because the process is shutting down".to_owned(),
    };
    Failure::new(
        FailureCode::Internal,
        format!("the query engine failed on this query: {text}; please report the query"),
    )
}

fn panic_text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it panicked".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run<T: Send + 'static>(
        timeout: Duration,
        work: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Result<T, Failure> {
        let queries = QueryRuntime::new(1).unwrap();
        let waiting = Builder::new_current_thread().build().unwrap();
        waiting.block_on(queries.run(timeout, work))
    }

    #[test]
    fn a_panic_is_a_failure_of_ours() {
        let failure = run::<()>(Duration::from_secs(5), async { panic!("index out of bounds") }).unwrap_err();
        assert_eq!(failure.code, FailureCode::Internal);
        assert!(failure.message.contains("index out of bounds"), "{failure}");
    }

    #[test]
    fn work_that_never_ends_is_stopped_at_its_timeout() {
        let failure = run::<()>(Duration::from_millis(20), std::future::pending()).unwrap_err();
        assert_eq!(failure.code, FailureCode::Timeout);
        assert!(failure.message.contains("timeout of 20ms"), "{failure}");
    }
}

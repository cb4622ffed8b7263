//! Threads for queries alone: a query that never yields costs other queries, but no delivery and no web page.
//!
//! Rules and people have turns of their own, so that however much people ask, rules are evaluated. A query whose time is
//! over gives its turn back a moment later even when it does not let go of its thread (one call of the engine that takes
//! long): there are threads to spare for a few of those.

use std::any::Any;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{AbortHandle, JoinError, JoinHandle};
use tokio::time::{Instant, timeout, timeout_at};
use watchfire_model::{Failure, FailureCode, format_duration};

/// Longer timeouts are cut to this, so that a deadline can always be computed.
const TIMEOUT_MAX: Duration = Duration::from_secs(366 * 86_400);

/// A long chain of operators is walked recursively; `parse` bounds how long it can be.
const STACK_BYTES: usize = 16 << 20;

/// How long a stopped query may take to let go before its turn is given to another.
const GRACE: Duration = Duration::from_millis(200);

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asker {
    /// A rule at its slot.
    Rule,
    /// Somebody who waits for the answer.
    Person,
}

/// A tokio runtime of its own and as many permits as queries may run at once.
pub(crate) struct QueryRuntime {
    /// Where queries run. `Some` until dropped.
    queries: Option<Runtime>,
    /// Where somebody looks at the clock. Threads that run queries may all be busy, and then nobody would: a thread that
    /// is woken by the clock and goes on to a long query leaves the clock alone. `Some` until dropped.
    watch: Option<Runtime>,
    rules: Arc<Semaphore>,
    people: Arc<Semaphore>,
    /// Stopped queries that do not let go, and whose turns are others' already.
    stuck: Arc<Semaphore>,
}

impl QueryRuntime {
    /// Threads for so many queries of rules at once, and so many of people beside them.
    pub(crate) fn new(rules: usize, people: usize) -> std::io::Result<Self> {
        let (rules, people) = (rules.max(1), people.max(1));
        let stuck = (rules + people).max(4);
        let queries = Builder::new_multi_thread()
            .worker_threads(rules + people + stuck)
            .thread_name("watchfire-query")
            .thread_stack_size(STACK_BYTES)
            .enable_all()
            .build()?;
        let watch =
            Builder::new_multi_thread().worker_threads(1).thread_name("watchfire-watch").enable_time().build()?;
        let [rules, people, stuck] = [rules, people, stuck].map(|permits| Arc::new(Semaphore::new(permits)));
        Ok(Self { queries: Some(queries), watch: Some(watch), rules, people, stuck })
    }

    /// The permits of people, for who waits for one outside.
    pub(crate) fn people(&self) -> Arc<Semaphore> {
        Arc::clone(&self.people)
    }

    /// Runs `work` here and waits for it, at most `timeout` altogether, waiting for a permit included.
    ///
    /// A panic becomes `Failure(Internal)`. Dropping the returned future stops the work at its next await.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        asker: Asker,
        timeout: Duration,
        work: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Result<T, Failure> {
        let permits = Arc::clone(match asker {
            Asker::Rule => &self.rules,
            Asker::Person => &self.people,
        });
        let permit = async move {
            let permit = permits.acquire_owned().await;
            Arc::new(permit.expect("the semaphore is never closed"))
        };
        self.run_within(permit, Limit::of(timeout), work).await
    }

    /// The same for who has a permit already, and waited for it since `limit` began.
    ///
    /// The permit is free again when the caller has dropped it too.
    pub(crate) async fn run_permitted<T: Send + 'static>(
        &self,
        permit: Arc<OwnedSemaphorePermit>,
        limit: Limit,
        work: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Result<T, Failure> {
        self.run_within(std::future::ready(permit), limit, work).await
    }

    async fn run_within<T: Send + 'static>(
        &self,
        permit: impl Future<Output = Arc<OwnedSemaphorePermit>> + Send + 'static,
        limit: Limit,
        work: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> Result<T, Failure> {
        let queries = self.queries.as_ref().expect("present until dropped").handle().clone();
        let watch = self.watch.as_ref().expect("present until dropped").handle().clone();
        let stuck = Arc::clone(&self.stuck);
        let handle = watch.clone();
        let supervisor = watch.spawn(async move {
            let Limit { deadline, timeout } = limit;
            let Ok(permit) = timeout_at(deadline, permit).await else {
                return Err(timed_out(timeout, "it waited for other queries all the time"));
            };
            let task = queries.spawn(work);
            let mut running = Running { turn: Some(Turn { task, permit, stuck }), handle };
            match timeout_at(deadline, running.ended()).await {
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

/// How long somebody waits, from the moment when this was made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    pub deadline: Instant,
    pub timeout: Duration,
}

impl Limit {
    pub(crate) fn of(timeout: Duration) -> Self {
        Self { deadline: Instant::now() + timeout.min(TIMEOUT_MAX), timeout }
    }
}

/// A query that runs. When this is dropped before its end, it is stopped.
struct Running<T: Send + 'static> {
    /// `Some` until the end.
    turn: Option<Turn<T>>,
    handle: Handle,
}

struct Turn<T> {
    task: JoinHandle<Result<T, Failure>>,
    permit: Arc<OwnedSemaphorePermit>,
    stuck: Arc<Semaphore>,
}

impl<T: Send + 'static> Running<T> {
    async fn ended(&mut self) -> Result<Result<T, Failure>, JoinError> {
        let turn = self.turn.as_mut().expect("present until the end");
        let result = (&mut turn.task).await;
        self.turn = None;
        result
    }
}

impl<T: Send + 'static> Drop for Running<T> {
    fn drop(&mut self) {
        if let Some(turn) = self.turn.take() {
            turn.task.abort();
            self.handle.spawn(turn.let_go());
        }
    }
}

impl<T> Turn<T> {
    /// Gives the turn back once the work has ended, or does not end soon and may be left to itself.
    async fn let_go(self) {
        let Self { mut task, permit, stuck } = self;
        if timeout(GRACE, &mut task).await.is_ok() {
            return;
        }
        // Only so many may hold a thread without a turn; beyond that, turns wait for their work.
        tokio::select! {
            _ = &mut task => {}
            stuck = stuck.acquire_owned() => {
                drop(permit);
                _ = task.await;
                drop(stuck);
            }
        }
    }
}

impl Drop for QueryRuntime {
    fn drop(&mut self) {
        // A runtime must not be waited for inside another one.
        for runtime in [self.queries.take(), self.watch.take()].into_iter().flatten() {
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
        let queries = QueryRuntime::new(1, 1).unwrap();
        let waiting = Builder::new_current_thread().build().unwrap();
        waiting.block_on(queries.run(Asker::Rule, timeout, work))
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

    #[test]
    fn work_that_does_not_let_go_gives_its_turn_to_the_next() {
        let queries = QueryRuntime::new(1, 1).unwrap();
        let waiting = Builder::new_current_thread().build().unwrap();
        let (release, held) = std::sync::mpsc::channel::<()>();
        let stuck = async move {
            // A thread that waits for somebody else, as one deep in a long call does.
            _ = held.recv();
            Ok(())
        };
        let failure = waiting.block_on(queries.run(Asker::Rule, Duration::from_millis(20), stuck)).unwrap_err();
        assert_eq!(failure.code, FailureCode::Timeout);
        let next = waiting.block_on(queries.run(Asker::Rule, Duration::from_secs(20), async { Ok(7) }));
        assert_eq!(next.unwrap(), 7);
        drop(release);
    }

    #[test]
    fn what_was_waited_before_counts_for_the_timeout() {
        let queries = QueryRuntime::new(1, 1).unwrap();
        let waiting = Builder::new_current_thread().build().unwrap();
        let permit = Arc::new(queries.people().try_acquire_owned().unwrap());
        // Its time was over when it got its permit.
        let limit = Limit { deadline: Instant::now(), timeout: Duration::from_secs(60) };
        let run = queries.run_permitted::<()>(Arc::clone(&permit), limit, std::future::pending());
        let failure = waiting.block_on(run).unwrap_err();
        assert!(failure.message.contains("timeout of 1m"), "{failure}");
        // Who holds the permit still has the turn.
        assert_eq!(queries.people().available_permits(), 0);
        drop(permit);
        waiting.block_on(async { queries.people().acquire_owned().await.map(drop) }).unwrap();
    }

    #[test]
    fn rules_have_turns_however_much_people_ask() {
        let queries = QueryRuntime::new(1, 1).unwrap();
        let waiting = Builder::new_current_thread().build().unwrap();
        waiting.block_on(async {
            let person = queries.run::<()>(Asker::Person, Duration::from_secs(60), std::future::pending());
            let rule = queries.run(Asker::Rule, Duration::from_secs(20), async { Ok(7) });
            tokio::select! {
                biased;
                _ = person => panic!("it never ends"),
                answer = rule => assert_eq!(answer.unwrap(), 7),
            }
        });
    }
}

//! The clock port: the one place that reads the wall clock.

use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::watch;
use watchfire_model::Timestamp;

/// Tells the time and waits for it.
pub trait Clock: Send + Sync + 'static {
    /// The instant it is now.
    fn now(&self) -> Timestamp;

    /// Returns once the clock shows `at` or later.
    ///
    /// A caller that must notice a clock that jumps waits for something else besides.
    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()>;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that everybody else takes `now` from")]
    fn now(&self) -> Timestamp {
        Timestamp::from(chrono::Utc::now())
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        let wait = at.since(self.now());
        Box::pin(async move {
            // Timers are as coarse as a millisecond and may end a little early; a slot never starts early.
            if !wait.is_zero() {
                tokio::time::sleep(wait + Duration::from_millis(1)).await;
            }
        })
    }
}

/// A clock that is moved by hand: for tests.
#[derive(Debug, Clone)]
pub struct TestClock {
    shown: watch::Sender<Timestamp>,
}

impl TestClock {
    /// A clock that shows `start`.
    pub fn at(start: Timestamp) -> Self {
        Self { shown: watch::Sender::new(start) }
    }

    /// Makes it show `instant`, earlier or later.
    pub fn set(&self, instant: Timestamp) {
        self.shown.send_replace(instant);
    }

    /// Moves it on.
    pub fn advance(&self, by: Duration) {
        self.shown.send_modify(|shown| *shown = shown.plus(by));
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.shown.borrow()
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        let mut shown = self.shown.subscribe();
        Box::pin(async move {
            // The sender lives as long as the clock; without it nobody can move time, and we wait for ever.
            if shown.wait_for(|now| *now >= at).await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_hand_is_moved_and_not_before() {
        let clock = TestClock::at(Timestamp::from_seconds(100));
        let mut sleeper = clock.sleep_until(Timestamp::from_seconds(105));
        clock.advance(Duration::from_secs(4));
        assert!(futures::poll!(&mut sleeper).is_pending());
        clock.advance(Duration::from_secs(1));
        sleeper.await;
        assert_eq!(clock.now(), Timestamp::from_seconds(105));
    }
}

//! Requests that have their instant of arrival and whose rows cannot be asked for yet.
//!
//! `created_at` is read from the clock before a request is decoded and made durable. A rule whose window is cut by it
//! waits for the requests that arrived inside its window, or their rows would be in no window at all.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use watchfire_model::Timestamp;

use crate::clock::Clock;

/// The requests under way, by their instant of arrival.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    under_way: Mutex<BTreeMap<Timestamp, usize>>,
    ended: Notify,
}

/// One request under way; over when it is dropped.
#[derive(Debug)]
pub(crate) struct UnderWay {
    arrivals: Arc<Arrivals>,
    at: Timestamp,
}

impl Arrivals {
    /// A request arrives now.
    pub(crate) fn begin(self: &Arc<Self>, clock: &dyn Clock) -> UnderWay {
        let mut under_way = self.lock();
        // Read under the lock: who finds nothing here before an instant that is over will find nothing there later.
        let at = clock.now();
        *under_way.entry(at).or_default() += 1;
        drop(under_way);
        UnderWay { arrivals: Arc::clone(self), at }
    }

    /// Returns once no request that arrived before `end` is under way. This ends, as later ones arrive later.
    pub(crate) async fn settled_before(&self, end: Timestamp) {
        loop {
            let ended = self.ended.notified();
            tokio::pin!(ended);
            // Enabled before looking, so that an end between looking and waiting is noticed.
            ended.as_mut().enable();
            if self.lock().first_key_value().is_none_or(|(oldest, _)| *oldest >= end) {
                return;
            }
            ended.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Timestamp, usize>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl UnderWay {
    /// When it arrived.
    pub(crate) const fn at(&self) -> Timestamp {
        self.at
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut under_way = self.arrivals.lock();
        if let Some(count) = under_way.get_mut(&self.at) {
            *count -= 1;
            if *count == 0 {
                under_way.remove(&self.at);
            }
        }
        drop(under_way);
        self.arrivals.ended.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::TestClock;

    fn at(second: u32) -> Timestamp {
        Timestamp::parse(&format!("2026-11-20T06:00:{second:02}Z")).unwrap()
    }

    #[tokio::test]
    async fn who_asks_about_a_window_waits_for_all_that_arrived_in_it_and_for_nothing_later() {
        let arrivals = Arc::new(Arrivals::default());
        arrivals.settled_before(at(59)).await;
        let first = arrivals.begin(&TestClock::at(at(1)));
        let twin = arrivals.begin(&TestClock::at(at(1)));
        let later = arrivals.begin(&TestClock::at(at(5)));
        assert_eq!((first.at(), later.at()), (at(1), at(5)));
        // Its end is outside of a window.
        arrivals.settled_before(at(1)).await;
        let mut settled = Box::pin(arrivals.settled_before(at(5)));
        assert!(futures::poll!(&mut settled).is_pending());
        drop(first);
        assert!(futures::poll!(&mut settled).is_pending());
        drop(twin);
        settled.await;
        drop(later);
        arrivals.settled_before(at(59)).await;
        assert!(arrivals.lock().is_empty());
    }
}

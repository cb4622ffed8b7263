//! Appends that wait for the disk.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::frame::Frame;
use crate::error::AppendError;
use crate::hot::Reservation;
use crate::limits;
use crate::part::Part;

/// What is said when the thread that writes has broken.
pub(crate) const BROKEN: &str =
    "the log's writer ended by a fault of Watchfire, which the server's own log tells; restart the server";

/// One append that waits.
pub(crate) struct Entry {
    pub frame: Frame,
    pub parts: Vec<Part>,
    /// Its place in memory.
    pub reservation: Reservation,
    pub answer: oneshot::Sender<Result<(), AppendError>>,
}

/// The appends that wait, oldest first; bounded in bytes.
pub(crate) struct Queue {
    /// Most bytes that wait; one append is always taken.
    bytes_max: usize,
    /// Most bytes that are taken at once; one append always is.
    group_bytes_max: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Entry>,
    waiting_bytes: usize,
    is_closed: bool,
    /// Closed since the thread broke.
    is_abandoned: bool,
}

impl Default for Queue {
    fn default() -> Self {
        Self::new(limits::QUEUE_BYTES, limits::GROUP_BYTES)
    }
}

impl Queue {
    fn new(bytes_max: usize, group_bytes_max: usize) -> Self {
        Self { bytes_max, group_bytes_max, state: Mutex::default(), changed: Condvar::new() }
    }

    /// Adds one behind the others, or refuses it.
    pub(crate) fn push(&self, entry: Entry) -> Result<(), AppendError> {
        let mut state = self.lock();
        if state.is_abandoned {
            return Err(AppendError::Unavailable { reason: BROKEN.to_owned() });
        }
        if state.is_closed {
            return Err(AppendError::Unavailable { reason: "the log is closed, since the server stops".to_owned() });
        }
        let bytes = state.waiting_bytes.saturating_add(entry.frame.len());
        if bytes > self.bytes_max && !state.waiting.is_empty() {
            let reason = format!(
                "{} bytes wait for the disk, and {bytes} would be more than the limit of {}; it takes them more slowly \
                 than they come",
                state.waiting_bytes, self.bytes_max
            );
            return Err(AppendError::Unavailable { reason });
        }
        state.waiting_bytes = bytes;
        state.waiting.push_back(entry);
        self.changed.notify_one();
        Ok(())
    }

    /// Waits for appends and takes the oldest of them, as many as one fsync shall cover. `None` once it is closed and empty.
    pub(crate) fn take(&self) -> Option<Vec<Entry>> {
        let mut state = self.lock();
        while state.waiting.is_empty() {
            if state.is_closed {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let mut group: Vec<Entry> = Vec::new();
        let mut bytes = 0;
        while let Some(entry) =
            state.waiting.pop_front_if(|next| bytes == 0 || bytes + next.frame.len() <= self.group_bytes_max)
        {
            bytes += entry.frame.len();
            group.push(entry);
        }
        state.waiting_bytes -= bytes;
        Some(group)
    }

    /// Takes no more; what waits is still written.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }

    /// Takes no more, and drops what waits: its senders hear that the writer is gone. `is_broken`: it ended by a fault.
    pub(crate) fn abandon(&self, is_broken: bool) {
        let mut state = self.lock();
        state.is_closed = true;
        state.is_abandoned = is_broken;
        state.waiting_bytes = 0;
        let dropped = std::mem::take(&mut state.waiting);
        drop(state);
        drop(dropped);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes the queue when the last sender is gone.
pub(crate) struct CloseOnDrop(pub Arc<Queue>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.0.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conform::Columns;
    use crate::hot::Hot;
    use crate::part::prepare;
    use crate::testing::{row, rows};
    use crate::wal::encode;
    use watchfire_ingest::table::Shredding;

    fn entry(hot: &Arc<Hot>) -> (Entry, oneshot::Receiver<Result<(), AppendError>>) {
        let parts = prepare(vec![rows("default", &[row("a", 1)])], &Columns::of(&Shredding::new([])));
        let (answer, answered) = oneshot::channel();
        (
            Entry {
                frame: encode(&parts, limits::APPEND_BYTES).unwrap(),
                parts,
                reservation: hot.reserve(10).unwrap(),
                answer,
            },
            answered,
        )
    }

    #[test]
    fn appends_beyond_the_bound_are_refused_until_some_were_taken() {
        let hot = Arc::new(Hot::new(1_000));
        let (first, _first) = entry(&hot);
        let size = first.frame.len();
        let queue = Queue::new(2 * size, size);
        queue.push(first).unwrap();
        let (second, _second) = entry(&hot);
        queue.push(second).unwrap();
        let refused = queue.push(entry(&hot).0).unwrap_err().to_string();
        let expected = format!(
            "{} bytes wait for the disk, and {} would be more than the limit of {}",
            2 * size,
            3 * size,
            2 * size
        );
        assert!(refused.contains(&expected), "{refused}");
        assert_eq!(queue.take().unwrap().len(), 1, "a group has its bound too");
        queue.push(entry(&hot).0).unwrap();
    }

    #[test]
    fn one_append_is_taken_however_large_it_is() {
        let hot = Arc::new(Hot::new(1_000));
        let queue = Queue::new(1, 1);
        queue.push(entry(&hot).0).unwrap();
        assert!(queue.push(entry(&hot).0).is_err());
        assert_eq!(queue.take().unwrap().len(), 1);
    }

    #[test]
    fn a_closed_queue_gives_what_waits_and_an_abandoned_one_tells_who_waits() {
        let hot = Arc::new(Hot::new(1_000));
        let queue = Queue::default();
        queue.push(entry(&hot).0).unwrap();
        queue.close();
        assert!(queue.push(entry(&hot).0).is_err());
        assert_eq!(queue.take().map(|group| group.len()), Some(1));
        assert!(queue.take().is_none());
        let queue = Queue::default();
        let (waiting, mut answered) = entry(&hot);
        queue.push(waiting).unwrap();
        queue.abandon(true);
        assert_eq!(
            queue.push(entry(&hot).0).unwrap_err().to_string(),
            format!("telemetry cannot be taken now: {BROKEN}")
        );
        assert_eq!(answered.try_recv().unwrap_err(), oneshot::error::TryRecvError::Closed);
        assert!(hot.reserve(1_000).is_ok(), "its place in memory is free again");
    }
}

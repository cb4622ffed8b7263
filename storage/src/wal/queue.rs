//! Appends that wait for the disk.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::frame::Frame;
use crate::error::AppendError;
use crate::hot::Reservation;
use crate::limits;
use crate::part::Part;

/// One append that waits.
pub(crate) struct Entry {
    pub frame: Frame,
    pub parts: Vec<Part>,
    /// Its place in memory.
    pub reservation: Reservation,
    pub answer: oneshot::Sender<Result<(), AppendError>>,
}

/// The appends that wait, oldest first; bounded in bytes.
#[derive(Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Entry>,
    waiting_bytes: usize,
    is_closed: bool,
}

impl Queue {
    /// Adds one behind the others, or refuses it.
    pub(crate) fn push(&self, entry: Entry) -> Result<(), AppendError> {
        let mut state = self.lock();
        if state.is_closed {
            return Err(AppendError::Unavailable { reason: "the log is closed, since the server stops".to_owned() });
        }
        let bytes = state.waiting_bytes.saturating_add(entry.frame.len());
        if bytes > limits::QUEUE_BYTES && !state.waiting.is_empty() {
            let reason = format!(
                "{} bytes wait for the disk, and {bytes} would be more than the limit of {}; it takes them more slowly \
                 than they come",
                state.waiting_bytes,
                limits::QUEUE_BYTES
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
            state.waiting.pop_front_if(|next| bytes == 0 || bytes + next.frame.len() <= limits::GROUP_BYTES)
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

    /// Takes no more, and drops what waits: its senders hear that the writer is gone.
    pub(crate) fn abandon(&self) {
        let mut state = self.lock();
        state.is_closed = true;
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

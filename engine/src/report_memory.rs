//! What all reports together may hold in memory between their query and their commit.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::reports::REPORT_RESULT_MAX_BYTES;

/// Most bytes of results of reports in flight: asked for, being written as a file, or waiting for their commit.
/// Further reports wait for their turn; alerts never do.
const IN_FLIGHT_MAX_BYTES: usize = 128 << 20;
/// What a report takes of that for each window that it asks for, until its true size is known: the most that one
/// result may keep as rows (`result_bytes` of the query engine's limits).
const WINDOW_BYTES: usize = 64 << 20;

/// The memory of reports, in bytes: the first to ask is the first to get its part.
#[derive(Debug)]
pub(crate) struct ReportMemory(Arc<Semaphore>);

/// A part of that memory; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Held(OwnedSemaphorePermit);

impl Default for ReportMemory {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(IN_FLIGHT_MAX_BYTES)))
    }
}

impl ReportMemory {
    /// Waits until there is room for a report that asks for so many windows.
    pub(crate) async fn take(&self, windows: usize) -> Held {
        let bytes = u32::try_from(windows.saturating_mul(WINDOW_BYTES).min(IN_FLIGHT_MAX_BYTES)).unwrap_or(u32::MAX);
        Held(Arc::clone(&self.0).acquire_many_owned(bytes).await.expect("nobody closes it"))
    }
}

impl Held {
    /// Gives back what is not needed for a file of so many bytes, which is all that is left of a result.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        let spare = self.0.num_permits().saturating_sub(bytes.min(REPORT_RESULT_MAX_BYTES));
        drop(self.0.split(spare));
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn two_results_fit_and_the_next_waits_until_one_is_a_small_file() {
        let memory = ReportMemory::default();
        let take = |windows| memory.take(windows).now_or_never();
        let mut first = take(1).expect("there is room");
        let second = take(1).expect("there is room for two");
        assert!(take(1).is_none(), "the memory is full");
        first.shrink_to(1000);
        assert!(take(1).is_none(), "a file is memory too");
        drop(first);
        let third = take(1).expect("its file is committed");
        assert!(take(2).is_none(), "a comparison takes twice as much");
        drop((second, third));
        assert!(take(2).is_some());
    }

    #[test]
    fn many_small_files_may_wait_for_one_commit() {
        let memory = ReportMemory::default();
        let small = |_| {
            let mut held = memory.take(1).now_or_never()?;
            held.shrink_to(1000);
            Some(held)
        };
        let held: Vec<Held> = (0..256).filter_map(small).collect();
        assert_eq!(held.len(), 256);
    }
}

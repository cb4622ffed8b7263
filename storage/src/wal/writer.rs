//! The thread that writes: all appends that wait, one fsync, then they are visible, then they are answered.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::oneshot;
use tracing::{error, info};

use super::frame::Frame;
use super::log::{Log, Sealed};
use super::queue::{BROKEN, CloseOnDrop, Entry, Queue};
use crate::error::AppendError;
use crate::hot::{Hot, Reservation};
use crate::kill_point::KillPoint;
use crate::part::Part;

/// What the log says of itself.
#[derive(Debug, Default)]
pub(crate) struct Gauges {
    /// Bytes of all segments.
    pub size_bytes: AtomicU64,
    /// Fsyncs that covered frames.
    pub syncs: AtomicU64,
    /// Why the last append was refused, while they are.
    pub failure: Mutex<Option<String>>,
    /// Whether the thread has ended by a fault: no append will be taken any more.
    pub is_broken: AtomicBool,
}

impl Gauges {
    pub(crate) fn failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Remembers it, and says whether it is news.
    fn set_failure(&self, failure: Option<&str>) -> bool {
        let mut known = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = known.is_some() != failure.is_some();
        *known = failure.map(str::to_owned);
        is_news
    }
}

/// The way to the thread. Dropping it lets the thread end once it has written what waits.
pub(crate) struct Writer {
    queue: CloseOnDrop,
    sealed: Arc<Mutex<Vec<Sealed>>>,
    folder: PathBuf,
    disk: Arc<dyn super::Disk>,
    pub(crate) gauges: Arc<Gauges>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Starts the thread.
    pub(crate) fn start(log: Log, hot: Arc<Hot>) -> io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let (sealed, folder) = (Arc::clone(&log.sealed), log.folder.clone());
        let (disk, gauges) = (Arc::clone(&log.disk), Arc::clone(&log.gauges));
        let theirs = AbandonOnDrop { queue: Arc::clone(&queue), gauges: Arc::clone(&log.gauges) };
        let thread = std::thread::Builder::new()
            .name("watchfire-wal".to_owned())
            .spawn(move || run(log, &theirs.queue, &hot))?;
        Ok(Self { queue: CloseOnDrop(queue), sealed, folder, disk, gauges, thread: Mutex::new(Some(thread)) })
    }

    /// Where the segments are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Appends, and waits until that is durable and visible.
    pub(crate) async fn append(
        &self,
        frame: Frame,
        parts: Vec<Part>,
        reservation: Reservation,
    ) -> Result<(), AppendError> {
        let (answer, answered) = oneshot::channel();
        self.queue.0.push(Entry { frame, parts, reservation, answer })?;
        answered.await.unwrap_or_else(|_| {
            // Only a thread that breaks leaves somebody without an answer.
            Err(AppendError::Unavailable { reason: BROKEN.to_owned() })
        })
    }

    /// Removes the segments in which nothing is newer than `sequence`. Waits for the disk.
    pub(crate) fn remove_through(&self, sequence: u64) -> io::Result<()> {
        let mut sealed = self.sealed.lock().unwrap_or_else(PoisonError::into_inner);
        let mut is_changed = false;
        // Oldest first, so that a log never has a hole.
        while let Some(oldest) = sealed.first().filter(|segment| segment.last_sequence <= sequence) {
            match self.disk.remove(&oldest.path) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            self.gauges.size_bytes.fetch_sub(oldest.size_bytes, Ordering::Relaxed);
            sealed.remove(0);
            is_changed = true;
        }
        if is_changed { self.disk.sync_folder(&self.folder) } else { Ok(()) }
    }

    /// Takes no more appends, and waits until the thread has written those that it has.
    pub(crate) fn stop(&self) {
        self.queue.0.close();
        self.join();
    }

    /// Waits until the thread ends.
    pub(crate) fn join(&self) {
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // Its panic has been told by the panic hook, and everybody who waited has been answered.
            let _ = thread.join();
        }
    }
}

/// When the thread ends, however it does, nobody waits for it any more.
struct AbandonOnDrop {
    queue: Arc<Queue>,
    gauges: Arc<Gauges>,
}

impl Drop for AbandonOnDrop {
    fn drop(&mut self) {
        let is_broken = std::thread::panicking();
        if is_broken {
            self.gauges.is_broken.store(true, Ordering::Relaxed);
            self.gauges.set_failure(Some(BROKEN));
            error!("{BROKEN}");
        }
        self.queue.abandon(is_broken);
    }
}

fn run(mut log: Log, queue: &Queue, hot: &Hot) {
    while let Some(mut group) = queue.take() {
        let mut frames: Vec<&mut Frame> = group.iter_mut().map(|entry| &mut entry.frame).collect();
        let written = log.write(&mut frames);
        match written {
            Ok(sequences) => {
                if log.gauges.set_failure(None) {
                    info!("Telemetry is taken again");
                }
                let mut answers = Vec::with_capacity(group.len());
                for (Entry { frame: _, parts, reservation, answer }, sequence) in group.into_iter().zip(sequences) {
                    hot.push(sequence, parts, Some(reservation));
                    answers.push(answer);
                }
                KillPoint::WalAfterVisible.pass();
                // Whoever does not wait any more has gone; the rows stay.
                answers.into_iter().for_each(|answer| drop(answer.send(Ok(()))));
                hot.tidy();
            }
            Err(reason) => {
                if log.gauges.set_failure(Some(&reason)) {
                    error!(reason, "Telemetry is refused until the log can be written again");
                }
                for entry in group {
                    let _ = entry.answer.send(Err(AppendError::Unavailable { reason: reason.clone() }));
                }
            }
        }
    }
}

//! The process's heartbeat, and the one file that names tokio-cron-scheduler.
//!
//! A beat is a hint to look whether something is due, no more: slots, catch-up and claims are
//! computed from the store, so a late, merged or missing beat loses nothing. Beats come up to half
//! a second after the whole second; whoever needs a slot at its instant sleeps to it. They follow
//! the wall clock: when it is set back, they pause until it has caught up, so a listener that
//! must not stall pairs them with a sleep of its own.

use std::sync::Arc;
use std::thread;

use tokio::sync::{oneshot, watch};
use tokio_cron_scheduler::{Job, JobScheduler, JobSchedulerError};
use tracing::warn;

/// A rhythm of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Beat {
    /// Each second: what is due?
    Second,
    /// Each minute: leases, counters, files that changed.
    Minute,
    /// Each hour: retention and compaction.
    Hour,
}

impl Beat {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Second, Self::Minute, Self::Hour];

    const fn pattern(self) -> &'static str {
        match self {
            Self::Second => "* * * * * *",
            Self::Minute => "0 * * * * *",
            Self::Hour => "0 0 * * * *",
        }
    }
}

/// Why the heart does not beat.
#[derive(Debug, thiserror::Error)]
pub enum TickerError {
    /// The operating system gives no thread.
    #[error("the heartbeat's thread cannot be started")]
    Thread(#[source] std::io::Error),
    /// The scheduler refused to start.
    #[error("the heartbeat's scheduler cannot be started")]
    Scheduler(#[source] JobSchedulerError),
    /// The thread ended before it said that it runs.
    #[error("the heartbeat's thread ended while it started")]
    Died,
}

/// The running heartbeat. Dropping it stops it too; [`shutdown`](Self::shutdown) also waits.
#[derive(Debug)]
pub struct Heartbeat {
    beats: [watch::Receiver<u64>; 3],
    stop: oneshot::Sender<()>,
    stopped: oneshot::Receiver<()>,
}

impl Heartbeat {
    /// Follows one beat; the value is how many there were.
    ///
    /// Beats that come while the listener is busy are one change, so nothing piles up and the
    /// rare beat is not lost behind the frequent ones. `changed` fails once the heart has stopped.
    pub fn listen(&self, beat: Beat) -> watch::Receiver<u64> {
        self.beats[beat as usize].clone()
    }

    /// Stops the beats and waits until their thread has ended.
    pub async fn shutdown(self) {
        drop(self.stop);
        // The sender is dropped by the thread's end, which is all there is to wait for.
        let _ended = self.stopped.await;
    }
}

/// Starts the heartbeat: [`Beat::Second`], [`Beat::Minute`] and [`Beat::Hour`].
///
/// It lives on a thread and a runtime of its own, because the scheduler leaves tasks behind when
/// it is shut down: they end with their runtime. So a busy engine does not slow it either.
///
/// # Errors
/// `Thread`, `Scheduler` or `Died` when it cannot start.
pub async fn start() -> Result<Heartbeat, TickerError> {
    let (senders, beats) = channels();
    let (stop, stop_asked) = oneshot::channel();
    let (ended, stopped) = oneshot::channel();
    let (started, has_started) = oneshot::channel();
    thread::Builder::new()
        .name("heartbeat".to_owned())
        .spawn(move || {
            run(senders, started, stop_asked);
            drop(ended);
        })
        .map_err(TickerError::Thread)?;
    has_started.await.map_err(|_| TickerError::Died)??;
    Ok(Heartbeat { beats, stop, stopped })
}

type Senders = [Arc<watch::Sender<u64>>; 3];

fn channels() -> (Senders, [watch::Receiver<u64>; 3]) {
    let senders = Beat::ALL.map(|_| Arc::new(watch::Sender::new(0)));
    let receivers = senders.each_ref().map(|sender| sender.subscribe());
    (senders, receivers)
}

fn run(senders: Senders, started: oneshot::Sender<Result<(), TickerError>>, stop_asked: oneshot::Receiver<()>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_time().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(started, Err(TickerError::Thread(error))),
    };
    runtime.block_on(async {
        match beat(senders).await {
            Ok(mut scheduler) => {
                report(started, Ok(()));
                // The answer is the sender's end: it never sends.
                let _asked = stop_asked.await;
                if let Err(error) = scheduler.shutdown().await {
                    warn!(%error, "The heartbeat's scheduler did not stop in order");
                }
            }
            Err(error) => report(started, Err(TickerError::Scheduler(error))),
        }
    });
}

fn report(started: oneshot::Sender<Result<(), TickerError>>, result: Result<(), TickerError>) {
    // Nobody listens any more when the start itself was given up.
    let _unheard = started.send(result);
}

async fn beat(senders: Senders) -> Result<JobScheduler, JobSchedulerError> {
    let scheduler = JobScheduler::new().await?;
    for (beat, sender) in Beat::ALL.into_iter().zip(senders) {
        // A job only counts and wakes; it waits for nothing, so it cannot overlap itself, and work
        // that takes longer than a beat happens at the listener, who sees one change for many beats.
        let job = Job::new_async(beat.pattern(), move |_, _| {
            let sender = Arc::clone(&sender);
            Box::pin(async move { sender.send_modify(|beats| *beats += 1) })
        })?;
        scheduler.add(job).await?;
    }
    scheduler.start().await?;
    Ok(scheduler)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn the_heart_beats_each_second_until_it_is_shut_down() {
        let heartbeat = start().await.unwrap();
        let mut seconds = heartbeat.listen(Beat::Second);
        let mut heard = 0;
        while heard < 2 {
            timeout(PATIENCE, seconds.changed()).await.expect("a beat").expect("a running heart");
            let beats = *seconds.borrow_and_update();
            assert!(beats > heard, "{beats} after {heard}");
            heard = beats;
        }
        timeout(PATIENCE, heartbeat.shutdown()).await.expect("an end");
        timeout(PATIENCE, async { while seconds.changed().await.is_ok() {} }).await.expect("no beat after the end");
    }

    #[tokio::test]
    async fn a_dropped_heartbeat_stops() {
        let heartbeat = start().await.unwrap();
        let mut hours = heartbeat.listen(Beat::Hour);
        drop(heartbeat);
        timeout(PATIENCE, async { while hours.changed().await.is_ok() {} }).await.expect("an end");
    }
}

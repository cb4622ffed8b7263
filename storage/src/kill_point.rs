//! Named places at which a test kills the process, to prove that no acknowledged row is lost or doubled.
//!
//! `WATCHFIRE_KILL_AT=wal_after_sync:3` kills it at the third passage, as the kernel would: no destructor runs,
//! nothing is flushed. Builds without debug assertions have no such places. The engine's places
//! are named by the same variable; each room ignores the names of the other.

/// A named place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KillPoint {
    /// A group of appends is in the log, and not yet synced.
    WalAfterWrite,
    /// It is synced, and no snapshot has it.
    WalAfterSync,
    /// Snapshots have it, and nobody was answered.
    WalAfterVisible,
    /// A flush has chosen its rows.
    FlushBeforeWrite,
    /// Their files are written, and in no list.
    FlushAfterWrite,
    /// The list has the files, and the log still has the rows.
    FlushAfterCommit,
    /// The telemetry's folder knows that they are flushed.
    FlushAfterMark,
    /// Files were joined, and the new one is in no list.
    JoinAfterWrite,
    /// The list has the new file in the place of the old ones.
    JoinAfterCommit,
    /// Doomed files are deleted, and the list still has them.
    DeleteBeforeCommit,
    /// One frame of the log was read at the start.
    Replay,
}

#[cfg(debug_assertions)]
mod armed {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicI64, Ordering};

    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    use super::KillPoint;

    struct Armed {
        point: KillPoint,
        passages_left: AtomicI64,
    }

    static ARMED: LazyLock<Option<Armed>> = LazyLock::new(|| {
        let setting = std::env::var("WATCHFIRE_KILL_AT").ok()?;
        let (name, count) = setting.split_once(':')?;
        let point = [
            ("wal_after_write", KillPoint::WalAfterWrite),
            ("wal_after_sync", KillPoint::WalAfterSync),
            ("wal_after_visible", KillPoint::WalAfterVisible),
            ("flush_before_write", KillPoint::FlushBeforeWrite),
            ("flush_after_write", KillPoint::FlushAfterWrite),
            ("flush_after_commit", KillPoint::FlushAfterCommit),
            ("flush_after_mark", KillPoint::FlushAfterMark),
            ("join_after_write", KillPoint::JoinAfterWrite),
            ("join_after_commit", KillPoint::JoinAfterCommit),
            ("delete_before_commit", KillPoint::DeleteBeforeCommit),
            ("replay", KillPoint::Replay),
        ]
        .into_iter()
        .find_map(|(word, point)| (word == name).then_some(point))?;
        Some(Armed { point, passages_left: AtomicI64::new(count.parse().ok()?) })
    });

    impl KillPoint {
        pub(crate) fn pass(self) {
            let Some(armed) = ARMED.as_ref().filter(|armed| armed.point == self) else { return };
            if armed.passages_left.fetch_sub(1, Ordering::SeqCst) == 1 {
                // A signal to ourselves cannot fail, and nothing after it is reached.
                let _ = kill(Pid::this(), Signal::SIGKILL);
                loop {
                    std::thread::park();
                }
            }
        }
    }
}

#[cfg(not(debug_assertions))]
impl KillPoint {
    pub(crate) fn pass(self) {}
}

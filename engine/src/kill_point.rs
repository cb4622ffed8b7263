//! Named places at which a test kills the process, to prove that nothing is lost or told twice.
//!
//! `WATCHFIRE_KILL_AT=after_commit:3` kills it at the third passage, as a power cut would:
//! no destructor runs, nothing is flushed. Builds without debug assertions have no such places.

/// A named place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KillPoint {
    AfterClaim,
    AfterQuery,
    BeforeCommit,
    AfterCommit,
    AfterSend,
    BeforeAck,
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
            ("after_claim", KillPoint::AfterClaim),
            ("after_query", KillPoint::AfterQuery),
            ("before_commit", KillPoint::BeforeCommit),
            ("after_commit", KillPoint::AfterCommit),
            ("after_send", KillPoint::AfterSend),
            ("before_ack", KillPoint::BeforeAck),
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

//! A running server, seen from outside: its process, its log, its address, its end.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::Child;

use crate::log::Log;

/// How long a start may take in a debug build on a busy machine.
const READY_TIMEOUT: Duration = Duration::from_secs(60);

/// A server that is or was running. Dropping it kills it; when the test fails, its last lines are shown.
pub struct Product {
    child: Child,
    pid: u32,
    log: Log,
    address: Option<String>,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// Its exit code, when it ended by itself.
    pub code: Option<i32>,
    /// The signal that ended it, when one did.
    pub signal: Option<i32>,
}

impl Exit {
    /// Ended by itself, with this code.
    pub const fn code(code: i32) -> Self {
        Self { code: Some(code), signal: None }
    }

    /// Ended by this signal.
    pub const fn signal(signal: Signal) -> Self {
        Self { code: None, signal: Some(signal as i32) }
    }
}

impl Product {
    pub(crate) fn new(mut child: Child) -> Self {
        let log = Log::new();
        tokio::spawn(log.clone().follow(child.stdout.take().expect("standard output is piped")));
        tokio::spawn(log.clone().follow(child.stderr.take().expect("standard error is piped")));
        let pid = child.id().expect("a child that nobody has waited for has an id");
        Self { child, pid, log, address: None }
    }

    /// Waits for the line `listening on http://HOST:PORT`.
    ///
    /// Panics when it does not come in time, or the server ends before.
    pub async fn wait_ready(&mut self) {
        let ready = self.log.wait(0, READY_TIMEOUT, address_in);
        let address = tokio::select! {
            address = ready => address,
            exit = self.child.wait() => panic!("the server ended before it listened: {exit:?}"),
        };
        assert!(address.is_some(), "the server did not listen within {READY_TIMEOUT:?}");
        self.address = address;
    }

    /// Like [`Self::wait_ready`], but a server that ends before it listens is an answer: `false`.
    pub async fn listens(&mut self) -> bool {
        let ready = self.log.wait(0, READY_TIMEOUT, address_in);
        let address = tokio::select! {
            address = ready => address,
            _ = self.child.wait() => None,
        };
        self.address = address;
        self.address.is_some()
    }

    /// Its address, for example `http://127.0.0.1:40123`. Panics before it listens.
    pub fn url(&self) -> &str {
        self.address.as_deref().expect("the test waited until the server listened")
    }

    /// Its process id.
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// What it has said so far.
    pub const fn log(&self) -> &Log {
        &self.log
    }

    /// Waits for a line with this text among those at or after `from`. Panics when it does not come.
    pub async fn wait_for_line(&self, from: usize, text: &str, timeout: Duration) {
        let found = self.log.wait(from, timeout, |line| line.contains(text).then_some(())).await;
        assert!(found.is_some(), "the server did not say `{text}` within {timeout:?}");
    }

    /// Asks it to stop, as an operator does.
    pub fn terminate(&self) {
        self.send(Signal::SIGTERM);
    }

    /// Asks it to stop, as somebody at a keyboard does.
    pub fn interrupt(&self) {
        self.send(Signal::SIGINT);
    }

    /// Ends it without any warning.
    pub fn kill(&self) {
        self.send(Signal::SIGKILL);
    }

    /// Waits for its end. Panics when it still runs after `timeout`.
    pub async fn exit(&mut self, timeout: Duration) -> Exit {
        let Some(exit) = self.exit_within(timeout).await else {
            panic!("the server still runs after {timeout:?}");
        };
        exit
    }

    /// Waits for its end; `None` when it still runs after `timeout`.
    pub async fn exit_within(&mut self, timeout: Duration) -> Option<Exit> {
        let status = tokio::time::timeout(timeout, self.child.wait()).await.ok()?;
        let status = status.expect("a child can be waited for");
        Some(Exit { code: status.code(), signal: status.signal() })
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child can be asked").is_none()
    }

    fn send(&self, signal: Signal) {
        // Once it has been waited for, its id may belong to somebody else.
        if let Some(pid) = self.child.id() {
            let pid = Pid::from_raw(i32::try_from(pid).expect("process ids are positive and small"));
            kill(pid, signal).expect("a child takes signals until it has been waited for");
        }
    }
}

impl Drop for Product {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the last lines of server {} ---\n{}\n---", self.pid, self.log.tail());
        }
    }
}

/// The address in the line that says that the server listens.
fn address_in(line: &str) -> Option<String> {
    let (_, after) = line.split_once("listening on http://")?;
    let end = after.find(|c: char| !(c.is_ascii_alphanumeric() || ".:[]-".contains(c))).unwrap_or(after.len());
    Some(format!("http://{}", &after[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_in_plain_and_json_log_lines() {
        for line in [
            "listening on http://127.0.0.1:4318",
            "2026-11-20T06:00:00Z  INFO watchfire: listening on http://127.0.0.1:4318",
            r#"{"level":"INFO","message":"listening on http://127.0.0.1:4318"}"#,
        ] {
            assert_eq!(address_in(line).as_deref(), Some("http://127.0.0.1:4318"), "{line}");
        }
        assert_eq!(address_in("not listening"), None);
    }
}

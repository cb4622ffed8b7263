//! What a running program says, kept for waiting on a line and for explaining a failure.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::sync::watch;

/// How many of the last lines a failure shows.
const LINES_SHOWN: usize = 60;

/// The lines of a program's standard output and error, in the order in which they were read.
#[derive(Clone)]
pub struct Log {
    lines: Arc<Mutex<Vec<String>>>,
    count: watch::Sender<usize>,
}

impl Log {
    /// No lines yet.
    pub fn new() -> Self {
        Self { lines: Arc::default(), count: watch::Sender::new(0) }
    }

    /// Reads lines until the stream ends.
    pub async fn follow(self, stream: impl AsyncRead + Unpin) {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        // Lines are read as bytes: what is not UTF-8 must not end the reading, or the program blocks.
        while matches!(reader.read_until(b'\n', &mut line).await, Ok(read) if read > 0) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            line.clear();
            let mut lines = self.lines.lock().expect("nobody panics while holding the log");
            lines.push(text);
            let count = lines.len();
            drop(lines);
            self.count.send_replace(count);
        }
    }

    /// All lines so far.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().expect("nobody panics while holding the log").clone()
    }

    /// The last lines, for a failure message.
    pub fn tail(&self) -> String {
        let lines = self.lines();
        lines[lines.len().saturating_sub(LINES_SHOWN)..].join("\n")
    }

    /// Waits for a line at or after `from` that `matches` takes, and returns what it made of it.
    pub async fn wait<T>(&self, from: usize, timeout: Duration, matches: impl Fn(&str) -> Option<T>) -> Option<T> {
        let mut count = self.count.subscribe();
        let found = async {
            let mut next = from;
            loop {
                let lines = self.lines();
                if let Some(found) = lines[next.min(lines.len())..].iter().find_map(|line| matches(line)) {
                    return Some(found);
                }
                next = next.max(lines.len());
                count.changed().await.ok()?;
            }
        };
        tokio::time::timeout(timeout, found).await.ok().flatten()
    }
}

impl Default for Log {
    fn default() -> Self {
        Self::new()
    }
}

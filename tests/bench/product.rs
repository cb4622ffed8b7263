//! The product as a process, over a folder of definitions.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

use crate::measured::{self, Used};

/// More than any start takes.
const START_AT_MOST: Duration = Duration::from_secs(120);

/// A running server.
pub struct Product {
    child: Child,
    /// Where it listens, `http://HOST:PORT`.
    pub url: String,
    /// When it was started.
    pub spawned_at: Instant,
    /// From the start of the process to the line that says where it listens.
    pub listens_after: Duration,
    _log: tokio::task::JoinHandle<()>,
}

impl Product {
    /// Starts `serve` over `folder/config` and `folder/data`, and waits until it listens.
    ///
    /// # Errors
    /// When it does not start; its last words are in the error.
    pub async fn start(binary: &Path, folder: &Path) -> anyhow::Result<Self> {
        let spawned_at = Instant::now();
        let mut child = Command::new(binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(folder.join("config"))
            .arg("--data")
            .arg(folder.join("data"))
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} cannot be started; build it first", binary.display()))?;
        let stderr = child.stderr.take().context("its log")?;
        let mut lines = BufReader::new(stderr).lines();
        let url = tokio::time::timeout(START_AT_MOST, listens(&mut lines)).await.context("it does not listen")??;
        let listens_after = spawned_at.elapsed();
        // A full pipe would stop it.
        let log = tokio::task::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { child, url, spawned_at, listens_after, _log: log })
    }

    /// What it used so far.
    ///
    /// # Errors
    /// When it has ended.
    pub fn used(&self) -> anyhow::Result<Used> {
        measured::used(self.child.id().context("it has ended")?)
    }

    /// The number that a query answers, its column `n`.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn count(&self, sql: &str) -> anyhow::Result<u64> {
        let answer = self.ask(sql, 0).await?;
        answer["data"][0]["n"].as_u64().with_context(|| format!("no number: {answer}"))
    }

    /// The answer to a query over the rows since so many seconds after 1970.
    ///
    /// # Errors
    /// When the query fails.
    pub async fn ask(&self, sql: &str, since_seconds: u64) -> anyhow::Result<Json> {
        let since = chrono::DateTime::from_timestamp(i64::try_from(since_seconds)?, 0).context("an instant")?;
        let body = json!({"sql": sql, "min_timestamp": since.to_rfc3339(), "limit": 1_000});
        let client = reqwest::Client::builder().build()?;
        let answer = client.post(format!("{}/v2/query", self.url)).json(&body).send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        if !status.is_success() {
            bail!("{status}: {text}");
        }
        serde_json::from_str(&text).with_context(|| format!("{status}: {text}"))
    }

    /// A metric without labels.
    ///
    /// # Errors
    /// When there is none of this name.
    pub async fn gauge(&self, name: &str) -> anyhow::Result<f64> {
        let client = reqwest::Client::builder().build()?;
        let page = client.get(format!("{}/metrics", self.url)).send().await?.text().await?;
        let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        Ok(line.with_context(|| format!("no metric {name}"))?.trim().parse()?)
    }

    /// Asks it to end, and waits until it has.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub async fn terminate(mut self) -> anyhow::Result<()> {
        let pid = self.child.id().context("it has ended")?;
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(i32::try_from(pid)?), nix::sys::signal::Signal::SIGTERM)?;
        self.child.wait().await?;
        Ok(())
    }

    /// Ends it at once, as a crash would.
    ///
    /// # Errors
    /// When it cannot be ended.
    pub async fn kill(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }
}

async fn listens(lines: &mut Lines<BufReader<ChildStderr>>) -> anyhow::Result<String> {
    let mut words = Vec::new();
    while let Some(line) = lines.next_line().await? {
        if let Some((_, url)) = line.split_once("listening on ") {
            // A log that goes into a pipe is JSON: the address ends at a quotation mark.
            return Ok(url.split([' ', '"']).next().unwrap_or_default().to_owned());
        }
        words.push(line);
    }
    bail!("it ended: {}", words.join("\n"))
}

/// Writes a file of the definitions' folder.
///
/// # Errors
/// When it cannot be written.
pub fn write(folder: &Path, name: &str, text: &str) -> anyhow::Result<()> {
    let dir = folder.join("config");
    std::fs::create_dir_all(&dir)?;
    // Whole or not at all: the server reads while we write.
    let next = dir.join(format!("{name}.next"));
    std::fs::write(&next, text)?;
    Ok(std::fs::rename(next, dir.join(name))?)
}

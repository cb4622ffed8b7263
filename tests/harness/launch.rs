//! How the product is started: which binary, with which flags, environment and limits.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::config_dir::ConfigDir;
use crate::product::Product;

/// How long a one-shot command may take in a debug build on a busy machine.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(60);

/// A `--limit` above what any test writes.
const EVERYTHING: &str = "1000000";

/// A way to start `watchfire serve`, and the one-shot commands beside it.
#[derive(Debug, Clone)]
pub struct Launch {
    config: PathBuf,
    data: PathBuf,
    database_url: Option<String>,
    env: Vec<(String, String)>,
    ignores_full_disk_signal: bool,
}

/// What a one-shot command answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// Its exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl Launch {
    /// Starts with the definitions and the data folder of a test.
    pub fn new(dir: &ConfigDir) -> Self {
        let (config, data) = (dir.config(), dir.data());
        Self { config, data, database_url: None, env: Vec::new(), ignores_full_disk_signal: false }
    }

    /// Keeps the state in this database instead of the data folder; `None` changes nothing.
    pub fn database_url(mut self, url: Option<&str>) -> Self {
        self.database_url = url.map(str::to_owned);
        self
    }

    /// Uses this data folder instead of the test's usual one: a second server beside the first.
    pub fn data(mut self, folder: PathBuf) -> Self {
        self.data = folder;
        self
    }

    /// Adds a variable to the environment.
    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// Has writes beyond a file size limit fail like writes to a full disk, instead of ending the process.
    pub fn ignoring_full_disk_signal(mut self) -> Self {
        self.ignores_full_disk_signal = true;
        self
    }

    /// Starts `serve` and waits until it listens.
    pub async fn start(&self) -> Product {
        let mut product = self.spawn();
        product.wait_ready().await;
        product
    }

    /// Starts `serve` and does not wait for anything.
    pub fn spawn(&self) -> Product {
        let mut command = if self.ignores_full_disk_signal {
            let mut shell = Command::new("sh");
            shell.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(binary());
            shell
        } else {
            Command::new(binary())
        };
        command.arg("serve").arg("--config").arg(&self.config).arg("--data").arg(&self.data);
        command.args(["--listen", "127.0.0.1:0"]);
        if let Some(url) = &self.database_url {
            command.args(["--database-url", url]);
        }
        self.begin(command)
    }

    /// Starts another command that goes on until it is stopped, and does not wait for anything.
    pub fn spawn_command(&self, args: &[&str]) -> Product {
        let mut command = Command::new(binary());
        command.args(args);
        self.begin(command)
    }

    fn begin(&self, mut command: Command) -> Product {
        self.furnish(&mut command);
        let child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn();
        Product::new(child.expect("the binary of the product starts"))
    }

    /// All runs that are kept, of all rules.
    pub async fn runs(&self) -> serde_json::Value {
        self.read(&["runs", "--limit", EVERYTHING]).await
    }

    /// All deliveries that are kept.
    pub async fn deliveries(&self) -> serde_json::Value {
        self.read(&["deliveries", "list", "--limit", EVERYTHING]).await
    }

    /// Runs a command that reads the state (`deliveries list`, `runs`, …) with `--output json`, beside
    /// a running server or without one, and returns its JSON. Panics unless it exits 0.
    pub async fn read(&self, args: &[&str]) -> serde_json::Value {
        let data = self.data.to_string_lossy().into_owned();
        let state = match &self.database_url {
            Some(url) => ["--database-url", url],
            None => ["--data", &data],
        };
        let answered = self.run(&[args, &state, &["--output", "json"]].concat()).await;
        assert_eq!(answered.code, Some(0), "`{}` failed: {answered:?}", args.join(" "));
        serde_json::from_str(&answered.stdout)
            .unwrap_or_else(|error| panic!("`{}` printed no JSON ({error}): {answered:?}", args.join(" ")))
    }

    /// Runs a one-shot command to its end.
    pub async fn run(&self, args: &[&str]) -> Answered {
        let mut command = Command::new(binary());
        command.args(args).stdin(Stdio::null()).kill_on_drop(true);
        self.furnish(&mut command);
        let output = tokio::time::timeout(COMMAND_TIMEOUT, command.output()).await;
        let output = output.unwrap_or_else(|_| panic!("`{}` did not end within {COMMAND_TIMEOUT:?}", args.join(" ")));
        let output = output.expect("the binary of the product starts");
        Answered {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Gives a command this launch's environment, free of settings from outside the test.
    fn furnish(&self, command: &mut Command) {
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("WATCHFIRE_")) {
            command.env_remove(name);
        }
        command.env("NO_COLOR", "1").env("RUST_BACKTRACE", "1");
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
    }
}

/// The binary under test: `WATCHFIRE_BIN`, else `watchfire` in the folder of this build.
///
/// Panics with what to do when there is none: a missing binary must not look like a broken product.
pub fn binary() -> PathBuf {
    let path = match std::env::var_os("WATCHFIRE_BIN") {
        Some(path) => PathBuf::from(path),
        None => {
            // Test binaries lie in <target>/debug/deps.
            let test = std::env::current_exe().expect("a test knows its own path");
            let folder = test.parent().and_then(|deps| deps.parent()).expect("a test lies in <target>/<profile>/deps");
            folder.join("watchfire")
        }
    };
    assert!(
        path.is_file(),
        "there is no binary at {}: run `cargo build -p watchfire`, or set WATCHFIRE_BIN",
        path.display()
    );
    path
}

//! Start, idle memory and idle CPU, with few and with many rules.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use serde_json::{Value as Json, json};

use crate::measured::megabytes;
use crate::product::{Product, write};
use crate::receiver::Receiver;

/// How many rules.
#[derive(Debug, Args)]
pub struct Shape {
    /// Rules that are not due while it is measured
    #[arg(long, default_value_t = 0)]
    rules: usize,
    /// How long the idle server is watched, in seconds
    #[arg(long, default_value_t = 20)]
    seconds: u64,
}

/// After the start, before idle is measured.
const SETTLE: Duration = Duration::from_secs(5);

/// Measures a start with idle rules, and then how long a restart takes to its first evaluation.
///
/// # Errors
/// When the binary does not start.
pub async fn measure(binary: &Path, shape: &Shape) -> anyhow::Result<Json> {
    let idle = tempfile::tempdir()?;
    write(idle.path(), "table.csv", "level\n1\n")?;
    write(idle.path(), "idle.yaml", &idle_rules(shape.rules))?;
    let product = Product::start(binary, idle.path()).await?;
    let listens_after = product.listens_after;
    tokio::time::sleep(SETTLE).await;
    let before = product.used()?;
    tokio::time::sleep(Duration::from_secs(shape.seconds)).await;
    let after = product.used()?;
    product.kill().await?;
    Ok(json!({
        "measured": "start",
        "rules": shape.rules,
        "start_to_listening_ms": listens_after.as_millis(),
        "start_to_first_message_ms": first_message(binary).await?.as_millis(),
        "idle_megabytes": megabytes(after.resident_bytes),
        "idle_cpu_percent": (after.cpu - before.cpu).as_secs_f64() * 100.0 / shape.seconds as f64,
        "binary_megabytes": megabytes(std::fs::metadata(binary)?.len()),
    }))
}

/// From the start of the process to the arrival of what its first evaluation tells. The rule is owed a slot, as
/// after any restart, so that the figure holds no waiting for the clock.
async fn first_message(binary: &Path) -> anyhow::Result<Duration> {
    let receiver = Receiver::start().await?;
    let folder = tempfile::tempdir()?;
    write(folder.path(), "table.csv", "level\n1\n")?;
    write(
        folder.path(),
        "rule.yaml",
        &format!(
            "version: 1\nchannels:\n  - {{name: hook, type: webhook, url: '{}'}}\nsources:\n  \
         - {{name: levels, type: csv, path: table.csv}}\nalerts:\n  - name: any\n    query: SELECT level FROM levels\n    \
         every: 2s\n    window: none\n    notify_when: any_results\n    notify: [hook]\n",
            receiver.url
        ),
    )?;
    let product = Product::start(binary, folder.path()).await?;
    receiver.wait_for(1).await;
    product.kill().await?;
    tokio::time::sleep(Duration::from_secs(4)).await;
    let known = receiver.arrivals().len();
    let product = Product::start(binary, folder.path()).await?;
    receiver.wait_for(known + 1).await;
    let first = receiver.arrivals()[known].at;
    let took = first.duration_since(product.spawned_at);
    product.kill().await?;
    Ok(took)
}

fn idle_rules(count: usize) -> String {
    let mut text = "version: 1\nsources:\n  - {name: levels, type: csv, path: table.csv}\n".to_owned();
    if count > 0 {
        text.push_str("alerts:\n");
    }
    for rule in 0..count {
        let _ = write!(
            text,
            "  - name: idle-{rule}\n    query: SELECT level FROM levels WHERE level > {rule}\n    every: 7d\n    window: none\n"
        );
    }
    text
}

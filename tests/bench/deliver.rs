//! Many instances that start at one slot and end at another, told to one webhook receiver.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Args;
use serde_json::{Value as Json, json};

use crate::measured::megabytes;
use crate::product::{Product, write};
use crate::receiver::{Arrival, Receiver};

/// How much is told.
#[derive(Debug, Args)]
pub struct Shape {
    /// Instances that start, and later end, at one slot
    #[arg(long, default_value_t = 10_000)]
    transitions: usize,
}

const EVERY: Duration = Duration::from_secs(10);
const AT_MOST: Duration = Duration::from_secs(300);

/// Measures from the slot to the last arrival, first for the starts and then for the ends.
///
/// # Errors
/// When anything is lost, told twice or out of order.
pub async fn measure(binary: &Path, shape: &Shape) -> anyhow::Result<Json> {
    let folder = tempfile::tempdir()?;
    let receiver = Receiver::start().await?;
    let count = shape.transitions;
    write(folder.path(), "table.csv", &table(count, 0))?;
    write(folder.path(), "definitions.yaml", &definitions(&receiver.url, count))?;
    let product = Product::start(binary, folder.path()).await?;
    let started = phase(&product, &receiver, folder.path(), count, 1).await?;
    let resolved = phase(&product, &receiver, folder.path(), count, 0).await?;
    let arrivals = receiver.arrivals();
    complete(&arrivals, count)?;
    let used = product.used()?;
    product.kill().await?;
    Ok(json!({
        "measured": "deliver",
        "transitions": count,
        "seconds_to_deliver_starts": started.as_secs_f64(),
        "seconds_to_deliver_ends": resolved.as_secs_f64(),
        "cpu_ms_per_message": used.cpu.as_secs_f64() * 1_000.0 / arrivals.len() as f64,
        "peak_megabytes": megabytes(used.peak_bytes),
        "lost": 0,
        "out_of_order": 0,
    }))
}

/// Changes the table and waits until everybody was told; the time from the slot to the last arrival.
async fn phase(
    product: &Product,
    receiver: &Receiver,
    folder: &Path,
    count: usize,
    level: u8,
) -> anyhow::Result<Duration> {
    let before = receiver.arrivals().len();
    // Well before the next slot, and well after the last: slots are multiples of the interval.
    let (_, into_interval) = since_slot()?;
    tokio::time::sleep(EVERY - into_interval + Duration::from_secs(2)).await;
    write(folder, "table.csv", &table(count, level))?;
    let (now, into_interval) = since_slot()?;
    let slot = now + EVERY - into_interval;
    tokio::time::timeout(AT_MOST, receiver.wait_for(before + count)).await.context("not everything came")?;
    let last = receiver.arrivals().last().context("nothing came")?.at;
    product.used()?;
    Ok(last.duration_since(slot))
}

/// Now, and how long ago the last multiple of the interval was.
fn since_slot() -> anyhow::Result<(Instant, Duration)> {
    let wall = std::time::SystemTime::now();
    let since_epoch = wall.duration_since(std::time::UNIX_EPOCH)?;
    let into = Duration::from_nanos((since_epoch.as_nanos() % EVERY.as_nanos()).try_into()?);
    Ok((Instant::now(), into))
}

fn table(count: usize, level: u8) -> String {
    let mut text = "id,level\n".to_owned();
    for id in 0..count {
        let _ = writeln!(text, "host-{id:05},{level}");
    }
    text
}

fn definitions(url: &str, count: usize) -> String {
    format!(
        "version: 1\nchannels:\n  - {{name: hook, type: webhook, url: '{url}'}}\nsources:\n  \
         - {{name: hosts, type: csv, path: table.csv}}\nalerts:\n  - name: hosts\n    query: SELECT id, level FROM hosts\n    \
         every: 10s\n    window: none\n    per: [id]\n    when: level > 0\n    notify_when: transitions\n    \
         max_instances: {count}\n    notify: [hook]\n"
    )
}

/// Nothing lost, nothing twice, and each instance's start before its end.
fn complete(arrivals: &[Arrival], count: usize) -> anyhow::Result<()> {
    let ids: HashSet<&str> = arrivals.iter().map(|arrival| arrival.id.as_str()).collect();
    ensure!(ids.len() == 2 * count, "{} different messages instead of {}", ids.len(), 2 * count);
    ensure!(arrivals.len() == ids.len(), "{} messages came twice", arrivals.len() - ids.len());
    let mut lanes: HashMap<&str, Vec<&str>> = HashMap::new();
    for arrival in arrivals {
        lanes.entry(&arrival.instance).or_default().push(&arrival.kind);
    }
    ensure!(lanes.len() == count, "{} instances were told of instead of {count}", lanes.len());
    let ordered = lanes.values().all(|kinds| kinds[..] == ["alert.started", "alert.resolved"]);
    ensure!(ordered, "an end came before its start");
    Ok(())
}

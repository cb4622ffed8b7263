//! Spans over OTLP/HTTP, as fast as the server takes them: a burst that fits into memory, or minutes on end.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};
use tokio::task::JoinSet;

use crate::measured::megabytes;
use crate::otlp_body::{Body, logfire, synthetic};
use crate::product::{Product, write};

/// What is sent, and how much of it.
#[derive(Debug, Args)]
pub struct Shape {
    /// Which spans
    #[arg(long, value_enum, default_value_t = Spans::Synthetic)]
    spans: Spans,
    /// Spans of one request
    #[arg(long, default_value_t = 2_000)]
    batch: usize,
    /// Requests under way at the same time
    #[arg(long, default_value_t = 8)]
    connections: usize,
    /// How long to send
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// The body of a captured request to take Logfire's spans from
    #[arg(long, default_value = "ingest/testdata/otlp/logfire-fastapi-02-traces.pb")]
    capture: PathBuf,
}

/// Kinds of spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Spans {
    /// About 300 bytes on the wire.
    Synthetic,
    /// Spans that Logfire's SDK has sent, about 1 KB on the wire.
    Logfire,
}

/// A request that is refused is sent again after so long, as a client would.
const AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Sends for a while and counts what was acknowledged.
///
/// # Errors
/// When a request fails for another reason than that the server asks to wait, or rows are missing in the end.
pub async fn measure(binary: &Path, shape: &Shape) -> anyhow::Result<Json> {
    let folder = tempfile::tempdir()?;
    write(folder.path(), "watchfire.yaml", "version: 1\n")?;
    let product = Product::start(binary, folder.path()).await?;
    let body = Arc::new(match shape.spans {
        Spans::Synthetic => synthetic(shape.batch),
        Spans::Logfire => logfire(&shape.capture, shape.batch)?,
    });
    let before = product.used()?;
    let counts = Arc::new(Counts::default());
    let begun = Instant::now();
    let until = begun + Duration::from_secs(shape.seconds);
    let mut senders = JoinSet::new();
    for sender in 0..shape.connections {
        let (body, counts, url) = (Arc::clone(&body), Arc::clone(&counts), format!("{}/v1/traces", product.url));
        senders.spawn(async move { send(&url, &body, until, sender as u64, &counts).await });
    }
    while let Some(sent) = senders.join_next().await {
        sent.context("a sender broke")??;
    }
    let took = begun.elapsed().as_secs_f64();
    let after = product.used()?;
    let spans = counts.spans.load(Ordering::Relaxed);
    ensure!(spans > 0, "nothing was taken");
    let rows = product.count("SELECT count(*) AS n FROM records").await?;
    let disk = disk_bytes(&folder.path().join("data"))?;
    let used = product.used()?;
    product.kill().await?;
    ensure!(rows == spans, "{spans} spans were acknowledged and {rows} are there");
    Ok(json!({
        "measured": "ingest",
        "spans": format!("{:?}", shape.spans).to_lowercase(),
        "bytes_per_span_on_the_wire": body.bytes() / shape.batch,
        "seconds": took,
        "spans_acknowledged": spans,
        "spans_per_second": spans as f64 / took,
        "asked_to_wait": counts.waits.load(Ordering::Relaxed),
        "server_cpu_us_per_span": (after.cpu - before.cpu).as_secs_f64() * 1e6 / spans as f64,
        "peak_megabytes": megabytes(used.peak_bytes),
        "parquet_bytes_per_row": disk.parquet as f64 / (disk.parquet_rows.max(1)) as f64,
        "wal_megabytes": megabytes(disk.wal),
    }))
}

#[derive(Debug, Default)]
struct Counts {
    spans: AtomicU64,
    waits: AtomicU64,
}

async fn send(url: &str, body: &Body, until: Instant, sender: u64, counts: &Counts) -> anyhow::Result<()> {
    let client = reqwest::Client::builder().build()?;
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15 ^ (sender + 1));
    while Instant::now() < until {
        let bytes = bytes_now(body, &mut chance)?;
        loop {
            let request = client.post(url).header("content-type", "application/x-protobuf").body(bytes.clone());
            let status = request.send().await?.status();
            if status.is_success() {
                counts.spans.fetch_add(body.spans() as u64, Ordering::Relaxed);
                break;
            }
            ensure!(matches!(status.as_u16(), 429 | 503), "the server answered {status}");
            counts.waits.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }
    Ok(())
}

fn bytes_now(body: &Body, chance: &mut Chance) -> anyhow::Result<bytes::Bytes> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    Ok(body.with(u64::try_from(now.as_nanos())?, || chance.next()).into())
}

/// Numbers that do not repeat soon: ids need no more.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

#[derive(Debug, Default)]
struct Disk {
    parquet: u64,
    parquet_rows: u64,
    wal: u64,
}

fn disk_bytes(folder: &Path) -> anyhow::Result<Disk> {
    let mut disk = Disk::default();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next)? {
            let entry = entry?;
            let (path, about) = (entry.path(), entry.metadata()?);
            if about.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "parquet") {
                disk.parquet += about.len();
                disk.parquet_rows += rows_of(&path)?;
            } else if path.extension().is_some_and(|ending| ending == "wal") {
                disk.wal += about.len();
            }
        }
    }
    Ok(disk)
}

fn rows_of(path: &Path) -> anyhow::Result<u64> {
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(path)?)?;
    Ok(u64::try_from(reader.metadata().file_metadata().num_rows())?)
}

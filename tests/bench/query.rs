//! Queries over much telemetry: a short window when little and when much is stored, and the reference queries.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Args;
use serde_json::{Value as Json, json};
use tokio::task::JoinSet;

use crate::otlp_body::{Body, agents};
use crate::product::{Product, write};

/// How much is stored, and where it stays.
#[derive(Debug, Args)]
pub struct Shape {
    /// Rows when all is stored; a tenth of them is stored at the first measurement
    #[arg(long, default_value_t = 10_000_000)]
    rows: usize,
    /// The folder of definitions and data; kept, so that other engines can be asked over the same Parquet files
    #[arg(long, default_value = "target/bench-query")]
    folder: PathBuf,
    /// The folder of the reference queries
    #[arg(long, default_value = "telemetry/testdata/sql")]
    queries: PathBuf,
    /// How often each query is asked
    #[arg(long, default_value_t = 15)]
    times: usize,
}

/// Spans of one request.
const BATCH: usize = 5_000;
const SENDERS: usize = 4;
/// The stored rows are spread over so much time, up to a quarter of an hour ago.
const SPREAD: Duration = Duration::from_secs(20 * 3_600);
const LATELY: Duration = Duration::from_secs(900);
/// Rows inside the short window.
const RECENT_ROWS: usize = 10_000;
/// More than a flush takes.
const FLUSHED_AT_MOST: Duration = Duration::from_secs(300);
const SHORT: &str = "SELECT span_name, count(*) AS n, avg(duration) AS seconds FROM records GROUP BY span_name";

/// Stores, asks, stores more, and asks again.
///
/// # Errors
/// When a request fails, or rows are missing.
pub async fn measure(binary: &Path, shape: &Shape) -> anyhow::Result<Json> {
    drop(std::fs::remove_dir_all(&shape.folder));
    std::fs::create_dir_all(&shape.folder)?;
    write(&shape.folder, "watchfire.yaml", "version: 1\n")?;
    let product = Product::start(binary, &shape.folder).await?;
    let mut short = Vec::new();
    let mut stored = 0;
    for rows in [shape.rows / 10, shape.rows] {
        store(&product, rows - stored, Some(SPREAD)).await?;
        flushed(&product).await?;
        store(&product, RECENT_ROWS, None).await?;
        stored = rows;
        short.push(ask(&product, SHORT, Some(Duration::from_secs(300)), shape.times).await?);
    }
    flushed(&product).await?;
    let mut reference = serde_json::Map::new();
    for name in ["q1", "q2", "q3", "q4", "q5", "q6"] {
        let path = shape.queries.join(format!("{name}.sql"));
        let sql = std::fs::read_to_string(&path).with_context(|| format!("the query {}", path.display()))?;
        reference.insert(name.to_owned(), ask(&product, &sql, None, shape.times).await?.into());
    }
    let counted = product.count("SELECT count(*) AS n FROM records").await?;
    ensure!(counted as usize == stored + 2 * RECENT_ROWS, "{counted} rows are there");
    let used = product.used()?;
    product.terminate().await?;
    Ok(json!({
        "measured": "query",
        "rows": stored,
        "five_minutes_ms_with_a_tenth": short[0],
        "five_minutes_ms_with_all": short[1],
        "ratio": short[1] / short[0],
        "reference_ms": reference,
        "peak_megabytes": crate::measured::megabytes(used.peak_bytes),
        "files": shape.folder.join("data/telemetry/files"),
    }))
}

/// Sends so many spans: of now, or spread over the past.
async fn store(product: &Product, rows: usize, over: Option<Duration>) -> anyhow::Result<()> {
    let batches = rows / BATCH;
    let mut senders = JoinSet::new();
    for sender in 0..SENDERS {
        let url = format!("{}/v1/traces", product.url);
        senders.spawn(async move {
            let body = agents(BATCH);
            for batch in (sender..batches).step_by(SENDERS) {
                let back = over.map_or(Duration::ZERO, |over| LATELY + over * batch as u32 / batches as u32);
                send(&url, &body, back, batch as u64).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(sent) = senders.join_next().await {
        sent.context("a sender broke")??;
    }
    Ok(())
}

async fn send(url: &str, body: &Body, back: Duration, batch: u64) -> anyhow::Result<()> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let mut number = batch.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut chance = || {
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
        number
    };
    let bytes = bytes::Bytes::from(body.with(u64::try_from((now - back).as_nanos())?, &mut chance));
    let client = reqwest::Client::builder().build()?;
    loop {
        let request = client.post(url).header("content-type", "application/x-protobuf").body(bytes.clone());
        let status = request.send().await?.status();
        if status.is_success() {
            return Ok(());
        }
        ensure!(matches!(status.as_u16(), 429 | 503), "the server answered {status}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Waits until every row is in a file.
async fn flushed(product: &Product) -> anyhow::Result<()> {
    let until = Instant::now() + FLUSHED_AT_MOST;
    while product.gauge("watchfire_telemetry_unflushed_rows").await? > 0.0 {
        ensure!(Instant::now() < until, "rows are not flushed");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Ok(())
}

/// The median of the milliseconds that a query takes, seen from outside.
async fn ask(product: &Product, sql: &str, window: Option<Duration>, times: usize) -> anyhow::Result<f64> {
    let mut took = Vec::with_capacity(times);
    for _ in 0..times {
        let since = window.map_or(0, |window| now_seconds().saturating_sub(window.as_secs()));
        let asked_at = Instant::now();
        product.ask(sql, since).await?;
        took.push(asked_at.elapsed().as_secs_f64() * 1_000.0);
    }
    took.sort_by(f64::total_cmp);
    Ok(took[took.len() / 2])
}

fn now_seconds() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

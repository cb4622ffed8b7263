//! From the moment a span is sent to the arrival of the webhook that it causes, with a rule every second.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Args;
use serde_json::{Value as Json, json};

use crate::otlp_body::beacon;
use crate::product::{Product, write};
use crate::receiver::Receiver;

/// How often it is measured.
#[derive(Debug, Args)]
pub struct Shape {
    /// Spans that are waited for, one after the other
    #[arg(long, default_value_t = 100)]
    spans: usize,
}

/// More than any message takes.
const AT_MOST: Duration = Duration::from_secs(30);
/// Between two spans: no multiple of the rule's second, so that every moment of it is met.
const PAUSE: Duration = Duration::from_millis(270);

/// Sends spans one by one and waits for the message of each.
///
/// # Errors
/// When a message does not come.
pub async fn measure(binary: &Path, shape: &Shape) -> anyhow::Result<Json> {
    let folder = tempfile::tempdir()?;
    let receiver = Receiver::start().await?;
    write(folder.path(), "definitions.yaml", &definitions(&receiver.url))?;
    let product = Product::start(binary, folder.path()).await?;
    let client = reqwest::Client::builder().build()?;
    let url = format!("{}/v1/traces", product.url);
    let mut took = Vec::with_capacity(shape.spans);
    for number in 0..shape.spans {
        tokio::time::sleep(PAUSE).await;
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
        let body = beacon(number, u64::try_from(now.as_nanos())?);
        let sent_at = Instant::now();
        let request = client.post(&url).header("content-type", "application/x-protobuf").body(body);
        let status = request.send().await?.status();
        ensure!(status.is_success(), "the server answered {status}");
        let come = tokio::time::timeout(AT_MOST, receiver.wait_for(number + 1)).await;
        come.with_context(|| format!("span {number} caused no message"))?;
        let arrival = receiver.arrivals().swap_remove(number);
        ensure!(arrival.instance.contains(&format!("beacon-{number}\"")), "{} came", arrival.instance);
        took.push(arrival.at.duration_since(sent_at).as_secs_f64() * 1_000.0);
    }
    product.kill().await?;
    took.sort_by(f64::total_cmp);
    let percentile = |share: f64| took[((took.len() - 1) as f64 * share).round() as usize];
    Ok(json!({
        "measured": "latency",
        "spans": took.len(),
        "p50_ms": percentile(0.5),
        "p99_ms": percentile(0.99),
        "most_ms": percentile(1.0),
    }))
}

fn definitions(url: &str) -> String {
    format!(
        "version: 1\nchannels:\n  - {{name: hook, type: webhook, url: '{url}'}}\nalerts:\n  - name: beacons\n    \
         query: SELECT message, count(*) AS spans FROM records GROUP BY message\n    every: 1s\n    window: 10s\n    \
         per: [message]\n    notify_when: onset\n    notify: [hook]\n"
    )
}

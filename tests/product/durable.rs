//! The server is killed under load, again and again, and every batch that it acknowledged is there once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use harness::{ConfigDir, Exit, Launch, Product, now, spans};
use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

/// Where the server may be told to kill itself, and how large the number of the passage may become.
const POINTS: [(&str, u32); 7] = [
    ("wal_after_write", 40),
    ("flush_before_write", 3),
    ("wal_after_sync", 40),
    ("flush_after_write", 3),
    ("wal_after_visible", 40),
    ("flush_after_commit", 3),
    ("replay", 5),
];

/// Rows of one request.
const SPANS: usize = 200;
/// Requests under way at the same time.
const SENDERS: u64 = 4;
/// How long a server may live before it has passed its point; one that does not is killed from outside.
const LIFE: Duration = Duration::from_secs(10);
/// How long a kill or an end may take.
const SOON: Duration = Duration::from_secs(60);
/// Settings under which memory is full, and rows go to files, every few seconds.
const HASTY: &str = "version: 1\ntelemetry: {hot_window: 1s, hot_memory: 16MiB}\n";

/// `WATCHFIRE_KILLS`, for long runs by hand; else the given number.
fn kills(default: u32) -> u32 {
    std::env::var("WATCHFIRE_KILLS").map_or(default, |text| text.parse().expect("WATCHFIRE_KILLS is a number"))
}

/// What was sent, and what became of it.
#[derive(Default)]
struct Sent {
    next: AtomicU64,
    acknowledged: Mutex<BTreeSet<u64>>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_batch_is_there_once_after_any_kill_and_no_other_is_there_in_part() {
    let dir = ConfigDir::new();
    dir.write("watchfire.yaml", HASTY);
    let launch = Launch::new(&dir);
    let sent = Arc::new(Sent::default());
    for kill in 0..kills(12) {
        let (point, passages) = POINTS[kill as usize % POINTS.len()];
        let passage = 1 + (kill * 7 + 3) % passages;
        let launch = launch.clone().env("WATCHFIRE_KILL_AT", format!("{point}:{passage}"));
        let mut product = launch.spawn();
        // A server that is to die while it reads its log again may never listen.
        if product.listens().await {
            send_until_it_dies(&mut product, &sent).await;
        }
        assert_eq!(product.exit(SOON).await, Exit::signal(Signal::SIGKILL), "{point}:{passage}");
    }
    let mut last = launch.start().await;
    all_is_there(&last, &sent).await;
    last.terminate();
    assert_eq!(last.exit(SOON).await, Exit::code(0));
}

async fn send_until_it_dies(product: &mut Product, sent: &Arc<Sent>) {
    let url = format!("{}/v1/traces", product.url());
    let mut senders = JoinSet::new();
    for _ in 0..SENDERS {
        let (url, sent) = (url.clone(), Arc::clone(sent));
        senders.spawn(async move { while send(&url, &sent).await {} });
    }
    if product.exit_within(LIFE).await.is_none() {
        product.kill();
    }
    while let Some(ended) = senders.join_next().await {
        ended.expect("a sender ends when the server does");
    }
}

/// Sends one batch, once; `false` when nobody is there any more.
async fn send(url: &str, sent: &Sent) -> bool {
    let batch = sent.next.fetch_add(1, Ordering::Relaxed);
    // Some rows are late, so that files of several times exist.
    let at = if batch.is_multiple_of(10) { now().minus(Duration::from_secs(3_600)) } else { now() };
    let request = harness::http::client().post(url).header("content-type", "application/x-protobuf");
    let Ok(answer) = request.body(spans::request("killed", batch, SPANS, at)).send().await else { return false };
    if answer.status().is_success() {
        // The status alone is no acknowledgement if the server dies before the end of its answer.
        if answer.bytes().await.is_err() {
            return false;
        }
        sent.acknowledged.lock().await.insert(batch);
    }
    true
}

/// Asks for all batches, some thousand at a time.
async fn all_is_there(product: &Product, sent: &Sent) {
    const PAGE: u64 = 5_000;
    let (acknowledged, all) = (sent.acknowledged.lock().await, sent.next.load(Ordering::Relaxed));
    assert!(acknowledged.len() > 20, "only {} batches were acknowledged: nothing is proven", acknowledged.len());
    let mut wrong = Vec::new();
    for first in (0..all).step_by(PAGE as usize) {
        let rows = batches(product, first, first + PAGE).await;
        for batch in first..all.min(first + PAGE) {
            let (rows, places) = rows.get(&batch).copied().unwrap_or_default();
            let whole = (SPANS as u64, SPANS as u64);
            let fine = (rows, places) == whole || ((rows, places) == (0, 0) && !acknowledged.contains(&batch));
            if !fine {
                let is_acknowledged = acknowledged.contains(&batch);
                wrong.push(format!("batch {batch}: {rows} rows, {places} places, acknowledged: {is_acknowledged}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new(), "of {all} batches, {} acknowledged", acknowledged.len());
    println!("{} of {all} batches were acknowledged, all of them are there once", acknowledged.len());
}

/// How many rows, and how many different ones, these batches have.
async fn batches(product: &Product, from: u64, to: u64) -> std::collections::BTreeMap<u64, (u64, u64)> {
    let sql = format!(
        "SELECT json_get_int(attributes, 'batch') AS batch, count(*) AS rows, \
         count(DISTINCT json_get_int(attributes, 'place')) AS places FROM records \
         WHERE json_get_int(attributes, 'batch') BETWEEN {from} AND {} GROUP BY 1",
        to - 1
    );
    let body = json!({"sql": sql, "min_timestamp": "1970-01-01T00:00:00Z", "limit": 10_000});
    let answer = harness::http::client().post(format!("{}/v2/query", product.url())).json(&body).send().await;
    let answer: Value = answer.expect("the server answers").json().await.expect("the answer is JSON");
    let rows = answer["data"].as_array().unwrap_or_else(|| panic!("rows were expected: {answer}"));
    let number = |row: &Value, key: &str| row[key].as_u64().expect("a number");
    rows.iter().map(|row| (number(row, "batch"), (number(row, "rows"), number(row, "places")))).collect()
}

//! Telemetry that is kept: flushed, found again, repaired.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use watchfire_engine::clock::TestClock;
use watchfire_engine::{Definitions, Encoding, Signal, open_telemetry, repair_telemetry};
use watchfire_ingest::table::Table;
use watchfire_ingest::{batch, decode_traces};
use watchfire_model::{ProjectName, Timestamp};
use watchfire_scheduler::{CatchUp, WindowSpec};
use watchfire_storage::{Reach, Rows, Storage, StorageOptions};
use watchfire_store::{Store, StoreTarget, TelemetryFileList};

use crate::scene::{PATIENCE, START as SCENE_START, Scene, engine_over, minutely};

const START: i64 = 1_795_000_000;

fn project() -> ProjectName {
    ProjectName::new("default")
}

async fn opened(data: &Path) -> (Store, Storage) {
    let store = Store::open(&StoreTarget::Sqlite { folder: data.to_owned() }).await.unwrap();
    let storage = open_telemetry(&store, data, StorageOptions::default(), |_| {}).await.unwrap();
    (store, storage)
}

/// Appends so many spans that arrived now.
async fn append(storage: &Storage, now: Timestamp, spans: usize) {
    // One span without any field, as OTLP writes it: the innermost message is empty.
    let request = [0x0a, 4, 0x12, 2, 0x12, 0];
    let mut record = decode_traces(&request, now, &project()).unwrap().remove(0);
    (record.start_timestamp, record.end_timestamp) = (now, now);
    let rows = batch(&vec![&record; spans]);
    storage.append(vec![Rows { project: project(), table: Table::Records, batch: rows }]).await.unwrap();
}

/// Rows that a snapshot of everything has in memory, and those that it has in files: flushed ones are in both places for
/// a while, and are seen in one.
fn rows(storage: &Storage) -> (usize, u64) {
    let seen = storage.snapshot(&project(), Table::Records, Reach::default());
    (seen.hot.iter().map(|batch| batch.rows.num_rows()).sum(), seen.files.iter().map(|file| file.rows).sum())
}

#[tokio::test]
async fn the_engine_flushes_when_it_is_time_and_a_restart_finds_everything() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (store, storage) = opened(&data).await;
    let clock = TestClock::at(Timestamp::from_seconds(START));
    append(&storage, Timestamp::from_seconds(START), 3).await;
    let engine = engine_over(Definitions::default(), store.clone(), storage.clone(), clock.clone()).await;
    assert_eq!(rows(&storage), (3, 0));
    let mut rounds = engine.telemetry_rounds();
    clock.advance(Duration::from_secs(61));
    let flushed = async {
        while engine.telemetry_status().files == 0 {
            rounds.changed().await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, flushed).await.expect("it flushes");
    assert_eq!(rows(&storage), (3, 0), "memory still has all of them");
    let metrics = engine.metrics().await;
    assert!(metrics.contains("watchfire_telemetry_files 1"), "{metrics}");
    assert!(metrics.contains("watchfire_telemetry_flushes_total{outcome=\"done\"} 1"), "{metrics}");
    append(&storage, Timestamp::from_seconds(START + 62), 2).await;
    engine.stop().await;
    drop((engine, store, storage));
    let (_store, storage) = opened(&data).await;
    assert_eq!(rows(&storage), (2, 3));
}

#[tokio::test]
async fn rows_are_back_after_a_repair_of_a_list_that_was_lost() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let (store, storage) = opened(&data).await;
    for round in 0..3 {
        let now = Timestamp::from_seconds(START + round);
        append(&storage, now, 4).await;
        storage.flush(now).await.unwrap();
    }
    append(&storage, Timestamp::from_seconds(START + 9), 1).await;
    assert_eq!((storage.status().files, storage.status().unflushed_rows), (3, 1));
    storage.shutdown().await;
    drop(storage);
    store.replace_telemetry_files(&TelemetryFileList::default()).await.unwrap();
    store.close().await;
    // What the log still has comes back by itself; the rest is there once, in files, after the repair.
    let store = Store::open(&StoreTarget::Sqlite { folder: data.clone() }).await.unwrap();
    let repaired = repair_telemetry(&store, &data).await.unwrap();
    assert_eq!((repaired.damaged, repaired.lost), (vec![], vec![]));
    let storage = open_telemetry(&store, &data, StorageOptions::default(), |_| {}).await.unwrap();
    let (hot, filed) = rows(&storage);
    assert_eq!(hot as u64 + filed, 13);
    assert!(filed >= 8, "{filed} rows are in files");
}

/// One span that began at this second, as JSON.
fn span(second: i64) -> Bytes {
    let span = format!(
        "{{\"traceId\":\"{:032x}\",\"spanId\":\"{:016x}\",\"name\":\"late\",\"startTimeUnixNano\":\"{second}000000000\",\
         \"endTimeUnixNano\":\"{second}000000000\"}}",
        7, 7
    );
    format!("{{\"resourceSpans\":[{{\"scopeSpans\":[{{\"spans\":[{span}]}}]}}]}}").into()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_by_arrival_waits_for_a_request_that_arrived_in_it_and_is_not_kept_yet() {
    let mut by_arrival = minutely("by arrival", CatchUp::Latest);
    by_arrival.query.sql = "SELECT count(*) AS n FROM records".into();
    by_arrival.query.when = Some("n > 0".into());
    by_arrival.query.window_on = Some("created_at".into());
    by_arrival.schedule.window = WindowSpec::Span(Duration::from_secs(60));
    let scene = Scene::start(vec![by_arrival, minutely("beside", CatchUp::Latest)]).await;
    let arrives = SCENE_START.plus(Duration::from_secs(30));
    scene.clock.set(arrives);
    let project = project();
    let held = scene.engine.ingest_room().enter(&project);
    let body = span(arrives.as_micros() / 1_000_000);
    let mut ingest = Box::pin(scene.engine.ingest(&project, Signal::Traces, Encoding::Json, body, held));
    assert!(futures::poll!(&mut ingest).is_pending(), "it is stamped and not kept");
    scene.clock.set(SCENE_START.plus(Duration::from_secs(60)));
    let runs = scene.runs_when("the rule beside", |runs| !runs.is_empty()).await;
    assert_eq!(runs.iter().map(|run| run.rule.as_str()).collect::<Vec<_>>(), ["beside"]);
    assert_eq!(ingest.await.unwrap().rejected, 0);
    let runs = scene.runs_when("the rule that waited", |runs| runs.len() == 2).await;
    let run = runs.iter().find(|run| run.rule.as_str() == "by arrival").unwrap();
    assert_eq!((run.outcome.as_deref(), run.row_count), (Some("matched"), Some(1)), "{run:?}");
    scene.engine.stop().await;
}

#[tokio::test]
async fn a_folder_that_lost_its_name_is_refused_until_it_is_repaired() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    for round in 0..2 {
        let (store, storage) = opened(&data).await;
        let now = Timestamp::from_seconds(START + round);
        append(&storage, now, 4).await;
        storage.flush(now).await.unwrap();
        storage.shutdown().await;
        store.close().await;
    }
    std::fs::remove_file(data.join("watchfire.claimant")).unwrap();
    let store = Store::open(&StoreTarget::Sqlite { folder: data.clone() }).await.unwrap();
    let refused = open_telemetry(&store, &data, StorageOptions::default(), |_| {}).await.unwrap_err().to_string();
    assert!(refused.contains("older than the telemetry") && refused.contains("watchfire repair"), "{refused}");
    repair_telemetry(&store, &data).await.unwrap();
    let storage = open_telemetry(&store, &data, StorageOptions::default(), |_| {}).await.unwrap();
    assert_eq!(rows(&storage), (0, 8));
}

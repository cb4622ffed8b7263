//! What was sent outlives the server, and the loss of the list of its files.

use harness::{Exit, Product};
use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::{PROTOBUF, capture, figure, post};
use crate::scene::{SOON, Scene};

/// Little memory, so that rows are in files soon.
const SETTINGS: &str = "telemetry: {hot_memory: 16MiB, hot_window: 1s}\n";
/// Posts after which there is a file at the latest.
const POSTS_MAX: usize = 5_000;

/// Sends spans until some are in a file; how many rows were taken.
async fn fill(product: &Product) -> u64 {
    let spans = capture::protobuf("otel-python-http-01-traces.pb");
    for _ in 0..POSTS_MAX {
        let told = post(product, "/v1/traces", &[("content-type", PROTOBUF)], spans.clone()).await;
        assert_eq!(told.status, 200, "{told:?}");
        if figure(product, None, "watchfire_telemetry_files").await > 0 {
            return figure(product, None, "watchfire_ingested_rows_total{table=\"records\"}").await;
        }
    }
    panic!("no file after {POSTS_MAX} posts");
}

async fn stop(mut product: Product) {
    product.terminate();
    assert_eq!(product.exit(SOON).await, Exit::code(0));
}

/// Waits for a rule that fires when exactly so many rows are seen.
async fn sees(scene: &Scene, name: &str, rows: u64) {
    scene.dir.definitions(
        "rows.yaml",
        &format!(
            "alerts:\n  - name: {name}\n    query: SELECT count(*) AS rows FROM records_all\n    every: 1s\n    window: none\n    \
             no_data: keep\n    when: rows = {rows}\n    notify: [hook]\n"
        ),
    );
    let product = scene.launch().start().await;
    scene.told("alert.started", name).await;
    stop(product).await;
}

#[tokio::test]
async fn rows_are_seen_again_after_a_restart_and_after_a_repair_of_a_list_that_was_lost() {
    let scene = Scene::with_one_rule().await;
    scene.dir.definitions("watchfire.yaml", SETTINGS);
    let product = scene.launch().start().await;
    let rows = fill(&product).await;
    stop(product).await;
    sees(&scene, "after a restart", rows).await;
    let file = SqliteConnectOptions::new().filename(scene.dir.data().join("watchfire.sqlite"));
    let mut database = file.connect().await.unwrap();
    sqlx::raw_sql("DELETE FROM telemetry_files; DELETE FROM telemetry_progress").execute(&mut database).await.unwrap();
    database.close().await.unwrap();
    let data = scene.dir.data().to_string_lossy().into_owned();
    let repaired = scene.launch().run(&["repair", "--data", &data, "--output", "json"]).await;
    assert_eq!(repaired.code, Some(0), "{repaired:?}");
    let said: Value = serde_json::from_str(&repaired.stdout).unwrap();
    assert_eq!(said["files"]["before"], 0);
    sees(&scene, "after a repair", rows).await;
}

//! Source files and databases that change, break and vanish under a running server. Trouble with the input is news
//! of its own and never changes a condition.

use std::time::Duration;

use crate::scene::{SOON, Scene};

/// Long enough for several slots: what a fault would have told by then.
const SEVERAL_SLOTS: Duration = Duration::from_secs(5);

/// A server whose rule fires.
async fn firing() -> (Scene, harness::Product) {
    let scene = Scene::with_one_rule().await;
    scene.level(1);
    let product = scene.launch().start().await;
    scene.told("alert.started", "high").await;
    (scene, product)
}

/// Waits for several slots and then asserts that the rule still fires the episode that it fired.
async fn still_fires(scene: &Scene, product: &mut harness::Product) {
    let changed = |all: &[harness::Arrival]| all.iter().any(|arrival| arrival.kind() == "alert.resolved");
    assert_eq!(scene.receiver.within(SEVERAL_SLOTS, changed).await, None, "trouble with the input ended the episode");
    assert_eq!(scene.count("alert.started", "high"), 1);
    assert!(product.is_running());
}

#[tokio::test]
async fn a_replaced_file_is_read_again() {
    let (scene, _product) = firing().await;
    scene.level(0);
    let resolved = scene.told("alert.resolved", "high").await;
    assert_eq!((resolved.text("reason"), &resolved.body["episode"]), ("resolved", &1.into()));
    scene.level(5);
    let again = |all: &[harness::Arrival]| all.iter().any(|arrival| arrival.body["episode"] == 2);
    let all = scene.receiver.wait_for("a second episode", SOON, again).await;
    assert_eq!(all.last().unwrap().body["rows"][0]["level"], 5);
}

#[tokio::test]
async fn a_file_that_grows_is_read_again() {
    let scene = Scene::with_one_rule().await;
    let _product = scene.launch().start().await;
    let path = scene.dir.config().join("levels.ndjson");
    let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
    std::io::Write::write_all(&mut file, b"{\"level\":3}\n").unwrap();
    let started = scene.told("alert.started", "high").await;
    assert_eq!(started.body["rows"][0]["level"], 3);
}

#[tokio::test]
async fn a_deleted_file_is_told_and_changes_no_condition() {
    let (scene, mut product) = firing().await;
    scene.dir.remove("levels.ndjson");
    let failed = scene.told("alert.failed", "high").await;
    assert!(
        failed.body["error"]["message"].is_string() && failed.body["rows"] == serde_json::json!([]),
        "{}",
        failed.body
    );
    still_fires(&scene, &mut product).await;
    scene.level(0);
    scene.told("alert.recovered", "high").await;
    scene.told("alert.resolved", "high").await;
}

#[tokio::test]
async fn an_emptied_file_changes_no_condition() {
    let (scene, mut product) = firing().await;
    scene.dir.write("levels.ndjson", "");
    still_fires(&scene, &mut product).await;
    scene.level(0);
    scene.told("alert.resolved", "high").await;
}

#[tokio::test]
async fn a_file_of_garbage_changes_no_condition() {
    let (scene, mut product) = firing().await;
    scene.dir.write("levels.ndjson", "{\"level\": 0}\n{\"level\": \n\u{0}\u{1}garbage");
    scene.told("alert.failed", "high").await;
    still_fires(&scene, &mut product).await;
    scene.level(0);
    scene.told("alert.resolved", "high").await;
}

#[tokio::test]
async fn a_column_that_goes_away_is_told_and_changes_no_condition() {
    let (scene, mut product) = firing().await;
    scene.dir.write("levels.ndjson", "{\"height\": 0}\n");
    let failed = scene.told("alert.failed", "high").await;
    assert!(failed.body["error"].to_string().contains("level"), "{}", failed.body["error"]);
    still_fires(&scene, &mut product).await;
}

#[tokio::test]
async fn a_file_that_is_there_only_later_is_read_then() {
    let scene = Scene::with_one_rule().await;
    scene.dir.remove("levels.ndjson");
    let mut product = scene.launch().start().await;
    scene.told("alert.failed", "high").await;
    scene.level(1);
    scene.told("alert.started", "high").await;
    assert!(product.is_running());
}

/// A rule `jobs-failed` over the source `jobs`, beside the rule `high` over a file.
fn over_jobs(scene: &Scene, source: &str) {
    scene.dir.definitions(
        "jobs.yaml",
        &format!(
            "sources:\n  - {source}\nalerts:\n  - name: jobs-failed\n    query: SELECT name FROM jobs WHERE failed\n    \
             every: 1s\n    window: none\n    notify_when: transitions\n    on_error: alert after 1 runs\n    notify: [hook]\n"
        ),
    );
}

#[tokio::test]
async fn a_sqlite_file_that_is_away_fails_only_the_rule_that_asks_it() {
    let scene = Scene::with_one_rule().await;
    over_jobs(&scene, "{name: jobs, type: sqlite, path: jobs.sqlite, table: jobs}");
    let mut product = scene.launch().start().await;
    let failed = scene.told("alert.failed", "jobs-failed").await;
    let message = failed.body["error"]["message"].as_str().unwrap();
    assert!(message.contains("source `jobs`: cannot reach the SQLite file"), "{message}");
    scene.level(1);
    scene.told("alert.started", "high").await;
    let file = scene.dir.config().join("jobs.sqlite");
    harness::sqlite::run(
        &file,
        "CREATE TABLE jobs (name TEXT, failed BOOLEAN); INSERT INTO jobs VALUES ('nightly', 1), ('hourly', 0)",
    )
    .await;
    scene.told("alert.recovered", "jobs-failed").await;
    let started = scene.told("alert.started", "jobs-failed").await;
    assert_eq!(started.body["rows"], serde_json::json!([{"name": "nightly"}]));
    harness::sqlite::run(&file, "UPDATE jobs SET failed = 0").await;
    scene.told("alert.resolved", "jobs-failed").await;
    assert!(product.is_running());
}

#[tokio::test]
async fn a_postgresql_that_goes_away_is_told_without_its_password_and_is_asked_again_when_it_is_back() {
    let Some(database) = harness::postgres::fresh_database().await else { return };
    database.run("CREATE TABLE jobs (name text, failed boolean); INSERT INTO jobs VALUES ('nightly', true)").await;
    let scene = Scene::with_one_rule().await;
    over_jobs(&scene, "{name: jobs, type: postgres, url: \"${JOBS_DB}\", table: public.jobs}");
    let url = database.url().replacen("postgres@", "postgres:hunter2@", 1);
    let _product = scene.launch().env("JOBS_DB", &url).start().await;
    scene.told("alert.started", "jobs-failed").await;
    database.vanish().await;
    let failed = scene.told("alert.failed", "jobs-failed").await;
    let body = failed.body.to_string();
    assert!(body.contains("source `jobs`") && !body.contains("hunter2"), "{body}");
    scene.level(1);
    scene.told("alert.started", "high").await;
    assert_eq!(scene.count("alert.resolved", "jobs-failed"), 0);
    database.come_back().await;
    scene.told("alert.recovered", "jobs-failed").await;
}

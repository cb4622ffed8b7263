//! Source files that change, break and vanish under a running server. Trouble with the input is news
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

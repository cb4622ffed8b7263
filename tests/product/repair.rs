//! `watchfire repair`, from outside.

use std::time::Duration;

use serde_json::{Value, json};

use crate::scene::Scene;

#[tokio::test]
async fn repair_refuses_a_folder_that_a_server_works_on_and_names_it() {
    let scene = Scene::with_one_rule().await;
    let mut product = scene.launch().start().await;
    let data = scene.dir.data().to_string_lossy().into_owned();
    let refused = scene.launch().run(&["repair", "--data", &data]).await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains(&product.pid().to_string()), "{refused:?}");
    product.terminate();
    product.exit(Duration::from_secs(30)).await;
    let repaired = scene.launch().run(&["repair", "--data", &data, "--output", "json"]).await;
    assert_eq!(repaired.code, Some(0), "{repaired:?}");
    let said: Value = serde_json::from_str(&repaired.stdout).unwrap();
    assert_eq!(said["files"], json!({"before": 0, "after": 0}));
}

#[tokio::test]
async fn repair_of_a_folder_without_telemetry_makes_nothing() {
    let scene = Scene::with_one_rule().await;
    let data = scene.dir.data().to_string_lossy().into_owned();
    let refused = scene.launch().run(&["repair", "--data", &data]).await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("there is no telemetry in"), "{refused:?}");
    assert!(!scene.dir.data().exists(), "nothing is written");
}

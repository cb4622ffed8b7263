//! Alerts that watch alerts: the state of the rules is in SQL.

use harness::Launch;
use serde_json::{Value, json};

use crate::scene::Scene;

/// The rule `broken` fails at every run while its file is unreadable; `failing` watches the runs of all rules, and
/// `told` the messages.
fn rules(scene: &Scene) -> String {
    scene.channels(&["hook"])
        + "
alerts:
  - {name: broken, query: SELECT 1 / (level * 0) AS x FROM levels, every: 1s, window: none, on_error: keep}
  - name: failing
    query: |
      SELECT rule, count(*) AS failed, max(error) AS error FROM watchfire.runs
      WHERE status = 'failed' GROUP BY rule
    every: 1s
    window: 1m
    per: [rule]
    notify: [hook]
  - name: told
    query: |
      SELECT d.channel, count(*) AS messages FROM watchfire.deliveries d
      WHERE d.state = 'done' AND d.rule = 'failing' GROUP BY 1
    every: 1s
    window: 1m
    notify_when: onset
    when: messages >= 1
    notify: [hook]
"
}

#[tokio::test]
async fn an_alert_tells_that_another_rule_fails_and_one_that_it_was_told() {
    let scene = Scene::new().await;
    scene.level(1);
    scene.dir.definitions("rules.yaml", &rules(&scene));
    let config = scene.dir.config().to_string_lossy().into_owned();
    let data = scene.dir.data().to_string_lossy().into_owned();
    let checked = Launch::new(&scene.dir).run(&["check", "--config", &config]).await;
    assert_eq!(checked.code, Some(0), "{checked:?}");
    let product = scene.launch().start().await;
    let told = scene.told("alert.started", "failing").await;
    assert_eq!(told.body["instance"], json!({"rule": "broken"}), "{:#}", told.body);
    let error = told.body["rows"][0]["error"].as_str().unwrap_or_default();
    assert!(error.to_lowercase().contains("zero"), "{:#}", told.body);
    scene.told("alert.started", "told").await;
    // Beside the running server, by hand: with its store, and without one.
    let run = ["run", "failing", "--at", &harness::now().to_string(), "--config", &config, "--output", "json"];
    let with = scene.launch().run(&[&run[..], &["--data", &data]].concat()).await;
    let seen: Value = serde_json::from_str(&with.stdout).unwrap_or_else(|_| panic!("{with:?}"));
    assert_eq!((&seen["outcome"], &seen["rows"][0]["rule"]), (&json!("matched"), &json!("broken")), "{seen:#}");
    let without = scene.launch().run(&run).await;
    let seen: Value = serde_json::from_str(&without.stdout).unwrap_or_else(|_| panic!("{without:?}"));
    assert_eq!(seen["outcome"], "no_data", "{seen:#}");
    // A query by hand sees them too, and says so when there is no store.
    let query = ["query", "SELECT DISTINCT rule FROM watchfire.runs WHERE status = 'failed'", "--output", "json"];
    let with = scene.launch().run(&[&query[..], &["--data", &data]].concat()).await;
    let seen: Value = serde_json::from_str(&with.stdout).unwrap_or_else(|_| panic!("{with:?}"));
    assert_eq!(seen, json!([{"rule": "broken"}]));
    let nowhere = scene.dir.root().join("nothing");
    std::fs::create_dir(&nowhere).unwrap();
    let without = scene.launch().run(&[&query[..], &["--data", &nowhere.to_string_lossy()]].concat()).await;
    assert_eq!(without.code, Some(1), "{without:?}");
    assert!(without.stdout.contains("there is none here; name it with `--data`"), "{without:?}");
    drop(product);
}

//! What is sent is seen by rules, each project by its own.

use harness::spans;
use serde_json::{Value, json};

use super::{PROTOBUF, WRITE, capture, post, with_tokens};
use crate::scene::Scene;

#[tokio::test]
async fn an_alert_sees_the_spans_of_its_own_project_and_of_no_other() {
    let (scene, launch) = with_tokens().await;
    let rule = |name: &str, project: &str, when: &str| {
        format!(
            "  - name: {name}\n    project: {project}\n    query: SELECT count(*) AS spans FROM records\n    every: 1s\n    \
             window: 10m\n    no_data: keep\n    when: {when}\n    notify_when: transitions\n    notify: [hook]\n"
        )
    };
    let rules = [rule("shop has spans", "shop", "spans > 0"), rule("default has spans", "default", "spans > 0")];
    scene.dir.definitions("spans.yaml", &format!("alerts:\n{}", rules.concat()));
    let product = launch.start().await;
    let spans = capture::protobuf("otel-python-http-01-traces.pb");
    let headers = [("content-type", PROTOBUF), ("authorization", WRITE)];
    assert_eq!(post(&product, "/v1/traces", &headers, spans).await.status, 200);
    scene.told("alert.started", "shop has spans").await;
    assert_eq!(scene.count("alert.started", "default has spans"), 0);
}

#[tokio::test]
async fn a_run_by_hand_reads_what_the_data_folder_keeps() {
    let scene = Scene::new().await;
    let rule = "alerts:\n  - {name: spans, query: SELECT count(*) AS spans FROM records, every: 1h, window: 10m, when: spans > 0}\n";
    scene.dir.definitions("spans.yaml", rule);
    let product = scene.launch().start().await;
    let at = harness::now();
    let body = spans::request("shop", 1, 3, at);
    assert_eq!(post(&product, "/v1/traces", &[("content-type", PROTOBUF)], body).await.status, 200);
    let (config, data) = (scene.dir.config(), scene.dir.data());
    let at = at.plus(std::time::Duration::from_secs(60)).to_string();
    let (config, data) = (config.to_string_lossy(), data.to_string_lossy());
    let run = ["run", "spans", "--at", &at, "--config", &config, "--data", &data, "--output", "json"];
    let answered = scene.launch().run(&run).await;
    let seen: Value = serde_json::from_str(&answered.stdout).unwrap_or_else(|_| panic!("{answered:?}"));
    assert_eq!((&seen["outcome"], &seen["rows"]), (&json!("matched"), &json!([{"spans": 3}])), "{seen:#}");
    drop(product);
}

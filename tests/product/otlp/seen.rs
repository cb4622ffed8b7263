//! What is sent is seen by rules, each project by its own.

use super::{PROTOBUF, WRITE, capture, post, with_tokens};

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

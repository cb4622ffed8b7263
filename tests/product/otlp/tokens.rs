//! Who may do what.

use std::collections::BTreeSet;

use harness::http::client;
use serde_json::{Value, json};

use super::{ADMIN, JSON, PROTOBUF, READ, WRITE, capture, figure, post, told, with_tokens};
use crate::scene::{Scene, alerts};

#[tokio::test]
async fn each_path_opens_to_the_scope_that_it_needs_and_to_no_other() {
    let (_scene, launch) = with_tokens().await;
    let product = launch.start().await;
    for (method, path, expected) in [
        ("GET", "/healthz", [200; 4]),
        ("GET", "/readyz", [200; 4]),
        ("GET", "/v1/health", [200; 4]),
        ("GET", "/v1/info", [401, 200, 403, 200]),
        ("GET", "/v1/read-token-info", [401, 403, 200, 200]),
        ("GET", "/api/alerts", [401, 403, 200, 200]),
        ("GET", "/api/definitions", [401, 403, 200, 200]),
        ("GET", "/metrics", [401, 403, 403, 200]),
        ("GET", "/no/such/path", [401, 403, 404, 404]),
        ("GET", "/v1/query?sql=SELECT+1", [401, 403, 200, 200]),
        ("POST", "/v2/query", [401, 403, 422, 422]),
        ("POST", "/api/deliveries/none/retry", [401, 403, 403, 404]),
        ("POST", "/v1/traces", [401, 200, 403, 200]),
    ] {
        for (token, status) in [None, Some(WRITE), Some(READ), Some(ADMIN)].into_iter().zip(expected) {
            let mut request = client().request(method.parse().unwrap(), format!("{}{path}", product.url()));
            request = request.header("content-type", PROTOBUF);
            if let Some(token) = token {
                request = request.header("authorization", token);
            }
            let told = told(request).await;
            assert_eq!(told.status, status, "{method} {path} with {token:?}: {told:?}");
            assert!(told.header("logfire-version").is_some(), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_bad_token_is_told_in_the_words_of_the_path() {
    let (_scene, launch) = with_tokens().await;
    let product = launch.start().await;
    let bad = ("authorization", "pylf_v1_local_nobody-knows-me");
    let refused = post(&product, "/v1/logs", &[("content-type", JSON), bad], b"{}".to_vec()).await;
    assert_eq!((refused.status, refused.header("content-type")), (401, Some(JSON)));
    assert!(refused.header("x-logfire-warning").is_some() && refused.header("retry-after").is_none(), "{refused:?}");
    let body: Value = serde_json::from_slice(&refused.body).unwrap();
    assert_eq!(body["code"], 16, "{body}");
    let refused = post(&product, "/v1/logs", &[("content-type", PROTOBUF), bad], vec![0; 2_000_000]).await;
    assert_eq!((refused.status, refused.header("content-type")), (401, Some(PROTOBUF)));
    assert_eq!(refused.body[..2], [0x08, 16]);
    for (path, pointer) in [("/v1/info", "/detail"), ("/api/alerts", "/error/message")] {
        let request = client().get(format!("{}{path}", product.url())).header(bad.0, bad.1);
        let refused = told(request).await;
        let body: Value = serde_json::from_slice(&refused.body).unwrap();
        assert_eq!(refused.status, 401);
        assert!(body.pointer(pointer).is_some_and(Value::is_string), "{path}: {body}");
        assert!(!refused.text().contains("nobody-knows-me"), "a token is never repeated");
    }
    let answered = figure(&product, Some(ADMIN), "watchfire_ingest_requests_total{signal=\"logs\",code=\"401\"}").await;
    assert_eq!(answered, 2);
}

#[tokio::test]
async fn a_token_to_read_with_shows_its_own_project_and_no_other() {
    let (scene, launch) = with_tokens().await;
    let own = alerts(&[("high", "level > 100", "[hook]"), ("mine", "level > 0", "[hook]")]);
    // The source `levels` belongs to the project `default`.
    let own = own.replace("SELECT level FROM levels", "SELECT 1 AS level\n    project: shop");
    scene.dir.definitions("shop.yaml", &own);
    scene.level(1);
    let product = launch.start().await;
    scene.told("alert.started", "mine").await;
    scene.told("alert.started", "high").await;
    let names = async |token: &str, path: &str, key: &str| -> BTreeSet<String> {
        let told = told(client().get(format!("{}{path}", product.url())).bearer_auth(token)).await;
        let body: Value = serde_json::from_slice(&told.body).unwrap();
        let items = body["items"].as_array().unwrap_or_else(|| panic!("{path}: {body}")).iter();
        items
            .map(|item| format!("{} {}", item["project"].as_str().unwrap_or("?"), item[key].as_str().unwrap()))
            .collect()
    };
    assert_eq!(names(READ, "/api/alerts", "name").await, BTreeSet::from(["shop high", "shop mine"].map(str::to_owned)));
    assert_eq!(names(ADMIN, "/api/alerts", "name").await.len(), 3);
    assert_eq!(names(READ, "/api/deliveries", "rule").await, BTreeSet::from(["? mine".to_owned()]));
    assert_eq!(names(ADMIN, "/api/deliveries", "rule").await.len(), 2);
    let one = told(client().get(format!("{}/api/alerts/high", product.url())).bearer_auth(READ)).await;
    let one: Value = serde_json::from_slice(&one.body).unwrap();
    assert_eq!((&one["project"], &one["state"]), (&json!("shop"), &json!("inactive")), "{one}");
    let runs = told(client().get(format!("{}/api/runs?rule=high", product.url())).bearer_auth(READ)).await;
    let runs: Value = serde_json::from_slice(&runs.body).unwrap();
    let ids: Vec<&str> = runs["items"].as_array().unwrap().iter().map(|run| run["id"].as_str().unwrap()).collect();
    assert!(!ids.is_empty() && ids.iter().all(|id| id.starts_with("shop/high:")), "{ids:?}");
}

#[tokio::test]
async fn a_token_knows_its_project() {
    let (_scene, launch) = with_tokens().await;
    let product = launch.start().await;
    let ask = async |path: &str, token: String| -> Value {
        let told = told(client().get(format!("{}{path}", product.url())).header("authorization", token)).await;
        serde_json::from_slice(&told.body).unwrap()
    };
    let info = ask("/v1/info", WRITE.to_owned()).await;
    assert_eq!(info, json!({"project_name": "shop", "project_url": product.url()}));
    let info = ask("/v1/read-token-info", format!("Bearer {READ}")).await;
    assert_eq!((&info["organization_name"], &info["project_name"]), (&json!("acme"), &json!("shop")), "{info}");
}

#[tokio::test]
async fn with_a_token_any_name_means_this_server_and_without_one_only_its_own() {
    let (_scene, launch) = with_tokens().await;
    let product = launch.start().await;
    let spans = || capture::protobuf("otel-python-http-01-traces.pb");
    let foreign = [("content-type", PROTOBUF), ("host", "host.docker.internal:4318"), ("authorization", WRITE)];
    assert_eq!(post(&product, "/v1/traces", &foreign, spans()).await.status, 200);
    assert_eq!(post(&product, "/v1/traces", &foreign[..2], spans()).await.status, 401);
    let scene = Scene::with_one_rule().await;
    let open = scene.launch().start().await;
    let refused = post(&open, "/v1/traces", &foreign, spans()).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    assert!(refused.text().contains("tokens"), "it says what to do: {}", refused.text());
}

#[tokio::test]
async fn tokens_come_and_go_with_the_definitions() {
    let (scene, launch) = with_tokens().await;
    let product = launch.start().await;
    let from = product.log().lines().len();
    scene.dir.definitions("projects.yaml", "projects:\n  - {name: shop, id: 7}\n");
    product.wait_for_line(from, "Changed definitions are in force", crate::scene::SOON).await;
    let spans = capture::protobuf("otel-python-http-01-traces.pb");
    assert_eq!(post(&product, "/v1/traces", &[("content-type", PROTOBUF)], spans).await.status, 200);
}

#[tokio::test]
async fn commands_that_speak_to_the_server_show_their_token() {
    let (_scene, launch) = with_tokens().await;
    let product = launch.start().await;
    let retry = |token: &'static str| {
        let (launch, url) = (launch.clone(), product.url().to_owned());
        async move { launch.run(&["deliveries", "retry", "none", "--url", &url, "--token", token]).await }
    };
    let refused = retry(READ).await;
    assert!(refused.code == Some(1) && refused.stderr.contains("admin"), "{refused:?}");
    let asked = retry(ADMIN).await;
    assert!(asked.code == Some(1) && asked.stderr.contains("no dead or waiting delivery"), "{asked:?}");
    assert_eq!(launch.run(&["health", "--url", product.url()]).await.code, Some(0));
}

#[tokio::test]
async fn projects_are_printed_with_what_to_paste() {
    let (scene, launch) = with_tokens().await;
    let config = scene.dir.config().to_string_lossy().into_owned();
    let answered =
        launch.run(&["projects", "--config", &config, "--url", "http://fire:4318", "--output", "json"]).await;
    assert_eq!(answered.code, Some(0), "{answered:?}");
    let shown: Value = serde_json::from_str(&answered.stdout).unwrap();
    assert_eq!((&shown[0]["name"], &shown[0]["sentry_dsn"]), (&json!("default"), &Value::Null), "{shown}");
    assert_eq!(shown[1]["logfire"], json!({"LOGFIRE_TOKEN": WRITE, "LOGFIRE_BASE_URL": "http://fire:4318"}));
    assert_eq!(
        shown[1]["opentelemetry"],
        json!({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://fire:4318", "OTEL_EXPORTER_OTLP_HEADERS": format!("Authorization={WRITE}")})
    );
    assert_eq!(shown[1]["sentry_dsn"], format!("http://{WRITE}@fire:4318/7"));
    let answered = launch.run(&["projects", "--config", &config]).await;
    assert!(answered.stdout.contains(&format!("export SENTRY_DSN='http://{WRITE}@127.0.0.1:4318/7'")), "{answered:?}");
    let everywhere =
        launch.clone().env("WATCHFIRE_LISTEN", "0.0.0.0:4318").run(&["projects", "--config", &config]).await;
    assert_eq!((everywhere.code, everywhere.stdout.as_str()), (Some(2), ""), "{everywhere:?}");
    assert!(everywhere.stderr.contains("server.public_url"), "{everywhere:?}");
}

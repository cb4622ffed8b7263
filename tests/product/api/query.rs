//! The query API of Logfire, over a source, and `watchfire query` against it.

use harness::http;
use reqwest::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER, VARY};
use serde_json::{Value, json};

use crate::scene::{SOON, Scene};

/// Five rows a minute apart; the third names no service.
const EVENTS: &str = r#"{"ts":"2026-11-20T06:00:00Z","service":"api","n":9007199254740993,"tags":["a","b"]}
{"ts":"2026-11-20T06:01:00Z","service":"web","n":2,"tags":[]}
{"ts":"2026-11-20T06:02:00Z","service":null,"n":3,"tags":["c"]}
{"ts":"2026-11-20T06:03:00Z","service":"api","n":4,"tags":[]}
{"ts":"2026-11-20T06:04:00Z","service":"web","n":5,"tags":[]}
"#;

async fn scene() -> Scene {
    let scene = Scene::new().await;
    scene.dir.write("events.ndjson", EVENTS);
    let source = "sources:\n  - {name: events, type: ndjson, path: events.ndjson, time_column: ts}\n";
    scene.dir.definitions("events.yaml", source);
    scene
}

/// `POST /v2/query`: the status, a header, and the body as text.
async fn v2(url: &str, accept: &str, body: &Value) -> (u16, reqwest::header::HeaderMap, String) {
    let request = http::client().post(format!("{url}/v2/query")).header(ACCEPT, accept);
    let response = request.header(CONTENT_TYPE, "application/json").body(body.to_string()).send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    (status, headers, response.text().await.unwrap())
}

/// A query since 06:01.
fn since(sql: &str) -> Value {
    json!({"sql": sql, "min_timestamp": "2026-11-20T06:01:00Z"})
}

#[tokio::test]
async fn a_query_is_answered_in_every_form() {
    let scene = scene().await;
    let product = scene.launch().start().await;
    let sql = "SELECT service, tags, count(*) FROM events WHERE n > 2 GROUP BY 1, 2 ORDER BY min(n)";
    let (status, headers, body) = v2(product.url(), "application/json", &since(sql)).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(headers["x-logfire-context"], "default/default");
    assert_eq!(headers[VARY], "Accept");
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        body["data"],
        json!([
            {"service": null, "tags": ["c"], "count(*)": 1},
            {"service": "api", "tags": [], "count(*)": 1},
            {"service": "web", "tags": [], "count(*)": 1},
        ])
    );
    assert_eq!(body["schema"]["fields"][2], json!({"name": "count(*)", "data_type": "Int64", "nullable": false}));
    let (_, headers, csv) = v2(product.url(), "text/csv", &since(sql)).await;
    assert!(headers[CONTENT_TYPE].to_str().unwrap().starts_with("text/csv"));
    assert_eq!(csv, "service,tags,count(*)\n,\"[\"\"c\"\"]\",1\napi,[],1\nweb,[],1\n");
    let (_, _, lines) = v2(product.url(), "application/x-ndjson", &since(sql)).await;
    assert!(lines.ends_with("{\"type\":\"end\",\"row_count\":3}\n"), "{lines}");
    let (status, _, _) = v2(product.url(), "application/vnd.apache.arrow.stream", &since(sql)).await;
    assert_eq!(status, 200);
    let (status, _, body) = v2(product.url(), "image/png", &since(sql)).await;
    assert_eq!(status, 406, "{body}");

    let v1 = format!("{}/v1/query?sql=SELECT%20max(n)%20AS%20n%20FROM%20events", product.url());
    let columns =
        json!({"columns": [{"name": "n", "datatype": "Int64", "nullable": true, "values": [9007199254740993_i64]}]});
    assert_eq!(http::get(&v1).await, (200, columns));
    let rows = json!({"columns": [{"name": "n", "datatype": "Int64", "nullable": true}], "rows": [{"n": 5}]});
    let late = "&json_rows=true&min_timestamp=2026-11-20T06:01:00";
    assert_eq!(http::get(&format!("{v1}{late}")).await, (200, rows));
}

#[tokio::test]
async fn mistakes_are_told_as_clients_read_them() {
    let scene = scene().await;
    let product = scene.launch().start().await;
    let problem = "application/json, application/problem+json;q=0.9";
    let (status, headers, body) = v2(product.url(), problem, &since("SELET * FROM events")).await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &headers[CONTENT_TYPE]), (400, &"application/problem+json".parse().unwrap()));
    assert!(!headers.contains_key(RETRY_AFTER));
    assert_eq!(body["type"], json!(format!("{}/-/errors/query-error", product.url())));
    assert_eq!(body["error_details"]["code"], json!("sql_syntax"));
    let (status, _, body) = v2(product.url(), "application/json", &since("SELECT nothing FROM events")).await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &body["error"]), (400, &json!("invalid query")));
    assert_eq!(body["details"]["span"], json!({"start": {"line": 1, "column": 8}, "end": {"line": 1, "column": 15}}));
    let (status, _, body) = v2(product.url(), "application/json", &json!({"limit": 10_001})).await;
    let body: Value = serde_json::from_str(&body).unwrap();
    let places: Vec<&Value> = body["detail"].as_array().unwrap().iter().map(|one| &one["loc"][1]).collect();
    assert_eq!((status, places), (422, vec![&json!("sql"), &json!("min_timestamp"), &json!("limit")]));
    let (status, body) = http::get(&format!("{}/v1/query?sql=SELET", product.url())).await;
    let inner: Value = serde_json::from_str(body["detail"].as_str().unwrap()).unwrap();
    assert_eq!((status, &inner["error"]), (400, &json!("invalid query")));
    let large = json!({"sql": "x".repeat(3 << 20), "min_timestamp": "2026-11-20T06:01:00Z"});
    assert_eq!(v2(product.url(), "application/json", &large).await.0, 413);
}

#[tokio::test]
async fn a_server_answers_watchfire_query_as_the_sources_themselves_do() {
    let scene = scene().await;
    let product = scene.launch().start().await;
    let config = scene.dir.config().to_string_lossy().into_owned();
    let sql = "SELECT ts, service, n, tags, n / 7.0 AS d, named_struct('a', n) AS s FROM events ORDER BY ts";
    let window = ["--from", "2026-11-20T06:01:00Z", "--to", "2026-11-20T06:04:00Z"];
    for format in ["table", "csv", "json", "ndjson", "parquet"] {
        let ask = async |place: [&str; 2]| {
            let asked =
                scene.launch().run(&[&["query", sql, "--format", format], &place[..], &window[..]].concat()).await;
            assert_eq!(asked.code, Some(0), "{asked:?}");
            asked.stdout
        };
        let (from_server, from_files) = (ask(["--url", product.url()]).await, ask(["--config", &config]).await);
        assert_eq!(from_server, from_files, "{format}");
        assert!(!from_files.is_empty());
    }
    let largest = ["query", "SELECT max(n) AS n FROM events", "--url", product.url(), "--output", "json"];
    let asked = scene.launch().run(&largest).await;
    let rows: Value = serde_json::from_str(&asked.stdout).unwrap();
    assert_eq!(rows, json!([{"n": "9007199254740993"}]));
    let asked = scene.launch().run(&["query", "SELECT n FROM events", "--url", product.url(), "--limit", "2"]).await;
    assert!(asked.stderr.contains("the first 2 rows, there are more"), "{asked:?}");
    let asked = scene.launch().run(&["query", "SELET", "--url", product.url(), "--output", "json"]).await;
    let said: Value = serde_json::from_str(&asked.stdout).unwrap();
    assert_eq!((asked.code, &said["error"]["code"]), (Some(1), &json!("invalid_query")));
    let asked = scene.launch().run(&["query", "SELECT 1", "--url", "http://127.0.0.1:1"]).await;
    assert_eq!(asked.code, Some(2), "{asked:?}");
    let config = scene.dir.config().to_string_lossy().into_owned();
    let of_project = |name: &'static str| {
        let (launch, config) = (scene.launch(), config.clone());
        async move { launch.run(&["query", "SELECT 1", "--config", &config, "--project", name]).await }
    };
    assert_eq!(of_project("default").await.code, Some(0));
    let asked = of_project("defualt").await;
    assert!(asked.code == Some(2) && asked.stderr.contains("did you mean `--project default`?"), "{asked:?}");
    let asked = scene.launch().run(&["query", "SELECT 1", "--timezone", "Mars/Olympus"]).await;
    assert_eq!(asked.code, Some(2), "{asked:?}");
}

#[tokio::test]
async fn a_question_whose_body_does_not_come_is_told_so() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let scene = Scene::with_one_rule().await;
    let product = scene.launch().start().await;
    let address = product.url().strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = "POST /v2/query HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 100\r\n\r\n{";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let read = tokio::time::timeout(2 * SOON, stream.read_to_string(&mut answer)).await;
    assert!(read.is_ok(), "it is waited for without end");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    assert!(head.contains(" 408 ") && body["detail"].is_string(), "{answer}");
}

//! OTLP over HTTP.

use std::io::Write;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

use super::{JSON, PROTOBUF, capture, figure, post};
use crate::scene::Scene;

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(body).unwrap();
    packed.finish().unwrap()
}

fn deflate(body: &[u8]) -> Vec<u8> {
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(body).unwrap();
    packed.finish().unwrap()
}

fn zstd(body: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(body, 1).unwrap()
}

#[tokio::test]
async fn what_real_sdks_send_is_taken_however_it_is_packed() {
    let scene = Scene::with_one_rule().await;
    let product = scene.launch().start().await;
    let (spans, logs) =
        (capture::protobuf("otel-python-http-01-traces.pb"), capture::protobuf("otel-python-http-02-logs.pb"));
    let series = "watchfire_ingested_rows_total{table=\"records\"}";
    for (path, body, packing) in [
        ("/v1/traces", spans.clone(), None),
        ("/v1/traces", gzip(&spans), Some("gzip")),
        ("/v1/logs", zstd(&logs), Some("zstd")),
        ("/v1/logs", deflate(&logs), Some("deflate")),
        ("/v1/logs", logs.clone(), Some("identity")),
    ] {
        let before = figure(&product, None, series).await;
        let headers = [("content-type", PROTOBUF), ("content-encoding", packing.unwrap_or("identity"))];
        let headers = if packing.is_some() { headers.as_slice() } else { &headers[..1] };
        let told = post(&product, path, headers, body).await;
        assert_eq!(told.status, 200, "{path} {packing:?}: {told:?}");
        assert_eq!(told.header("content-type"), Some(PROTOBUF));
        assert!(told.body.is_empty(), "nothing was rejected: {told:?}");
        assert!(figure(&product, None, series).await > before, "{path} {packing:?} brought no rows");
    }
    let answered = figure(&product, None, "watchfire_ingest_requests_total{signal=\"logs\",code=\"200\"}").await;
    assert_eq!(answered, 3);
}

#[tokio::test]
async fn every_signal_is_taken_in_protobuf_and_in_json() {
    let scene = Scene::with_one_rule().await;
    let product = scene.launch().start().await;
    for (path, table, kind, body) in [
        ("/v1/traces", "records", PROTOBUF, capture::protobuf("otel-node-proto-03-traces.pb")),
        ("/v1/logs", "records", PROTOBUF, capture::protobuf("otel-node-proto-01-logs.pb")),
        ("/v1/metrics", "metrics", PROTOBUF, capture::protobuf("otel-node-proto-02-metrics.pb")),
        ("/v1/traces", "records", JSON, capture::json("otel-node-json-02-traces.json")),
        ("/v1/logs", "records", JSON, capture::json("otel-node-json-01-logs.json")),
        ("/v1/metrics", "metrics", JSON, capture::json("otel-node-json-03-metrics.json")),
    ] {
        let series = format!("watchfire_ingested_rows_total{{table=\"{table}\"}}");
        let before = figure(&product, None, &series).await;
        let told = post(&product, path, &[("content-type", kind)], body).await;
        let whole = if kind == JSON { "{}" } else { "" };
        assert_eq!((told.status, told.text().as_str()), (200, whole), "{path} {kind}: {told:?}");
        assert_eq!(told.header("content-type"), Some(kind));
        assert!(figure(&product, None, &series).await > before, "{path} {kind} brought no rows");
    }
    assert_eq!(figure(&product, None, "watchfire_ingest_rejected_total").await, 0);
}

#[tokio::test]
async fn what_is_too_old_is_told_and_the_rest_is_taken() {
    let scene = Scene::with_one_rule().await;
    let product = scene.launch().start().await;
    let span = |name: &str, nanos: i64| {
        format!(
            "{{\"traceId\":\"0102030405060708090a0b0c0d0e0f10\",\"spanId\":\"0102030405060708\",\"name\":\"{name}\",\
             \"startTimeUnixNano\":\"{nanos}\",\"endTimeUnixNano\":\"{nanos}\"}}"
        )
    };
    let (now, old) = (harness::now().as_micros() * 1_000, 1_000_000_000_000_000_000);
    let spans = [span("new", now), span("old", old), span("older", old - 1)].join(",");
    let body = format!("{{\"resourceSpans\":[{{\"scopeSpans\":[{{\"spans\":[{spans}]}}]}}]}}");
    let told = post(&product, "/v1/traces", &[("content-type", JSON)], body.into_bytes()).await;
    assert_eq!(told.status, 200, "{told:?}");
    let answer: serde_json::Value = serde_json::from_slice(&told.body).unwrap();
    assert_eq!(answer["partialSuccess"]["rejectedSpans"], "2", "{answer}");
    assert!(answer["partialSuccess"]["errorMessage"].as_str().is_some_and(|message| message.len() > 20), "{answer}");
    assert_eq!(figure(&product, None, "watchfire_ingest_rejected_total").await, 2);
}

#[tokio::test]
async fn how_old_and_how_new_a_row_may_be_can_be_set() {
    let scene = Scene::with_one_rule().await;
    scene.dir.definitions("watchfire.yaml", "telemetry: {accepted_past: 7d, accepted_future: 1m}\n");
    let product = scene.launch().start().await;
    let span = |seconds: i64| {
        let nanos = (harness::now().as_micros() + seconds * 1_000_000) * 1_000;
        format!(
            "{{\"traceId\":\"0102030405060708090a0b0c0d0e0f10\",\"spanId\":\"0102030405060708\",\"name\":\"a\",\
             \"startTimeUnixNano\":\"{nanos}\",\"endTimeUnixNano\":\"{nanos}\"}}"
        )
    };
    let spans = [span(-3 * 86_400), span(600)].join(",");
    let body = format!("{{\"resourceSpans\":[{{\"scopeSpans\":[{{\"spans\":[{spans}]}}]}}]}}");
    let told = post(&product, "/v1/traces", &[("content-type", JSON)], body.into_bytes()).await;
    let answer: serde_json::Value = serde_json::from_slice(&told.body).unwrap();
    assert_eq!(answer["partialSuccess"]["rejectedSpans"], "1", "{answer}");
    // The one of three days ago, and the record that tells of the other.
    assert_eq!(figure(&product, None, "watchfire_ingested_rows_total{table=\"records\"}").await, 2);
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused_in_the_form_that_was_sent() {
    let scene = Scene::with_one_rule().await;
    let product = scene.launch().start().await;
    let spans = capture::protobuf("otel-python-http-01-traces.pb");
    for (kind, packing, body, status, said) in [
        (PROTOBUF, "identity", b"\xff\xff\xff\xff".to_vec(), 400, "traces"),
        (PROTOBUF, "identity", spans[..spans.len() - 3].to_vec(), 400, "traces"),
        (JSON, "identity", b"{".to_vec(), 400, ""),
        (PROTOBUF, "gzip", spans.clone(), 400, "gzip"),
        (PROTOBUF, "br", spans.clone(), 415, "zstd"),
        ("text/plain", "identity", spans.clone(), 415, PROTOBUF),
    ] {
        let headers = [("content-type", kind), ("content-encoding", packing)];
        let told = post(&product, "/v1/traces", &headers, body).await;
        assert_eq!(told.status, status, "{kind} {packing}: {told:?}");
        let expected = if kind == PROTOBUF { PROTOBUF } else { JSON };
        assert_eq!(told.header("content-type"), Some(expected), "{kind} {packing}");
        assert_eq!(told.header("retry-after"), None, "nobody should send it again");
        assert!(told.text().contains(said), "{kind} {packing} should say `{said}`: {}", told.text());
        if expected == JSON {
            let body: serde_json::Value = serde_json::from_slice(&told.body).unwrap();
            assert!(body["code"].is_number() && body["message"].is_string(), "{body}");
        } else {
            // `google.rpc.Status` begins with its code, field 1.
            assert_eq!(told.body[0], 0x08);
        }
    }
    let told = post(&product, "/v1/traces", &[], spans).await;
    assert_eq!(told.status, 415, "a type that is not said is not guessed: {told:?}");
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_and_after_it_is_unpacked() {
    let scene = Scene::with_one_rule().await;
    scene.dir.definitions("watchfire.yaml", "limits: {request_size: 1MB}\n");
    let product = scene.launch().start().await;
    let zeros = vec![0; 200_000_000];
    for (packing, body) in [
        ("identity", zeros[..1_000_001].to_vec()),
        ("gzip", gzip(&zeros)),
        ("zstd", zstd(&zeros)),
        ("deflate", deflate(&zeros)),
    ] {
        let headers = [("content-type", JSON), ("content-encoding", packing)];
        let told = post(&product, "/v1/traces", &headers, body).await;
        assert_eq!(told.status, 413, "{packing}: {told:?}");
        assert!(told.text().contains("1000000") && told.text().contains("limits.request_size"), "{}", told.text());
    }
    let spans = capture::protobuf("otel-python-http-01-traces.pb");
    assert_eq!(post(&product, "/v1/traces", &[("content-type", PROTOBUF)], spans).await.status, 200);
}

#[tokio::test]
async fn a_hundred_megabytes_are_the_limit_when_nobody_says_otherwise() {
    let scene = Scene::with_one_rule().await;
    let product = scene.launch().start().await;
    let told = post(&product, "/v1/traces", &[("content-type", JSON)], vec![b' '; 100_000_001]).await;
    assert_eq!(told.status, 413, "{told:?}");
}

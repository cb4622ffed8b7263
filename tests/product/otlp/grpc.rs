//! OTLP over gRPC, beside HTTP and on a port of its own.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::http::{HeaderMap, Request};
use bytes::Bytes;
use harness::Product;
use tokio::net::TcpStream;

use super::{ADMIN, READ, WRITE, capture, figure, with_tokens};
use crate::scene::{SOON, Scene};

const TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const LOGS: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

/// What a call was answered: its status, and everything that stood in headers and trailers.
#[derive(Debug)]
struct Called {
    status: String,
    metadata: BTreeMap<String, String>,
    message: Vec<u8>,
}

/// Calls a method with one message, as a client of gRPC does.
async fn call(address: SocketAddr, path: &str, headers: &[(&str, &str)], frame: Vec<u8>) -> Called {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
    let driven = tokio::spawn(connection);
    let mut request = Request::post(format!("http://{address}{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (response, mut sent) = client.send_request(request.body(()).unwrap(), false).unwrap();
    // A refusal may come before all is sent.
    let _ = sent.send_data(Bytes::from(frame), true);
    let (head, mut body) = response.await.unwrap().into_parts();
    assert_eq!(head.status, 200);
    let mut message = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece.unwrap();
        body.flow_control().release_capacity(piece.len()).unwrap();
        message.extend_from_slice(&piece);
    }
    let trailers = body.trailers().await.unwrap().unwrap_or_default();
    let words = |map: &HeaderMap| -> Vec<(String, String)> {
        map.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
    };
    let metadata: BTreeMap<_, _> = words(&head.headers).into_iter().chain(words(&trailers)).collect();
    driven.abort();
    Called { status: metadata["grpc-status"].clone(), metadata, message }
}

/// A message behind its prefix.
fn framed(packed: u8, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[packed], length.as_slice(), message].concat()
}

fn address(product: &Product) -> SocketAddr {
    product.url().trim_start_matches("http://").parse().unwrap()
}

#[tokio::test]
async fn calls_are_taken_beside_http_packed_or_not() {
    let scene = Scene::with_one_rule().await;
    let product = scene.launch().start().await;
    let (spans, logs) =
        (capture::protobuf("otel-python-grpc-01-traces.pb"), capture::protobuf("otel-python-grpc-02-logs.pb"));
    let packed = zstd::stream::encode_all(logs.as_slice(), 1).unwrap();
    for (path, headers, frame) in [
        (TRACES, &[][..], framed(0, &spans)),
        (LOGS, &[("grpc-encoding", "zstd")], framed(1, &packed)),
        (LOGS, &[("grpc-encoding", "gzip")], framed(0, &logs)),
    ] {
        let called = call(address(&product), path, headers, frame).await;
        assert_eq!((called.status.as_str(), called.message.as_slice()), ("0", b"\0\0\0\0\0".as_slice()), "{called:?}");
    }
    assert!(figure(&product, None, "watchfire_ingested_rows_total{table=\"records\"}").await > 2);
}

#[tokio::test]
async fn what_cannot_be_taken_has_the_code_that_the_specification_gives_it() {
    let scene = Scene::with_one_rule().await;
    scene.dir.definitions("watchfire.yaml", "limits: {request_size: 1MB}\n");
    let product = scene.launch().start().await;
    let spans = capture::protobuf("otel-python-grpc-01-traces.pb");
    let bomb = zstd::stream::encode_all(vec![0; 50 << 20].as_slice(), 1).unwrap();
    for (what, path, headers, frame, status) in [
        ("no OTLP", TRACES, &[][..], framed(0, b"\xff\xff"), "3"),
        ("no message", TRACES, &[], vec![], "3"),
        ("a lying length", TRACES, &[], framed(0, &spans)[..20].to_vec(), "3"),
        ("packed with nothing", TRACES, &[], framed(1, &spans), "3"),
        ("a packing of nobody", TRACES, &[("grpc-encoding", "snappy")], framed(1, &spans), "12"),
        ("a bomb", TRACES, &[("grpc-encoding", "zstd")], framed(1, &bomb), "8"),
        ("another service", "/grpc.health.v1.Health/Check", &[], framed(0, b""), "12"),
    ] {
        let called = call(address(&product), path, headers, frame).await;
        assert_eq!(called.status, status, "{what}: {called:?}");
        assert!(called.metadata["grpc-message"].len() > 10, "{what}: {called:?}");
    }
}

#[tokio::test]
async fn a_token_is_needed_where_there_are_tokens() {
    let (_scene, launch) = with_tokens().await;
    let product = launch.start().await;
    let spans = framed(0, &capture::protobuf("otel-python-grpc-01-traces.pb"));
    let bearer = format!("Bearer {WRITE}");
    for (token, status) in [
        (None, "16"),
        (Some("unknown-unknown-unknown"), "16"),
        (Some(READ), "7"),
        (Some(WRITE), "0"),
        (Some(&bearer), "0"),
        (Some(ADMIN), "0"),
    ] {
        let headers: Vec<_> = token.map(|token| ("authorization", token)).into_iter().collect();
        let called = call(address(&product), TRACES, &headers, spans.clone()).await;
        assert_eq!(called.status, status, "{token:?}: {called:?}");
    }
}

#[tokio::test]
async fn a_port_for_grpc_alone_takes_calls_and_nothing_else() {
    let scene = Scene::with_one_rule().await;
    let launch = scene.launch().env("WATCHFIRE_OTLP_GRPC", "127.0.0.1:0");
    let product = launch.start().await;
    let words = "listening for OTLP over gRPC on ";
    let found = product.log().wait(0, SOON, |line| {
        let (_, after) = line.split_once(words)?;
        let end = after.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':').unwrap_or(after.len());
        after[..end].parse::<SocketAddr>().ok()
    });
    let grpc = found.await.expect("it says where");
    let called = call(grpc, TRACES, &[], framed(0, &capture::protobuf("otel-python-grpc-01-traces.pb"))).await;
    assert_eq!(called.status, "0", "{called:?}");
    assert_eq!(harness::http::get(&format!("http://{grpc}/api/alerts")).await.0, 404);
}

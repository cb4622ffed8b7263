//! Many clients, and those that never come to an end.

use std::net::SocketAddr;

use harness::http::client;
use harness::{Product, http};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{PROTOBUF, capture, figure, post};
use crate::scene::Scene;

fn address(product: &Product) -> SocketAddr {
    product.url().trim_start_matches("http://").parse().unwrap()
}

#[tokio::test]
async fn a_thousand_connections_that_say_nothing_keep_nobody_out() {
    let scene = Scene::with_one_rule().await;
    let product = scene.launch().start().await;
    let mut connections = Vec::new();
    for number in 0..1_000 {
        // Some systems allow fewer open files to a test.
        let Ok(mut stream) = TcpStream::connect(address(&product)).await else { break };
        let begun: &[u8] = match number % 3 {
            0 => b"",
            1 => b"POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Le",
            _ => b"POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{",
        };
        stream.write_all(begun).await.unwrap();
        connections.push(stream);
    }
    assert!(connections.len() > 400, "only {} connections", connections.len());
    let spans = capture::protobuf("otel-python-http-01-traces.pb");
    assert_eq!(post(&product, "/v1/traces", &[("content-type", PROTOBUF)], spans).await.status, 200);
    assert_eq!(http::get(&format!("{}/readyz", product.url())).await.0, 200);
}

#[tokio::test]
async fn a_thousand_requests_at_once_are_all_answered() {
    let scene = Scene::with_one_rule().await;
    let product = scene.launch().start().await;
    let (client, spans) = (client(), capture::protobuf("otel-python-http-01-traces.pb"));
    let requests: Vec<_> = (0..1_000)
        .map(|_| {
            let request = client.post(format!("{}/v1/traces", product.url()));
            let request = request.header("content-type", PROTOBUF).body(spans.clone());
            tokio::spawn(async move { request.send().await.map(|response| response.status().as_u16()) })
        })
        .collect();
    let mut taken = 0;
    for request in requests {
        match request.await.unwrap().expect("every request is answered") {
            200 => taken += 1,
            status => assert_eq!(status, 503, "others are asked to come again"),
        }
    }
    let answered = figure(&product, None, "watchfire_ingest_requests_total{signal=\"traces\",code=\"200\"}").await;
    assert_eq!(answered, taken);
    assert!(taken >= 900, "{taken} of 1,000");
}

#[tokio::test]
async fn a_request_that_is_too_large_is_told_so_although_its_sender_still_sends() {
    let scene = Scene::with_one_rule().await;
    let product = scene.launch().start().await;
    let mut stream = TcpStream::connect(address(&product)).await.unwrap();
    let head = "POST /v1/traces HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 110000000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&vec![b' '; 110_000_000]).await.expect("the rest is read, though it is thrown away");
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 413");
}

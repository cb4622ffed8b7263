//! How many spans a second one core turns from bytes into Arrow.
//!
//! `cargo run --release -p watchfire-ingest --example decode_speed [SECONDS]`

#![allow(clippy::unwrap_used, reason = "a program for developers")]

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use watchfire_ingest::table::Shredding;
use watchfire_ingest::{Arrival, Encoding, Signal, decode};
use watchfire_model::{ProjectName, Timestamp};

/// Spans of one request, as SDKs batch them.
const SPANS: usize = 512;
/// 2026-11-20T06:00:00Z in nanoseconds.
const SIX: u64 = 1_795_154_400_000_000_000;

fn main() {
    let seconds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(3);
    for (shape, body) in [("synthetic", synthetic()), ("logfire", logfire())] {
        measure(shape, &body, Duration::from_secs(seconds));
    }
}

fn measure(shape: &str, body: &[u8], time: Duration) {
    let at = Timestamp::parse("2026-11-20T06:50:00Z").unwrap();
    let (arrival, shredding) = (Arrival::new(at, ProjectName::new("default")), Shredding::default());
    let (mut requests, mut rows, mut bytes) = (0_usize, 0_usize, 0_usize);
    let began = Instant::now();
    while began.elapsed() < time {
        let decoded = decode(Signal::Traces, Encoding::Protobuf, black_box(body), &arrival, &shredding).unwrap();
        rows = decoded.rows.iter().map(|rows| rows.batch.num_rows()).sum();
        bytes = decoded.rows.iter().map(|rows| rows.batch.get_array_memory_size()).sum();
        black_box(decoded);
        requests += 1;
    }
    let rate = (requests * SPANS) as f64 / began.elapsed().as_secs_f64();
    println!(
        "{shape:>10}: {rate:>9.0} spans/s, {:.0} MB/s ({} bytes a span on the wire, {rows} rows, {} bytes a row)",
        rate * (body.len() / SPANS) as f64 / 1e6,
        body.len() / SPANS,
        bytes / rows,
    );
}

/// Spans of about 300 bytes with eight plain attributes.
fn synthetic() -> Vec<u8> {
    let span = |number: u64| Span {
        trace_id: [SIX + number / 8, number].map(u64::to_le_bytes).concat(),
        span_id: (number + 1).to_le_bytes().to_vec(),
        parent_span_id: (number / 8 + 1).to_le_bytes().to_vec(),
        name: "GET /orders/{id}".to_owned(),
        kind: 2,
        start_time_unix_nano: SIX + number * 1_000,
        end_time_unix_nano: SIX + number * 1_000 + 12_345_678,
        attributes: vec![
            text("http.request.method", "GET"),
            text("http.route", "/orders/{id}"),
            text("url.path", &format!("/orders/{number}")),
            whole("http.response.status_code", 200),
            text("server.address", "shop.internal"),
            whole("server.port", 8080),
            text("user_agent.original", "curl/8.9.1"),
            whole("order.items", 3),
        ],
        ..Span::default()
    };
    request((0..SPANS as u64).map(span).collect(), "synthetic")
}

/// The spans of the Logfire SDK's captures, again and again.
fn logfire() -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/otlp");
    let captures = ["logfire-spans-02", "logfire-fastapi-02", "logfire-logs-02"];
    let spans = captures.iter().flat_map(|name| {
        let body = std::fs::read(folder.join(format!("{name}-traces.pb"))).unwrap();
        let request = ExportTraceServiceRequest::decode(body.as_slice()).unwrap();
        let scopes = request.resource_spans.into_iter().flat_map(|of_resource| of_resource.scope_spans);
        scopes.flat_map(|of_scope| of_scope.spans)
    });
    request(spans.collect::<Vec<_>>().into_iter().cycle().take(SPANS).collect(), "logfire")
}

fn request(spans: Vec<Span>, scope: &str) -> Vec<u8> {
    let scope = InstrumentationScope { name: scope.to_owned(), version: "1.0".to_owned(), ..Default::default() };
    let of_scope = ScopeSpans { scope: Some(scope), spans, ..ScopeSpans::default() };
    let attributes = vec![
        text("service.name", "shop-web"),
        text("service.version", "3.2.1"),
        text("service.instance.id", "0f3c1b9e-8d5e-4c57-9a1f-0f6a1c1d2e3f"),
        text("deployment.environment.name", "production"),
        whole("process.pid", 4_711),
        text("telemetry.sdk.name", "opentelemetry"),
        text("telemetry.sdk.language", "python"),
        text("telemetry.sdk.version", "1.45.2"),
    ];
    let resource = Some(Resource { attributes, ..Resource::default() });
    let of_resource = ResourceSpans { resource, scope_spans: vec![of_scope], ..ResourceSpans::default() };
    ExportTraceServiceRequest { resource_spans: vec![of_resource] }.encode_to_vec()
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.to_owned()))
}

fn whole(key: &str, value: i64) -> KeyValue {
    attribute(key, Value::IntValue(value))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

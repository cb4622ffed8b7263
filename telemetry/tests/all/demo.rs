//! The records that `watchfire demo` shows: real captures, laid around one instant.
//!
//! `UPDATE_EXPECTED=1` writes the file; without it this holds the file to the decoder.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use serde_json::{Map, Value};
use watchfire_ingest::{Record, RecordKind, to_ndjson};
use watchfire_model::{Timestamp, Window};

use crate::captures::{bodies, decode};
use crate::harness::{World, spec, text};

/// The instant around which everything is laid; the demo moves it to its own beginning.
const ANCHOR: &str = "2026-11-20T12:00:00Z";
/// Most bytes of the file: it is part of the program.
const FILE_BYTES_MAX: usize = 600_000;

const SECOND: i64 = 1_000_000_000;
const HOUR: i64 = 3_600 * SECOND;

/// Where a run begins or ends, in nanoseconds after the anchor. Inside a run all distances are as they were.
enum Place {
    Begins(i64),
    Ends(i64),
}

const PLACES: [(&str, Place); 12] = [
    ("pydantic-ai-v5", Place::Ends(-36 * HOUR)),
    ("pydantic-ai-v2", Place::Ends(-12 * HOUR)),
    ("logfire-spans", Place::Begins(-240 * SECOND)),
    ("logfire-logs", Place::Begins(-180 * SECOND)),
    ("otel-rust-http", Place::Begins(-120 * SECOND)),
    ("otel-python-grpc", Place::Begins(-60 * SECOND)),
    ("logfire-killed", Place::Begins(-20 * SECOND)),
    ("otel-python-http", Place::Begins(-5 * SECOND)),
    ("logfire-exceptions", Place::Begins(-2 * SECOND)),
    ("logfire-fastapi", Place::Begins(2 * SECOND)),
    ("logfire-uncaught", Place::Begins(5 * SECOND)),
    ("otel-node-proto", Place::Begins(9 * SECOND)),
];

/// The run of the day before, of which only so many conversations are kept: two equal days would show no change.
const CALM_DAY_RUN: &str = "pydantic-ai-v5";
const CALM_DAY_TRACES: usize = 7;

/// Columns that a demo does not need; they are NULL there.
const COLUMNS_LEFT_OUT: [&str; 3] = ["otel_resource_attributes", "created_at", "project_id"];
/// Attributes that are long and say the same in every row.
const ATTRIBUTES_LEFT_OUT: [&str; 4] =
    ["model_request_parameters", "gen_ai.tool.definitions", "logfire.json_schema", "logfire.metrics"];

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../cli/demo/records.ndjson")
}

/// Both sorts of request, with their times open to be moved.
enum Request {
    Traces(ExportTraceServiceRequest),
    Logs(ExportLogsServiceRequest),
}

impl Request {
    fn read(name: &str, body: &[u8]) -> Self {
        match name.ends_with("-traces") {
            true => Self::Traces(ExportTraceServiceRequest::decode(body).unwrap()),
            false => Self::Logs(ExportLogsServiceRequest::decode(body).unwrap()),
        }
    }

    fn written(&self) -> Vec<u8> {
        match self {
            Self::Traces(request) => request.encode_to_vec(),
            Self::Logs(request) => request.encode_to_vec(),
        }
    }

    /// Every time that is set.
    fn times(&mut self) -> Vec<&mut u64> {
        let mut times: Vec<&mut u64> = Vec::new();
        match self {
            Self::Traces(request) => {
                let scopes = request.resource_spans.iter_mut().flat_map(|resource| &mut resource.scope_spans);
                for span in scopes.flat_map(|scope| &mut scope.spans) {
                    times.extend([&mut span.start_time_unix_nano, &mut span.end_time_unix_nano]);
                    times.extend(span.events.iter_mut().map(|event| &mut event.time_unix_nano));
                }
            }
            Self::Logs(request) => {
                let scopes = request.resource_logs.iter_mut().flat_map(|resource| &mut resource.scope_logs);
                for log in scopes.flat_map(|scope| &mut scope.log_records) {
                    times.extend([&mut log.time_unix_nano, &mut log.observed_time_unix_nano]);
                }
            }
        }
        times.into_iter().filter(|time| **time != 0).collect()
    }
}

/// The records of one run, moved to its place.
fn placed(run: &str, place: &Place) -> Vec<Record> {
    let of_run = |name: &str| name.rsplitn(3, '-').last() == Some(run);
    let bodies = bodies().into_iter().filter(|(name, _)| of_run(name));
    let mut requests: Vec<(String, Request)> =
        bodies.map(|(name, body)| (name.clone(), Request::read(&name, &body))).collect();
    let mut times: Vec<&mut u64> = requests.iter_mut().flat_map(|(_, request)| request.times()).collect();
    let anchor = Timestamp::parse(ANCHOR).unwrap().as_micros() * 1_000;
    let signed = |time: u64| i64::try_from(time).unwrap();
    let moved_by = match place {
        Place::Begins(at) => anchor + at - times.iter().map(|time| signed(**time)).min().unwrap(),
        Place::Ends(at) => anchor + at - times.iter().map(|time| signed(**time)).max().unwrap(),
    };
    times.iter_mut().for_each(|time| **time = time.checked_add_signed(moved_by).unwrap());
    requests.iter().flat_map(|(name, request)| decode(name, &request.written())).collect()
}

/// The conversations of a run that began first: the same program on a calmer day.
fn calmer(mut records: Vec<Record>) -> Vec<Record> {
    records.sort_by_key(|row| row.start_timestamp);
    let mut kept: Vec<String> = Vec::new();
    for row in &records {
        if !kept.contains(&row.trace_id) && kept.len() < CALM_DAY_TRACES {
            kept.push(row.trace_id.clone());
        }
    }
    records.retain(|row| kept.contains(&row.trace_id));
    records
}

fn records() -> Vec<Record> {
    let of_run = |(run, place): &(&str, Place)| match *run {
        CALM_DAY_RUN => calmer(placed(run, place)),
        _ => placed(run, place),
    };
    let mut records: Vec<Record> = PLACES.iter().flat_map(of_run).collect();
    let ended = records.iter().filter(|row| row.kind != RecordKind::PendingSpan);
    let ended: HashSet<String> = ended.map(|row| row.span_id.clone()).collect();
    records.retain(|row| row.kind != RecordKind::PendingSpan || !ended.contains(&row.span_id));
    records.sort_by_key(|row| row.start_timestamp);
    records
}

/// A line of the file: the record, but for what is left out.
fn line(line: &str) -> String {
    let mut object: Map<String, Value> = serde_json::from_str(line).unwrap();
    COLUMNS_LEFT_OUT.iter().for_each(|column| drop(object.shift_remove(*column)));
    let mut attributes: Map<String, Value> = serde_json::from_str(object["attributes"].as_str().unwrap()).unwrap();
    ATTRIBUTES_LEFT_OUT.iter().for_each(|name| drop(attributes.shift_remove(*name)));
    object["attributes"] = Value::String(Value::Object(attributes).to_string());
    format!("{}\n", Value::Object(object))
}

#[test]
fn the_file_is_what_the_decoder_makes_of_the_captures() {
    let made: String = to_ndjson(&records()).lines().map(line).collect();
    assert!(made.len() <= FILE_BYTES_MAX, "{} bytes", made.len());
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(file(), &made).unwrap();
    }
    let written = std::fs::read_to_string(file()).unwrap();
    let differs = made.lines().zip(written.lines()).position(|(made, written)| made != written);
    let same = made == written;
    assert!(same, "line {differs:?} of cli/demo/records.ndjson differs; UPDATE_EXPECTED=1 writes it anew");
}

/// What a query over the file answers for the window from so many seconds before to after the anchor.
async fn ask(from: u64, to: u64, sql: &str) -> String {
    let mut world = World::new();
    world.source_at("records", &file(), None);
    let second = std::time::Duration::from_secs(1);
    let anchor = Timestamp::parse(ANCHOR).unwrap();
    let window = Window {
        start: anchor.minus(second * u32::try_from(from).unwrap()),
        end: anchor.plus(second * u32::try_from(to).unwrap()),
    };
    let slot = watchfire_model::SlotContext { scheduled_for: anchor, window: Some(window) };
    text(&world.outcome(&spec(sql), &slot).await)
}

#[tokio::test]
async fn everything_lies_where_the_demo_expects_it() {
    let layout = "SELECT service_name AS service, deployment_environment AS env,
                         extract(epoch FROM date_trunc('second', start_timestamp) - now()) AS from_anchor_s,
                         count(*) AS rows, count(*) FILTER (WHERE is_exception) AS exceptions,
                         count(*) FILTER (WHERE level >= 'error') AS errors,
                         count(*) FILTER (WHERE http_response_status_code >= 500) AS http_5xx
                  FROM records GROUP BY 1, 2, 3 ORDER BY 3";
    assert_snapshot!(ask(40 * 3_600, 60, layout).await, @r#"
    service string | env string | from_anchor_s float | rows int | exceptions int | errors int | http_5xx int
    "shop-assistant" | "production" | -129601.0 | 35 | 3 | 3 | 0
    "shop-assistant" | "production" | -43201.0 | 45 | 5 | 5 | 0
    "shop-web" | "production" | -240.0 | 28 | 0 | 0 | 0
    "shop-web" | "production" | -239.0 | 1 | 0 | 0 | 0
    "shop-web" | "production" | -180.0 | 24 | 2 | 6 | 0
    "shop-worker" | "staging" | -120.0 | 13 | 2 | 2 | 0
    "billing" | "staging" | -60.0 | 24 | 4 | 5 | 2
    "billing" | "staging" | -5.0 | 24 | 4 | 5 | 2
    "shop-web" | "production" | -2.0 | 13 | 13 | 12 | 0
    "shop-api" | "staging" | 2.0 | 7 | 3 | 2 | 2
    "shop-web" | "production" | 5.0 | 2 | 2 | 2 | 0
    "storefront" | "production" | 9.0 | 26 | 13 | 14 | 0
    "#);
    let exceptions = "SELECT service_name, exception_type, count(*) AS n
                      FROM records WHERE is_exception GROUP BY 1, 2 ORDER BY 1, 2";
    assert_snapshot!(ask(10, 0, exceptions).await, @r#"
    service_name string | exception_type string | n int
    "billing" | "catalog.GatewayTimeout" | 2
    "billing" | "catalog.PaymentDeclined" | 2
    "shop-web" | "AssertionError" | 1
    "shop-web" | "ExceptionGroup" | 1
    "shop-web" | "RecursionError" | 1
    "shop-web" | "ValueError" | 1
    "shop-web" | "catalog.GatewayTimeout" | 4
    "shop-web" | "catalog.InventoryError" | 3
    "shop-web" | "catalog.PaymentDeclined" | 2
    "#);
    assert_snapshot!(ask(0, 11, exceptions).await, @r#"
    service_name string | exception_type string | n int
    "shop-api" | "KeyError" | 1
    "shop-api" | "catalog.GatewayTimeout" | 1
    "shop-api" | "fastapi.exceptions.HTTPException" | 1
    "shop-web" | "catalog.InventoryError" | 2
    "storefront" | "AggregateError" | 2
    "storefront" | "CheckoutError" | 2
    "storefront" | "ReferenceError" | 2
    "storefront" | "SyntaxError" | 2
    "storefront" | "TypeError" | 4
    "storefront" | null | 1
    "#);
    let pending =
        "SELECT kind, span_name, count(*) AS n FROM records_all WHERE kind = 'pending_span' GROUP BY 1, 2 ORDER BY 2";
    assert_snapshot!(ask(300, 11, pending).await, @r#"
    kind string | span_name string | n int
    "pending_span" | "download" | 1
    "pending_span" | "import feed {feed}" | 1
    "#);
}

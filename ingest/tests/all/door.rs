//! The door: which rows are taken, and what is said about the others.

use std::time::Duration;

use insta::assert_snapshot;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::Event;
use watchfire_ingest::table::{Shredding, Table};
use watchfire_ingest::{Arrival, Decoded, Encoding, Record, RecordKind, Signal, decode, records_of};
use watchfire_model::Timestamp;

use crate::captures::{arrived_at, project};
use crate::otlp_rules::{attribute, logs, span, text, traces};

const SECOND: u64 = 1_000_000_000;

fn taken(signal: Signal, body: &[u8], arrival: &Arrival) -> Decoded {
    decode(signal, Encoding::Protobuf, body, arrival, &Shredding::default()).unwrap()
}

fn records(decoded: &Decoded) -> Vec<Record> {
    decoded.rows.iter().flat_map(|rows| records_of(&rows.batch)).collect()
}

/// So many nanoseconds after 1970: the arrival, moved by so many seconds.
fn nanos(seconds: i64) -> u64 {
    u64::try_from(arrived_at().as_micros() * 1_000 + seconds * 1_000_000_000).unwrap()
}

fn span_at(seconds: i64) -> Span {
    Span { start_time_unix_nano: nanos(seconds), end_time_unix_nano: nanos(seconds), ..span(Vec::new()) }
}

fn arrival() -> Arrival {
    Arrival::new(arrived_at(), project())
}

#[test]
fn rows_of_the_last_day_and_the_next_hour_are_taken_and_the_others_are_told() {
    const DAY: i64 = 86_400;
    let spans = vec![span_at(-DAY - 1), span_at(-DAY), span_at(0), span_at(3_600), span_at(3_601)];
    let service = vec![attribute("service.name", text("shop"))];
    let decoded = taken(Signal::Traces, &traces(service, spans), &arrival());
    assert_eq!(decoded.rejected, 2);
    assert_snapshot!(decoded.message.as_deref().unwrap(), @"2 spans of `shop` dropped: times from 2026-11-19T06:49:59Z to 2026-11-20T07:50:01Z outside of what is accepted, 2026-11-19T06:50:00Z to 2026-11-20T07:50:00Z; check the clock");
    let rows = records(&decoded);
    let (kept, told) = rows.split_at(3);
    assert!(kept.iter().all(|row| row.kind == RecordKind::Span));
    let [told] = told else { panic!("{told:?}") };
    assert_snapshot!(format!("{} {} {}", told.span_name, told.kind.as_str(), told.level), @"logfire ingest error log 17");
    assert_eq!(told.origin.service_name.as_deref(), Some("shop"));
    assert_eq!(told.start_timestamp, arrived_at());
    assert_snapshot!(told.message, @"2 spans of `shop` dropped: times from 2026-11-19T06:49:59Z to 2026-11-20T07:50:01Z outside of what is accepted, 2026-11-19T06:50:00Z to 2026-11-20T07:50:00Z; check the clock");
    assert_snapshot!(told.attributes, @r#"{"signal":"traces","dropped":2,"services":"`shop`","earliest":"2026-11-19T06:49:59Z","latest":"2026-11-20T07:50:01Z","accepted_from":"2026-11-19T06:50:00Z","accepted_until":"2026-11-20T07:50:00Z"}"#);
}

#[test]
fn a_span_that_ran_for_days_and_has_just_ended_is_taken_with_its_events() {
    let event =
        |name: &str, seconds| Event { name: name.to_owned(), time_unix_nano: nanos(seconds), ..Event::default() };
    let long = Span {
        start_time_unix_nano: nanos(-300_000),
        events: vec![event("within", -200_000), event("impossible", -400_000), event("now", 0)],
        ..span_at(0)
    };
    let decoded = taken(Signal::Traces, &traces(Vec::new(), vec![long]), &arrival());
    assert_eq!((decoded.rejected, decoded.message.as_deref()), (0, None));
    let rows = records(&decoded);
    let names: Vec<&str> = rows.iter().map(|row| row.span_name.as_str()).collect();
    assert_eq!(names, ["within", "now", "name"]);
    assert!(rows[2].otel_events.as_deref().unwrap().contains("impossible"));
}

#[test]
fn what_is_accepted_can_be_set_and_what_has_no_time_is_always_accepted() {
    let narrow =
        Arrival { accepted_past: Duration::from_secs(10), accepted_future: Duration::from_secs(5), ..arrival() };
    let log = |time_unix_nano| LogRecord { time_unix_nano, ..LogRecord::default() };
    let body = logs(vec![log(0), log(nanos(-10)), log(nanos(-11)), log(nanos(5)), log(nanos(6)), log(u64::MAX)]);
    let decoded = taken(Signal::Logs, &body, &narrow);
    assert_snapshot!(decoded.message.as_deref().unwrap(), @"3 log records of `unknown` dropped: times from 2026-11-20T06:49:49Z to 2262-04-11T23:47:16.854775Z outside of what is accepted, 2026-11-20T06:49:50Z to 2026-11-20T06:50:05Z; check the clock");
    assert_eq!((decoded.rejected, records(&decoded).len()), (3, 4));
    let everything = Arrival { accepted_past: Duration::MAX, accepted_future: Duration::MAX, ..arrival() };
    assert_eq!(taken(Signal::Logs, &body, &everything).rejected, 0);
}

#[test]
fn a_batch_of_which_nothing_is_taken_still_tells() {
    let spans = vec![Span { start_time_unix_nano: SECOND, end_time_unix_nano: 2 * SECOND, ..span(Vec::new()) }; 3];
    let decoded = taken(Signal::Traces, &traces(Vec::new(), spans), &arrival());
    assert_eq!((decoded.rejected, records(&decoded).len()), (3, 1));
    assert_snapshot!(decoded.message.as_deref().unwrap(), @"3 spans of `unknown` dropped: time 1970-01-01T00:00:02Z outside of what is accepted, 2026-11-19T06:50:00Z to 2026-11-20T07:50:00Z; check the clock");
}

#[test]
fn pending_spans_are_a_batch_of_their_own() {
    let pending =
        Span { parent_span_id: vec![3; 8], ..span(vec![attribute("logfire.span_type", text("pending_span"))]) };
    let shapes = |spans: Vec<Span>| {
        let arrival = Arrival { at: Timestamp::parse("2026-11-20T06:00:10Z").unwrap(), ..arrival() };
        let decoded = taken(Signal::Traces, &traces(Vec::new(), spans), &arrival);
        let kinds = |rows: Vec<Record>| rows.iter().map(|row| row.kind.as_str()).collect::<Vec<_>>().join(" ");
        decoded.rows.iter().map(|rows| (rows.table, kinds(records_of(&rows.batch)))).collect::<Vec<_>>()
    };
    let real = || span(vec![attribute("n", Value::IntValue(1))]);
    let table = |kinds: &str| (Table::Records, kinds.to_owned());
    assert_eq!(shapes(vec![real(), pending.clone(), real()]), [table("span span"), table("pending_span")]);
    assert_eq!(shapes(vec![pending.clone(), pending]), [table("pending_span pending_span")]);
    assert_eq!(shapes(vec![real()]), [table("span")]);
    assert_eq!(shapes(vec![]), []);
}

//! Single spans and log records, and the rows they become.

use insta::assert_snapshot;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;
use watchfire_ingest::{DecodeError, Record, decode_logs, decode_traces, limits};

use crate::captures::{arrived_at, project};

/// 2026-11-20T06:00:00Z in nanoseconds.
const SIX: u64 = 1_795_154_400_000_000_000;

pub fn text(text: &str) -> Value {
    Value::StringValue(text.to_owned())
}

pub fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

fn texts(entries: &[(&str, &str)]) -> Vec<KeyValue> {
    entries.iter().map(|(key, value)| attribute(key, text(value))).collect()
}

pub fn span(attributes: Vec<KeyValue>) -> Span {
    Span {
        trace_id: vec![0xa1; 16],
        span_id: vec![0xb2; 8],
        name: "name".to_owned(),
        start_time_unix_nano: SIX,
        end_time_unix_nano: SIX + 1_500_000_001,
        attributes,
        ..Span::default()
    }
}

pub fn traces(resource: Vec<KeyValue>, spans: Vec<Span>) -> Vec<u8> {
    let scope = InstrumentationScope { name: "scope".to_owned(), ..InstrumentationScope::default() };
    let of_scope = ScopeSpans { scope: Some(scope), spans, ..ScopeSpans::default() };
    let resource = Resource { attributes: resource, ..Resource::default() };
    let of_resource =
        ResourceSpans { resource: Some(resource), scope_spans: vec![of_scope], ..ResourceSpans::default() };
    ExportTraceServiceRequest { resource_spans: vec![of_resource] }.encode_to_vec()
}

pub fn logs(log_records: Vec<LogRecord>) -> Vec<u8> {
    let of_scope = ScopeLogs { log_records, ..ScopeLogs::default() };
    let of_resource = ResourceLogs { scope_logs: vec![of_scope], ..ResourceLogs::default() };
    ExportLogsServiceRequest { resource_logs: vec![of_resource] }.encode_to_vec()
}

fn of_spans(spans: Vec<Span>) -> Vec<Record> {
    decode_traces(&traces(Vec::new(), spans), arrived_at(), &project()).unwrap()
}

fn of_span(span: Span) -> Record {
    of_spans(vec![span]).pop().unwrap()
}

fn of_log(record: LogRecord) -> Record {
    decode_logs(&logs(vec![record]), arrived_at(), &project()).unwrap().pop().unwrap()
}

/// The columns that make a row what it is.
fn shown(row: &Record) -> String {
    let parent = row.parent_span_id.as_deref().unwrap_or("-");
    let (kind, level, name, message) = (row.kind.as_str(), row.level, &row.span_name, &row.message);
    format!("{kind} {level} {} < {parent} {name:?} {message:?} {}", row.span_id, row.attributes)
}

#[test]
fn columns_leave_the_attributes_and_the_others_stay() {
    let tags = ["b", "a"].map(|tag| AnyValue { value: Some(text(tag)) }).to_vec();
    let row = of_span(span(vec![
        attribute("logfire.msg", text("hello 7")),
        attribute("logfire.tags", Value::ArrayValue(ArrayValue { values: tags })),
        attribute("logfire.level_num", Value::IntValue(13)),
        attribute("logfire.span_type", text("span")),
        attribute("n", Value::IntValue(7)),
        attribute("http.status_code", Value::IntValue(404)),
        attribute("http.method", text("GET")),
        attribute("http.url", text("http://old")),
        attribute("url.full", text("http://new")),
    ]));
    assert_snapshot!(shown(&row), @r#"span 13 b2b2b2b2b2b2b2b2 < - "name" "hello 7" {"logfire.span_type":"span","n":7,"http.status_code":404,"http.method":"GET","http.url":"http://old","url.full":"http://new"}"#);
    assert_eq!(row.tags, ["b", "a"]);
    assert_eq!(row.http_response_status_code, Some(404));
    assert_eq!((row.http_method.as_deref(), row.url_full.as_deref()), (Some("GET"), Some("http://new")));
    assert_eq!(row.duration, Some(1.500_000_001));
    assert_eq!(row.end_timestamp.to_rfc3339_micros(), "2026-11-20T06:00:01.500000Z");
}

#[test]
fn json_text_is_taken_apart_where_the_schema_says_so_and_it_is_json() {
    let schema =
        r#"{"type":"object","properties":{"o":{"type":"object"},"n":{"type":"null"},"t":{},"x":{"type":"object"}}}"#;
    let row = of_span(span(texts(&[
        ("o", r#"{"a": [1, 12345678901234567890123]}"#),
        ("n", "null"),
        ("t", r#"{"not": "parsed"}"#),
        ("x", "no JSON"),
        ("unnamed", "[1]"),
        ("logfire.json_schema", schema),
    ])));
    assert_snapshot!(row.attributes, @r#"{"o":{"a": [1, 12345678901234567890123]},"n":null,"t":"{\"not\": \"parsed\"}","x":"no JSON","unnamed":"[1]","logfire.json_schema":"{\"type\":\"object\",\"properties\":{\"o\":{\"type\":\"object\"},\"n\":{\"type\":\"null\"},\"t\":{},\"x\":{\"type\":\"object\"}}}"}"#);
}

#[test]
fn a_pending_span_has_the_ids_of_the_real_one() {
    let pending = |parent: &str| {
        let marks = texts(&[("logfire.span_type", "pending_span"), ("logfire.pending_parent_id", parent)]);
        Span { parent_span_id: vec![0xc3; 8], ..span(marks) }
    };
    let ids = |row: Record| (row.kind.as_str(), row.span_id, row.parent_span_id, row.duration);
    let real = "c3c3c3c3c3c3c3c3".to_owned();
    assert_eq!(ids(of_span(pending("0000000000000000"))), ("pending_span", real.clone(), None, None));
    let parent = Some("00000000000000ff".to_owned());
    assert_eq!(ids(of_span(pending("00000000000000FF"))), ("pending_span", real.clone(), parent, None));
    assert_eq!(ids(of_span(pending("nonsense"))), ("pending_span", real, None, None));
}

#[test]
fn events_become_rows_but_exceptions_become_columns_of_their_span() {
    let event = |name: &str, attributes: &[(&str, &str)]| Event {
        time_unix_nano: SIX + 1_000,
        name: name.to_owned(),
        attributes: texts(attributes),
        ..Event::default()
    };
    let link = Link { trace_id: vec![1; 16], span_id: vec![2; 8], ..Link::default() };
    let rows = of_spans(vec![Span {
        events: vec![
            event("cache", &[("hit", "no")]),
            event("exception", &[("exception.type", "KeyError"), ("exception.message", "")]),
            event("exception", &[("exception.type", "Second")]),
        ],
        links: vec![link],
        status: Some(Status { code: 2, message: "failed".to_owned() }),
        ..span(Vec::new())
    }]);
    assert_snapshot!(rows.iter().map(shown).collect::<Vec<_>>().join("\n"), @r#"
    span_event 9 c5d72aabf7a75372 < b2b2b2b2b2b2b2b2 "cache" "cache" {"hit":"no"}
    span 17 b2b2b2b2b2b2b2b2 < - "name" "name" {}
    "#);
    let span = &rows[1];
    let exception = (&span.exception_type, &span.exception_message, &span.exception_stacktrace);
    assert_eq!(exception, (&Some("KeyError".to_owned()), &Some(String::new()), &None));
    assert_eq!((span.otel_status_code, span.otel_status_message.as_deref()), (Some("ERROR"), Some("failed")));
    assert_snapshot!(span.otel_events.as_deref().unwrap(), @r#"[{"event_name":"cache","event_timestamp":"2026-11-20T06:00:00.000001Z","attributes":{"hit":"no"}},{"event_name":"exception","event_timestamp":"2026-11-20T06:00:00.000001Z","attributes":{"exception.type":"KeyError","exception.message":""}},{"event_name":"exception","event_timestamp":"2026-11-20T06:00:00.000001Z","attributes":{"exception.type":"Second"}}]"#);
    assert_snapshot!(span.otel_links.as_deref().unwrap(), @r#"[{"trace_id":"01010101010101010101010101010101","span_id":"0202020202020202","attributes":{}}]"#);
    assert!(!rows[0].is_exception && rows[0].otel_status_code.is_none());
}

#[test]
fn a_log_record_takes_its_time_level_and_message_from_what_there_is() {
    let body = |value| Some(AnyValue { value: Some(value) });
    let whole = LogRecord {
        time_unix_nano: SIX,
        severity_number: 14,
        body: body(text("disk full")),
        span_id: vec![7; 8],
        ..LogRecord::default()
    };
    let observed = LogRecord { time_unix_nano: 0, observed_time_unix_nano: SIX + 1_000, ..whole.clone() };
    let bare = LogRecord { severity_text: "Error".to_owned(), ..LogRecord::default() };
    let empty = LogRecord { event_name: "order placed".to_owned(), body: body(text("")), ..whole.clone() };
    let nested = attribute("a", Value::DoubleValue(f64::NAN));
    let list = opentelemetry_proto::tonic::common::v1::KeyValueList { values: vec![nested] };
    let map = LogRecord { body: body(Value::KvlistValue(list)), ..whole.clone() };
    let rows: Vec<Record> = [whole, observed, bare, map, empty].into_iter().map(of_log).collect();
    let line = |row: &Record| {
        let body = row.log_body.as_deref().unwrap_or("-");
        let Record { level, span_name, message, .. } = row;
        format!("{} {level} {span_name} {message} {body}", row.start_timestamp)
    };
    assert_snapshot!(rows.iter().map(line).collect::<Vec<_>>().join("\n"), @r#"
    2026-11-20T06:00:00Z 14 disk full disk full disk full
    2026-11-20T06:00:00.000001Z 14 disk full disk full disk full
    2026-11-20T06:50:00Z 17 log log -
    2026-11-20T06:00:00Z 14 log {"a":"NaN"} {"a":"NaN"}
    2026-11-20T06:00:00Z 14 order placed order placed 
    "#);
    assert!(
        rows.iter().all(|row| row.trace_id == format!("0000000000000000{}", row.span_id) && row.duration.is_none())
    );
    assert_eq!(rows[0].parent_span_id.as_deref(), Some("0707070707070707"));
    assert_ne!(rows[0].span_id, rows[1].span_id);
}

#[test]
fn a_thrown_value_without_a_type_is_no_exception_of_a_log_record() {
    let empty = KeyValue { key: "exception.type".to_owned(), value: Some(AnyValue::default()), ..KeyValue::default() };
    let row = of_log(LogRecord { attributes: vec![empty], ..LogRecord::default() });
    assert!(!row.is_exception);
    let row = of_log(LogRecord { attributes: texts(&[("exception.type", "AuditError")]), ..LogRecord::default() });
    assert!(row.is_exception && row.exception_type.as_deref() == Some("AuditError"));
}

#[test]
fn texts_are_cut_at_the_border_of_a_character() {
    let event = Event {
        name: "exception".to_owned(),
        attributes: texts(&[("exception.type", "E"), ("exception.stacktrace", &"é".repeat(20_000))]),
        ..Event::default()
    };
    let mut long = span(texts(&[("logfire.msg", &format!("x{}", "é".repeat(400)))]));
    long.events = vec![event];
    let row = of_span(long);
    assert_eq!(row.message.len(), 511);
    assert_eq!(row.exception_stacktrace.unwrap().len(), limits::EXCEPTION_TEXT_BYTES_MAX);
}

#[test]
fn missing_and_impossible_times_have_an_answer() {
    let times = |start, end| {
        let row = of_span(Span { start_time_unix_nano: start, end_time_unix_nano: end, ..span(Vec::new()) });
        format!("{} {} {}", row.start_timestamp, row.end_timestamp, row.duration.unwrap())
    };
    assert_snapshot!(times(0, 0), @"2026-11-20T06:50:00Z 2026-11-20T06:50:00Z 0");
    assert_snapshot!(times(0, SIX), @"2026-11-20T06:00:00Z 2026-11-20T06:00:00Z 0");
    assert_snapshot!(times(SIX, 0), @"2026-11-20T06:00:00Z 2026-11-20T06:00:00Z 0");
    assert_snapshot!(times(SIX, SIX - 1), @"2026-11-20T06:00:00Z 2026-11-20T06:00:00Z 0");
    assert_snapshot!(times(u64::MAX, u64::MAX), @"2262-04-11T23:47:16.854775Z 2262-04-11T23:47:16.854775Z 0");
}

#[test]
fn a_log_lasts_no_time_and_what_lasts_is_a_span() {
    let kind = |end| {
        let marked = texts(&[("logfire.span_type", "log")]);
        of_span(Span { end_time_unix_nano: end, ..span(marked) }).kind.as_str()
    };
    assert_eq!([SIX, 0, SIX + 1].map(kind), ["log", "log", "span"]);
}

#[test]
fn attributes_of_ten_megabytes_are_cut_and_still_json() {
    let huge = vec![attribute("a", Value::IntValue(1)), attribute("big", text(&"\u{1}é\"".repeat(3_000_000)))];
    let row = of_span(span(huge));
    assert!(row.attributes.len() <= limits::RECORD_BYTES_MAX + 100, "{}", row.attributes.len());
    assert!(row.attributes.len() > limits::RECORD_BYTES_MAX - 100, "{}", row.attributes.len());
    let read: serde_json::Value = serde_json::from_str(&row.attributes).unwrap();
    assert_eq!(read["a"], 1);
    assert!(read["big"].as_str().unwrap().ends_with('…'));
}

#[test]
fn of_a_hundred_thousand_events_the_first_thousand_are_kept() {
    let event = Event { time_unix_nano: SIX, name: "e".to_owned(), ..Event::default() };
    let rows = of_spans(vec![Span { events: vec![event; 100_000], ..span(Vec::new()) }]);
    assert_eq!(rows.len(), limits::SPAN_EVENTS_MAX + 1);
    let events: Vec<serde_json::Value> =
        serde_json::from_str(rows.last().unwrap().otel_events.as_deref().unwrap()).unwrap();
    assert_eq!(events.len(), limits::SPAN_EVENTS_MAX);
}

#[test]
fn a_small_body_that_becomes_large_is_refused_with_both_numbers() {
    let empty = field(1, &field(2, &field(2, &[]).repeat(2_000_000)));
    assert!(empty.len() < 5_000_000);
    let error = decode_traces(&empty, arrived_at(), &project()).unwrap_err();
    assert!(matches!(error, DecodeError::TooLarge { size_bytes, limit_bytes } if size_bytes > limit_bytes));
    // Two thousand spans that each repeat a large resource.
    let resource = vec![attribute("big", text(&"x".repeat(1_000_000)))];
    let error = decode_traces(&traces(resource, vec![span(Vec::new()); 2_000]), arrived_at(), &project()).unwrap_err();
    let text = error.to_string();
    assert!(text.contains(&limits::DECODED_BYTES_MAX.to_string()) && text.contains("smaller batches"), "{text}");
}

#[test]
fn values_that_nest_without_end_become_null_and_cost_no_stack() {
    // Written by hand from the inside out: the encoder would need a stack that deep.
    let mut bytes: Vec<u8> = Vec::new();
    for _ in 0..10_000 {
        bytes = field(5, &field(1, &bytes));
    }
    let attribute = [field(1, b"k"), field(2, &bytes)].concat();
    let body = field(1, &field(2, &field(2, &field(9, &attribute))));
    let row = decode_traces(&body, arrived_at(), &project()).unwrap().pop().unwrap();
    let depth = limits::JSON_DEPTH_MAX;
    assert_eq!(row.attributes, format!("{{\"k\":{}null{}}}", "[".repeat(depth), "]".repeat(depth)));
}

/// A length-delimited field in protobuf.
fn field(number: u8, contents: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    prost::encoding::encode_varint(contents.len() as u64, &mut field);
    field.extend_from_slice(contents);
    field
}

#[test]
fn text_that_is_no_utf8_is_repaired() {
    let name = [field(1, b"k\xff"), field(2, &field(1, b"v\xc3"))].concat();
    let body = field(1, &field(2, &field(2, &[field(5, b"na\xffme"), field(9, &name)].concat())));
    let row = decode_traces(&body, arrived_at(), &project()).unwrap().pop().unwrap();
    assert_snapshot!(shown(&row), @r#"span 9 ce2a7b6d3bf7c1d6 < - "na�me" "na�me" {"k�":"v�"}"#);
}

#[test]
fn what_is_malformed_is_told_with_its_place() {
    let told = |body: &[u8]| decode_traces(body, arrived_at(), &project()).unwrap_err().to_string();
    let name_is_a_number = field(1, &field(2, &field(2, &[5 << 3, 7])));
    let whole = traces(Vec::new(), vec![span(Vec::new())]);
    assert_snapshot!(told(&name_is_a_number), @"the body is no OTLP request with traces in protobuf: field 5 holds a number where a text or a message belongs (at byte 6)");
    assert_snapshot!(told(&whole[..whole.len() - 1]), @"the body is no OTLP request with traces in protobuf: a length of 67 bytes where 66 are left (at byte 2)");
    assert_snapshot!(told(b"hello"), @"the body is no OTLP request with traces in protobuf: a group has no end, or an end has no group (at byte 2)");
}

#[test]
fn ten_thousand_keys_are_kept_and_each_key_counts_once() {
    let keys = (0..10_000).map(|key| attribute(&format!("key.{key}"), Value::IntValue(key)));
    let again = (0..10_000).map(|key| attribute(&format!("key.{key}"), Value::IntValue(-key)));
    let row = of_span(span(keys.chain(again).collect()));
    let read: serde_json::Value = serde_json::from_str(&row.attributes).unwrap();
    assert_eq!((read.as_object().unwrap().len(), &read["key.7"]), (10_000, &serde_json::json!(-7)));
}

#[test]
fn of_a_million_keys_the_first_sixty_five_thousand_are_kept() {
    let keys = (0..1_000_000).map(|key| attribute(&format!("{key}"), Value::BoolValue(true)));
    let row = of_span(span(keys.collect()));
    let read: serde_json::Value = serde_json::from_str(&row.attributes).unwrap();
    assert_eq!(read.as_object().unwrap().len(), limits::ATTRIBUTES_MAX);
}

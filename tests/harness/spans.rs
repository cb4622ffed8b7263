//! Requests with spans, and what a server makes of them.

use std::sync::atomic::{AtomicU64, Ordering};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use watchfire_model::Timestamp;

/// A request in protobuf with so many spans of this instant; each has `batch` and its place in it as attributes.
///
/// Ids are never given out twice by one process.
pub fn request(service: &str, batch: u64, spans: usize, at: Timestamp) -> Vec<u8> {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let nanos = u64::try_from(at.as_micros()).expect("after 1970") * 1_000;
    let span = |place: usize| {
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let mut trace_id = u64::from(std::process::id()).to_be_bytes().to_vec();
        trace_id.extend(id.to_be_bytes());
        Span {
            trace_id,
            span_id: id.to_be_bytes().to_vec(),
            name: "work".to_owned(),
            start_time_unix_nano: nanos,
            end_time_unix_nano: nanos + 1_000_000,
            attributes: vec![number("batch", batch), number("place", place as u64)],
            ..Span::default()
        }
    };
    let scope_spans = ScopeSpans { spans: (0..spans).map(span).collect(), ..ScopeSpans::default() };
    let resource = Resource { attributes: vec![text("service.name", service)], ..Resource::default() };
    let of_resource =
        ResourceSpans { resource: Some(resource), scope_spans: vec![scope_spans], ..ResourceSpans::default() };
    ExportTraceServiceRequest { resource_spans: vec![of_resource] }.encode_to_vec()
}

fn number(key: &str, value: u64) -> KeyValue {
    attribute(key, Value::IntValue(i64::try_from(value).expect("small numbers")))
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.to_owned()))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

//! Spans to rows.

use std::sync::Arc;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use watchfire_model::{ProjectName, Timestamp};

use super::attributes::Attributes;
use super::decode::{DecodeError, Rows, instant};
use super::events::{self, events_json, links_json};
use super::ids::{Derived, lone_trace_id, span_id, trace_id};
use super::json::JsonText;
use super::origin::Origin;
use super::record::{Record, RecordKind};
use super::text::{cut_owned, non_empty};
use super::{level, pending};
use crate::limits::{MESSAGE_BYTES_MAX, RECORD_BYTES_MAX, TEXT_BYTES_MAX};

/// The rows of a request: each span, behind its events.
pub(super) fn rows(
    request: &ExportTraceServiceRequest,
    arrived_at: Timestamp,
    project: &ProjectName,
) -> Result<Vec<Record>, DecodeError> {
    let mut rows = Rows::default();
    for of_resource in &request.resource_spans {
        let resource = Origin::of_resource(of_resource.resource.as_ref(), project);
        for of_scope in of_resource.scope_spans.iter().filter(|scope| !scope.spans.is_empty()) {
            let origin = Arc::new(resource.with_scope(of_scope.scope.as_ref()));
            for span in &of_scope.spans {
                let record = row(span, &origin, arrived_at);
                // The events of a pending span come once more, with the span itself.
                if record.kind != RecordKind::PendingSpan {
                    let mut events = events::rows(&record, &span.events, &origin, arrived_at);
                    events.try_for_each(|event| rows.push(event))?;
                }
                rows.push(record)?;
            }
        }
    }
    Ok(rows.into_records())
}

fn row(span: &Span, origin: &Arc<Origin>, arrived_at: Timestamp) -> Record {
    let attributes = Attributes::of(&span.attributes);
    let kind = kind(span, &attributes);
    let status = span.status.as_ref();
    let code = status.map(|status| status.code());
    let (start, end) = extent(span, arrived_at);
    let (own_id, parent) = match kind {
        RecordKind::PendingSpan => pending::real_ids(span, &attributes),
        RecordKind::Span | RecordKind::Log | RecordKind::SpanEvent => {
            (span_id(&span.span_id), span_id(&span.parent_span_id))
        }
    };
    let own_id = own_id.unwrap_or_else(|| derived_id(span));
    let mut json = JsonText::new(RECORD_BYTES_MAX);
    attributes.write_without_columns(&mut json);
    let json = json.into_string();
    let events = events_json(&span.events, RECORD_BYTES_MAX.saturating_sub(json.len()));
    let links = links_json(&span.links, RECORD_BYTES_MAX.saturating_sub(json.len() + events.len()));
    let name = non_empty(&span.name).unwrap_or("span");
    let mut record = Record {
        start_timestamp: start,
        end_timestamp: end,
        duration: (kind == RecordKind::Span).then(|| seconds(span)),
        trace_id: trace_id(&span.trace_id).unwrap_or_else(|| lone_trace_id(&own_id)),
        span_id: own_id,
        parent_span_id: parent,
        span_name: cut_owned(name, TEXT_BYTES_MAX),
        message: attributes.message().unwrap_or_else(|| cut_owned(name, MESSAGE_BYTES_MAX)),
        kind,
        level: level::of_span(&attributes, code == Some(StatusCode::Error)),
        attributes: json,
        otel_status_code: code.and_then(status_word),
        otel_status_message: status
            .and_then(|status| non_empty(&status.message))
            .map(|message| cut_owned(message, TEXT_BYTES_MAX)),
        otel_events: Some(events),
        otel_links: Some(links),
        ..Record::of(&attributes, origin, arrived_at)
    };
    if let Some(exception) = events::exception(&span.events) {
        exception.put_into(&mut record);
    }
    record
}

/// A log has no duration: what is marked as one and has lasted is a span.
fn kind(span: &Span, attributes: &Attributes<'_>) -> RecordKind {
    match attributes.text("logfire.span_type").as_deref() {
        Some(pending::SPAN_TYPE) => RecordKind::PendingSpan,
        Some("log") if seconds(span) == 0.0 => RecordKind::Log,
        _ => RecordKind::Span,
    }
}

/// Beginning and end; a missing beginning is the end or the arrival, an end before the beginning is none.
fn extent(span: &Span, arrived_at: Timestamp) -> (Timestamp, Timestamp) {
    let end = instant(span.end_time_unix_nano);
    let start = instant(span.start_time_unix_nano).or(end).unwrap_or(arrived_at);
    (start, end.unwrap_or(start).max(start))
}

/// The duration, exact to the nanosecond; zero when one end is missing or they are the wrong way round.
fn seconds(span: &Span) -> f64 {
    let (start, end) = (span.start_time_unix_nano, span.end_time_unix_nano);
    let nanos = if start == 0 { 0 } else { end.saturating_sub(start) };
    nanos as f64 / 1e9
}

const fn status_word(code: StatusCode) -> Option<&'static str> {
    match code {
        StatusCode::Unset => None,
        StatusCode::Ok => Some("OK"),
        StatusCode::Error => Some("ERROR"),
    }
}

fn derived_id(span: &Span) -> String {
    Derived::new()
        .with(&span.trace_id)
        .with(&span.parent_span_id)
        .with(span.name.as_bytes())
        .with(&span.start_time_unix_nano.to_le_bytes())
        .with(&span.end_time_unix_nano.to_le_bytes())
        .span_id()
}

//! Spans to rows.

use std::sync::Arc;

use watchfire_model::Timestamp;

use super::events::{self, Events};
use super::ids::{Derived, SpanId, lone_trace_id, span_id, trace_id};
use super::instant::instant;
use super::origin::{Origin, Origins};
use super::proto::{Span, StatusCode, items};
use super::record::RecordKind;
use super::row::{Row, Scratch};
use super::rows::{Rows, Stop};
use super::text::{cut, non_empty};
use super::{level, pending};
use crate::limits::{MESSAGE_BYTES_MAX, RECORD_BYTES_MAX, TEXT_BYTES_MAX};

/// Adds the rows of an `ExportTraceServiceRequest`: each span, behind its events.
pub(super) fn read(request: &[u8], rows: &mut Rows<'_>, scratch: &mut Scratch) -> Result<(), Stop> {
    let mut origins = Origins::of(&rows.arrival.project);
    let mut span = Span::default();
    items(request, |resource, scope, spans| {
        rows.looked_at()?;
        let origin = origins.origin(resource, scope, &mut scratch.names)?;
        for message in spans {
            span.read(message?)?;
            add(&span, &origin, rows, scratch)?;
        }
        Ok(())
    })
}

fn add(span: &Span<'_>, origin: &Arc<Origin>, rows: &mut Rows<'_>, scratch: &mut Scratch) -> Result<(), Stop> {
    let (start, end) = extent(span, rows.arrival.at);
    // By its end: what began days ago and has ended just now is news.
    if !rows.takes(end, origin)? {
        return Ok(());
    }
    let kind = kind(span);
    let (own_id, parent) = match kind {
        RecordKind::PendingSpan => pending::real_ids(span),
        RecordKind::Span | RecordKind::Log | RecordKind::SpanEvent => {
            (span_id(span.span_id), span_id(span.parent_span_id))
        }
    };
    let own_id = own_id.unwrap_or_else(|| derived_id(span));
    let trace_id = trace_id(span.trace_id).unwrap_or_else(|| lone_trace_id(&own_id));
    let events = Events::of(&span.events)?;
    let written = &mut scratch.attributes;
    written.write(&span.attributes, &mut scratch.names)?;
    let room = RECORD_BYTES_MAX.saturating_sub(written.json.len());
    events.write(&mut scratch.names, scratch.events.restart(room))?;
    let room = room.saturating_sub(scratch.events.len());
    events::write_links(&span.links, &mut scratch.names, scratch.links.restart(room))?;
    let name = non_empty(&span.name).unwrap_or("span");
    let message = span.attributes.message();
    let row = Row {
        start_timestamp: start,
        end_timestamp: end,
        duration: (kind == RecordKind::Span).then(|| seconds(span)),
        trace_id: trace_id.as_str(),
        span_id: own_id.as_str(),
        parent_span_id: parent.as_ref().map(SpanId::as_str),
        span_name: cut(name, TEXT_BYTES_MAX),
        message: message.as_deref().unwrap_or_else(|| cut(name, MESSAGE_BYTES_MAX)),
        kind,
        level: level::of_span(&span.attributes, span.status_code == StatusCode::Error),
        is_exception: events.exception.is_some(),
        exception: events.exception.as_ref().map(events::exception).unwrap_or_default(),
        otel_status_code: status_word(span.status_code),
        otel_status_message: non_empty(&span.status_message).map(|message| cut(message, TEXT_BYTES_MAX)),
        otel_events: Some(scratch.events.as_str()),
        otel_links: Some(scratch.links.as_str()),
        ..Row::of(&span.attributes, written, origin, rows.arrival.at)?
    };
    // The events of a pending span come once more, with the span itself.
    if kind != RecordKind::PendingSpan {
        events.add_rows(&row, rows, &mut scratch.names, &mut scratch.event_attributes)?;
    }
    rows.push(&row)
}

/// A log has no duration: what is marked as one and has lasted is a span.
fn kind(span: &Span<'_>) -> RecordKind {
    match span.attributes.text("logfire.span_type").as_deref() {
        Some(pending::SPAN_TYPE) => RecordKind::PendingSpan,
        Some("log") if seconds(span) == 0.0 => RecordKind::Log,
        _ => RecordKind::Span,
    }
}

/// Beginning and end; a missing beginning is the end or the arrival, an end before the beginning is none.
fn extent(span: &Span<'_>, arrived_at: Timestamp) -> (Timestamp, Timestamp) {
    let end = instant(span.end_time_unix_nano);
    let start = instant(span.start_time_unix_nano).or(end).unwrap_or(arrived_at);
    (start, end.unwrap_or(start).max(start))
}

/// The duration, exact to the nanosecond; zero when one end is missing or they are the wrong way round.
fn seconds(span: &Span<'_>) -> f64 {
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

fn derived_id(span: &Span<'_>) -> SpanId {
    Derived::new()
        .with(span.trace_id)
        .with(span.parent_span_id)
        .with(span.name.as_bytes())
        .with(&span.start_time_unix_nano.to_le_bytes())
        .with(&span.end_time_unix_nano.to_le_bytes())
        .span_id()
}

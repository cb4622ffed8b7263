//! Events and links of a span: as JSON, as rows of their own, and the exception among them.

use std::borrow::Cow;
use std::sync::Arc;

use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use watchfire_model::Timestamp;

use super::attributes::Attributes;
use super::decode::instant;
use super::ids::{Derived, span_id, trace_id};
use super::json::JsonText;
use super::level::INFO;
use super::origin::Origin;
use super::record::{Record, RecordKind};
use super::text::{cut_owned, non_empty};
use crate::limits::{
    EXCEPTION_TEXT_BYTES_MAX, MESSAGE_BYTES_MAX, RECORD_BYTES_MAX, SPAN_EVENTS_MAX, SPAN_LINKS_MAX, TEXT_BYTES_MAX,
};

/// The name of the event that records an exception.
const EXCEPTION: &str = "exception";

/// What an exception says of itself.
#[derive(Debug, Default)]
pub(super) struct Exception {
    pub kind: Option<String>,
    pub message: Option<String>,
    pub stacktrace: Option<String>,
}

impl Exception {
    /// From the attributes of an event or of a log record; each text cut.
    pub(super) fn of(attributes: &Attributes<'_>) -> Self {
        let text = |name| attributes.text(name).map(|text: Cow<'_, str>| cut_owned(&text, EXCEPTION_TEXT_BYTES_MAX));
        Self {
            kind: text("exception.type"),
            message: text("exception.message"),
            stacktrace: text("exception.stacktrace"),
        }
    }

    /// Into the columns of a record that has an exception.
    pub(super) fn put_into(self, record: &mut Record) {
        record.is_exception = true;
        record.exception_type = self.kind;
        record.exception_message = self.message;
        record.exception_stacktrace = self.stacktrace;
    }
}

/// The first exception among a span's events.
pub(super) fn exception(events: &[Event]) -> Option<Exception> {
    let event = events.iter().find(|event| event.name == EXCEPTION)?;
    Some(Exception::of(&Attributes::of(&event.attributes)))
}

/// The events as a JSON array.
pub(super) fn events_json(events: &[Event], bytes_max: usize) -> String {
    let mut json = JsonText::new(bytes_max);
    json.raw("[");
    for (index, event) in events.iter().take(SPAN_EVENTS_MAX).enumerate() {
        if json.is_full() {
            break;
        }
        json.raw(if index == 0 { "{\"event_name\":" } else { ",{\"event_name\":" });
        json.string(&event.name);
        if let Some(at) = instant(event.time_unix_nano) {
            json.raw(",\"event_timestamp\":\"");
            json.raw(&at.to_rfc3339_micros());
            json.raw("\"");
        }
        json.raw(",\"attributes\":");
        Attributes::of(&event.attributes).write_all(&mut json);
        json.raw("}");
    }
    json.raw("]");
    json.into_string()
}

/// The links as a JSON array.
pub(super) fn links_json(links: &[Link], bytes_max: usize) -> String {
    let mut json = JsonText::new(bytes_max);
    json.raw("[");
    for (index, link) in links.iter().take(SPAN_LINKS_MAX).enumerate() {
        if json.is_full() {
            break;
        }
        json.raw(if index == 0 { "{\"trace_id\":" } else { ",{\"trace_id\":" });
        json.string(&trace_id(&link.trace_id).unwrap_or_default());
        json.raw(",\"span_id\":");
        json.string(&span_id(&link.span_id).unwrap_or_default());
        json.raw(",\"attributes\":");
        Attributes::of(&link.attributes).write_all(&mut json);
        json.raw("}");
    }
    json.raw("]");
    json.into_string()
}

/// The rows that a span's events become: all but exceptions, which are columns of the span.
///
/// A row's parent is the span; its own id is derived. Status, events and links stay with the
/// span, so that counting failed spans does not count their events too.
pub(super) fn rows<'a>(
    span: &'a Record,
    events: &'a [Event],
    origin: &'a Arc<Origin>,
    arrived_at: Timestamp,
) -> impl Iterator<Item = Record> + 'a {
    let events = events.iter().take(SPAN_EVENTS_MAX).enumerate().filter(|(_, event)| event.name != EXCEPTION);
    events.map(move |(index, event)| row(span, index, event, origin, arrived_at))
}

fn row(span: &Record, index: usize, event: &Event, origin: &Arc<Origin>, arrived_at: Timestamp) -> Record {
    let attributes = Attributes::of(&event.attributes);
    let at = instant(event.time_unix_nano).unwrap_or(span.start_timestamp);
    let id = Derived::new()
        .with(span.trace_id.as_bytes())
        .with(span.span_id.as_bytes())
        .with(&index.to_le_bytes())
        .with(event.name.as_bytes());
    let mut json = JsonText::new(RECORD_BYTES_MAX);
    attributes.write_without_columns(&mut json);
    let name = non_empty(&event.name).unwrap_or("event");
    Record {
        start_timestamp: at,
        end_timestamp: at,
        trace_id: span.trace_id.clone(),
        span_id: id.span_id(),
        parent_span_id: Some(span.span_id.clone()),
        span_name: cut_owned(name, TEXT_BYTES_MAX),
        message: attributes.message().unwrap_or_else(|| cut_owned(name, MESSAGE_BYTES_MAX)),
        kind: RecordKind::SpanEvent,
        level: attributes.level().unwrap_or(INFO),
        attributes: json.into_string(),
        ..Record::of(&attributes, origin, arrived_at)
    }
}

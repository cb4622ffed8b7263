//! Events and links of a span: as JSON, as rows of their own, and the exception among them.

use super::attributes::{Attributes, Without};
use super::embedded::EmbeddedNames;
use super::ids::{Derived, Hex, span_id, trace_id};
use super::instant::instant;
use super::json::JsonText;
use super::level::INFO;
use super::proto::{Event, Link, Malformed};
use super::record::RecordKind;
use super::row::{Exception, Row, WrittenAttributes};
use super::rows::{Rows, Stop};
use super::text::{cut, cut_text, non_empty};
use crate::limits::{EXCEPTION_TEXT_BYTES_MAX, MESSAGE_BYTES_MAX, TEXT_BYTES_MAX};

/// The name of the event that records an exception.
const EXCEPTION: &str = "exception";

/// What attributes of an event or of a log record say of an exception; each text cut.
pub(super) fn exception<'r>(attributes: &'r Attributes<'_>) -> Exception<'r> {
    let text = |name| attributes.text(name).map(|text| cut_text(text, EXCEPTION_TEXT_BYTES_MAX));
    Exception {
        kind: text("exception.type"),
        message: text("exception.message"),
        stacktrace: text("exception.stacktrace"),
    }
}

/// The events of one span.
#[derive(Debug)]
pub(super) struct Events<'a>(Vec<Event<'a>>);

impl<'a> Events<'a> {
    pub fn read(messages: &[&'a [u8]]) -> Result<Self, Malformed> {
        messages.iter().map(|message| Event::read(message)).collect::<Result<_, _>>().map(Self)
    }

    /// The attributes of the first exception.
    pub fn exception(&self) -> Option<&Attributes<'a>> {
        self.0.iter().find(|event| event.name == EXCEPTION).map(|event| &event.attributes)
    }

    /// Writes them as a JSON array.
    pub fn write(&self, names: &mut EmbeddedNames, json: &mut JsonText) -> Result<(), Malformed> {
        json.raw("[");
        for (index, event) in self.0.iter().enumerate() {
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
            event.attributes.write(Without::Nothing, names, json, |_, _| {})?;
            json.raw("}");
        }
        json.raw("]");
        Ok(())
    }

    /// Adds the rows that they become: all but exceptions, which are columns of the span.
    ///
    /// A row's parent is the span; its own id is derived. Status, events and links stay with the span, so that counting
    /// failed spans does not count their events too. An event whose time cannot be right stays with the span alone.
    pub fn add_rows(
        &self,
        span: &Row<'_>,
        rows: &mut Rows<'_>,
        names: &mut EmbeddedNames,
        written: &mut WrittenAttributes,
    ) -> Result<(), Stop> {
        for (index, event) in self.0.iter().enumerate().filter(|(_, event)| event.name != EXCEPTION) {
            let at = instant(event.time_unix_nano).unwrap_or(span.start_timestamp);
            let is_within_span = (span.start_timestamp..=span.end_timestamp).contains(&at);
            if !is_within_span && !rows.arrival.accepts(at) {
                continue;
            }
            let id = Derived::new()
                .with(span.trace_id.as_bytes())
                .with(span.span_id.as_bytes())
                .with(&index.to_le_bytes())
                .with(event.name.as_bytes())
                .span_id();
            written.write(&event.attributes, names)?;
            let name = non_empty(&event.name).unwrap_or("event");
            let message = event.attributes.message();
            rows.push(&Row {
                start_timestamp: at,
                end_timestamp: at,
                trace_id: span.trace_id,
                span_id: id.as_str(),
                parent_span_id: Some(span.span_id),
                span_name: cut(name, TEXT_BYTES_MAX),
                message: message.as_deref().unwrap_or_else(|| cut(name, MESSAGE_BYTES_MAX)),
                kind: RecordKind::SpanEvent,
                level: event.attributes.level().unwrap_or(INFO),
                ..Row::of(&event.attributes, written, span.origin, span.created_at)?
            })?;
        }
        Ok(())
    }
}

/// Writes a span's links as a JSON array.
pub(super) fn write_links(messages: &[&[u8]], names: &mut EmbeddedNames, json: &mut JsonText) -> Result<(), Malformed> {
    json.raw("[");
    for (index, message) in messages.iter().enumerate() {
        if json.is_full() {
            break;
        }
        let link = Link::read(message)?;
        json.raw(if index == 0 { "{\"trace_id\":" } else { ",{\"trace_id\":" });
        json.string(trace_id(link.trace_id).as_ref().map_or("", Hex::as_str));
        json.raw(",\"span_id\":");
        json.string(span_id(link.span_id).as_ref().map_or("", Hex::as_str));
        json.raw(",\"attributes\":");
        link.attributes.write(Without::Nothing, names, json, |_, _| {})?;
        json.raw("}");
    }
    json.raw("]");
    Ok(())
}

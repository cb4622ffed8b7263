//! Log records to rows.

use std::borrow::Cow;
use std::sync::Arc;

use super::any_value::write_json;
use super::events;
use super::ids::{Derived, SpanId, lone_trace_id, span_id, trace_id};
use super::instant::instant;
use super::json::JsonText;
use super::level;
use super::origin::{Origin, Origins};
use super::proto::{LogRecord, Malformed, Value, items};
use super::record::RecordKind;
use super::row::{Exception, Row, Scratch};
use super::rows::{Rows, Stop};
use super::text::{cut, non_empty};
use crate::limits::{MESSAGE_BYTES_MAX, RECORD_BYTES_MAX, TEXT_BYTES_MAX};

/// The name of a record that has none, and no text as its body.
const NAMELESS: &str = "log";

/// Adds the rows of an `ExportLogsServiceRequest`, one for each log record.
pub(super) fn read(request: &[u8], rows: &mut Rows<'_>, scratch: &mut Scratch) -> Result<(), Stop> {
    let mut origins = Origins::of(&rows.arrival.project);
    let mut log = LogRecord::default();
    items(request, |resource, scope, records| {
        rows.looked_at()?;
        let origin = origins.origin(resource, scope, &mut scratch.names)?;
        for message in records {
            log.read(message?)?;
            add(&log, &origin, rows, scratch)?;
        }
        Ok(())
    })
}

fn add(log: &LogRecord<'_>, origin: &Arc<Origin>, rows: &mut Rows<'_>, scratch: &mut Scratch) -> Result<(), Stop> {
    let arrived_at = rows.arrival.at;
    let at = instant(log.time_unix_nano).or_else(|| instant(log.observed_time_unix_nano)).unwrap_or(arrived_at);
    if !rows.takes(at, origin)? {
        return Ok(());
    }
    let written = &mut scratch.attributes;
    written.write(&log.attributes, &mut scratch.names)?;
    let room = RECORD_BYTES_MAX.saturating_sub(written.json.len());
    let body = match &log.body {
        Some(body) => Some(body_text(body, room, &mut scratch.body)?),
        None => None,
    };
    let name = span_name(log);
    let id = derived_id(log, written.json.as_str(), body);
    let trace_id = trace_id(log.trace_id).unwrap_or_else(|| lone_trace_id(&id));
    let parent = span_id(log.span_id);
    let message = log.attributes.message();
    let message = message.as_deref().or_else(|| body.and_then(non_empty).map(|body| cut(body, MESSAGE_BYTES_MAX)));
    let exception = events::exception(&log.attributes);
    let is_exception = exception.kind.is_some();
    rows.push(&Row {
        start_timestamp: at,
        end_timestamp: at,
        trace_id: trace_id.as_str(),
        span_id: id.as_str(),
        parent_span_id: parent.as_ref().map(SpanId::as_str),
        span_name: &name,
        message: message.unwrap_or_else(|| cut(&name, MESSAGE_BYTES_MAX)),
        kind: RecordKind::Log,
        level: level::of_log(log),
        is_exception,
        exception: if is_exception { exception } else { Exception::default() },
        log_body: body,
        ..Row::of(&log.attributes, written, origin, arrived_at)?
    })
}

/// A text as it is, other values as JSON.
fn body_text<'r>(value: &'r Value<'_>, bytes_max: usize, json: &'r mut JsonText) -> Result<&'r str, Malformed> {
    if let Value::Text(text) = value {
        return Ok(cut(text, bytes_max));
    }
    write_json(Some(value), json.restart(bytes_max))?;
    Ok(json.as_str())
}

/// The event's name, else the message's template, else the body when it is a text.
fn span_name<'r>(log: &'r LogRecord<'_>) -> Cow<'r, str> {
    if let Some(name) = non_empty(&log.event_name) {
        return Cow::Borrowed(cut(name, TEXT_BYTES_MAX));
    }
    if let Some(template) = log.attributes.column(&["logfire.msg_template"]) {
        return template;
    }
    match &log.body {
        Some(Value::Text(text)) if !text.is_empty() => Cow::Borrowed(cut(text, MESSAGE_BYTES_MAX)),
        _ => Cow::Borrowed(NAMELESS),
    }
}

fn derived_id(log: &LogRecord<'_>, attributes: &str, body: Option<&str>) -> SpanId {
    Derived::new()
        .with(log.trace_id)
        .with(log.span_id)
        .with(&log.time_unix_nano.to_le_bytes())
        .with(&log.observed_time_unix_nano.to_le_bytes())
        .with(&log.severity_number.to_le_bytes())
        .with(log.event_name.as_bytes())
        .with(attributes.as_bytes())
        .with(body.unwrap_or_default().as_bytes())
        .span_id()
}

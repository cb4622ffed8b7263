//! Log records to rows.

use std::sync::Arc;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use watchfire_model::{ProjectName, Timestamp};

use super::any_value::write_json;
use super::attributes::Attributes;
use super::decode::{DecodeError, Rows, instant};
use super::events::Exception;
use super::ids::{Derived, lone_trace_id, span_id, trace_id};
use super::json::JsonText;
use super::level;
use super::origin::Origin;
use super::record::{Record, RecordKind};
use super::text::{cut_owned, non_empty};
use crate::limits::{MESSAGE_BYTES_MAX, RECORD_BYTES_MAX, TEXT_BYTES_MAX};

/// The name of a record that has none, and no text as its body.
const NAMELESS: &str = "log";

/// The rows of a request, one for each log record.
pub(super) fn rows(
    request: &ExportLogsServiceRequest,
    arrived_at: Timestamp,
    project: &ProjectName,
) -> Result<Vec<Record>, DecodeError> {
    let mut rows = Rows::default();
    for of_resource in &request.resource_logs {
        let resource = Origin::of_resource(of_resource.resource.as_ref(), project);
        for of_scope in of_resource.scope_logs.iter().filter(|scope| !scope.log_records.is_empty()) {
            let origin = Arc::new(resource.with_scope(of_scope.scope.as_ref()));
            for record in &of_scope.log_records {
                rows.push(row(record, &origin, arrived_at))?;
            }
        }
    }
    Ok(rows.into_records())
}

fn row(log: &LogRecord, origin: &Arc<Origin>, arrived_at: Timestamp) -> Record {
    let attributes = Attributes::of(&log.attributes);
    let at = instant(log.time_unix_nano).or_else(|| instant(log.observed_time_unix_nano)).unwrap_or(arrived_at);
    let mut json = JsonText::new(RECORD_BYTES_MAX);
    attributes.write_without_columns(&mut json);
    let json = json.into_string();
    let value = log.body.as_ref().and_then(|body| body.value.as_ref());
    let body = value.map(|value| body_text(value, RECORD_BYTES_MAX.saturating_sub(json.len())));
    let name = span_name(log, &attributes, value);
    let id = derived_id(log, &json, body.as_deref());
    let message = attributes.message().or_else(|| body.as_deref().map(|body| cut_owned(body, MESSAGE_BYTES_MAX)));
    let mut record = Record {
        start_timestamp: at,
        end_timestamp: at,
        trace_id: trace_id(&log.trace_id).unwrap_or_else(|| lone_trace_id(&id)),
        span_id: id,
        parent_span_id: span_id(&log.span_id),
        message: message.unwrap_or_else(|| cut_owned(&name, MESSAGE_BYTES_MAX)),
        span_name: name,
        kind: RecordKind::Log,
        level: level::of_log(&attributes, log),
        attributes: json,
        log_body: body,
        ..Record::of(&attributes, origin, arrived_at)
    };
    let exception = Exception::of(&attributes);
    if exception.kind.is_some() {
        exception.put_into(&mut record);
    }
    record
}

/// A text as it is, other values as JSON.
fn body_text(value: &Value, bytes_max: usize) -> String {
    if let Value::StringValue(text) = value {
        return cut_owned(text, bytes_max);
    }
    let mut json = JsonText::new(bytes_max);
    write_json(Some(value), &mut json);
    json.into_string()
}

/// The event's name, else the message's template, else the body when it is a text.
fn span_name(log: &LogRecord, attributes: &Attributes<'_>, body: Option<&Value>) -> String {
    if let Some(name) = non_empty(&log.event_name) {
        return cut_owned(name, TEXT_BYTES_MAX);
    }
    if let Some(template) = attributes.column(&["logfire.msg_template"]) {
        return template;
    }
    match body {
        Some(Value::StringValue(text)) if !text.is_empty() => cut_owned(text, MESSAGE_BYTES_MAX),
        _ => NAMELESS.to_owned(),
    }
}

fn derived_id(log: &LogRecord, attributes: &str, body: Option<&str>) -> String {
    Derived::new()
        .with(&log.trace_id)
        .with(&log.span_id)
        .with(&log.time_unix_nano.to_le_bytes())
        .with(&log.observed_time_unix_nano.to_le_bytes())
        .with(&log.severity_number.to_le_bytes())
        .with(log.event_name.as_bytes())
        .with(attributes.as_bytes())
        .with(body.unwrap_or_default().as_bytes())
        .span_id()
}

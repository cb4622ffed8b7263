//! Records as columns, in the schema of the table.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, ListBuilder, RecordBatch, StringArray, StringBuilder,
    TimestampMicrosecondArray, UInt16Array,
};
use watchfire_model::Timestamp;

use super::record::Record;
use crate::table::{instant_type, records};

/// The records as one batch of the table `records_all`.
pub fn batch(rows: &[&Record]) -> RecordBatch {
    let mut columns = columns(rows);
    let schema = records::schema();
    let in_order = schema.fields().iter().map(|field| {
        let place = columns.iter().position(|(name, _)| name == field.name());
        columns.swap_remove(place.expect("every column of the table is made of records")).1
    });
    let in_order = in_order.collect();
    RecordBatch::try_new(schema, in_order).expect("every column has the table's type and one value per row")
}

fn columns(rows: &[&Record]) -> Vec<(&'static str, ArrayRef)> {
    let status_codes = StringArray::from_iter(rows.iter().map(|row| row.otel_status_code));
    let durations = Float64Array::from_iter(rows.iter().map(|row| row.duration));
    let levels = UInt16Array::from_iter_values(rows.iter().map(|row| row.level));
    vec![
        ("start_timestamp", instants(rows, |row| row.start_timestamp)),
        ("end_timestamp", instants(rows, |row| row.end_timestamp)),
        ("duration", Arc::new(durations)),
        ("trace_id", texts(rows, |row| &row.trace_id)),
        ("span_id", texts(rows, |row| &row.span_id)),
        ("parent_span_id", maybe(rows, |row| &row.parent_span_id)),
        ("span_name", texts(rows, |row| &row.span_name)),
        ("message", texts(rows, |row| &row.message)),
        ("kind", texts(rows, |row| row.kind.as_str())),
        ("level", Arc::new(levels)),
        ("tags", tags(rows)),
        ("attributes", texts(rows, |row| &row.attributes)),
        ("is_exception", Arc::new(BooleanArray::from_iter(rows.iter().map(|row| Some(row.is_exception))))),
        ("exception_type", maybe(rows, |row| &row.exception_type)),
        ("exception_message", maybe(rows, |row| &row.exception_message)),
        ("exception_stacktrace", maybe(rows, |row| &row.exception_stacktrace)),
        ("otel_status_code", Arc::new(status_codes)),
        ("otel_status_message", maybe(rows, |row| &row.otel_status_message)),
        ("otel_events", maybe(rows, |row| &row.otel_events)),
        ("otel_links", maybe(rows, |row| &row.otel_links)),
        ("otel_scope_name", maybe(rows, |row| &row.origin.otel_scope_name)),
        ("otel_scope_version", maybe(rows, |row| &row.origin.otel_scope_version)),
        ("otel_scope_attributes", maybe(rows, |row| &row.origin.otel_scope_attributes)),
        ("otel_resource_attributes", maybe(rows, |row| &row.origin.otel_resource_attributes)),
        ("service_name", maybe(rows, |row| &row.origin.service_name)),
        ("service_version", maybe(rows, |row| &row.origin.service_version)),
        ("service_instance_id", maybe(rows, |row| &row.origin.service_instance_id)),
        ("service_namespace", maybe(rows, |row| &row.origin.service_namespace)),
        ("deployment_environment", maybe(rows, |row| &row.origin.deployment_environment)),
        ("process_pid", numbers(rows, |row| row.origin.process_pid)),
        ("telemetry_sdk_name", maybe(rows, |row| &row.origin.telemetry_sdk_name)),
        ("telemetry_sdk_language", maybe(rows, |row| &row.origin.telemetry_sdk_language)),
        ("telemetry_sdk_version", maybe(rows, |row| &row.origin.telemetry_sdk_version)),
        ("http_response_status_code", numbers(rows, |row| row.http_response_status_code)),
        ("url_full", maybe(rows, |row| &row.url_full)),
        ("http_route", maybe(rows, |row| &row.http_route)),
        ("http_method", maybe(rows, |row| &row.http_method)),
        ("url_path", maybe(rows, |row| &row.url_path)),
        ("url_query", maybe(rows, |row| &row.url_query)),
        ("log_body", maybe(rows, |row| &row.log_body)),
        ("project_id", texts(rows, |row| row.origin.project_id.as_str())),
        ("created_at", instants(rows, |row| row.created_at)),
    ]
}

fn texts<'a>(rows: &[&'a Record], value: impl Fn(&'a Record) -> &'a str) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(rows.iter().copied().map(value)))
}

fn maybe<'a>(rows: &[&'a Record], value: impl Fn(&'a Record) -> &'a Option<String>) -> ArrayRef {
    Arc::new(StringArray::from_iter(rows.iter().map(|row| value(row).as_deref())))
}

fn numbers(rows: &[&Record], value: impl Fn(&Record) -> Option<i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter(rows.iter().map(|row| value(row))))
}

fn instants(rows: &[&Record], value: impl Fn(&Record) -> Timestamp) -> ArrayRef {
    let micros = rows.iter().map(|row| value(row).as_micros());
    Arc::new(TimestampMicrosecondArray::from_iter_values(micros).with_data_type(instant_type()))
}

fn tags(rows: &[&Record]) -> ArrayRef {
    let mut builder = ListBuilder::new(StringBuilder::new());
    for row in rows {
        row.tags.iter().for_each(|tag| builder.values().append_value(tag));
        builder.append(true);
    }
    Arc::new(builder.finish())
}

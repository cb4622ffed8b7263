//! The columns of `records` and `records_all`.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::{json, number, text, time};

/// The table that people query: everything but pending spans.
pub const NAME: &str = "records";
/// Everything, pending spans included.
pub const ALL: &str = "records_all";
/// What older SQL calls [`ALL`].
pub const ALL_ALIAS: &str = "records_full";
/// The column that the window cuts.
pub const TIME_COLUMN: &str = "start_timestamp";
/// The column that tells pending spans.
pub const KIND: &str = "kind";
/// What it then says.
pub const PENDING: &str = "pending_span";

/// The declared columns, all nullable: a source may lack any of them.
pub fn schema() -> SchemaRef {
    static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| Arc::new(Schema::new(fields())));
    Arc::clone(&SCHEMA)
}

fn fields() -> Vec<Field> {
    vec![
        time("start_timestamp"),
        time("end_timestamp"),
        // Seconds; NULL for logs.
        Field::new("duration", DataType::Float64, true),
        text("trace_id"),
        text("span_id"),
        text("parent_span_id"),
        text("span_name"),
        text("message"),
        text("kind"),
        Field::new("level", DataType::UInt16, true),
        Field::new("tags", DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true))), true),
        json("attributes"),
        Field::new("is_exception", DataType::Boolean, true),
        text("exception_type"),
        text("exception_message"),
        text("exception_stacktrace"),
        text("otel_status_code"),
        text("otel_status_message"),
        json("otel_events"),
        json("otel_links"),
        text("otel_scope_name"),
        text("otel_scope_version"),
        json("otel_scope_attributes"),
        json("otel_resource_attributes"),
        text("service_name"),
        text("service_version"),
        text("service_instance_id"),
        text("service_namespace"),
        text("deployment_environment"),
        number("process_pid"),
        text("telemetry_sdk_name"),
        text("telemetry_sdk_language"),
        text("telemetry_sdk_version"),
        number("http_response_status_code"),
        text("url_full"),
        text("http_route"),
        text("http_method"),
        text("url_path"),
        text("url_query"),
        // A string stays plain, other values are JSON: so the column is text, not JSON.
        text("log_body"),
        text("project_id"),
        time("created_at"),
    ]
}

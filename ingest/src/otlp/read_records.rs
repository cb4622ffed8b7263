//! Columns as records again, for those who look at single rows.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{ArrowPrimitiveType, Float64Type, Int64Type, TimestampMicrosecondType, UInt16Type};
use watchfire_model::{ProjectName, Timestamp};

use super::origin::Origin;
use super::record::{Record, RecordKind};

/// The words of `otel_status_code`.
const STATUS_WORDS: [&str; 2] = ["OK", "ERROR"];

/// The rows of a batch in the columns of `records_all`, such as [`super::decode`] and [`super::batch`] make.
///
/// # Panics
/// When a column of the table is missing or has another type.
pub fn records_of(batch: &RecordBatch) -> Vec<Record> {
    let mut last: Option<Arc<Origin>> = None;
    let rows = (0..batch.num_rows()).map(|row| Cells { batch, row });
    let records = rows.map(|cells| {
        let origin = cells.origin();
        let origin = last.take().filter(|last| **last == origin).unwrap_or_else(|| Arc::new(origin));
        cells.record(Arc::clone(last.insert(origin)))
    });
    records.collect()
}

/// One row of a batch.
struct Cells<'b> {
    batch: &'b RecordBatch,
    row: usize,
}

impl<'b> Cells<'b> {
    fn record(&self, origin: Arc<Origin>) -> Record {
        let status = self.text("otel_status_code");
        Record {
            start_timestamp: self.instant("start_timestamp"),
            end_timestamp: self.instant("end_timestamp"),
            duration: self.number::<Float64Type>("duration"),
            trace_id: self.text("trace_id").unwrap_or_default(),
            span_id: self.text("span_id").unwrap_or_default(),
            parent_span_id: self.text("parent_span_id"),
            span_name: self.text("span_name").unwrap_or_default(),
            message: self.text("message").unwrap_or_default(),
            kind: self.text("kind").and_then(|kind| RecordKind::parse(&kind)).unwrap_or(RecordKind::Span),
            level: self.number::<UInt16Type>("level").unwrap_or_default(),
            tags: self.tags(),
            attributes: self.text("attributes").unwrap_or_default(),
            is_exception: self.truth("is_exception"),
            exception_type: self.text("exception_type"),
            exception_message: self.text("exception_message"),
            exception_stacktrace: self.text("exception_stacktrace"),
            otel_status_code: STATUS_WORDS.into_iter().find(|word| status.as_deref() == Some(word)),
            otel_status_message: self.text("otel_status_message"),
            otel_events: self.text("otel_events"),
            otel_links: self.text("otel_links"),
            http_response_status_code: self.number::<Int64Type>("http_response_status_code"),
            url_full: self.text("url_full"),
            http_route: self.text("http_route"),
            http_method: self.text("http_method"),
            url_path: self.text("url_path"),
            url_query: self.text("url_query"),
            log_body: self.text("log_body"),
            created_at: self.instant("created_at"),
            origin,
        }
    }

    fn origin(&self) -> Origin {
        Origin {
            project_id: ProjectName::new(self.text("project_id").unwrap_or_default()),
            otel_scope_name: self.shared("otel_scope_name"),
            otel_scope_version: self.shared("otel_scope_version"),
            otel_scope_attributes: self.shared("otel_scope_attributes"),
            otel_resource_attributes: self.shared("otel_resource_attributes"),
            service_name: self.shared("service_name"),
            service_version: self.shared("service_version"),
            service_instance_id: self.shared("service_instance_id"),
            service_namespace: self.shared("service_namespace"),
            deployment_environment: self.shared("deployment_environment"),
            process_pid: self.number::<Int64Type>("process_pid"),
            telemetry_sdk_name: self.shared("telemetry_sdk_name"),
            telemetry_sdk_language: self.shared("telemetry_sdk_language"),
            telemetry_sdk_version: self.shared("telemetry_sdk_version"),
        }
    }

    fn column(&self, name: &str) -> &'b dyn Array {
        self.batch.column_by_name(name).expect("the batch has the columns of its table")
    }

    fn text(&self, name: &str) -> Option<String> {
        let column = self.column(name).as_string::<i32>();
        column.is_valid(self.row).then(|| column.value(self.row).to_owned())
    }

    fn shared(&self, name: &str) -> Option<Arc<str>> {
        self.text(name).map(Arc::from)
    }

    fn number<T: ArrowPrimitiveType>(&self, name: &str) -> Option<T::Native> {
        let column = self.column(name).as_primitive::<T>();
        column.is_valid(self.row).then(|| column.value(self.row))
    }

    fn instant(&self, name: &str) -> Timestamp {
        Timestamp::from_micros(self.number::<TimestampMicrosecondType>(name).unwrap_or_default())
    }

    fn truth(&self, name: &str) -> bool {
        let column = self.column(name).as_boolean();
        column.is_valid(self.row) && column.value(self.row)
    }

    fn tags(&self) -> Vec<String> {
        let column = self.column("tags").as_list::<i32>();
        let tags = column.value(self.row);
        tags.as_string::<i32>().iter().flatten().map(str::to_owned).collect()
    }
}

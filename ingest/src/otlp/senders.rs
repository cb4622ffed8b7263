//! The columns that all rows of a sender have in common.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Builder, StringBuilder};

use super::origin::Origin;

/// Who sent the rows of a batch: each sender with the number of its rows that follow each other.
#[derive(Debug, Default)]
pub(super) struct Senders(Vec<(Arc<Origin>, usize)>);

impl Senders {
    /// One more row, of this sender.
    pub fn push(&mut self, origin: &Arc<Origin>) {
        match self.0.last_mut() {
            Some((last, rows)) if Arc::ptr_eq(last, origin) => *rows += 1,
            _ => self.0.push((Arc::clone(origin), 1)),
        }
    }

    /// The columns that `records` and `metrics` both have, with their names.
    pub fn columns(&self) -> Vec<(&'static str, ArrayRef)> {
        vec![
            ("otel_scope_name", self.texts(|origin| origin.otel_scope_name.as_deref())),
            ("otel_scope_version", self.texts(|origin| origin.otel_scope_version.as_deref())),
            ("otel_scope_attributes", self.texts(|origin| origin.otel_scope_attributes.as_deref())),
            ("otel_resource_attributes", self.texts(|origin| origin.otel_resource_attributes.as_deref())),
            ("service_name", self.texts(|origin| origin.service_name.as_deref())),
            ("service_version", self.texts(|origin| origin.service_version.as_deref())),
            ("service_instance_id", self.texts(|origin| origin.service_instance_id.as_deref())),
            ("service_namespace", self.texts(|origin| origin.service_namespace.as_deref())),
            ("deployment_environment", self.texts(|origin| origin.deployment_environment.as_deref())),
            ("process_pid", self.numbers(|origin| origin.process_pid)),
            ("project_id", self.texts(|origin| Some(origin.project_id.as_str()))),
        ]
    }

    /// The columns that only `records` has, with their names.
    pub fn sdk_columns(&self) -> Vec<(&'static str, ArrayRef)> {
        vec![
            ("telemetry_sdk_name", self.texts(|origin| origin.telemetry_sdk_name.as_deref())),
            ("telemetry_sdk_language", self.texts(|origin| origin.telemetry_sdk_language.as_deref())),
            ("telemetry_sdk_version", self.texts(|origin| origin.telemetry_sdk_version.as_deref())),
        ]
    }

    fn texts(&self, value: impl Fn(&Origin) -> Option<&str>) -> ArrayRef {
        let rows = self.0.iter().map(|(_, rows)| rows).sum();
        let bytes = self.0.iter().map(|(origin, rows)| value(origin).map_or(0, str::len) * rows).sum();
        let mut column = StringBuilder::with_capacity(rows, bytes);
        for (origin, rows) in &self.0 {
            match value(origin) {
                Some(text) => column.append_value_n(text, *rows),
                None => column.append_nulls(*rows),
            }
        }
        Arc::new(column.finish())
    }

    fn numbers(&self, value: impl Fn(&Origin) -> Option<i64>) -> ArrayRef {
        let mut column = Int64Builder::with_capacity(self.0.iter().map(|(_, rows)| rows).sum());
        for (origin, rows) in &self.0 {
            match value(origin) {
                Some(number) => column.append_value_n(number, *rows),
                None => column.append_nulls(*rows),
            }
        }
        Arc::new(column.finish())
    }
}

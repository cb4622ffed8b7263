//! Rows as columns of `records_all`.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Float64Builder, Int64Builder, ListBuilder, RecordBatch, StringArray, StringBuilder,
    UInt16Array,
};

use super::builders::{finished, instants, table_batch, texts};
use super::record::{Record, RecordKind};
use super::row::Row;
use super::senders::Senders;
use crate::table::{Shredding, Table};

/// The records as one batch of the table `records_all`, without columns of shredded attributes.
pub fn batch(rows: &[&Record]) -> RecordBatch {
    let mut columns = RecordColumns::new(&Shredding::new([]));
    rows.iter().for_each(|row| columns.push(&row.row()));
    columns.finish()
}

/// The columns of rows, filled row by row.
///
/// What all rows of a sender have in common is written once for each run of them, at the end.
#[derive(Debug)]
pub(super) struct RecordColumns {
    shredding: Shredding,
    start_timestamp: Vec<i64>,
    end_timestamp: Vec<i64>,
    duration: Float64Builder,
    trace_id: StringBuilder,
    span_id: StringBuilder,
    parent_span_id: StringBuilder,
    span_name: StringBuilder,
    message: StringBuilder,
    kinds: Vec<RecordKind>,
    level: Vec<u16>,
    tags: ListBuilder<StringBuilder>,
    attributes: StringBuilder,
    is_exception: BooleanBuilder,
    exception_type: StringBuilder,
    exception_message: StringBuilder,
    exception_stacktrace: StringBuilder,
    otel_status_code: StringBuilder,
    otel_status_message: StringBuilder,
    otel_events: StringBuilder,
    otel_links: StringBuilder,
    http_response_status_code: Int64Builder,
    url_full: StringBuilder,
    http_route: StringBuilder,
    http_method: StringBuilder,
    url_path: StringBuilder,
    url_query: StringBuilder,
    log_body: StringBuilder,
    created_at: Vec<i64>,
    shredded: Vec<StringBuilder>,
    /// Who sent them, and how many in a row.
    senders: Senders,
}

/// Bytes that a row takes besides texts of any length, about.
const ROW_BYTES: usize = 300;

impl RecordColumns {
    pub fn new(shredding: &Shredding) -> Self {
        Self {
            shredding: shredding.clone(),
            start_timestamp: Vec::new(),
            end_timestamp: Vec::new(),
            duration: Float64Builder::with_capacity(0),
            trace_id: texts(),
            span_id: texts(),
            parent_span_id: texts(),
            span_name: texts(),
            message: texts(),
            kinds: Vec::new(),
            level: Vec::new(),
            tags: ListBuilder::with_capacity(texts(), 0),
            attributes: texts(),
            is_exception: BooleanBuilder::with_capacity(0),
            exception_type: texts(),
            exception_message: texts(),
            exception_stacktrace: texts(),
            otel_status_code: texts(),
            otel_status_message: texts(),
            otel_events: texts(),
            otel_links: texts(),
            http_response_status_code: Int64Builder::with_capacity(0),
            url_full: texts(),
            http_route: texts(),
            http_method: texts(),
            url_path: texts(),
            url_query: texts(),
            log_body: texts(),
            created_at: Vec::new(),
            shredded: shredding.keys().iter().map(|_| texts()).collect(),
            senders: Senders::default(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// Adds a row.
    pub fn push(&mut self, row: &Row<'_>) {
        self.start_timestamp.push(row.start_timestamp.as_micros());
        self.end_timestamp.push(row.end_timestamp.as_micros());
        self.duration.append_option(row.duration);
        self.trace_id.append_value(row.trace_id);
        self.span_id.append_value(row.span_id);
        self.parent_span_id.append_option(row.parent_span_id);
        self.span_name.append_value(row.span_name);
        self.message.append_value(row.message);
        self.kinds.push(row.kind);
        self.level.push(row.level);
        row.tags.iter().for_each(|tag| self.tags.values().append_value(tag));
        self.tags.append(true);
        self.attributes.append_value(row.attributes);
        self.is_exception.append_value(row.is_exception);
        self.exception_type.append_option(row.exception.kind.as_deref());
        self.exception_message.append_option(row.exception.message.as_deref());
        self.exception_stacktrace.append_option(row.exception.stacktrace.as_deref());
        self.otel_status_code.append_option(row.otel_status_code);
        self.otel_status_message.append_option(row.otel_status_message);
        self.otel_events.append_option(row.otel_events);
        self.otel_links.append_option(row.otel_links);
        self.http_response_status_code.append_option(row.http_response_status_code);
        self.url_full.append_option(row.url_full.as_deref());
        self.http_route.append_option(row.http_route.as_deref());
        self.http_method.append_option(row.http_method.as_deref());
        self.url_path.append_option(row.url_path.as_deref());
        self.url_query.append_option(row.url_query.as_deref());
        self.log_body.append_option(row.log_body);
        self.created_at.push(row.created_at.as_micros());
        for (column, place) in self.shredded.iter_mut().zip(row.shredded) {
            column.append_option(place.clone().map(|place| &row.attributes[place]));
        }
        self.senders.push(row.origin);
    }

    /// All rows, in the order in which they were added.
    pub fn finish(mut self) -> RecordBatch {
        let schema = Table::Records.stored_schema(&self.shredding);
        let shredded: Vec<ArrayRef> = self.shredded.iter_mut().map(finished).collect();
        let mut columns = self.row_columns();
        columns.extend(self.senders.columns());
        columns.extend(self.senders.sdk_columns());
        table_batch(schema, columns, shredded)
    }

    fn row_columns(&mut self) -> Vec<(&'static str, ArrayRef)> {
        let kinds = StringArray::from_iter_values(self.kinds.iter().map(|kind| kind.as_str()));
        vec![
            ("start_timestamp", instants(&mut self.start_timestamp)),
            ("end_timestamp", instants(&mut self.end_timestamp)),
            ("duration", Arc::new(self.duration.finish())),
            ("trace_id", finished(&mut self.trace_id)),
            ("span_id", finished(&mut self.span_id)),
            ("parent_span_id", finished(&mut self.parent_span_id)),
            ("span_name", finished(&mut self.span_name)),
            ("message", finished(&mut self.message)),
            ("kind", Arc::new(kinds)),
            ("level", Arc::new(UInt16Array::from(std::mem::take(&mut self.level)))),
            ("tags", Arc::new(self.tags.finish())),
            ("attributes", finished(&mut self.attributes)),
            ("is_exception", Arc::new(self.is_exception.finish())),
            ("exception_type", finished(&mut self.exception_type)),
            ("exception_message", finished(&mut self.exception_message)),
            ("exception_stacktrace", finished(&mut self.exception_stacktrace)),
            ("otel_status_code", finished(&mut self.otel_status_code)),
            ("otel_status_message", finished(&mut self.otel_status_message)),
            ("otel_events", finished(&mut self.otel_events)),
            ("otel_links", finished(&mut self.otel_links)),
            ("http_response_status_code", Arc::new(self.http_response_status_code.finish())),
            ("url_full", finished(&mut self.url_full)),
            ("http_route", finished(&mut self.http_route)),
            ("http_method", finished(&mut self.http_method)),
            ("url_path", finished(&mut self.url_path)),
            ("url_query", finished(&mut self.url_query)),
            ("log_body", finished(&mut self.log_body)),
            ("created_at", instants(&mut self.created_at)),
        ]
    }
}

/// About how many bytes a row takes in columns.
pub(super) fn size_bytes(row: &Row<'_>) -> usize {
    let owned = [
        &row.exception.kind,
        &row.exception.message,
        &row.exception.stacktrace,
        &row.url_full,
        &row.http_route,
        &row.http_method,
        &row.url_path,
        &row.url_query,
    ];
    let optional = [row.otel_status_message, row.otel_events, row.otel_links, row.log_body];
    let shredded = row.shredded.iter().flatten().map(Range::len).sum::<usize>();
    let owned = owned.iter().filter_map(|text| text.as_deref()).map(str::len).sum::<usize>();
    let optional = optional.iter().flatten().map(|text| text.len()).sum::<usize>();
    let tags = row.tags.iter().map(|tag| tag.len() + size_of::<i32>()).sum::<usize>();
    let texts = row.span_name.len() + row.message.len() + row.attributes.len();
    ROW_BYTES + texts + owned + optional + shredded + tags + row.origin.size_bytes()
}

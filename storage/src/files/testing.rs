//! Short ways to make rows and files in tests.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray, TimestampMicrosecondArray, new_null_array};
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStore;
use parquet::arrow::ParquetRecordBatchStreamBuilder;
use watchfire_ingest::table::{Shredding, Table, records};
use watchfire_model::{ProjectName, Timestamp};

use super::object_reader::ObjectReader;
use super::write::Flush;
use crate::file_list::DataFile;
use crate::rows::TimeRange;

/// The first microsecond of a day since 1970.
pub(super) const fn day(number: i64) -> i64 {
    number * 86_400_000_000
}

pub(super) fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

pub(super) fn project(name: &str) -> ProjectName {
    ProjectName::new(name)
}

pub(super) fn shredding() -> Shredding {
    Shredding::new(["gen_ai.request.model", "http.route"].map(str::to_owned))
}

/// An attempt of the writer `writer`.
pub(super) fn flush(after: u64, through: u64, now: i64) -> Flush {
    Flush::begin("writer", after, through, at(now))
}

/// One row of `records`.
pub(super) struct Span {
    name: String,
    time: i64,
    kind: &'static str,
}

/// A span that arrived a second after its start; `i64::MIN`: without a time.
pub(super) fn span(name: &str, time: i64) -> Span {
    Span { name: name.to_owned(), time, kind: "span" }
}

impl Span {
    pub(super) fn pending(self) -> Self {
        Self { kind: records::PENDING, ..self }
    }
}

/// These rows in the stored columns.
pub(super) fn records(spans: &[Span]) -> RecordBatch {
    let schema = Table::Records.stored_schema(&shredding());
    let times = |shift: i64| -> ArrayRef {
        let times = spans.iter().map(|span| (span.time != i64::MIN).then(|| span.time + shift));
        Arc::new(times.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
    };
    let texts = |text: &dyn Fn(&Span) -> String| -> ArrayRef {
        Arc::new(spans.iter().map(|span| Some(text(span))).collect::<StringArray>())
    };
    let columns = schema.fields().iter().map(|field| match field.name().as_str() {
        "start_timestamp" => times(0),
        "created_at" => times(1_000_000),
        "kind" => texts(&|span| span.kind.to_owned()),
        "message" => texts(&|span| span.name.clone()),
        "trace_id" => texts(&|span| format!("{:032x}", span.time)),
        "attributes" => texts(&|span| format!(r#"{{"name":"{}"}}"#, span.name)),
        _ => new_null_array(field.data_type(), spans.len()),
    });
    let columns = columns.collect();
    RecordBatch::try_new(schema, columns).unwrap()
}

pub(super) async fn read(objects: &Arc<dyn ObjectStore>, file: &DataFile) -> Vec<RecordBatch> {
    let reader = ObjectReader::new(Arc::clone(objects), file.path.as_str().into(), file.size_bytes);
    let stream = ParquetRecordBatchStreamBuilder::new(reader).await.unwrap().build().unwrap();
    stream.try_collect().await.unwrap()
}

/// The messages of all rows, as they stand.
pub(super) async fn read_rows(objects: &Arc<dyn ObjectStore>, file: &DataFile) -> Vec<String> {
    let batches = read(objects, file).await;
    let messages = batches.iter().flat_map(|batch| batch.column_by_name("message").unwrap().as_string::<i32>().iter());
    messages.map(|message| message.unwrap().to_owned()).collect()
}

/// The paths of all objects.
pub(super) async fn objects_in(objects: &Arc<dyn ObjectStore>) -> Vec<String> {
    let mut paths: Vec<String> = objects.list(None).map(|object| object.unwrap().location.to_string()).collect().await;
    paths.sort();
    paths
}

/// What the list says of a file with these times; there is none.
pub(super) fn file(path: &str, (first, last): (i64, i64)) -> Arc<DataFile> {
    let range = TimeRange { first: at(first), last: at(last) };
    Arc::new(DataFile {
        path: path.to_owned(),
        project: project("p"),
        table: Table::Records,
        rows: 1,
        size_bytes: 1,
        time: range,
        arrival: range,
        sequences: (1, 1),
        shredded: Vec::new(),
    })
}

/// A file of this size that begins at an instant.
pub(super) fn sized(number: i64, first: i64, size_bytes: u64) -> Arc<DataFile> {
    let one = Arc::unwrap_or_clone(file(&format!("file {number:04}"), (first, first + 1)));
    Arc::new(DataFile { size_bytes, ..one })
}

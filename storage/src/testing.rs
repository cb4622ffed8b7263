//! Rows for tests.

use std::sync::{Arc, Mutex};

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::TimestampMicrosecondType;
use async_trait::async_trait;
use watchfire_ingest::table::{ARRIVAL_COLUMN, Table, instant_type, records};
use watchfire_model::{ProjectName, Timestamp, Window};

use crate::file_list::{FileChange, FileList, FileListError, ListedFiles};
use crate::rows::Rows;

/// A list that is gone with the test.
#[derive(Default)]
pub(crate) struct MemoryList(Mutex<ListedFiles>);

#[async_trait]
impl FileList for MemoryList {
    async fn load(&self) -> Result<ListedFiles, FileListError> {
        Ok(self.0.lock().unwrap().clone())
    }

    async fn commit(&self, change: &FileChange) -> Result<(), FileListError> {
        let mut listed = self.0.lock().unwrap();
        listed.files.retain(|file| !change.removed.contains(&file.path));
        listed.files.extend(change.added.iter().cloned());
        listed.flushed_through = change.flushed_through.unwrap_or(listed.flushed_through);
        Ok(())
    }
}

/// A row: what it is called, its time and its arrival in microseconds, and whether it is a pending span.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    pub name: String,
    pub time: i64,
    pub arrival: i64,
    pub is_pending: bool,
}

pub(crate) fn row(name: impl ToString, time: i64) -> Row {
    Row { name: name.to_string(), time, arrival: time, is_pending: false }
}

pub(crate) fn project(name: &str) -> ProjectName {
    ProjectName::new(name)
}

pub(crate) fn window(start: i64, end: i64) -> Window {
    Window { start: Timestamp::from_micros(start), end: Timestamp::from_micros(end) }
}

/// These rows in `records` of a project.
pub(crate) fn rows(name: &str, rows: &[Row]) -> Rows {
    let instants = |of: fn(&Row) -> i64| {
        let values = TimestampMicrosecondArray::from_iter_values(rows.iter().map(of));
        Arc::new(values.with_data_type(instant_type())) as ArrayRef
    };
    let names = StringArray::from_iter_values(rows.iter().map(|row| row.name.as_str()));
    let kinds = rows.iter().map(|row| if row.is_pending { records::PENDING } else { "span" });
    let batch = RecordBatch::try_from_iter([
        (records::TIME_COLUMN, instants(|row| row.time)),
        ("span_id", Arc::new(names) as ArrayRef),
        (records::KIND, Arc::new(StringArray::from_iter_values(kinds))),
        (ARRIVAL_COLUMN, instants(|row| row.arrival)),
    ]);
    Rows { project: project(name), table: Table::Records, batch: batch.unwrap() }
}

/// The rows of a batch, as they stand in it.
pub(crate) fn rows_of(batch: &RecordBatch) -> Vec<Row> {
    let instants = |name: &str| batch.column_by_name(name).unwrap().as_primitive::<TimestampMicrosecondType>().clone();
    let texts = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().clone();
    let (times, arrivals) = (instants(records::TIME_COLUMN), instants(ARRIVAL_COLUMN));
    let (names, kinds) = (texts("span_id"), texts(records::KIND));
    let row = |place: usize| Row {
        name: names.value(place).to_owned(),
        time: times.value(place),
        arrival: arrivals.value(place),
        is_pending: kinds.value(place) == records::PENDING,
    };
    (0..batch.num_rows()).map(row).collect()
}

/// What rows are called.
pub(crate) fn names<'a>(rows: impl IntoIterator<Item = &'a Row>) -> String {
    rows.into_iter().map(|row| row.name.as_str()).collect::<Vec<_>>().join(" ")
}

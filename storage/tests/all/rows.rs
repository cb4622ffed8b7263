//! Rows that are told apart by name, and what a snapshot has of them.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, StringArray, TimestampMicrosecondArray};
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use watchfire_ingest::table::{ARRIVAL_COLUMN, Table, instant_type, records};
use watchfire_model::ProjectName;
use watchfire_storage::{Reach, Rows, Snapshot, Storage};

/// Rows of one append, all of them at one instant in microseconds.
pub fn rows(project: &str, names: &[String], at: i64) -> Rows {
    let instants = || {
        let values = TimestampMicrosecondArray::from(vec![at; names.len()]).with_data_type(instant_type());
        Arc::new(values) as ArrayRef
    };
    let batch = RecordBatch::try_from_iter([
        (records::TIME_COLUMN, instants()),
        ("span_id", Arc::new(StringArray::from_iter_values(names)) as ArrayRef),
        (records::KIND, Arc::new(StringArray::from(vec!["span"; names.len()]))),
        ("attributes", Arc::new(StringArray::from(vec![r#"{"http.route": "/a"}"#; names.len()]))),
        (ARRIVAL_COLUMN, instants()),
    ]);
    Rows { project: ProjectName::new(project), table: Table::Records, batch: batch.unwrap() }
}

/// One row.
pub fn row(name: &str, at: i64) -> Vec<Rows> {
    vec![rows("default", &[name.to_owned()], at)]
}

/// A folder for files.
pub fn objects(folder: &Path) -> Arc<dyn ObjectStore> {
    std::fs::create_dir_all(folder.join("files")).unwrap();
    Arc::new(LocalFileSystem::new_with_prefix(folder.join("files")).unwrap())
}

/// The names of all rows of a project, from memory and from files, sorted.
pub fn all(storage: &Storage, folder: &Path, project: &str) -> Vec<String> {
    let snapshot = storage.snapshot(&ProjectName::new(project), Table::Records, Reach::default());
    names(&snapshot, folder)
}

/// The names of a snapshot's rows, sorted.
pub fn names(snapshot: &Snapshot, folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = snapshot.hot.iter().flat_map(|batch| names_in(&batch.rows)).collect();
    for file in &snapshot.files {
        let file = std::fs::File::open(folder.join("files").join(&file.path)).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
        names.extend(reader.flat_map(|batch| names_in(&batch.unwrap())));
    }
    names.sort();
    names
}

fn names_in(batch: &RecordBatch) -> Vec<String> {
    let names = batch.column_by_name("span_id").unwrap().as_string::<i32>();
    names.iter().map(|name| name.unwrap().to_owned()).collect()
}

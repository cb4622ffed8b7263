//! Rows in memory and in Parquet files, put there by hand.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray, new_null_array};
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::file::properties::WriterProperties;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt};
use serde_json::Value as Json;
use watchfire_ingest::table::{Shredding, Table, instant_type, records};
use watchfire_model::{Keep, Outcome, ProjectName, QuerySpec, SlotContext, SourceSpec, Timestamp, Window};
use watchfire_storage::{DataFile, HotBatch, Reach, Snapshot, TimeRange};

use crate::table::keeper::Keeper;
use crate::{Limits, Telemetry};

/// 2026-11-20T06:00:00Z.
pub(super) const START: i64 = 1_795_154_400_000_000;

/// A row of `records`: when it started (seconds after [`START`]), what it is, and its attributes.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub second: i64,
    pub kind: &'static str,
    pub environment: Option<&'static str>,
    pub attributes: Option<String>,
}

impl Row {
    pub(super) fn at(second: i64, attributes: &str) -> Self {
        Self { second, kind: "span", environment: None, attributes: Some(attributes.to_owned()) }
    }
}

#[derive(Debug)]
pub(super) struct Shelf {
    snapshot: Snapshot,
    shredding: Shredding,
    objects: Arc<InMemory>,
}

impl Keeper for Shelf {
    fn snapshot(&self, project: &ProjectName, table: Table, _reach: Reach) -> Snapshot {
        let is_ours = project.as_str() == "default" && table == Table::Records;
        if is_ours { self.snapshot.clone() } else { Snapshot::default() }
    }

    fn shredding(&self) -> &Shredding {
        &self.shredding
    }

    fn objects(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.objects) as Arc<dyn ObjectStore>
    }
}

impl Shelf {
    /// Nothing yet; these attributes can be read from columns.
    pub(super) fn new(keys: &[&str]) -> Self {
        let shredding = Shredding::new(keys.iter().map(|key| (*key).to_owned()));
        Self { snapshot: Snapshot::default(), shredding, objects: Arc::default() }
    }

    /// Adds a batch in memory that has the columns of these attributes.
    pub(super) fn hot(mut self, rows: &[Row], keys: &[&str]) -> Self {
        for is_pending in [false, true] {
            let rows: Vec<Row> =
                rows.iter().filter(|row| (row.kind == records::PENDING) == is_pending).cloned().collect();
            if rows.is_empty() {
                continue;
            }
            let is_sorted = rows.is_sorted_by_key(|row| row.second);
            let rows_of = batch(&rows, keys);
            let (time, arrival) = (range(&rows, 0), range(&rows, 60));
            self.snapshot.hot.push(Arc::new(HotBatch { rows: rows_of, time, arrival, is_sorted, is_pending }));
        }
        self
    }

    /// Adds a file that has the columns of these attributes.
    pub(super) async fn file(mut self, rows: &[Row], keys: &[&str]) -> Self {
        let batch = batch(rows, keys);
        let properties = WriterProperties::builder()
            .set_max_row_group_row_count(Some(100))
            .set_column_bloom_filter_enabled("trace_id".into(), true)
            .build();
        let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        let bytes = writer.into_inner().unwrap();
        let path = format!("records/default/{}.parquet", self.snapshot.files.len());
        let size_bytes = bytes.len() as u64;
        self.objects.put(&path.as_str().into(), bytes.into()).await.unwrap();
        self.snapshot.files.push(Arc::new(DataFile {
            path,
            project: ProjectName::new("default"),
            table: Table::Records,
            rows: rows.len() as u64,
            size_bytes,
            time: range(rows, 0),
            arrival: range(rows, 60),
            sequences: (1, 1),
            shredded: keys.iter().map(|key| (*key).to_owned()).collect(),
        }));
        self
    }

    pub(super) fn tables(self) -> Telemetry {
        self.tables_with(&[])
    }

    pub(super) fn tables_with(self, sources: &[SourceSpec]) -> Telemetry {
        Telemetry::over(Limits { concurrency: 2, ..Limits::default() }, sources, Arc::new(self)).unwrap()
    }
}

fn range(rows: &[Row], later: i64) -> TimeRange {
    let at = |second: i64| Timestamp::from_micros(START + (second + later) * 1_000_000);
    let first = rows.iter().map(|row| row.second).min().unwrap();
    let last = rows.iter().map(|row| row.second).max().unwrap();
    TimeRange { first: at(first), last: at(last) }
}

fn schema(keys: &[&str]) -> SchemaRef {
    let shown = records::schema();
    let hidden =
        keys.iter().map(|key| Arc::new(Field::new(Shredding::column_of(key), arrow::datatypes::DataType::Utf8, true)));
    Arc::new(Schema::new(shown.fields().iter().cloned().chain(hidden).collect::<Vec<_>>()))
}

fn batch(rows: &[Row], keys: &[&str]) -> RecordBatch {
    let schema = schema(keys);
    let instants = |later: i64| -> ArrayRef {
        let micros = rows.iter().map(|row| START + (row.second + later) * 1_000_000);
        Arc::new(TimestampMicrosecondArray::from_iter_values(micros).with_data_type(instant_type()))
    };
    let columns = schema.fields().iter().map(|field| -> ArrayRef {
        match field.name().as_str() {
            "start_timestamp" => instants(0),
            "created_at" => instants(60),
            "kind" => Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.kind))),
            "trace_id" => {
                Arc::new(StringArray::from_iter_values(rows.iter().map(|row| format!("{:032x}", row.second))))
            }
            "deployment_environment" => Arc::new(StringArray::from_iter(rows.iter().map(|row| row.environment))),
            "attributes" => Arc::new(StringArray::from_iter(rows.iter().map(|row| row.attributes.as_deref()))),
            name => match Shredding::key_of(name) {
                Some(key) => Arc::new(StringArray::from_iter(rows.iter().map(|row| value_text(row, key)))),
                None => new_null_array(field.data_type(), rows.len()),
            },
        }
    });
    RecordBatch::try_new(Arc::clone(&schema), columns.collect()).unwrap()
}

/// The JSON text of an attribute's value.
fn value_text(row: &Row, key: &str) -> Option<String> {
    let attributes: Json = serde_json::from_str(row.attributes.as_ref()?).unwrap();
    attributes.get(key).map(Json::to_string)
}

/// The seconds `from..to` after [`START`].
pub(super) fn window(from: i64, to: i64) -> Window {
    let at = |second: i64| Timestamp::from_micros(START + second * 1_000_000);
    Window { start: at(from), end: at(to) }
}

pub(super) fn spec(sql: &str) -> QuerySpec {
    QuerySpec {
        sql: sql.to_owned(),
        when: None,
        recover_when: None,
        severity: Vec::new(),
        window_on: None,
        environments: None,
        timeout: std::time::Duration::from_secs(60),
        keep: Keep::All,
        asks_without_data: false,
    }
}

/// The rows of an evaluation as text; `no data`, or the failure.
pub(super) async fn evaluate(tables: &Telemetry, spec: &QuerySpec, window: Option<Window>) -> String {
    let slot = SlotContext { scheduled_for: Timestamp::from_micros(START + 3_600_000_000), window };
    match tables.evaluate(spec, &slot).await {
        Outcome::NoData => "no data".to_owned(),
        Outcome::Failed(failure) => failure.to_string(),
        Outcome::Rows(seen) => {
            let rows = seen
                .rows
                .iter()
                .map(|row| row.values.iter().map(|value| value.to_json().to_string()).collect::<Vec<_>>().join(" | "));
            let kinds = seen.columns.iter().map(|column| format!("{} {}", column.name, column.kind.as_str()));
            let head = kinds.collect::<Vec<_>>().join(" | ");
            std::iter::once(head).chain(rows).collect::<Vec<_>>().join("\n")
        }
    }
}

/// The rows of an ad hoc query as text.
pub(super) async fn query(tables: &Telemetry, sql: &str) -> String {
    evaluate(tables, &spec(sql), None).await
}

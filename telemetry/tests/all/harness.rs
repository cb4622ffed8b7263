//! A folder of files, the tables over it, and outcomes as text.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;
use watchfire_ingest::table::{Shredding, Table};
use watchfire_ingest::{Arrival, Encoding, Record, Signal, TableRows, batch, decode};
use watchfire_model::{
    DatabaseAddress, Keep, Observation, Outcome, ProjectName, QuerySpec, SlotContext, SourceFormat, SourceKind,
    SourceSpec, Timestamp, Value, Window,
};
use watchfire_storage::{Rows, Storage, StorageOptions};
use watchfire_telemetry::{Limits, Sought, SoughtColumn, SqlProblem, Telemetry};

/// Ten rows, one every minute from 06:00 to 06:09; `v` counts from 0, services take turns.
pub fn minutes() -> String {
    (0..10)
        .map(|v| {
            let service = if v % 2 == 0 { "api" } else { "web" };
            format!("{{\"ts\":\"2026-11-20T06:0{v}:00Z\",\"v\":{v},\"service\":\"{service}\"}}\n")
        })
        .collect()
}

/// Tables over a folder that is gone when the test is.
pub struct World {
    folder: TempDir,
    sources: Vec<SourceSpec>,
    pub storage: Storage,
    pub telemetry: Telemetry,
}

impl World {
    pub fn new() -> Self {
        Self::limited(Limits::default())
    }

    pub fn limited(limits: Limits) -> Self {
        let storage = Storage::in_memory(StorageOptions::default());
        let telemetry = Telemetry::new(limits, &[], storage.clone()).unwrap();
        Self { storage, folder: tempfile::tempdir().unwrap(), sources: Vec::new(), telemetry }
    }

    /// A world with the table `t` over [`minutes`].
    pub fn of_minutes() -> Self {
        let mut world = Self::new();
        world.write("t.ndjson", &minutes());
        world.source("t", "t.ndjson", Some("ts"));
        world
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    pub fn write(&self, file: &str, text: &str) {
        let path = self.path(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn source(&mut self, name: &str, file: &str, time_column: Option<&str>) {
        let path = self.path(file);
        self.source_at(name, &path, time_column);
    }

    pub fn source_at(&mut self, name: &str, path: &Path, time_column: Option<&str>) {
        let format = match path.extension().unwrap_or_default().to_str().unwrap() {
            "csv" => SourceFormat::Csv,
            "parquet" => SourceFormat::Parquet,
            _ => SourceFormat::Ndjson,
        };
        let time_column = time_column.map(str::to_owned);
        let (kind, project) = (SourceKind::Files { format, path: path.to_owned() }, ProjectName::new("default"));
        self.sources.push(SourceSpec { name: name.to_owned(), project, kind, time_column });
        self.telemetry = self.telemetry.with_sources(&self.sources).unwrap();
    }

    /// A table of a database.
    pub fn table(&mut self, name: &str, database: DatabaseAddress, table: &str, time_column: Option<&str>) {
        let (kind, project) = (SourceKind::Table { database, table: table.to_owned() }, ProjectName::new("default"));
        let time_column = time_column.map(str::to_owned);
        self.sources.push(SourceSpec { name: name.to_owned(), project, kind, time_column });
        self.telemetry = self.telemetry.with_sources(&self.sources).unwrap();
    }

    /// Keeps records of the project `default`, one batch for all.
    pub async fn append(&self, records: &[Record]) {
        self.append_to("default", records).await;
    }

    /// Keeps records of a project, one batch for all.
    pub async fn append_to(&self, project: &str, records: &[Record]) {
        let mut records: Vec<&Record> = records.iter().collect();
        records.sort_by_key(|record| record.start_timestamp);
        let rows = Rows { project: ProjectName::new(project), table: Table::Records, batch: batch(&records) };
        self.storage.append(vec![rows]).await.unwrap();
    }

    /// Keeps a request with metrics, of the project `default`.
    pub async fn append_metrics(&self, body: &[u8]) {
        let arrival = Arrival::new(crate::captures::arrived_at(), ProjectName::new("default"));
        let decoded = decode(Signal::Metrics, Encoding::Protobuf, body, &arrival, &Shredding::default()).unwrap();
        for TableRows { table, batch } in decoded.rows {
            let rows = Rows { project: ProjectName::new("default"), table, batch };
            self.storage.append(vec![rows]).await.unwrap();
        }
    }

    pub async fn outcome(&self, spec: &QuerySpec, at: &SlotContext) -> Outcome {
        self.telemetry.evaluate(spec, at).await
    }

    /// The outcome as text, for the window 06:02–06:05 at the slot 06:06.
    pub async fn ask(&self, sql: &str) -> String {
        text(&self.outcome(&spec(sql), &slot(Some(("06:02", "06:05")))).await)
    }

    /// The outcome as text, without a window.
    pub async fn ask_all(&self, sql: &str) -> String {
        text(&self.outcome(&spec(sql), &slot(None)).await)
    }

    /// An ad hoc query as text.
    pub async fn query(&self, sql: &str) -> String {
        match self.telemetry.query(sql, at("06:06"), 10).await {
            Ok(result) => {
                let names: Vec<&str> = result.columns.iter().map(|column| column.name.as_str()).collect();
                let rows: Vec<String> = result.rows.iter().map(|row| cells(row)).collect();
                format!("{}\n{}", names.join(" | "), rows.join("\n"))
            }
            Err(failure) => failure.to_string(),
        }
    }

    pub async fn problems(&self, spec: &QuerySpec, keys: &[&str]) -> String {
        let column = |key: &&str| SoughtColumn { name: (*key).to_owned(), is_summed: false };
        self.problems_of(spec, Sought { columns: keys.iter().map(column).collect(), compares: false }).await
    }

    pub async fn problems_of(&self, spec: &QuerySpec, sought: Sought) -> String {
        let problems = self.telemetry.check(spec, &sought).await;
        problems.iter().map(problem).collect::<Vec<_>>().join("\n")
    }
}

fn problem(problem: &SqlProblem) -> String {
    let severity = if problem.severity_is_error { "error" } else { "warning" };
    let SqlProblem { part, line, column, length, code, message, help, .. } = problem;
    let help = help.as_ref().map(|help| format!(" [{help}]")).unwrap_or_default();
    format!("{part:?} {line}:{column}+{length} {severity} {code}: {message}{help}")
}

/// A rule's question without conditions.
pub fn spec(sql: &str) -> QuerySpec {
    QuerySpec {
        sql: sql.to_owned(),
        when: None,
        recover_when: None,
        severity: Vec::new(),
        window_on: None,
        environments: None,
        timeout: Duration::from_secs(20),
        keep: Keep::All,
        asks_without_data: false,
    }
}

/// An instant of 2026-11-20.
pub fn at(time: &str) -> Timestamp {
    Timestamp::parse(&format!("2026-11-20T{time}:00Z")).unwrap()
}

/// The slot 06:06 with a window.
pub fn slot(window: Option<(&str, &str)>) -> SlotContext {
    let window = window.map(|(start, end)| Window { start: at(start), end: at(end) });
    SlotContext { scheduled_for: at("06:06"), window }
}

/// Types, rows and failures as lines.
pub fn text(outcome: &Outcome) -> String {
    match outcome {
        Outcome::NoData => "NoData".to_owned(),
        Outcome::Failed(failure) => failure.to_string(),
        Outcome::Rows(seen) => {
            let columns: Vec<String> =
                seen.columns.iter().map(|column| format!("{} {}", column.name, column.kind.as_str())).collect();
            let rows: Vec<String> = seen.rows.iter().map(|row| cells(&row.values)).collect();
            format!("{}\n{}", columns.join(" | "), rows.join("\n"))
        }
    }
}

pub fn cells(row: &[Value]) -> String {
    row.iter().map(|value| value.to_json().to_string()).collect::<Vec<_>>().join(" | ")
}

pub fn rows(outcome: Outcome) -> Observation {
    match outcome {
        Outcome::Rows(seen) => seen,
        other => panic!("rows were expected: {other:?}"),
    }
}

//! A table of a database as a source: its columns, kept for a while, and its rows, never kept.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use futures::StreamExt;
use tokio::sync::Mutex;
use watchfire_model::{Failure, FailureCode};
use watchfire_sources::{Database, Error, Table};

use super::exec::{RemoteError, RemoteExec, Statement};
use super::expression::Scope;
use super::select::Select;
use crate::nearest::nearest;
use crate::source::{Rows, Snapshot};
use crate::window::inside;
use watchfire_model::Window;

/// How long the columns of a table are taken as known; they are read again sooner when a query does not plan.
const COLUMNS_KEPT: Duration = Duration::from_secs(300);

/// Columns that were read this recently are not read again for a query that does not plan.
const COLUMNS_FRESH: Duration = Duration::from_secs(1);

/// A source that is a table of a database.
#[derive(Debug)]
pub(crate) struct DatabaseSource {
    name: String,
    database: Database,
    table: String,
    time_column: Option<String>,
    rows_max: u64,
    known: Mutex<Option<Known>>,
}

#[derive(Debug)]
struct Known {
    read_at: Instant,
    snapshot: Arc<Snapshot>,
    outdated: Arc<AtomicBool>,
}

/// The table as one query sees it. The rows are those that are there when it is read.
#[derive(Debug)]
pub(crate) struct RemoteTable {
    /// The source's name.
    pub name: String,
    pub database: Database,
    pub table: Table,
    pub rows_max: u64,
    /// Set once a statement failed because the columns have changed.
    pub outdated: Arc<AtomicBool>,
}

impl DatabaseSource {
    pub(crate) fn new(name: &str, database: Database, table: &str, time_column: Option<&str>, rows_max: u64) -> Self {
        Self {
            name: name.to_owned(),
            database,
            table: table.to_owned(),
            time_column: time_column.map(str::to_owned),
            rows_max,
            known: Mutex::default(),
        }
    }

    /// The table with the columns that are known, or, when there are none or they are old, that it has now.
    pub(crate) async fn snapshot(&self) -> std::result::Result<Arc<Snapshot>, RemoteError> {
        // Held while asking: queries of the same slot must not all ask for the same columns.
        let mut known = self.known.lock().await;
        if let Some(known) = known.as_ref()
            && known.read_at.elapsed() < COLUMNS_KEPT
            && !known.outdated.load(Ordering::Relaxed)
        {
            return Ok(Arc::clone(&known.snapshot));
        }
        let table = self.database.table(&self.table, self.time_column.as_deref()).await;
        let table = table.and_then(|table| self.with_time_column(table)).map_err(|error| self.failed(error))?;
        let outdated = Arc::new(AtomicBool::new(false));
        let schema = Arc::clone(&table.schema);
        let remote = RemoteTable {
            name: self.name.clone(),
            database: self.database.clone(),
            table,
            rows_max: self.rows_max,
            outdated: Arc::clone(&outdated),
        };
        let snapshot = Arc::new(Snapshot {
            schema,
            time_column: self.time_column.clone(),
            rows: Rows::Database(Arc::new(remote)),
            hides_pending: false,
        });
        *known = Some(Known { read_at: Instant::now(), snapshot: Arc::clone(&snapshot), outdated });
        Ok(snapshot)
    }

    /// Lets the columns be read again, unless they just were; whether it does.
    pub(crate) async fn look_again(&self) -> bool {
        let known = self.known.lock().await;
        let old = known.as_ref().filter(|known| known.read_at.elapsed() >= COLUMNS_FRESH);
        if let Some(old) = old {
            old.outdated.store(true, Ordering::Relaxed);
        }
        old.is_some()
    }

    fn with_time_column(&self, table: Table) -> std::result::Result<Table, Error> {
        let Some(name) = &self.time_column else { return Ok(table) };
        if table.schema.field_with_name(name).is_ok() {
            return Ok(table);
        }
        let names = table.columns.iter().map(|column| column.name.as_str());
        let hint = nearest(name, names).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        Err(Error::TimeColumn { column: name.clone(), reason: format!("is no column of `{}`{hint}", self.table) })
    }

    fn failed(&self, error: Error) -> RemoteError {
        RemoteError { sources: vec![self.name.clone()], error }
    }
}

impl RemoteTable {
    /// A statement that reads all rows and columns.
    pub(super) fn select(&self, alias: &str) -> Select {
        Select::table(self, alias)
    }

    /// Whether there is a row in the window (`None`: a row at all).
    ///
    /// One that cannot be asked with the window in words of the database is said to have rows.
    pub(crate) async fn has_row(&self, window: Option<(Window, &str)>, context: &Arc<TaskContext>) -> Result<bool> {
        let mut select = self.select("t0");
        if let Some((window, column)) = window {
            let condition = inside(window, column, &self.table.schema);
            let scope = Scope::of_table(self, &select)?;
            match scope.condition(&condition) {
                Some(condition) => select.conditions.push(condition),
                None => return Ok(true),
            }
        }
        select.limit = Some(1);
        let mut rows = Arc::new(self.exec(&select.nothing(), Arc::new(arrow::datatypes::Schema::empty())))
            .execute(0, Arc::clone(context))?;
        while let Some(batch) = rows.next().await {
            if batch?.num_rows() > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The plan that reads these columns of all rows.
    pub(crate) fn scan(&self, schema: &SchemaRef) -> Result<RemoteExec> {
        let indices = schema.fields().iter().map(|field| self.table.schema.index_of(field.name()));
        let indices: Vec<usize> = indices.collect::<std::result::Result<_, _>>()?;
        let mut select = self.select("t0");
        select.project(&indices);
        let sql = select.selected(schema).ok_or_else(|| super::exec::unreadable(schema))?;
        Ok(self.exec(&sql, Arc::clone(schema)))
    }

    fn exec(&self, sql: &str, schema: SchemaRef) -> RemoteExec {
        RemoteExec::new(
            Statement {
                sources: vec![self.name.clone()],
                database: self.database.clone(),
                sql: sql.to_owned(),
                rows_max: self.rows_max,
                outdated: vec![Arc::clone(&self.outdated)],
            },
            schema,
        )
    }
}

impl RemoteError {
    /// As a failure of the query.
    pub(crate) fn failure(&self) -> Failure {
        Failure::new(self.code(), self.to_string())
    }

    /// What kind of failure it is. Only what may be over soon is one of the source, and asked again.
    pub(crate) const fn code(&self) -> FailureCode {
        match &self.error {
            Error::Unreachable { .. }
            | Error::Refused { .. }
            | Error::Address
            | Error::NoTable { .. }
            | Error::TimeColumn { .. } => FailureCode::Source,
            Error::Statement { .. } | Error::Value(_) => FailureCode::Execution,
            Error::TooLong { .. } => FailureCode::Timeout,
            Error::Internal { .. } => FailureCode::Internal,
        }
    }
}

impl std::fmt::Display for RemoteError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut names = String::new();
        for (index, name) in self.sources.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(names, "{comma}`{name}`")?;
        }
        let word = if self.sources.len() == 1 { "source" } else { "sources" };
        write!(f, "{word} {names}: {}", self.error)
    }
}

//! The engine's own state as tables: `watchfire.rules`, `watchfire.runs`, `watchfire.instances`, `watchfire.deliveries`.
//!
//! Their rows come through [`StateTables`], which whoever has the store implements. Without one they are empty, so
//! that SQL over them can be checked anywhere.

use std::fmt;
use std::sync::{Arc, LazyLock};

use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use async_trait::async_trait;
use watchfire_ingest::table::json_metadata;
use watchfire_model::{ColumnType, Failure, FailureCode, ProjectName, Value, Window};

use crate::limits::Limits;
use crate::result_file::cells::Form;
use crate::source::{Batch, Rows, Snapshot};

/// The schema that holds them.
pub(crate) const SCHEMA: &str = "watchfire";

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StateTable {
    /// One row for each message and channel.
    Deliveries,
    /// One row for each instance of a rule.
    Instances,
    /// One row for each rule.
    Rules,
    /// One row for each run, or for a range of uneventful or skipped ones.
    Runs,
}

impl StateTable {
    /// All of them, by name.
    pub const ALL: [Self; 4] = [Self::Deliveries, Self::Instances, Self::Rules, Self::Runs];

    /// Its name inside the schema `watchfire`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deliveries => "deliveries",
            Self::Instances => "instances",
            Self::Rules => "rules",
            Self::Runs => "runs",
        }
    }

    /// Its columns: a row of [`StateTables::rows`] has a cell for each, of its type or NULL.
    pub const fn columns(self) -> &'static [(&'static str, ColumnType)] {
        use ColumnType::{Bool, Int, Json, String, Timestamp};
        match self {
            Self::Deliveries => &[
                ("id", String),
                ("channel", String),
                ("rule", String),
                ("type", String),
                ("state", String),
                ("attempts", Int),
                ("next_at", Timestamp),
                ("last_error", String),
                ("created_at", Timestamp),
                ("done_at", Timestamp),
            ],
            Self::Instances => &[
                ("rule", String),
                ("instance", Json),
                ("condition", String),
                ("severity", String),
                ("episode", Int),
                ("breached_since", Timestamp),
                ("firing_since", Timestamp),
                ("clear_since", Timestamp),
                ("resolved_at", Timestamp),
                ("absent_since", Timestamp),
                ("last_seen_at", Timestamp),
            ],
            Self::Rules => &[
                ("rule", String),
                ("enabled", Bool),
                ("condition", String),
                ("severity", String),
                ("health", String),
                ("health_since", Timestamp),
                ("health_runs", Int),
                ("error", String),
                ("overflow_since", Timestamp),
                ("firing", Int),
                ("pending", Int),
                ("resolved", Int),
                ("instances", Int),
                ("next_at", Timestamp),
                ("decided_through", Timestamp),
            ],
            Self::Runs => &[
                ("rule", String),
                ("scheduled_for", Timestamp),
                ("window_start", Timestamp),
                ("window_end", Timestamp),
                ("status", String),
                ("outcome", String),
                ("row_count", Int),
                ("notified", Int),
                ("error", String),
                ("started_at", Timestamp),
                ("finished_at", Timestamp),
                ("first", Timestamp),
                ("last", Timestamp),
                ("count", Int),
                ("reason", String),
            ],
        }
    }

    /// The column that windows cut; `None` for a table that says how things stand now.
    pub const fn time_column(self) -> Option<&'static str> {
        match self {
            Self::Deliveries => Some("created_at"),
            Self::Runs => Some("scheduled_for"),
            Self::Instances | Self::Rules => None,
        }
    }

    /// Its name in a plan: `watchfire.runs`.
    pub(crate) fn full_name(self) -> String {
        format!("{SCHEMA}.{}", self.as_str())
    }

    /// The table of a name in a plan.
    pub(crate) fn of_full_name(name: &str) -> Option<Self> {
        let short = name.strip_prefix(SCHEMA)?.strip_prefix('.')?;
        Self::ALL.into_iter().find(|table| table.as_str() == short)
    }

    pub(crate) fn schema(self) -> SchemaRef {
        static SCHEMAS: LazyLock<[SchemaRef; 4]> = LazyLock::new(|| StateTable::ALL.map(schema_of));
        let place = Self::ALL.iter().position(|table| *table == self).expect("all tables are listed");
        Arc::clone(&SCHEMAS[place])
    }
}

/// Whoever knows the state of the rules.
#[async_trait]
pub trait StateTables: Send + Sync + 'static {
    /// The rows of a table that belong to a project, the newest first, at most `most` and one.
    ///
    /// Of a table with [`StateTable::time_column`] only those whose time lies inside `window` (`None`: all) are
    /// needed; others do no harm. Fails with a sentence for people when the state cannot be read now.
    async fn rows(
        &self,
        table: StateTable,
        project: &ProjectName,
        window: Option<Window>,
        most: usize,
    ) -> Result<Vec<Vec<Value>>, Failure>;
}

/// Where the rows come from; nobody at first.
#[derive(Clone, Default)]
pub(crate) struct StatePort(pub Option<Arc<dyn StateTables>>);

impl fmt::Debug for StatePort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StatePort").field(&self.0.is_some()).finish()
    }
}

impl StatePort {
    /// The table as it is now. More rows than `most` are an error: a part of them would be counted as all.
    pub(crate) async fn snapshot(
        &self,
        table: StateTable,
        project: &ProjectName,
        window: Option<Window>,
        limits: &Limits,
    ) -> Result<Snapshot, Failure> {
        let most = limits.state_rows;
        let rows = match &self.0 {
            Some(state) => state.rows(table, project, window, most).await?,
            None => Vec::new(),
        };
        let name = table.full_name();
        let help = match table.time_column() {
            Some(_) => "; narrow the window",
            None => "",
        };
        if rows.len() > most {
            let message = format!("`{name}` has more rows than the limit of {most} that one query may read{help}");
            return Err(Failure::new(FailureCode::TooManyRows, message));
        }
        let rows = batch(table, &rows);
        let (bytes, limit) = (rows.get_array_memory_size(), limits.state_bytes);
        if bytes > limit {
            let message =
                format!("`{name}` has {bytes} bytes, more than the limit of {limit} that one query may read{help}");
            return Err(Failure::new(FailureCode::Memory, message));
        }
        let batch = Batch::new(rows, table.time_column());
        Ok(Snapshot {
            schema: table.schema(),
            time_column: table.time_column().map(str::to_owned),
            rows: Rows::Memory(Arc::new(vec![batch])),
            hides_pending: false,
        })
    }
}

fn schema_of(table: StateTable) -> SchemaRef {
    let fields = table.columns().iter().map(|(name, kind)| {
        let field = Field::new(*name, form(*kind).data_type(), true);
        if *kind == ColumnType::Json { field.with_metadata(json_metadata()) } else { field }
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

fn form(kind: ColumnType) -> Form {
    match kind {
        ColumnType::Bool => Form::Bool,
        ColumnType::Int => Form::Int,
        ColumnType::Float => Form::Float,
        ColumnType::Timestamp => Form::Instant,
        ColumnType::Duration => Form::Span,
        ColumnType::Json => Form::Json,
        ColumnType::Binary => Form::Bytes,
        ColumnType::String | ColumnType::List => Form::Text,
    }
}

fn batch(table: StateTable, rows: &[Vec<Value>]) -> RecordBatch {
    let columns = table.columns().iter().enumerate().map(|(place, (_, kind))| {
        let cells: Vec<&Value> = rows.iter().map(|row| row.get(place).unwrap_or(&Value::Null)).collect();
        form(*kind).array(&cells)
    });
    RecordBatch::try_new(table.schema(), columns.collect())
        .expect("every column has the type and length of the table's")
}

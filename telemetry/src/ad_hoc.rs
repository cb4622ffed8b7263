//! A query that somebody types: no window, no conditions.

use watchfire_model::{Column, Failure, Keep, Timestamp, Value};

use crate::Telemetry;
use crate::engine::{Asked, Engine};
use crate::parse::Question;
use crate::runtime::Asker;
use crate::verdict::observe;

/// The result of an ad hoc query.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryResult {
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its first rows, one cell per column.
    pub rows: Vec<Vec<Value>>,
    /// How many rows it has.
    pub row_count: u64,
    /// Whether `rows` are not all of them.
    pub truncated: bool,
}

impl Telemetry {
    /// Runs a query over all time, with `now` as `now()`, and keeps its first `max_rows_kept` rows.
    ///
    /// `EXPLAIN` is allowed. Fails as an evaluation does, at the latest after `limits.query_timeout`.
    pub async fn query(&self, sql: &str, now: Timestamp, max_rows_kept: usize) -> Result<QueryResult, Failure> {
        let engine = self.engine.clone();
        let timeout = engine.limits.query_timeout;
        let question = Question::bare(sql);
        self.runtime
            .run(Asker::Person, timeout, async move { Box::pin(run(&engine, &question, now, max_rows_kept)).await })
            .await
    }
}

async fn run(engine: &Engine, question: &Question, now: Timestamp, most: usize) -> Result<QueryResult, Failure> {
    let asked = Asked::over_all_time(Asker::Person, now);
    let ready = engine.prepare(question, asked).await.map_err(crate::engine::Refusal::into_failure)?;
    let seen = observe(ready.start()?, ready.layout(), Keep::Shown(most), &engine.limits).await;
    let seen = seen.map_err(|failure| ready.explained(failure))?;
    let truncated = seen.row_count > seen.rows.len() as u64;
    let rows = seen.rows.into_iter().map(|row| row.values).collect();
    Ok(QueryResult { columns: seen.columns, rows, row_count: seen.row_count, truncated })
}

//! From a request to an answer.

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::SchemaRef;
use futures::StreamExt;
use watchfire_model::{Column, Failure, FailureCode, Value};

use super::error::QueryError;
use super::explain::Plans;
use super::plain::PlainColumns;
use super::request::QueryRequest;
use super::turn::Turn;
use crate::Telemetry;
use crate::engine::{Asked, Engine};
use crate::failure;
use crate::limits::QUERY_ROWS_MAX;
use crate::parse::Question;
use crate::runtime::{Asker, Limit};
use crate::value::{Cells, column_of};

/// The rows of a query, whole.
#[derive(Debug)]
pub struct Answer {
    pub(super) schema: SchemaRef,
    pub(super) batches: Vec<RecordBatch>,
    pub(super) plans: Option<Plans>,
    rows: usize,
    is_cut: bool,
    /// What it takes is counted as long as it is there.
    _turn: Turn,
}

impl Telemetry {
    /// Asks what a client wants to know; see [`QueryRequest`].
    ///
    /// Waits for one of `limits.ad_hoc_concurrency` turns and runs, for at most `limits.query_timeout` altogether.
    pub async fn answer(&self, request: QueryRequest) -> Result<Answer, QueryError> {
        let limit = Limit::of(self.engine.limits.query_timeout);
        let turn = self.turns.take(limit).await?;
        let engine = self.engine.clone();
        let work = async move { Ok(Box::pin(run(&engine, request)).await) };
        let found = self.runtime.run_permitted(turn.permit(), limit, work).await.map_err(QueryError::Failed)??;
        let Found { schema, batches, plans, rows, is_cut } = found;
        Ok(Answer { schema, batches, plans, rows, is_cut, _turn: turn })
    }
}

/// What was found.
struct Found {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    plans: Option<Plans>,
    rows: usize,
    is_cut: bool,
}

async fn run(engine: &Engine, request: QueryRequest) -> Result<Found, QueryError> {
    let limit = request.limit.min(QUERY_ROWS_MAX);
    // One row more tells whether there are more.
    let question = Question { limit: Some(limit + 1), zone: request.zone, ..Question::bare(&request.sql) };
    let asked = Asked {
        asker: Asker::Person,
        at: request.now,
        window: request.window(),
        window_on: None,
        environments: request.environments.clone(),
    };
    let ready = engine.prepare(&question, asked).await;
    let ready = ready.map_err(|refusal| QueryError::refused(refusal, &question))?;
    let failed = |failure: Failure| QueryError::Failed(ready.explained(failure));
    let columns = PlainColumns::new(&ready.physical_plan().schema(), request.zone);
    let mut stream = ready.start().map_err(failed)?;
    let (mut batches, mut rows, mut bytes, mut is_cut) = (Vec::new(), 0, 0, false);
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(|error| failed(failure::of(&error)))?;
        let wanted = batch.num_rows().min(limit - rows);
        is_cut |= wanted < batch.num_rows();
        let batch = columns.batch(&batch.slice(0, wanted)).map_err(|error| failed(unknown_cast(&error)))?;
        bytes += size_of(&batch);
        within_limit(bytes, engine.limits.result_bytes).map_err(QueryError::Failed)?;
        rows += wanted;
        batches.push(batch);
        if is_cut {
            break;
        }
    }
    drop(stream);
    let plans = request.explain.then(|| Plans::of(&ready));
    Ok(Found { schema: columns.schema, batches, plans, rows, is_cut })
}

fn within_limit(bytes: usize, limit: usize) -> Result<(), Failure> {
    if bytes <= limit {
        return Ok(());
    }
    let message = format!(
        "the rows of the answer take {bytes} bytes or more, above the limit of {limit}; select fewer columns or rows"
    );
    Err(Failure::new(FailureCode::Memory, message))
}

fn unknown_cast(error: &arrow::error::ArrowError) -> Failure {
    Failure::new(FailureCode::Execution, format!("a column cannot be shown: {error}; cast it to text"))
}

/// What the rows themselves take, not the larger ones that they may be a slice of.
fn size_of(batch: &RecordBatch) -> usize {
    let size = |column: &arrow::array::ArrayRef| {
        column.to_data().get_slice_memory_size().unwrap_or_else(|_| column.get_array_memory_size())
    };
    batch.columns().iter().map(size).sum()
}

impl Answer {
    /// How many rows it has.
    pub const fn row_count(&self) -> usize {
        self.rows
    }

    /// Whether the query has more rows than were asked for.
    pub const fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// How the query was run, where that was asked for.
    pub const fn plans(&self) -> Option<&Plans> {
        self.plans.as_ref()
    }

    /// Its columns.
    pub fn columns(&self) -> Vec<Column> {
        self.schema.fields().iter().map(|field| column_of(field)).collect()
    }

    /// Its rows, one cell per column.
    ///
    /// # Errors
    /// A column of a type that cannot be shown.
    pub fn rows(&self) -> Result<Vec<Vec<Value>>, Failure> {
        let mut rows = Vec::with_capacity(self.rows);
        for batch in &self.batches {
            let columns = self.schema.fields().iter().zip(batch.columns());
            let cells = columns.map(|(field, column)| Cells::new(field, column)).collect::<Result<Vec<_>, _>>();
            let cells = cells.map_err(|error| unknown_cast(&error))?;
            rows.extend((0..batch.num_rows()).map(|row| cells.iter().map(|cells| cells.value(row)).collect()));
        }
        Ok(rows)
    }
}

//! Runs one statement in a database and hands on its rows.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, internal_datafusion_err, resources_datafusion_err};
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties};
use futures::{StreamExt, TryStreamExt};
use watchfire_sources::{Database, Error};

/// What went wrong with which sources.
#[derive(Debug)]
pub(crate) struct RemoteError {
    /// Their names.
    pub sources: Vec<String>,
    pub error: Error,
}

impl std::error::Error for RemoteError {}

/// A statement and what it is for.
#[derive(Debug, Clone)]
pub(crate) struct Statement {
    /// The sources that it reads.
    pub sources: Vec<String>,
    pub database: Database,
    pub sql: String,
    /// Most rows of the answer.
    pub rows_max: u64,
    /// What to set when the columns are not what they were.
    pub outdated: Vec<Arc<AtomicBool>>,
}

impl Statement {
    fn failed(&self, error: Error) -> DataFusionError {
        if matches!(&error, Error::Statement { is_outdated: true, .. } | Error::Refused { .. }) {
            self.outdated.iter().for_each(|flag| flag.store(true, Ordering::Relaxed));
        }
        DataFusionError::External(Box::new(RemoteError { sources: self.sources.clone(), error }))
    }

    fn too_many(&self) -> DataFusionError {
        let limit = self.rows_max;
        resources_datafusion_err!(
            "`{}` gives more than {limit} rows to one query, its limit (`database_rows`); filter or aggregate by what the database knows",
            self.sources.join("`, `")
        )
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct RemoteExec {
    statement: Statement,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
}

impl RemoteExec {
    pub(crate) fn new(statement: Statement, schema: SchemaRef) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self { statement, schema, properties: Arc::new(properties) }
    }
}

impl DisplayAs for RemoteExec {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Statement { sources, sql, .. } = &self.statement;
        write!(f, "RemoteExec: sources=[{}], sql={sql}", sources.join(", "))
    }
}

impl ExecutionPlan for RemoteExec {
    fn name(&self) -> &str {
        "RemoteExec"
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn with_new_children(self: Arc<Self>, _children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn apply_expressions(
        &self,
        _visit: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn execute(&self, _partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let statement = self.statement.clone();
        let rows = statement.database.rows(statement.sql.clone(), Arc::clone(&self.schema));
        // What is on its way counts against the memory of all queries.
        let consumer = MemoryConsumer::new(format!("rows of `{}`", statement.sources.join("`, `")));
        let held = consumer.register(context.memory_pool());
        let mut count = 0_u64;
        let batches = rows.map(move |batch| {
            let batch = batch.map_err(|error| statement.failed(error))?;
            count += batch.num_rows() as u64;
            if count > statement.rows_max {
                return Err(statement.too_many());
            }
            held.free();
            held.try_grow(batch.get_array_memory_size())?;
            Ok(batch)
        });
        // After an error nothing more is asked.
        let batches = batches.into_stream().scan(false, |failed, batch| {
            let stop = std::mem::replace(failed, batch.is_err());
            futures::future::ready((!stop).then_some(batch))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), batches)))
    }
}

/// A plan that asks for columns in a type that no database gives; planning sees to it that there is none.
pub(super) fn unreadable(schema: &SchemaRef) -> DataFusionError {
    internal_datafusion_err!("no database gives {schema}")
}

/// The error of a database inside an error of the engine.
pub(crate) fn remote_error(error: &DataFusionError) -> Option<&RemoteError> {
    match error {
        DataFusionError::External(error) => {
            let error: &(dyn std::error::Error + 'static) = error.as_ref();
            error.downcast_ref::<RemoteError>()
        }
        _ => None,
    }
}

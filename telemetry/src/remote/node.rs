//! A statement as a leaf of a logical plan, and the planner that turns it into its execution.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::{DFSchemaRef, Result, internal_err};
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, Extension, LogicalPlan, UserDefinedLogicalNode, UserDefinedLogicalNodeCore};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};

use super::exec::{RemoteExec, Statement};

/// The rows of a statement.
#[derive(Debug)]
pub(super) struct Remote {
    pub statement: Statement,
    pub schema: DFSchemaRef,
}

impl Remote {
    pub(super) fn plan(statement: Statement, schema: DFSchemaRef) -> LogicalPlan {
        LogicalPlan::Extension(Extension { node: Arc::new(Self { statement, schema }) })
    }

    /// What makes two of them the same.
    fn key(&self) -> (&str, &[String], String) {
        (&self.statement.sql, &self.statement.sources, self.statement.database.to_string())
    }
}

impl PartialEq for Remote {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key() && self.schema == other.schema
    }
}

impl Eq for Remote {}

impl PartialOrd for Remote {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.key().partial_cmp(&other.key())
    }
}

impl Hash for Remote {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl UserDefinedLogicalNodeCore for Remote {
    fn name(&self) -> &str {
        "Remote"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        Vec::new()
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Remote: sources=[{}], sql={}", self.statement.sources.join(", "), self.statement.sql)
    }

    fn with_exprs_and_inputs(&self, expressions: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        if !expressions.is_empty() || !inputs.is_empty() {
            return internal_err!("a statement is a leaf");
        }
        Ok(Self { statement: self.statement.clone(), schema: Arc::clone(&self.schema) })
    }
}

/// The engine's planner, which also knows statements.
#[derive(Debug)]
pub(crate) struct RemotePlanner;

#[async_trait]
impl QueryPlanner for RemotePlanner {
    async fn create_physical_plan(&self, plan: &LogicalPlan, session: &dyn Session) -> Result<Arc<dyn ExecutionPlan>> {
        let planner = DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(StatementPlanner)]);
        planner.create_physical_plan(plan, session).await
    }
}

struct StatementPlanner;

#[async_trait]
impl ExtensionPlanner for StatementPlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        _physical_inputs: &[Arc<dyn ExecutionPlan>],
        _session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some(remote) = node.as_any().downcast_ref::<Remote>() else { return Ok(None) };
        let schema = Arc::new(remote.schema.as_arrow().clone());
        Ok(Some(Arc::new(RemoteExec::new(remote.statement.clone(), schema))))
    }
}

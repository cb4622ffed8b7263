//! A table in a plan: a name and columns. The rows come from the query's own snapshot.
//!
//! So a plan can be cached without holding the rows of the query that made it.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;

use super::scan;
use crate::context::QueryContext;

/// See the module.
#[derive(Debug)]
pub(crate) struct Table {
    pub name: String,
    pub schema: SchemaRef,
}

#[async_trait]
impl TableProvider for Table {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let facts = QueryContext::of(state.config_options())?;
        let snapshot = facts.tables.get(&self.name);
        let snapshot = snapshot.ok_or_else(|| internal_datafusion_err!("no rows were taken of `{}`", self.name))?;
        let window = if facts.cut_scans { facts.window } else { None };
        scan::plan(snapshot, state, projection, window, facts.window_on.as_deref())
    }
}

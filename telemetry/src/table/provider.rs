//! A table in a plan: a name and columns. The rows come from the query's own snapshot.
//!
//! So a plan can be cached without holding the rows of the query that made it.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Result, internal_datafusion_err};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use watchfire_ingest::table::Shredding;

use super::scan;
use crate::context::QueryContext;

/// See the module.
#[derive(Debug)]
pub(crate) struct Table {
    pub name: String,
    /// The columns that people see; in a plan that uses them, the columns of shredded attributes behind them.
    pub schema: SchemaRef,
    /// The attributes that can be read from a column of their own.
    pub shredding: Option<Shredding>,
}

impl Table {
    /// The same table with the column of this attribute, and the column's name.
    pub(crate) fn with_attribute(&self, key: &str) -> (Self, String) {
        let column = Shredding::column_of(key);
        let mut schema = Arc::clone(&self.schema);
        if schema.column_with_name(&column).is_none() {
            let hidden = Arc::new(Field::new(&column, DataType::Utf8, true));
            let fields: Vec<_> = schema.fields().iter().cloned().chain([hidden]).collect();
            schema = Arc::new(Schema::new(fields));
        }
        (Self { name: self.name.clone(), schema, shredding: self.shredding.clone() }, column)
    }
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
        let schema = match projection {
            Some(columns) => Arc::new(self.schema.project(columns)?),
            None => Arc::clone(&self.schema),
        };
        scan::plan(snapshot, state, &schema, &facts.cut())
    }
}

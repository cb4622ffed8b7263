//! Reading a snapshot: only the rows of the cut, only the columns that are asked for.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{FieldRef, Schema, SchemaRef};
use datafusion::catalog::Session;
use datafusion::common::{DFSchema, Result, plan_datafusion_err};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::filter::FilterExecBuilder;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::union::UnionExec;
use watchfire_ingest::table::Shredding;
use watchfire_model::Window;

use super::computed::{self, Computed};
use super::cut::{Condition, Cut};
use super::kept::KeptRows;
use super::{parquet, provider, stored_schema};
use crate::source::{Batch, Rows, Snapshot};

/// The plan that reads the columns `asked` of the rows inside `cut`.
pub(crate) fn plan(
    snapshot: &Snapshot,
    state: &dyn Session,
    asked: &SchemaRef,
    cut: &Cut<'_>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let mut parts = parts(snapshot, state, asked, cut)?;
    match parts.len() {
        0 => Ok(Arc::new(EmptyExec::new(Arc::clone(asked)))),
        1 => Ok(parts.swap_remove(0)),
        _ => UnionExec::try_new(parts),
    }
}

/// The plans that read the table together, those first that cost least.
pub(crate) fn parts(
    snapshot: &Snapshot,
    state: &dyn Session,
    asked: &SchemaRef,
    cut: &Cut<'_>,
) -> Result<Vec<Arc<dyn ExecutionPlan>>> {
    match &snapshot.rows {
        Rows::Memory(batches) => {
            let by_time =
                cut.window.filter(|_| time_column(snapshot, cut.window_on) == snapshot.time_column.as_deref());
            // What slices have cut already is not looked at row by row.
            let is_exact = by_time.is_some() && batches.iter().all(|batch| batch.is_sorted);
            let condition = condition(snapshot, cut, is_exact);
            let read = |needed: &SchemaRef| memory(snapshot, batches, needed, by_time);
            Ok(vec![part(state, &snapshot.schema, asked, condition, read)?])
        }
        Rows::Parquet(files) => {
            let condition = condition(snapshot, cut, false);
            let read = |needed: &SchemaRef| parquet::source_files(needed, files);
            Ok(vec![part(state, &snapshot.schema, asked, condition, read)?])
        }
        Rows::Database(table) => {
            let indices = asked.fields().iter().map(|field| snapshot.schema.index_of(field.name()));
            let indices: Vec<usize> = indices.collect::<std::result::Result<_, _>>()?;
            Ok(vec![Arc::new(table.scan(&indices)?)])
        }
        Rows::Kept(kept) => kept_parts(snapshot, kept, state, asked, cut),
    }
}

/// Memory first, files behind; of both first those that have every column, then those for which some are computed.
fn kept_parts(
    snapshot: &Snapshot,
    kept: &KeptRows,
    state: &dyn Session,
    asked: &SchemaRef,
    cut: &Cut<'_>,
) -> Result<Vec<Arc<dyn ExecutionPlan>>> {
    let attributes: Vec<&str> = asked.fields().iter().filter_map(|field| Shredding::key_of(field.name())).collect();
    let at_hand = [with_attributes(stored_schema(kept.table), &attributes), stored_schema(kept.table)];
    let mut parts = Vec::new();
    let hot = kept.hot(&attributes, cut.window, cut.window_on, snapshot.hides_pending);
    for (rows, at_hand) in hot.iter().zip(&at_hand).filter(|(rows, _)| !rows.is_empty()) {
        let mut condition = Condition::default();
        add_window(&mut condition, snapshot, cut, rows.is_exact);
        add_environments(&mut condition, snapshot, cut);
        let read = |needed: &SchemaRef| {
            let batches = rows.project(needed)?;
            let plan = MemorySourceConfig::try_new_exec(&[batches], Arc::clone(needed), None)?;
            Ok(plan as Arc<dyn ExecutionPlan>)
        };
        parts.push(part(state, at_hand, asked, condition, read)?);
    }
    let files = kept.files(&attributes, cut.window, cut.window_on);
    for (files, at_hand) in files.iter().zip(&at_hand).filter(|(files, _)| !files.is_empty()) {
        let condition = condition(snapshot, cut, false);
        let read = |needed: &SchemaRef| parquet::kept_files(needed, kept.table, files, state);
        parts.push(part(state, at_hand, asked, condition, read)?);
    }
    Ok(parts)
}

/// Reads `asked` out of rows that have the columns `at_hand`: what else the condition or a computed column looks at
/// is read too, and dropped above.
fn part(
    state: &dyn Session,
    at_hand: &SchemaRef,
    asked: &SchemaRef,
    condition: Condition,
    read: impl FnOnce(&SchemaRef) -> Result<Arc<dyn ExecutionPlan>>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let mut needed: Vec<FieldRef> = Vec::with_capacity(asked.fields().len());
    let mut made: Vec<Option<Computed>> = Vec::with_capacity(asked.fields().len());
    for field in asked.fields() {
        let computed = match at_hand.column_with_name(field.name()) {
            Some(_) => None,
            None => computed::column(field.name(), at_hand),
        };
        let inputs = computed.as_ref().map_or_else(|| vec![field.name().clone()], |column| column.inputs.clone());
        inputs.iter().try_for_each(|name| need(&mut needed, at_hand, name))?;
        made.push(computed);
    }
    let wanted = needed.len();
    condition.columns.iter().try_for_each(|name| need(&mut needed, at_hand, name))?;
    let needed = Arc::new(Schema::new(needed));
    let mut plan = read(&needed)?;
    if let Some(expr) = condition.expr {
        let expr = state.create_physical_expr(expr, &DFSchema::try_from(needed.as_ref().clone())?)?;
        plan = Arc::new(FilterExecBuilder::new(expr, plan).apply_projection(Some((0..wanted).collect()))?.build()?);
    }
    if made.iter().all(Option::is_none) {
        return Ok(plan);
    }
    let schema = plan.schema();
    let below = DFSchema::try_from(schema.as_ref().clone())?;
    let columns = asked.fields().iter().zip(made).map(|(field, computed)| {
        let expr: Arc<dyn PhysicalExpr> = match computed {
            Some(computed) => state.create_physical_expr(computed.expr, &below)?,
            None => Arc::new(Column::new_with_schema(field.name(), &schema)?),
        };
        Ok((expr, field.name().clone()))
    });
    let columns: Vec<_> = columns.collect::<Result<_>>()?;
    Ok(Arc::new(ProjectionExec::try_new(columns, plan)?))
}

/// Adds a column to those that are read.
fn need(needed: &mut Vec<FieldRef>, at_hand: &Schema, name: &str) -> Result<()> {
    if needed.iter().any(|field| field.name() == name) {
        return Ok(());
    }
    let (_, field) =
        at_hand.fields().find(name).ok_or_else(|| plan_datafusion_err!("the table has no column `{name}`"))?;
    needed.push(Arc::clone(field));
    Ok(())
}

fn with_attributes(stored: SchemaRef, attributes: &[&str]) -> SchemaRef {
    let mut table = provider::Table { name: String::new(), schema: stored, shredding: None };
    for key in attributes {
        table = table.with_attribute(key).0;
    }
    table.schema
}

/// All that a row of this table must meet; the window is left out when it is known to hold.
fn condition(snapshot: &Snapshot, cut: &Cut<'_>, is_inside: bool) -> Condition {
    let mut condition = Condition::default();
    add_window(&mut condition, snapshot, cut, is_inside);
    if snapshot.hides_pending {
        condition.not_pending();
    }
    add_environments(&mut condition, snapshot, cut);
    condition
}

fn add_window(condition: &mut Condition, snapshot: &Snapshot, cut: &Cut<'_>, is_inside: bool) {
    let window = cut.window.filter(|_| !is_inside);
    if let Some((window, column)) = window.zip(time_column(snapshot, cut.window_on)) {
        condition.inside(window, column, &snapshot.schema);
    }
}

fn add_environments(condition: &mut Condition, snapshot: &Snapshot, cut: &Cut<'_>) {
    if let Some(names) = cut.environments.filter(|_| snapshot.is_telemetry()) {
        condition.of_environments(names, &snapshot.schema);
    }
}

/// The column by which the window cuts this table.
pub(crate) fn time_column<'a>(snapshot: &'a Snapshot, window_on: Option<&'a str>) -> Option<&'a str> {
    let chosen = window_on.filter(|column| snapshot.schema.field_with_name(column).is_ok());
    chosen.or(snapshot.time_column.as_deref())
}

/// The columns `needed` of all rows in memory; those that lie outside `window` may be left out.
fn memory(
    snapshot: &Snapshot,
    batches: &[Batch],
    needed: &SchemaRef,
    window: Option<Window>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let schema = &snapshot.schema;
    let indices = needed.fields().iter().map(|field| schema.index_of(field.name()));
    let indices: Vec<usize> = indices.collect::<std::result::Result<_, _>>()?;
    let time_column = snapshot.time_column.as_deref();
    let inside = batches.iter().filter_map(|batch| match window {
        Some(window) => batch.nearly_inside(window, time_column),
        None => Some(batch.rows.clone()),
    });
    let inside: Vec<RecordBatch> = inside.collect();
    Ok(MemorySourceConfig::try_new_exec(&[inside], Arc::clone(schema), Some(indices))?)
}

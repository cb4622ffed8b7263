//! Reading a snapshot: only the window's rows, only the columns that are asked for.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use datafusion::catalog::Session;
use datafusion::common::{Column, DFSchema, Result, internal_datafusion_err};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, lit};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::filter::FilterExecBuilder;
use watchfire_model::Window;

use super::records;
use crate::source::files::FileVersion;
use crate::source::{Rows, Snapshot};
use crate::window::inside;

/// The plan that reads the columns `projection` (`None`: all) of the rows inside `window` (`None`: all).
///
/// `window_on` takes the place of the table's own time column where the table has such a column.
pub(crate) fn plan(
    snapshot: &Snapshot,
    state: &dyn Session,
    projection: Option<&Vec<usize>>,
    window: Option<Window>,
    window_on: Option<&str>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let schema = &snapshot.schema;
    let asked: Vec<usize> = projection.cloned().unwrap_or_else(|| (0..schema.fields().len()).collect());
    let by_time = window.filter(|_| time_column(snapshot, window_on) == snapshot.time_column.as_deref());
    // What slices have cut already is not looked at row by row.
    let to_check = if by_time.is_some() && snapshot.is_cut_by_slices() { None } else { window };
    let Some((condition, columns)) = condition(snapshot, to_check, window_on) else {
        return rows(snapshot, &asked, by_time);
    };
    // The condition's columns are read too, and dropped above it.
    let mut needed = asked.clone();
    for name in columns {
        let index = schema.index_of(&name)?;
        if !needed.contains(&index) {
            needed.push(index);
        }
    }
    let input = rows(snapshot, &needed, by_time)?;
    let input_schema = DFSchema::try_from(input.schema().as_ref().clone())?;
    let condition = state.create_physical_expr(condition, &input_schema)?;
    let filter =
        FilterExecBuilder::new(condition, input).apply_projection(Some((0..asked.len()).collect()))?.build()?;
    Ok(Arc::new(filter))
}

/// What a row must meet, and the columns that it looks at; `None`: nothing.
fn condition(snapshot: &Snapshot, window: Option<Window>, window_on: Option<&str>) -> Option<(Expr, Vec<String>)> {
    let mut columns = Vec::new();
    let mut condition: Option<Expr> = None;
    if let Some((window, column)) = window.zip(time_column(snapshot, window_on)) {
        condition = Some(inside(window, column, &snapshot.schema));
        columns.push(column.to_owned());
    }
    if snapshot.hides_pending {
        let kind = Expr::Column(Column::new_unqualified(records::KIND));
        let shown = kind.clone().not_eq(lit(records::PENDING)).or(kind.is_null());
        condition = Some(condition.map_or_else(|| shown.clone(), |window| window.and(shown.clone())));
        columns.push(records::KIND.to_owned());
    }
    condition.map(|condition| (condition, columns))
}

/// The column by which the window cuts this table.
pub(crate) fn time_column<'a>(snapshot: &'a Snapshot, window_on: Option<&'a str>) -> Option<&'a str> {
    let chosen = window_on.filter(|column| snapshot.schema.field_with_name(column).is_ok());
    chosen.or(snapshot.time_column.as_deref())
}

/// The columns `indices` of all rows; those that lie outside `window` may be left out.
fn rows(snapshot: &Snapshot, indices: &[usize], window: Option<Window>) -> Result<Arc<dyn ExecutionPlan>> {
    match &snapshot.rows {
        Rows::Memory(batches) => {
            let time_column = snapshot.time_column.as_deref();
            let inside = batches.iter().filter_map(|batch| match window {
                Some(window) => batch.nearly_inside(window, time_column),
                None => Some(batch.rows.clone()),
            });
            let inside: Vec<RecordBatch> = inside.collect();
            let schema = Arc::clone(&snapshot.schema);
            Ok(MemorySourceConfig::try_new_exec(&[inside], schema, Some(indices.to_vec()))?)
        }
        Rows::Parquet(files) => parquet(&snapshot.schema, files, indices),
        Rows::Database(table) => Ok(Arc::new(table.scan(indices)?)),
    }
}

/// Row groups and pages outside the window are passed over: the engine pushes the filter above down into this.
fn parquet(schema: &Arc<Schema>, files: &[FileVersion], indices: &[usize]) -> Result<Arc<dyn ExecutionPlan>> {
    let source = ParquetSource::new(Arc::clone(schema)).with_pushdown_filters(true).with_reorder_filters(true);
    let mut group = Vec::with_capacity(files.len());
    for file in files {
        let path = file.path.to_str();
        let path = path.ok_or_else(|| internal_datafusion_err!("`{}` is not UTF-8", file.path.display()))?;
        group.push(PartitionedFile::new(path, file.size));
    }
    let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), Arc::new(source))
        .with_file_group(FileGroup::new(group))
        .with_projection_indices(Some(indices.to_vec()))?
        .build();
    Ok(DataSourceExec::from_data_source(config))
}

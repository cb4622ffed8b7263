//! Parquet files in a plan: those of sources, read where they lie, and our own, read from the object store.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::catalog::Session;
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, Result, Statistics, internal_datafusion_err};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::physical_plan::ExecutionPlan;
use watchfire_ingest::table::{ARRIVAL_COLUMN, Table};
use watchfire_storage::{DataFile, TimeRange};

use crate::source::files::FileVersion;
use crate::window::instant;

/// The address under which the query engine finds the object store with our files.
pub(crate) const OBJECTS: &str = "watchfire://telemetry/";

/// How much of a file's end is read at once: nearly always the whole footer, so that one read is enough.
const FOOTER_BYTES: usize = 64 << 10;

/// The columns `needed` of files of a source.
///
/// Row groups and pages outside the window are passed over: the engine pushes the filter above down into this.
pub(crate) fn source_files(needed: &SchemaRef, files: &[FileVersion]) -> Result<Arc<dyn ExecutionPlan>> {
    let mut group = Vec::with_capacity(files.len());
    for file in files {
        let path = file.path.to_str();
        let path = path.ok_or_else(|| internal_datafusion_err!("`{}` is not UTF-8", file.path.display()))?;
        group.push(PartitionedFile::new(path, file.size));
    }
    let config = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), Arc::new(source(needed)))
        .with_file_group(FileGroup::new(group))
        .build();
    Ok(DataSourceExec::from_data_source(config))
}

/// The columns `needed` of files of ours, which all have them or never had them.
///
/// Nothing is asked of the object store while planning: sizes, times and row counts are those of the list, and a
/// footer is read once, since a file never changes under its path.
pub(crate) fn kept_files(
    needed: &SchemaRef,
    table: Table,
    files: &[&DataFile],
    state: &dyn Session,
) -> Result<Arc<dyn ExecutionPlan>> {
    let url = ObjectStoreUrl::parse(OBJECTS)?;
    let runtime = state.runtime_env();
    let objects = runtime.object_store(&url)?;
    let factory = CachedParquetFileReaderFactory::new(objects, runtime.cache_manager.get_file_metadata_cache());
    let source =
        source(needed).with_metadata_size_hint(FOOTER_BYTES).with_parquet_file_reader_factory(Arc::new(factory));
    let group = files.iter().map(|file| {
        let statistics = Arc::new(statistics(needed, table, file));
        PartitionedFile::new(file.path.as_str(), file.size_bytes).with_statistics(statistics)
    });
    let rows = files.iter().map(|file| file.rows).sum();
    let all = Statistics { num_rows: exact(rows), ..Statistics::new_unknown(needed) };
    let config = FileScanConfigBuilder::new(url, Arc::new(source))
        .with_file_group(FileGroup::new(group.collect()))
        .with_statistics(all)
        .build();
    Ok(DataSourceExec::from_data_source(config))
}

fn source(needed: &SchemaRef) -> ParquetSource {
    ParquetSource::new(Arc::clone(needed)).with_pushdown_filters(true).with_reorder_filters(true)
}

/// What the list knows of a file: a file whose times cannot meet a filter is not even opened.
fn statistics(needed: &SchemaRef, table: Table, file: &DataFile) -> Statistics {
    let columns = needed.fields().iter().map(|field| match field.name().as_str() {
        name if name == table.time_column() => times(file.time),
        ARRIVAL_COLUMN => times(file.arrival),
        _ => ColumnStatistics::new_unknown(),
    });
    Statistics { num_rows: exact(file.rows), total_byte_size: Precision::Absent, column_statistics: columns.collect() }
}

fn times(range: TimeRange) -> ColumnStatistics {
    ColumnStatistics {
        min_value: Precision::Exact(instant(Some(range.first))),
        max_value: Precision::Exact(instant(Some(range.last))),
        ..ColumnStatistics::new_unknown()
    }
}

fn exact(rows: u64) -> Precision<usize> {
    usize::try_from(rows).map_or(Precision::Absent, Precision::Exact)
}

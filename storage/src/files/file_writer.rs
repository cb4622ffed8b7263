//! Writes one Parquet file: sorted row groups of bounded size, straight into the object store.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Schema, SchemaRef};
use object_store::ObjectStore;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use parquet::arrow::AsyncArrowWriter;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::schema::types::ColumnPath;
use watchfire_ingest::table::Table;

use super::footer::Footer;
use super::limits::{
    BLOOM_FALSE_SHARE, PAGE_ROWS_MAX, ROW_GROUP_BYTES_MAX, ROW_GROUP_ROWS_MAX, UPLOAD_PART_BYTES, UPLOADS_AT_ONCE,
    ZSTD_LEVEL,
};
use super::{order, trouble};
use crate::error::Error;

/// The columns that traces are looked up by: each row group says by a bloom filter whether it may have one.
const BLOOM_COLUMNS: [&str; 1] = ["trace_id"];
/// Columns that nearly every row has a value of its own in: a dictionary of them is only thrown away.
const UNIQUE_COLUMNS: [&str; 3] = ["attributes", "span_id", "duration"];
/// Columns whose statistics are kept for each page too; all others have them for each row group.
const PAGED_COLUMNS: [&str; 4] = ["kind", "level", "is_exception", "service_name"];

/// A file under way. It is nowhere to be seen before [`FileWriter::finish`].
pub(super) struct FileWriter {
    writer: AsyncArrowWriter<BufWriter>,
    path: String,
    in_pending: bool,
    rows: u64,
    memory_bytes: u64,
}

impl FileWriter {
    /// Begins a file of a table in these columns.
    pub(super) fn begin(
        objects: &Arc<dyn ObjectStore>,
        path: String,
        table: Table,
        schema: SchemaRef,
    ) -> Result<Self, Error> {
        let target = BufWriter::with_capacity(Arc::clone(objects), Path::from(path.as_str()), UPLOAD_PART_BYTES)
            .with_max_concurrency(UPLOADS_AT_ONCE);
        let properties = properties(table, &schema);
        let writer = AsyncArrowWriter::try_new(target, schema, Some(properties))
            .map_err(trouble::at(format!("beginning {path}")))?;
        Ok(Self { writer, path, in_pending: false, rows: 0, memory_bytes: 0 })
    }

    /// Adds rows behind the others, all of them pending spans or none.
    pub(super) async fn write(&mut self, batch: &RecordBatch, is_pending: bool) -> Result<(), Error> {
        let written = async {
            if is_pending != self.in_pending && self.rows > 0 {
                self.writer.flush().await?;
            }
            self.writer.write(batch).await
        };
        written.await.map_err(trouble::at(format!("writing {}", self.path)))?;
        self.in_pending = is_pending;
        self.rows += batch.num_rows() as u64;
        self.memory_bytes += order::memory_bytes(batch);
        Ok(())
    }

    /// Ends the file with these facts, completed by its number of rows. Its size, once it is there for good.
    pub(super) async fn finish(&mut self, mut footer: Footer) -> Result<u64, Error> {
        footer.rows = self.rows;
        footer.memory_bytes = self.memory_bytes;
        self.writer.append_key_value_metadata(footer.to_key_value());
        self.writer.finish().await.map_err(trouble::at(format!("finishing {}", self.path)))?;
        Ok(self.writer.bytes_written() as u64)
    }

    /// How many rows it has so far.
    pub(super) const fn rows(&self) -> u64 {
        self.rows
    }
}

fn properties(table: Table, schema: &Schema) -> WriterProperties {
    let level = ZstdLevel::try_new(ZSTD_LEVEL).expect("the level is one that zstd has");
    let builder = WriterProperties::builder()
        .set_created_by(concat!("watchfire ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS_MAX))
        .set_max_row_group_bytes(Some(ROW_GROUP_BYTES_MAX))
        .set_data_page_row_count_limit(PAGE_ROWS_MAX)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_sorting_columns(sorting(table, schema));
    schema.fields().iter().fold(builder, |builder, field| column(builder, field.name(), field.data_type())).build()
}

fn column(builder: WriterPropertiesBuilder, name: &str, kind: &DataType) -> WriterPropertiesBuilder {
    let column = ColumnPath::from(name);
    if matches!(kind, DataType::Timestamp(_, _)) {
        // Sorted or nearly so: differences take a byte or two where a dictionary would take more than the values.
        return builder
            .set_column_dictionary_enabled(column.clone(), false)
            .set_column_encoding(column.clone(), Encoding::DELTA_BINARY_PACKED)
            .set_column_statistics_enabled(column, EnabledStatistics::Page);
    }
    let mut builder = builder;
    if UNIQUE_COLUMNS.contains(&name) {
        builder = builder.set_column_dictionary_enabled(column.clone(), false);
    }
    if PAGED_COLUMNS.contains(&name) {
        builder = builder.set_column_statistics_enabled(column.clone(), EnabledStatistics::Page);
    }
    if BLOOM_COLUMNS.contains(&name) {
        builder = builder
            .set_column_bloom_filter_enabled(column.clone(), true)
            .set_column_bloom_filter_fpp(column.clone(), BLOOM_FALSE_SHARE)
            // Memory for so many while it is written; what is stored is folded to what there are.
            .set_column_bloom_filter_max_ndv(column, ROW_GROUP_ROWS_MAX as u64);
    }
    builder
}

/// Each row group is in the order of time. Every column is one leaf, so its place is that of its field.
fn sorting(table: Table, schema: &Schema) -> Option<Vec<SortingColumn>> {
    let place = schema.index_of(table.time_column()).ok()?;
    let column_idx = i32::try_from(place).ok()?;
    Some(vec![SortingColumn { column_idx, descending: false, nulls_first: true }])
}

//! Results as Parquet files: what a report found, as it is kept and downloaded.
//!
//! Cells are written in the natural type of their column, so that any reader of Parquet makes sense of them,
//! and come back as they were. Where a column holds cells of other kinds than its own (a sum of whole numbers
//! that became a float), all of its cells are written as JSON that names the kind of each.

pub(crate) mod cells;

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Schema};
use bytes::Bytes;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;
use watchfire_model::{Column, ColumnType, Value};

use crate::error::Error;
use crate::value::{Cells, column_of};
use cells::Form;

/// The key under which a field says what its column was called by us.
const TYPE_KEY: &str = "watchfire.type";
/// The key under which a field says that its texts are cells of any kind, as JSON.
const ANY_KEY: &str = "watchfire.any";

/// A result that was cut to what fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The Parquet file.
    pub bytes: Vec<u8>,
    /// How many rows are in it, the first ones.
    pub rows: usize,
}

/// Writes rows as one Parquet file, compressed with zstd.
///
/// # Errors
/// [`Error::ResultFile`] when a row has not a cell for each column.
pub fn write<R: AsRef<[Value]>>(columns: &[Column], rows: &[R]) -> Result<Vec<u8>, Error> {
    if let Some(row) = rows.iter().find(|row| row.as_ref().len() != columns.len()) {
        let (cells, columns) = (row.as_ref().len(), columns.len());
        return Err(Error::ResultFile(format!("a row has {cells} cells for {columns} columns")));
    }
    let (mut fields, mut arrays) = (Vec::new(), Vec::new());
    for (place, column) in columns.iter().enumerate() {
        let cells: Vec<&Value> = rows.iter().map(|row| &row.as_ref()[place]).collect();
        let form = Form::of(column.kind, &cells);
        fields.push(field(column, &form));
        arrays.push(form.array(&cells));
    }
    let schema = Arc::new(Schema::new(fields));
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    let batch = RecordBatch::try_new_with_options(Arc::clone(&schema), arrays, &options).map_err(trouble)?;
    let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), schema, Some(properties)).map_err(trouble)?;
    writer.write(&batch).map_err(trouble)?;
    writer.into_inner().map_err(trouble)
}

/// Writes as many of the first rows as fit into a file of `bytes_max` bytes; none, when not even one does.
///
/// # Errors
/// As [`write`].
pub fn write_within<R: AsRef<[Value]>>(columns: &[Column], rows: &[R], bytes_max: usize) -> Result<Written, Error> {
    let mut count = rows.len();
    loop {
        let bytes = write(columns, &rows[..count])?;
        if bytes.len() <= bytes_max || count == 0 {
            return Ok(Written { bytes, rows: count });
        }
        // As many as fit if all rows were alike, less a little, since they are not.
        let fitting = count as u128 * bytes_max as u128 / bytes.len() as u128;
        let fitting = usize::try_from(fitting * 19 / 20).unwrap_or(0);
        count = fitting.min(count - 1);
    }
}

/// Reads what [`write`] wrote: the columns with their types and the rows, every cell as it was.
///
/// # Errors
/// [`Error::ResultFile`] when the bytes are no such file.
pub fn read(bytes: Vec<u8>) -> Result<(Vec<Column>, Vec<Vec<Value>>), Error> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes)).map_err(trouble)?;
    let schema = Arc::clone(builder.schema());
    let columns = schema.fields().iter().map(|field| column(field)).collect();
    let mut rows = Vec::new();
    for batch in builder.build().map_err(trouble)? {
        let batch = batch.map_err(trouble)?;
        let cells = schema.fields().iter().zip(batch.columns()).map(|(field, array)| Cells::new(field, array));
        let cells: Vec<Cells> = cells.collect::<Result<_, _>>().map_err(trouble)?;
        let any: Vec<bool> = schema.fields().iter().map(|field| field.metadata().contains_key(ANY_KEY)).collect();
        for row in 0..batch.num_rows() {
            let row = cells
                .iter()
                .zip(&any)
                .map(|(cells, any)| if *any { named(cells.value(row)) } else { Ok(cells.value(row)) });
            rows.push(row.collect::<Result<_, _>>()?);
        }
    }
    Ok((columns, rows))
}

fn field(column: &Column, form: &Form) -> Field {
    let mut metadata = HashMap::from([(TYPE_KEY.to_owned(), column.kind.as_str().to_owned())]);
    if *form == Form::Any {
        metadata.insert(ANY_KEY.to_owned(), "json".to_owned());
    }
    if *form == Form::Json {
        metadata.insert("ARROW:extension:name".to_owned(), "arrow.json".to_owned());
    }
    Field::new(&column.name, form.data_type(), true).with_metadata(metadata)
}

fn column(field: &Field) -> Column {
    let word = field.metadata().get(TYPE_KEY);
    let kind = word.and_then(|word| ColumnType::ALL.into_iter().find(|kind| kind.as_str() == word));
    kind.map_or_else(|| column_of(field), |kind| Column { name: field.name().clone(), kind })
}

/// A cell that was written with the name of its kind.
fn named(cell: Value) -> Result<Value, Error> {
    match cell {
        Value::String(text) => serde_json::from_str(&text).map_err(trouble),
        other => Ok(other),
    }
}

fn trouble(error: impl std::fmt::Display) -> Error {
    Error::ResultFile(error.to_string())
}

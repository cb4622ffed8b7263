//! Several files, or several versions of one, as one table.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

/// The columns of all schemas in the order of their first appearance, each wide enough for every file.
pub(crate) fn merged<'a>(schemas: impl IntoIterator<Item = &'a SchemaRef>) -> SchemaRef {
    let mut fields: Vec<Field> = Vec::new();
    for schema in schemas {
        for field in schema.fields() {
            match fields.iter_mut().find(|known| known.name() == field.name()) {
                Some(known) => *known = wider(known, field),
                None => fields.push(field.as_ref().clone().with_nullable(true)),
            }
        }
    }
    Arc::new(Schema::new(fields))
}

fn wider(left: &Field, right: &Field) -> Field {
    let data_type = wider_type(left.data_type(), right.data_type());
    let field = Field::new(left.name(), data_type, true);
    match (left.data_type(), right.data_type()) {
        (DataType::Null, _) => field.with_metadata(right.metadata().clone()),
        (_, DataType::Null) => field.with_metadata(left.metadata().clone()),
        _ if left.metadata() == right.metadata() => field.with_metadata(left.metadata().clone()),
        _ => field,
    }
}

fn wider_type(left: &DataType, right: &DataType) -> DataType {
    match (left, right) {
        _ if left == right => left.clone(),
        (DataType::Null, other) | (other, DataType::Null) => other.clone(),
        (DataType::Int64, DataType::Float64) | (DataType::Float64, DataType::Int64) => DataType::Float64,
        _ if left.is_integer() && right.is_integer() => DataType::Int64,
        _ if left.is_numeric() && right.is_numeric() => DataType::Float64,
        (DataType::Timestamp(_, zone), DataType::Timestamp(_, _)) => {
            DataType::Timestamp(arrow::datatypes::TimeUnit::Microsecond, zone.clone())
        }
        _ => DataType::Utf8,
    }
}

/// A column that was all NULL this time keeps the type it had before, so that SQL over it still plans.
pub(crate) fn with_known_types(schema: &SchemaRef, before: Option<&SchemaRef>) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| {
        let known = before.and_then(|before| before.field_with_name(field.name()).ok());
        match known {
            Some(known) if *field.data_type() == DataType::Null => Arc::new(known.clone()),
            _ => Arc::clone(field),
        }
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// The schema with the column `name` as an instant when it is text or a date: the scan casts it.
pub(crate) fn with_instant(schema: &SchemaRef, name: Option<&str>) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Timestamp(_, _) => Arc::clone(field),
        _ if Some(field.name().as_str()) == name => {
            Arc::new(field.as_ref().clone().with_data_type(watchfire_ingest::table::instant_type()))
        }
        _ => Arc::clone(field),
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// The batch in another schema: columns by name, values cast, missing columns NULL.
///
/// The error names the column.
pub(crate) fn conform(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, String> {
    if batch.schema_ref() == schema {
        return Ok(batch.clone());
    }
    let rows = batch.num_rows();
    let columns: Vec<ArrayRef> = schema
        .fields()
        .iter()
        .map(|field| match batch.column_by_name(field.name()) {
            None => Ok(new_null_array(field.data_type(), rows)),
            Some(column) => {
                let strict = CastOptions { safe: false, ..CastOptions::default() };
                cast_with_options(column, field.data_type(), &strict).map_err(|error| {
                    format!("column `{}` cannot be read as {}: {error}", field.name(), field.data_type())
                })
            }
        })
        .collect::<Result<_, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options).map_err(|error| error.to_string())
}

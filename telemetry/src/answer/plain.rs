//! Columns of an answer in types that every client knows, under names that differ.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use datafusion_functions_json::{JSON_UNION_DATA_TYPE, JsonUnionEncoder};
use watchfire_ingest::table::json_metadata;

use super::json_cell::write_json_union;
use super::out::Out;
use super::zone::QueryZone;

/// How the columns of a result become those of an answer.
pub(super) struct PlainColumns {
    pub schema: SchemaRef,
}

impl PlainColumns {
    /// Encodings are opened, a value of JSON is marked text, and with a zone instants are of that zone.
    pub(super) fn new(result: &Schema, zone: Option<QueryZone>) -> Self {
        let mut taken = HashSet::new();
        let fields = result.fields().iter().map(|field| {
            let name = free_name(field.name(), &mut taken);
            if is_json_value(field.data_type()) {
                return Field::new(name, DataType::Utf8, true).with_metadata(json_metadata());
            }
            let kind = plain_type(field.data_type(), zone);
            Field::new(name, kind, field.is_nullable()).with_metadata(field.metadata().clone())
        });
        Self { schema: Arc::new(Schema::new(fields.collect::<Vec<_>>())) }
    }

    /// The same rows in these columns. The error is the engine's, of a cast that it cannot do.
    pub(super) fn batch(&self, rows: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        let columns = rows.columns().iter().zip(self.schema.fields());
        let columns = columns.map(|(column, field)| plain(column, field.data_type())).collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
        // A plan may promise that a column has no NULL, and the column of a batch have a bitmap all the same.
        RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
    }
}

/// `x`, then `x_2`, `x_3`, …: in an object, columns of one name would hide each other.
fn free_name(name: &str, taken: &mut HashSet<String>) -> String {
    let numbered = (2..).map(|number| format!("{name}_{number}"));
    let free = std::iter::once(name.to_owned()).chain(numbered).find(|name| !taken.contains(name));
    let free = free.expect("numbers do not end");
    taken.insert(free.clone());
    free
}

fn is_json_value(kind: &DataType) -> bool {
    *kind == *JSON_UNION_DATA_TYPE
}

fn plain_type(kind: &DataType, zone: Option<QueryZone>) -> DataType {
    match kind {
        DataType::Dictionary(_, value) => plain_type(value, zone),
        DataType::RunEndEncoded(_, value) => plain_type(value.data_type(), zone),
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::BinaryView | DataType::LargeBinary => DataType::Binary,
        DataType::Timestamp(unit, Some(_)) => match zone {
            Some(zone) if !zone.is_utc() => DataType::Timestamp(*unit, Some(zone.name().into())),
            // `+00:00` is another word for it, which not every client knows.
            _ => DataType::Timestamp(*unit, Some(utc_or(kind).into())),
        },
        other => other.clone(),
    }
}

fn utc_or(kind: &DataType) -> &str {
    match kind {
        DataType::Timestamp(_, Some(zone)) if !matches!(zone.as_ref(), "+00:00" | "Z") => zone,
        _ => "UTC",
    }
}

fn plain(column: &ArrayRef, kind: &DataType) -> Result<ArrayRef, ArrowError> {
    if is_json_value(column.data_type()) {
        return Ok(json_text(column));
    }
    match column.data_type() == kind {
        true => Ok(Arc::clone(column)),
        false => cast(column, kind),
    }
}

/// Values of JSON as their text; JSON's null is NULL.
fn json_text(column: &ArrayRef) -> ArrayRef {
    let mut texts = StringBuilder::with_capacity(column.len(), 0);
    let Some(values) = JsonUnionEncoder::from_union(column.as_union().clone()) else {
        return arrow::array::new_null_array(&DataType::Utf8, column.len());
    };
    for row in 0..column.len() {
        let mut text = Out::new(usize::MAX);
        write_json_union(&mut text, &values.get_value(row));
        match std::str::from_utf8(&text.into_bytes()) {
            Ok("null") | Err(_) => texts.append_null(),
            Ok(text) => texts.append_value(text),
        }
    }
    Arc::new(texts.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_one_name_are_told_apart() {
        let mut taken = HashSet::new();
        let names = ["x", "x", "x_2", "x", "y"].map(|name| free_name(name, &mut taken));
        assert_eq!(names, ["x", "x_2", "x_2_2", "x_3", "y"]);
    }
}

//! Arrow cells as values, Arrow types as the words that people see.

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, Decimal128Type, Decimal256Type, Field, Int64Type, IntervalMonthDayNanoType, IntervalUnit, TimeUnit,
    TimestampMicrosecondType, UInt64Type,
};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion_functions_json::{JSON_UNION_DATA_TYPE, JsonUnionEncoder, JsonUnionValue};
use serde_json::Value as Json;
use watchfire_model::{Column, ColumnType, Timestamp, Value};

use watchfire_ingest::table::instant_type;

/// A field as a column of a result.
pub(crate) fn column_of(field: &Field) -> Column {
    let kind = if is_json(field) { ColumnType::Json } else { column_type(field.data_type()) };
    Column { name: field.name().clone(), kind }
}

/// Whether the text of this field is JSON.
pub(crate) fn is_json(field: &Field) -> bool {
    field.data_type().is_string()
        && field.metadata().get("ARROW:extension:name").is_some_and(|name| name == "arrow.json")
}

fn column_type(data_type: &DataType) -> ColumnType {
    match data_type {
        DataType::Boolean => ColumnType::Bool,
        other if other.is_integer() => ColumnType::Int,
        other if other.is_numeric() => ColumnType::Float,
        DataType::Timestamp(_, _) | DataType::Date32 | DataType::Date64 => ColumnType::Timestamp,
        DataType::Duration(_) | DataType::Interval(_) | DataType::Time32(_) | DataType::Time64(_) => {
            ColumnType::Duration
        }
        DataType::List(_)
        | DataType::LargeList(_)
        | DataType::FixedSizeList(_, _)
        | DataType::ListView(_)
        | DataType::LargeListView(_) => ColumnType::List,
        DataType::Struct(_) | DataType::Map(_, _) | DataType::Union(_, _) => ColumnType::Json,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            ColumnType::Binary
        }
        DataType::Dictionary(_, value) => column_type(value),
        DataType::RunEndEncoded(_, value) => column_type(value.data_type()),
        _ => ColumnType::String,
    }
}

/// A column of a batch in the few types from which cells are read.
pub(crate) struct Cells {
    array: arrow::array::ArrayRef,
    json: Option<JsonUnionEncoder>,
    is_json: bool,
}

impl Cells {
    /// Prepares a column; the error is the engine's, of a cast that it cannot do.
    pub(crate) fn new(field: &Field, array: &arrow::array::ArrayRef) -> Result<Self, arrow::error::ArrowError> {
        let json = (*array.data_type() == *JSON_UNION_DATA_TYPE)
            .then(|| JsonUnionEncoder::from_union(array.as_union().clone()))
            .flatten();
        let array = match plain_type(array.data_type()) {
            Some(plain) if plain != *array.data_type() => cast(array, &plain)?,
            _ => array.clone(),
        };
        Ok(Self { array, json, is_json: is_json(field) })
    }

    /// The cell of a row.
    pub(crate) fn value(&self, row: usize) -> Value {
        if let Some(json) = &self.json {
            return json_value(&json.get_value(row));
        }
        // The NULL type has no bitmap to look into.
        if self.array.is_null(row) || *self.array.data_type() == DataType::Null {
            return Value::Null;
        }
        if self.is_json {
            return Value::Json(parse_json(self.array.as_string::<i32>().value(row)));
        }
        cell(self.array.as_ref(), row)
    }
}

/// The type that stands for this one; `None`: it is read as it is.
fn plain_type(data_type: &DataType) -> Option<DataType> {
    Some(match data_type {
        DataType::UInt64 => return None,
        other if other.is_integer() => DataType::Int64,
        DataType::Float16 | DataType::Float32 => DataType::Float64,
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::Timestamp(_, None) => DataType::Timestamp(TimeUnit::Microsecond, None),
        DataType::Timestamp(_, Some(_)) | DataType::Date32 | DataType::Date64 => instant_type(),
        DataType::Duration(_) => DataType::Duration(TimeUnit::Microsecond),
        DataType::Time32(_) | DataType::Time64(_) => DataType::Time64(TimeUnit::Microsecond),
        DataType::Interval(_) => DataType::Interval(IntervalUnit::MonthDayNano),
        DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => DataType::Binary,
        DataType::Dictionary(_, value) => plain_type(value).unwrap_or_else(|| value.as_ref().clone()),
        DataType::RunEndEncoded(_, value) => plain_type(value.data_type()).unwrap_or_else(|| value.data_type().clone()),
        _ => return None,
    })
}

/// A cell that is not NULL, of a plain type.
fn cell(array: &dyn Array, row: usize) -> Value {
    match array.data_type() {
        DataType::Boolean => Value::Bool(array.as_boolean().value(row)),
        DataType::Int64 => Value::Int(array.as_primitive::<Int64Type>().value(row).into()),
        DataType::UInt64 => Value::Int(array.as_primitive::<UInt64Type>().value(row).into()),
        DataType::Float64 => Value::Float(array.as_primitive::<arrow::datatypes::Float64Type>().value(row)),
        DataType::Decimal128(_, _) => Value::Decimal(array.as_primitive::<Decimal128Type>().value_as_string(row)),
        DataType::Decimal256(_, _) => Value::Decimal(array.as_primitive::<Decimal256Type>().value_as_string(row)),
        DataType::Utf8 => Value::String(array.as_string::<i32>().value(row).to_owned()),
        DataType::Binary => Value::Binary(array.as_binary::<i32>().value(row).to_vec()),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            Value::Timestamp(Timestamp::from_micros(array.as_primitive::<TimestampMicrosecondType>().value(row)))
        }
        DataType::Duration(TimeUnit::Microsecond) => {
            Value::Duration(array.as_primitive::<arrow::datatypes::DurationMicrosecondType>().value(row))
        }
        DataType::Time64(TimeUnit::Microsecond) => {
            Value::Duration(array.as_primitive::<arrow::datatypes::Time64MicrosecondType>().value(row))
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            let interval = array.as_primitive::<IntervalMonthDayNanoType>().value(row);
            // A month has no fixed length; 30 days is what PostgreSQL takes for EXTRACT(EPOCH …).
            let days = i64::from(interval.months) * 30 + i64::from(interval.days);
            Value::Duration(days.saturating_mul(86_400_000_000).saturating_add(interval.nanoseconds / 1_000))
        }
        DataType::List(field) => list(field, &array.as_list::<i32>().value(row)),
        DataType::LargeList(field) => list(field, &array.as_list::<i64>().value(row)),
        DataType::FixedSizeList(field, _) => list(field, &array.as_fixed_size_list().value(row)),
        DataType::Struct(fields) => {
            let columns = array.as_struct().columns();
            let members = fields.iter().zip(columns).map(|(field, column)| {
                let value = Cells::new(field, column).map_or(Value::Null, |cells| cells.value(row));
                (field.name().clone(), value.to_json())
            });
            Value::Json(Json::Object(members.collect()))
        }
        _ => Value::String(shown(array, row)),
    }
}

fn list(field: &Field, items: &arrow::array::ArrayRef) -> Value {
    match Cells::new(field, items) {
        Ok(cells) => Value::List((0..items.len()).map(|row| cells.value(row)).collect()),
        Err(_) => Value::List((0..items.len()).map(|row| Value::String(shown(items, row))).collect()),
    }
}

/// What the engine itself would print.
fn shown(array: &dyn Array, row: usize) -> String {
    let options = FormatOptions::default();
    ArrayFormatter::try_new(array, &options).map(|cells| cells.value(row).to_string()).unwrap_or_default()
}

fn json_value(value: &JsonUnionValue<'_>) -> Value {
    match value {
        JsonUnionValue::JsonNull => Value::Null,
        JsonUnionValue::Bool(value) => Value::Json(Json::Bool(*value)),
        JsonUnionValue::Int(value) => Value::Json(Json::from(*value)),
        JsonUnionValue::Float(value) => Value::Json(Json::from(*value)),
        JsonUnionValue::Str(text) => Value::Json(Json::String((*text).to_owned())),
        JsonUnionValue::Array(text) | JsonUnionValue::Object(text) => Value::Json(parse_json(text)),
    }
}

/// JSON text as JSON; text that is none as a JSON string, so that nobody loses it.
fn parse_json(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.to_owned()))
}

/// About how much memory a value takes.
pub(crate) fn size_of(value: &Value) -> usize {
    let inner = match value {
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Timestamp(_) | Value::Duration(_) => 0,
        Value::Decimal(text) | Value::String(text) => text.len(),
        Value::Binary(bytes) => bytes.len(),
        Value::List(items) => items.iter().map(size_of).sum(),
        Value::Json(json) => json_size(json),
    };
    std::mem::size_of::<Value>() + inner
}

fn json_size(json: &Json) -> usize {
    let inner = match json {
        Json::Null | Json::Bool(_) | Json::Number(_) => 0,
        Json::String(text) => text.len(),
        Json::Array(items) => items.iter().map(json_size).sum(),
        Json::Object(members) => members.iter().map(|(name, value)| 48 + name.len() + json_size(value)).sum(),
    };
    std::mem::size_of::<Json>() + inner
}

//! Cells of one column as an Arrow array.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Decimal128Array, DurationMicrosecondArray, Float64Array, Int64Array,
    ListArray, StringArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, Field, TimeUnit};
use watchfire_model::{ColumnType, Value};

use watchfire_ingest::table::instant_type;

/// How the cells of a column are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    Bool,
    Int,
    /// Whole numbers of which some are beyond the signed ones.
    Unsigned,
    Float,
    /// Decimals with so many digits after the point.
    Decimal(i8),
    Text,
    Instant,
    Span,
    Json,
    Bytes,
    List(Box<Self>),
    /// Cells of any kind, each as JSON that names it.
    Any,
}

impl Form {
    /// The natural form of a column of this type if it holds all of these cells, else [`Form::Any`].
    pub(super) fn of(kind: ColumnType, cells: &[&Value]) -> Self {
        let mut forms = match kind {
            ColumnType::Bool => vec![Self::Bool],
            ColumnType::Int => vec![Self::Int, Self::Unsigned],
            ColumnType::Float => vec![Self::Float, Self::Decimal(scale_of(cells))],
            ColumnType::String => vec![Self::Text],
            ColumnType::Timestamp => vec![Self::Instant],
            ColumnType::Duration => vec![Self::Span],
            ColumnType::Json => vec![Self::Json],
            ColumnType::Binary => vec![Self::Bytes],
            ColumnType::List => vec![Self::List(Box::new(Self::of_items(cells)))],
        };
        forms.retain(|form| cells.iter().all(|cell| form.holds(cell)));
        forms.into_iter().next().unwrap_or(Self::Any)
    }

    /// The form of the items of lists; those that need more than a plain type are [`Form::Any`].
    fn of_items(cells: &[&Value]) -> Self {
        let items: Vec<&Value> = items(cells).collect();
        let kinds = [
            ColumnType::String,
            ColumnType::Int,
            ColumnType::Float,
            ColumnType::Bool,
            ColumnType::Timestamp,
            ColumnType::Duration,
            ColumnType::Binary,
        ];
        let forms = kinds.into_iter().map(|kind| Self::of(kind, &items));
        forms.into_iter().find(|form| *form != Self::Any).unwrap_or(Self::Any)
    }

    fn holds(&self, cell: &Value) -> bool {
        match (self, cell) {
            // A list of items that are none of the plain types is written whole.
            (Self::List(item), _) if **item == Self::Any => false,
            (_, Value::Null) | (Self::Any, _) => true,
            (Self::Bool, Value::Bool(_))
            | (Self::Float, Value::Float(_))
            | (Self::Text, Value::String(_))
            | (Self::Instant, Value::Timestamp(_))
            | (Self::Span, Value::Duration(_))
            | (Self::Json, Value::Json(_))
            | (Self::Bytes, Value::Binary(_))
            | (Self::List(_), Value::List(_)) => true,
            (Self::Int, Value::Int(number)) => i64::try_from(*number).is_ok(),
            (Self::Unsigned, Value::Int(number)) => u64::try_from(*number).is_ok(),
            (Self::Decimal(scale), Value::Decimal(text)) => unscaled(text, *scale).is_some(),
            (
                Self::Bool
                | Self::Int
                | Self::Unsigned
                | Self::Float
                | Self::Decimal(_)
                | Self::Text
                | Self::Instant
                | Self::Span
                | Self::Json
                | Self::Bytes
                | Self::List(_),
                _,
            ) => false,
        }
    }

    pub(crate) fn data_type(&self) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::Int => DataType::Int64,
            Self::Unsigned => DataType::UInt64,
            Self::Float => DataType::Float64,
            Self::Decimal(scale) => DataType::Decimal128(DECIMAL128_MAX_PRECISION, *scale),
            Self::Text | Self::Json | Self::Any => DataType::Utf8,
            Self::Instant => instant_type(),
            Self::Span => DataType::Duration(TimeUnit::Microsecond),
            Self::Bytes => DataType::Binary,
            Self::List(item) => DataType::List(Arc::new(Field::new_list_field(item.data_type(), true))),
        }
    }

    /// The cells, which this form holds, as an array of [`Form::data_type`].
    pub(crate) fn array(&self, cells: &[&Value]) -> ArrayRef {
        let cells = cells.iter().copied();
        match self {
            Self::Bool => Arc::new(BooleanArray::from_iter(cells.map(bool_in))),
            Self::Int => Arc::new(Int64Array::from_iter(cells.map(int_in))),
            Self::Unsigned => Arc::new(UInt64Array::from_iter(cells.map(int_in::<u64>))),
            Self::Float => Arc::new(Float64Array::from_iter(cells.map(|cell| match cell {
                Value::Float(number) => Some(*number),
                _ => None,
            }))),
            Self::Decimal(scale) => Arc::new(
                Decimal128Array::from_iter(cells.map(|cell| match cell {
                    Value::Decimal(text) => unscaled(text, *scale),
                    _ => None,
                }))
                .with_data_type(self.data_type()),
            ),
            Self::Text => Arc::new(StringArray::from_iter(cells.map(|cell| match cell {
                Value::String(text) => Some(text.as_str()),
                _ => None,
            }))),
            Self::Instant => Arc::new(
                TimestampMicrosecondArray::from_iter(cells.map(|cell| match cell {
                    Value::Timestamp(instant) => Some(instant.as_micros()),
                    _ => None,
                }))
                .with_data_type(self.data_type()),
            ),
            Self::Span => Arc::new(DurationMicrosecondArray::from_iter(cells.map(|cell| match cell {
                Value::Duration(micros) => Some(*micros),
                _ => None,
            }))),
            Self::Json => Arc::new(StringArray::from_iter(cells.map(|cell| match cell {
                Value::Json(json) => Some(json.to_string()),
                _ => None,
            }))),
            Self::Bytes => Arc::new(BinaryArray::from_iter(cells.map(|cell| match cell {
                Value::Binary(bytes) => Some(bytes.as_slice()),
                _ => None,
            }))),
            Self::List(item) => Arc::new(lists(item, &cells.collect::<Vec<_>>())),
            Self::Any => Arc::new(StringArray::from_iter(
                cells.map(|cell| (!cell.is_null()).then(|| serde_json::to_string(cell).expect("a cell is JSON"))),
            )),
        }
    }
}

fn lists(item: &Form, cells: &[&Value]) -> ListArray {
    let lengths = cells.iter().map(|cell| items(std::slice::from_ref(cell)).count());
    let offsets = OffsetBuffer::from_lengths(lengths);
    let field = Arc::new(Field::new_list_field(item.data_type(), true));
    let values = item.array(&items(cells).collect::<Vec<_>>());
    let present: NullBuffer = cells.iter().map(|cell| !cell.is_null()).collect::<Vec<bool>>().into();
    ListArray::new(field, offsets, values, Some(present))
}

/// The items of all lists among the cells, one after the other.
fn items<'a>(cells: &[&'a Value]) -> impl Iterator<Item = &'a Value> {
    cells.iter().flat_map(|cell| match cell {
        Value::List(items) => items.as_slice(),
        _ => &[],
    })
}

fn bool_in(cell: &Value) -> Option<bool> {
    match cell {
        Value::Bool(value) => Some(*value),
        _ => None,
    }
}

fn int_in<T: TryFrom<i128>>(cell: &Value) -> Option<T> {
    match cell {
        Value::Int(number) => T::try_from(*number).ok(),
        _ => None,
    }
}

/// The most digits after the point that any decimal among the cells has.
fn scale_of(cells: &[&Value]) -> i8 {
    let digits = |cell: &&Value| match cell {
        Value::Decimal(text) => text.split_once('.').map_or(0, |(_, fraction)| fraction.len()),
        _ => 0,
    };
    let most = cells.iter().map(digits).max().unwrap_or(0);
    // More digits than any decimal holds fit into none.
    i8::try_from(most).unwrap_or(i8::MAX)
}

/// A decimal as a whole number of units of the last of `scale` digits; `None` when it does not fit.
fn unscaled(text: &str, scale: i8) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let wanted = usize::try_from(scale).ok()?;
    if wanted > usize::from(DECIMAL128_MAX_PRECISION) || fraction.len() > wanted {
        return None;
    }
    let digits: i128 = format!("{whole}{fraction:0<wanted$}").parse().ok()?;
    let fits = digits.unsigned_abs() < 10_u128.pow(DECIMAL128_MAX_PRECISION.into());
    fits.then_some(digits)
}

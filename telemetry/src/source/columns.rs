//! The types that JSON values widen to, and a builder for a column of each.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Float64Builder, Int64Builder, ListBuilder, NullArray, StringBuilder,
    TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field};
use serde_json::Value;

use super::ndjson::UNKNOWN;
use super::time::parse_instant;
use watchfire_ingest::table::instant_type;

/// What the values of a column have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Bool,
    Int,
    Float,
    Text,
    /// Text, read as an instant.
    Instant,
    /// Nested values, as JSON text.
    Json,
    List(Item),
}

/// What the items of a list have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Item {
    Null,
    Bool,
    Int,
    Float,
    Text,
}

impl Kind {
    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Bool,
            Value::Number(number) if number.is_i64() => Self::Int,
            Value::Number(_) => Self::Float,
            Value::String(_) => Self::Text,
            Value::Object(_) => Self::Json,
            Value::Array(items) => {
                let items = items.iter().map(|item| Self::of(item).as_item());
                items
                    .reduce(|left, right| left?.widen(right?))
                    .unwrap_or(Some(Item::Null))
                    .map_or(Self::Json, Self::List)
            }
        }
    }

    const fn as_item(self) -> Option<Item> {
        match self {
            Self::Null => Some(Item::Null),
            Self::Bool => Some(Item::Bool),
            Self::Int => Some(Item::Int),
            Self::Float => Some(Item::Float),
            Self::Text | Self::Instant => Some(Item::Text),
            Self::Json | Self::List(_) => None,
        }
    }

    /// The narrowest kind that holds values of both.
    pub(crate) fn widen(self, other: Self) -> Self {
        match (self, other) {
            (left, right) if left == right => left,
            (Self::Null, kind) | (kind, Self::Null) => kind,
            (Self::Int, Self::Float) | (Self::Float, Self::Int) => Self::Float,
            (Self::List(left), Self::List(right)) => left.widen(right).map_or(Self::Json, Self::List),
            (Self::Json | Self::List(_), Self::Json | Self::List(_)) => Self::Json,
            _ => Self::Text,
        }
    }

    pub(crate) fn data_type(self) -> DataType {
        match self {
            Self::Null => UNKNOWN,
            Self::Bool => DataType::Boolean,
            Self::Int => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Text | Self::Json => DataType::Utf8,
            Self::Instant => instant_type(),
            Self::List(item) => DataType::List(Arc::new(Field::new_list_field(item.data_type(), true))),
        }
    }
}

impl Item {
    /// `None` when only JSON holds both.
    fn widen(self, other: Self) -> Option<Self> {
        match (self, other) {
            (left, right) if left == right => Some(left),
            (Self::Null, item) | (item, Self::Null) => Some(item),
            (Self::Int, Self::Float) | (Self::Float, Self::Int) => Some(Self::Float),
            _ => None,
        }
    }

    /// An item type; a list that never has an item is a list of text.
    const fn data_type(self) -> DataType {
        match self {
            Self::Bool => DataType::Boolean,
            Self::Int => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Null | Self::Text => DataType::Utf8,
        }
    }
}

/// A column under construction.
pub(crate) enum Column {
    Null(usize),
    Bool(BooleanBuilder),
    Int(Int64Builder),
    Float(Float64Builder),
    Text(StringBuilder),
    Instant(TimestampMicrosecondBuilder),
    Json(StringBuilder),
    Bools(ListBuilder<BooleanBuilder>),
    Ints(ListBuilder<Int64Builder>),
    Floats(ListBuilder<Float64Builder>),
    Texts(ListBuilder<StringBuilder>),
}

impl Column {
    pub(crate) fn new(kind: Kind) -> Self {
        match kind {
            Kind::Null => Self::Null(0),
            Kind::Bool => Self::Bool(BooleanBuilder::new()),
            Kind::Int => Self::Int(Int64Builder::new()),
            Kind::Float => Self::Float(Float64Builder::new()),
            Kind::Text => Self::Text(StringBuilder::new()),
            Kind::Instant => Self::Instant(TimestampMicrosecondBuilder::new().with_data_type(instant_type())),
            Kind::Json => Self::Json(StringBuilder::new()),
            Kind::List(Item::Bool) => Self::Bools(ListBuilder::new(BooleanBuilder::new())),
            Kind::List(Item::Int) => Self::Ints(ListBuilder::new(Int64Builder::new())),
            Kind::List(Item::Float) => Self::Floats(ListBuilder::new(Float64Builder::new())),
            Kind::List(Item::Null | Item::Text) => Self::Texts(ListBuilder::new(StringBuilder::new())),
        }
    }

    /// Adds a value that the column's kind was widened for; only a text that is no instant is refused.
    pub(crate) fn push(&mut self, value: &Value) -> Result<(), &'static str> {
        match self {
            Self::Null(rows) => *rows += 1,
            Self::Bool(builder) => builder.append_option(value.as_bool()),
            Self::Int(builder) => builder.append_option(value.as_i64()),
            Self::Float(builder) => builder.append_option(value.as_f64()),
            Self::Text(builder) => match value {
                Value::Null => builder.append_null(),
                Value::String(text) => builder.append_value(text),
                other => builder.append_value(other.to_string()),
            },
            Self::Instant(builder) => match value.as_str() {
                None => builder.append_null(),
                Some(text) => builder.append_value(parse_instant(text).ok_or("not a time like 2026-11-20T06:00:00Z")?),
            },
            Self::Json(builder) => {
                builder.append_option((!value.is_null()).then(|| value.to_string()));
            }
            Self::Bools(builder) => push_list(value, builder, |items, item| items.append_option(item.as_bool())),
            Self::Ints(builder) => push_list(value, builder, |items, item| items.append_option(item.as_i64())),
            Self::Floats(builder) => push_list(value, builder, |items, item| items.append_option(item.as_f64())),
            Self::Texts(builder) => push_list(value, builder, |items, item| items.append_option(item.as_str())),
        }
        Ok(())
    }

    /// The values so far; the column is empty afterwards.
    pub(crate) fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Null(rows) => Arc::new(NullArray::new(std::mem::take(rows))),
            Self::Bool(builder) => Arc::new(builder.finish()),
            Self::Int(builder) => Arc::new(builder.finish()),
            Self::Float(builder) => Arc::new(builder.finish()),
            Self::Text(builder) | Self::Json(builder) => Arc::new(builder.finish()),
            Self::Instant(builder) => Arc::new(builder.finish()),
            Self::Bools(builder) => Arc::new(builder.finish()),
            Self::Ints(builder) => Arc::new(builder.finish()),
            Self::Floats(builder) => Arc::new(builder.finish()),
            Self::Texts(builder) => Arc::new(builder.finish()),
        }
    }
}

fn push_list<B: arrow::array::ArrayBuilder>(
    value: &Value,
    builder: &mut ListBuilder<B>,
    mut push: impl FnMut(&mut B, &Value),
) {
    match value {
        Value::Array(items) => {
            items.iter().for_each(|item| push(builder.values(), item));
            builder.append(true);
        }
        _ => builder.append(false),
    }
}

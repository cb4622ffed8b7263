//! How a column of PostgreSQL is read, by its type.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};
use sqlx::types::Uuid;

use crate::column::Comparison;
use crate::dialect::{Dialect, Literal, instant, instant_type, quoted};

/// How SQL reads a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// As it is.
    Plain,
    /// Cast to this type.
    Cast(&'static str),
    /// An instant without a zone: it is in UTC.
    NaiveInstant,
    /// An id, as text.
    Uuid,
    /// A text of a collation under which different texts are equal.
    Collated,
}

impl Reading {
    pub(crate) fn value(self, name: &str) -> String {
        match self {
            Self::Plain => name.to_owned(),
            Self::Cast(to) => format!("CAST({name} AS {to})"),
            Self::Uuid => format!("CAST({name} AS text)"),
            Self::NaiveInstant => format!("({name} AT TIME ZONE 'UTC')"),
            Self::Collated => format!("({name} COLLATE \"C\")"),
        }
    }

    /// A comparison for which an index on the column itself can be used.
    pub(crate) fn compared(self, name: &str, comparison: Comparison, literal: &Literal) -> Option<String> {
        let sign = comparison.sign();
        match (self, literal) {
            (Self::NaiveInstant, Literal::Instant(micros)) => {
                Some(format!("({name} {sign} TIMESTAMP '{}')", instant(*micros, "%Y-%m-%d %H:%M:%S%.6f")?))
            }
            (Self::Uuid, Literal::Text(text)) if matches!(comparison, Comparison::Equal | Comparison::NotEqual) => {
                let id = Uuid::parse_str(text).ok()?;
                // Only the spelling that the cast to text gives is equal to it.
                (id.to_string() == *text).then(|| format!("({name} {sign} CAST({} AS uuid))", quoted(text)))
            }
            // In a plain text column the type of the literal must be that of the index.
            (Self::Plain, Literal::Text(_)) if matches!(comparison, Comparison::Equal | Comparison::NotEqual) => {
                Some(format!("({name} {sign} {})", Dialect::Postgres.literal(literal)?))
            }
            (Self::Plain | Self::Cast(_) | Self::NaiveInstant | Self::Uuid | Self::Collated, _) => None,
        }
    }
}

/// A type of the catalog.
pub(super) struct Declared<'a> {
    /// Its name when it is one of PostgreSQL's own (`int4`, `_text`), else nothing.
    pub name: &'a str,
    /// What the type says beside its name: precision and scale of `numeric`.
    pub modifier: i32,
    /// Whether its texts are compared by more than their bytes.
    pub is_collated: bool,
}

/// The type of a column and how it is read. What is not known is read as text.
pub(super) fn of(declared: &Declared<'_>) -> (DataType, Reading, bool) {
    let plain = |data_type| (data_type, Reading::Plain, false);
    match declared.name {
        "bool" => plain(DataType::Boolean),
        "int2" => plain(DataType::Int16),
        "int4" => plain(DataType::Int32),
        "int8" => plain(DataType::Int64),
        "oid" => (DataType::Int64, Reading::Cast("int8"), false),
        "float4" => plain(DataType::Float32),
        "float8" => plain(DataType::Float64),
        "numeric" => match precision_and_scale(declared.modifier) {
            Some((precision, scale)) => plain(DataType::Decimal128(precision, scale)),
            None => (DataType::Float64, Reading::Cast("float8"), false),
        },
        "text" | "varchar" if declared.is_collated => (DataType::Utf8, Reading::Collated, false),
        "text" | "varchar" => plain(DataType::Utf8),
        "uuid" => (DataType::Utf8, Reading::Uuid, false),
        "json" | "jsonb" => (DataType::Utf8, Reading::Cast("text"), true),
        "timestamptz" => plain(instant_type()),
        "timestamp" => (instant_type(), Reading::NaiveInstant, false),
        "date" => plain(DataType::Date32),
        "time" => plain(DataType::Time64(TimeUnit::Microsecond)),
        "interval" => plain(DataType::Interval(IntervalUnit::MonthDayNano)),
        "bytea" => plain(DataType::Binary),
        name => match name.strip_prefix('_').and_then(item) {
            Some((item, reading)) => (DataType::List(Arc::new(Field::new("item", item, true))), reading, false),
            None => (DataType::Utf8, Reading::Cast("text"), false),
        },
    }
}

/// The items of an array, and how the array is read.
fn item(name: &str) -> Option<(DataType, Reading)> {
    Some(match name {
        "bool" => (DataType::Boolean, Reading::Plain),
        "int2" => (DataType::Int16, Reading::Plain),
        "int4" => (DataType::Int32, Reading::Plain),
        "int8" => (DataType::Int64, Reading::Plain),
        "float4" => (DataType::Float32, Reading::Plain),
        "float8" => (DataType::Float64, Reading::Plain),
        "numeric" => (DataType::Float64, Reading::Cast("float8[]")),
        "text" => (DataType::Utf8, Reading::Plain),
        "varchar" | "uuid" | "name" | "bpchar" => (DataType::Utf8, Reading::Cast("text[]")),
        "timestamptz" => (instant_type(), Reading::Plain),
        "date" => (DataType::Date32, Reading::Plain),
        _ => return None,
    })
}

/// Of `numeric(10, 2)`; `None` when it is not declared, or more than 128 bits hold.
fn precision_and_scale(modifier: i32) -> Option<(u8, i8)> {
    let packed = modifier.checked_sub(4).filter(|packed| *packed >= 0)?;
    let precision = u8::try_from(packed >> 16).ok()?;
    // Eleven bits with a sign.
    let scale = ((packed & 0x7ff) ^ 1024) - 1024;
    let scale = i8::try_from(scale).ok().filter(|scale| *scale >= 0)?;
    (precision <= 38 && u8::try_from(scale).is_ok_and(|scale| scale <= precision)).then_some((precision, scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_modifier_of_numeric_is_unpacked() {
        let modifier = |precision: i32, scale: i32| ((precision << 16) | (scale & 0x7ff)) + 4;
        assert_eq!(precision_and_scale(modifier(10, 2)), Some((10, 2)));
        assert_eq!(precision_and_scale(modifier(38, 38)), Some((38, 38)));
        assert_eq!(precision_and_scale(modifier(39, 2)), None);
        assert_eq!(precision_and_scale(modifier(10, -2)), None);
        assert_eq!(precision_and_scale(-1), None);
    }
}

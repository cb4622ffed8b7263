//! How a database writes what is the same for all of them: names, literals, casts, and the
//! forms in which its rows come to us.

use arrow::datatypes::{DataType, TimeUnit};
use chrono::{DateTime, NaiveDate};

/// The SQL of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dialect {
    /// PostgreSQL, from version 12.
    Postgres,
    /// SQLite as it is built in. Instants are microseconds, dates are days since 1970 in what we send:
    /// [`crate::Column::value`] makes them of what the table holds.
    Sqlite,
}

/// A constant.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// NULL.
    Null,
    /// true or false.
    Bool(bool),
    /// A whole number of so many bits.
    Int(i64, u8),
    /// A number.
    Float(f64),
    /// Digits and how many of them are behind the point.
    Decimal(i128, i8),
    /// A text.
    Text(String),
    /// Microseconds since 1970, UTC.
    Instant(i64),
    /// Days since 1970.
    Date(i32),
}

impl Dialect {
    /// A name in quotes.
    pub fn name(self, name: &str) -> String {
        format!("\"{}\"", name.replace('"', "\"\""))
    }

    /// A constant; `None` when this database has no way to write it.
    pub fn literal(self, literal: &Literal) -> Option<String> {
        match (self, literal) {
            (_, Literal::Null) => Some("NULL".to_owned()),
            (_, Literal::Bool(value)) => Some(if *value { "TRUE" } else { "FALSE" }.to_owned()),
            (Self::Postgres, Literal::Int(value, bits)) => Some(format!("CAST({value} AS {})", int_type(*bits))),
            (Self::Sqlite, Literal::Int(value, _)) => Some(format!("({value})")),
            (Self::Postgres, Literal::Float(value)) if value.is_finite() => Some(format!("CAST({value:?} AS float8)")),
            (Self::Postgres, Literal::Float(value)) => {
                let word = if value.is_nan() {
                    "NaN"
                } else if *value > 0.0 {
                    "Infinity"
                } else {
                    "-Infinity"
                };
                Some(format!("CAST('{word}' AS float8)"))
            }
            (Self::Sqlite, Literal::Float(value)) => value.is_finite().then(|| format!("({value:?})")),
            (Self::Postgres, Literal::Decimal(digits, scale)) => {
                Some(format!("CAST('{}' AS numeric)", decimal(*digits, *scale)?))
            }
            (Self::Sqlite, Literal::Decimal(..)) => None,
            // Neither database takes the character NUL in a text.
            (_, Literal::Text(text)) if text.contains('\0') => None,
            (Self::Postgres, Literal::Text(text)) => Some(format!("CAST({} AS text)", quoted(text))),
            (Self::Sqlite, Literal::Text(text)) => Some(quoted(text)),
            (Self::Postgres, Literal::Instant(micros)) => {
                Some(format!("TIMESTAMPTZ '{}+00'", instant(*micros, "%Y-%m-%d %H:%M:%S%.6f")?))
            }
            (Self::Sqlite, Literal::Instant(micros)) => Some(format!("({micros})")),
            (Self::Postgres, Literal::Date(days)) => Some(format!("DATE '{}'", date(*days)?)),
            (Self::Sqlite, Literal::Date(days)) => Some(format!("({days})")),
        }
    }

    /// An expression cast to another type; `None` when the database would make something else of it
    /// than the query engine.
    pub fn cast(self, value: &str, from: &DataType, to: &DataType) -> Option<String> {
        use DataType::{Date32, Decimal128, Float32, Float64, Int16, Int32, Int64, Timestamp, Utf8};
        if from == to {
            return Some(value.to_owned());
        }
        let to_instant = is_instant(to);
        match (self, from, to) {
            (Self::Sqlite, Int16 | Int32, Int32 | Int64) if width(from) < width(to) => Some(value.to_owned()),
            (Self::Sqlite, Int16 | Int32 | Int64, Float64) => Some(format!("CAST({value} AS REAL)")),
            (Self::Sqlite, Date32, _) if to_instant => Some(format!("({value} * 86400000000)")),
            (Self::Sqlite, _, _) => None,
            (Self::Postgres, Int16 | Int32, Int32 | Int64) if width(from) < width(to) => {
                Some(format!("CAST({value} AS {})", int_type(width(to))))
            }
            (Self::Postgres, Int16 | Int32 | Int64 | Float32 | Decimal128(..), Float64) => {
                Some(format!("CAST({value} AS float8)"))
            }
            (Self::Postgres, Int16 | Int32 | Int64, Decimal128(precision, scale)) if *scale >= 0 => {
                Some(format!("CAST({value} AS numeric({precision}, {scale}))"))
            }
            (Self::Postgres, Decimal128(_, before), Decimal128(precision, scale)) if scale >= before => {
                Some(format!("CAST({value} AS numeric({precision}, {scale}))"))
            }
            (Self::Postgres, Int16 | Int32 | Int64, Utf8) => Some(format!("CAST({value} AS text)")),
            (Self::Postgres, Date32, _) if to_instant => Some(format!("CAST({value} AS timestamptz)")),
            (Self::Postgres, Timestamp(TimeUnit::Microsecond, Some(_)), Date32) if is_instant(from) => {
                Some(format!("CAST({value} AS date)"))
            }
            (Self::Postgres, _, _) => None,
        }
    }

    /// A text as it is compared byte by byte, which is how the query engine compares and sorts texts.
    pub fn bytewise(self, value: &str) -> String {
        match self {
            Self::Postgres => format!("{value} COLLATE \"C\""),
            Self::Sqlite => format!("{value} COLLATE BINARY"),
        }
    }

    /// The form in which an expression of this type is read; `None` when there is none.
    pub fn selected(self, value: &str, data_type: &DataType) -> Option<String> {
        match self {
            Self::Postgres => crate::postgres::selected(value, data_type),
            Self::Sqlite => crate::sqlite::selected(value, data_type),
        }
    }
}

/// Whether this is the type of instants: microseconds, UTC.
pub(crate) fn is_instant(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if matches!(&**zone, "UTC" | "+00:00"))
}

/// The type of every instant: microseconds, UTC.
pub(crate) fn instant_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

const fn width(data_type: &DataType) -> u8 {
    match data_type {
        DataType::Int16 => 16,
        DataType::Int32 => 32,
        _ => 64,
    }
}

const fn int_type(bits: u8) -> &'static str {
    match bits {
        0..=16 => "int2",
        17..=32 => "int4",
        _ => "int8",
    }
}

/// A text between quotes. Backslashes are plain: our sessions say so to PostgreSQL.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn decimal(digits: i128, scale: i8) -> Option<String> {
    let scale = usize::try_from(scale).ok()?;
    let sign = if digits < 0 { "-" } else { "" };
    let text = format!("{:0>width$}", digits.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = text.split_at(text.len() - scale);
    Some(if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") })
}

/// An instant in the years that both databases read the same way.
pub(crate) fn instant(micros: i64, format: &str) -> Option<String> {
    let at = DateTime::from_timestamp_micros(micros)?;
    use chrono::Datelike;
    (1..=9999).contains(&at.year()).then(|| at.format(format).to_string())
}

fn date(days: i32) -> Option<NaiveDate> {
    use chrono::Datelike;
    let date = NaiveDate::from_epoch_days(days)?;
    (1..=9999).contains(&date.year()).then_some(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(literal: Literal) -> [String; 2] {
        [Dialect::Postgres, Dialect::Sqlite].map(|dialect| dialect.literal(&literal).unwrap_or_else(|| "—".into()))
    }

    #[test]
    fn literals_are_written_as_each_database_reads_them() {
        let table = [
            (Literal::Null, ["NULL", "NULL"]),
            (Literal::Bool(true), ["TRUE", "TRUE"]),
            (Literal::Int(-5, 32), ["CAST(-5 AS int4)", "(-5)"]),
            (Literal::Int(i64::MIN, 64), ["CAST(-9223372036854775808 AS int8)", "(-9223372036854775808)"]),
            (Literal::Float(0.5), ["CAST(0.5 AS float8)", "(0.5)"]),
            (Literal::Float(1e300), ["CAST(1e300 AS float8)", "(1e300)"]),
            (Literal::Float(f64::NAN), ["CAST('NaN' AS float8)", "—"]),
            (Literal::Decimal(-1205, 2), ["CAST('-12.05' AS numeric)", "—"]),
            (Literal::Decimal(5, 3), ["CAST('0.005' AS numeric)", "—"]),
            (Literal::Text("it's \\".into()), ["CAST('it''s \\' AS text)", "'it''s \\'"]),
            (Literal::Text("a\0b".into()), ["—", "—"]),
            (Literal::Instant(1_500_000), ["TIMESTAMPTZ '1970-01-01 00:00:01.500000+00'", "(1500000)"]),
            (Literal::Instant(i64::MAX), ["—", "(9223372036854775807)"]),
            (Literal::Date(-1), ["DATE '1969-12-31'", "(-1)"]),
        ];
        for (literal, expected) in table {
            assert_eq!(written(literal), expected);
        }
    }

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        assert_eq!(Dialect::Sqlite.name("a\"; DROP TABLE b; --"), "\"a\"\"; DROP TABLE b; --\"");
    }
}

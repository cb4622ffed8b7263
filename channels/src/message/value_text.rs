//! Cells of a result as people read them, one line each.

use chrono_tz::Tz;
use watchfire_model::{Column, ColumnType, Value};

use super::duration_text::duration_text;
use super::instant_text::{date_text, instant_text};
use super::number_text::{decimal_text, decimals, float_text, float_text_with, grouped};
use super::table::{Align, Cell};
use super::text::one_line_cut;
use crate::limits::CELL_MAX_CHARS;

/// The last words of names whose numbers are not amounts: nobody writes the year 2,026.
const IDENTIFIER_WORDS: [&str; 8] = ["id", "year", "port", "pid", "code", "status", "zip", "pr"];

/// Words in names of columns that hold money: cents have two digits, or none.
const MONEY_WORDS: [&str; 10] = ["usd", "eur", "gbp", "chf", "cost", "price", "amount", "revenue", "spend", "budget"];

/// The most bytes of a binary cell that are shown.
const BYTES_SHOWN: usize = 16;

/// The most decimals for which a column's fractions are made equally long.
const ALIGNED_DECIMALS_MAX: usize = 4;

/// A value alone, as its column's type wants it; empty for NULL, never more than [`CELL_MAX_CHARS`].
pub fn value_text(value: &Value, zone: Tz) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::Bool(value) => value.to_string(),
        Value::Int(number) => grouped(&number.to_string()),
        Value::Float(number) => float_text(*number),
        Value::Decimal(text) => decimal_text(text),
        Value::String(text) => return one_line_cut(text, CELL_MAX_CHARS),
        Value::Timestamp(at) => instant_text(*at, zone),
        Value::Duration(micros) => duration_text(*micros),
        Value::Json(serde_json::Value::String(text)) => return one_line_cut(text, CELL_MAX_CHARS),
        Value::Json(value) => return one_line_cut(&value.to_string(), CELL_MAX_CHARS),
        Value::List(_) => return one_line_cut(&value.to_json().to_string(), CELL_MAX_CHARS),
        Value::Binary(bytes) => binary_text(bytes),
    };
    one_line_cut(&text, CELL_MAX_CHARS)
}

/// A value that names something, as in a title: numbers without separators, NULL as `null`.
pub fn name_text(value: &Value, zone: Tz) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Int(number) => number.to_string(),
        other => value_text(other, zone),
    }
}

/// The cells of one column, formatted alike: fractions equally long, days without a clock, identifiers plain.
pub(crate) fn cells<'a>(column: &Column, values: impl Iterator<Item = &'a Value> + Clone, zone: Tz) -> Vec<Cell> {
    let style = Style::of(column, values.clone());
    values.map(|value| style.cell(value, zone)).collect()
}

/// Where the cells of a column stand.
pub(super) const fn align(kind: ColumnType) -> Align {
    match kind {
        ColumnType::Int | ColumnType::Float | ColumnType::Duration => Align::Right,
        ColumnType::String
        | ColumnType::Bool
        | ColumnType::Timestamp
        | ColumnType::Json
        | ColumnType::List
        | ColumnType::Binary => Align::Left,
    }
}

/// What the cells of one column have in common.
enum Style {
    /// Each cell by itself.
    Single,
    /// Numbers with this many decimals.
    Decimals(usize),
    /// Whole numbers without separators.
    Identifier,
    /// Instants that are days.
    Days,
}

impl Style {
    fn of<'a>(column: &Column, values: impl Iterator<Item = &'a Value> + Clone) -> Self {
        let mut known = values.filter(|value| !value.is_null()).peekable();
        if known.peek().is_none() {
            return Self::Single;
        }
        match column.kind {
            ColumnType::Int if is_identifier(&column.name) => Self::Identifier,
            ColumnType::Float => {
                let most = known.map(|value| decimals(&value_text(value, Tz::UTC))).max().unwrap_or(0);
                match most {
                    1 if is_money(&column.name) => Self::Decimals(2),
                    0..=ALIGNED_DECIMALS_MAX => Self::Decimals(most),
                    _ => Self::Single,
                }
            }
            ColumnType::Timestamp if known.all(is_day) => Self::Days,
            ColumnType::Int
            | ColumnType::Timestamp
            | ColumnType::String
            | ColumnType::Bool
            | ColumnType::Duration
            | ColumnType::Json
            | ColumnType::List
            | ColumnType::Binary => Self::Single,
        }
    }

    fn cell(&self, value: &Value, zone: Tz) -> Cell {
        let text = match (self, value) {
            (Self::Decimals(decimals), Value::Float(number)) => float_text_with(*number, *decimals),
            (Self::Identifier, Value::Int(_)) => name_text(value, zone),
            (Self::Days, Value::Timestamp(at)) => date_text(*at, Tz::UTC),
            (Self::Single | Self::Decimals(_) | Self::Identifier | Self::Days, _) => value_text(value, zone),
        };
        Cell { text, number: value.as_f64().filter(|number| number.is_finite()) }
    }
}

fn is_identifier(name: &str) -> bool {
    let last = name.rsplit(['_', '.', '-', ' ']).next().unwrap_or(name).to_ascii_lowercase();
    IDENTIFIER_WORDS.contains(&last.as_str())
}

fn is_money(name: &str) -> bool {
    name.split(['_', '.', '-', ' ']).any(|word| MONEY_WORDS.contains(&word.to_ascii_lowercase().as_str()))
}

fn is_day(value: &Value) -> bool {
    matches!(value, Value::Timestamp(at) if at.as_micros().rem_euclid(86_400_000_000) == 0)
}

fn binary_text(bytes: &[u8]) -> String {
    if bytes.len() > BYTES_SHOWN {
        return format!("({} bytes)", grouped(&bytes.len().to_string()));
    }
    bytes.iter().fold("0x".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use watchfire_model::Timestamp;

    #[test]
    fn each_type_reads_well() {
        for (value, text) in [
            (Value::Null, ""),
            (Value::Bool(true), "true"),
            (Value::Int(-18_204), "-18,204"),
            (Value::Int(i128::from(u64::MAX)), "18,446,744,073,709,551,615"),
            (Value::Decimal("1218.60".into()), "1,218.60"),
            (Value::String("two\nlines\u{202E}".into()), "two lines"),
            (Value::Timestamp(Timestamp::from_seconds(0)), "1970-01-01 01:00 CET"),
            (Value::Duration(1_380_000_000), "23 m"),
            (Value::Json(json!({"a": [1, null]})), r#"{"a":[1,null]}"#),
            (Value::Json(json!("text")), "text"),
            (Value::List(vec![Value::Int(1), Value::String("x".into())]), r#"[1,"x"]"#),
            (Value::Binary(vec![0xde, 0xad]), "0xdead"),
            (Value::Binary(vec![0; 2_000]), "(2,000 bytes)"),
        ] {
            assert_eq!(value_text(&value, Tz::Europe__Berlin), text);
        }
        assert_eq!(value_text(&Value::String("x".repeat(1_000_000)), Tz::UTC).chars().count(), CELL_MAX_CHARS);
    }

    #[test]
    fn the_cells_of_a_column_are_alike() {
        let column = |name: &str, kind| Column { name: name.into(), kind };
        let texts = |column: Column, values: &[Value]| -> Vec<String> {
            cells(&column, values.iter(), Tz::UTC).into_iter().map(|cell| cell.text).collect()
        };
        let floats = [Value::Float(1_218.6), Value::Float(22.04), Value::Null, Value::Float(3.0)];
        assert_eq!(texts(column("usd", ColumnType::Float), &floats), ["1,218.60", "22.04", "", "3.00"]);
        let rates = [Value::Float(1.0 / 3.0), Value::Float(0.5), Value::Float(f64::NAN)];
        assert_eq!(texts(column("rate", ColumnType::Float), &rates), ["0.333333", "0.5", "NaN"]);
        assert_eq!(texts(column("user_id", ColumnType::Int), &[Value::Int(123_456)]), ["123456"]);
        let days = [Value::Timestamp(Timestamp::from_seconds(86_400))];
        assert_eq!(texts(column("day", ColumnType::Timestamp), &days), ["1970-01-02"]);
    }
}

//! Cells of SQLite, whose type is that of the value, not of the column.

use sqlx::sqlite::{Sqlite, SqliteRow, SqliteValueRef};
use sqlx::{Decode, Row, TypeInfo, ValueRef};

use crate::batch::{Batch, Cells};

/// Adds a row; the error says which column cannot be read, and why.
pub(super) fn take(batch: &mut Batch, row: &SqliteRow) -> Result<(), String> {
    let mut size = 0;
    for index in 0..batch.columns.len() {
        let value = row.try_get_raw(index).map_err(|error| error.to_string())?;
        if value.is_null() {
            batch.columns[index].push_null();
            continue;
        }
        let taken = push(&mut batch.columns[index], value);
        size += taken.map_err(|what| format!("column `{}`: {what}", batch.name(index)))?;
    }
    batch.row_taken(size + 16);
    Ok(())
}

/// Adds a cell; how many bytes it takes.
fn push(cells: &mut Cells, value: SqliteValueRef<'_>) -> Result<usize, String> {
    match cells {
        Cells::Bool(cells) => cells.append_value(whole(value)? != 0),
        Cells::Int16(cells) => cells.append_value(narrow(whole(value)?)?),
        Cells::Int32(cells) => cells.append_value(narrow(whole(value)?)?),
        Cells::Int64(cells) => cells.append_value(whole(value)?),
        Cells::Instant(cells) => cells.append_value(whole(value)?),
        Cells::Date(cells) => cells.append_value(narrow(whole(value)?)?),
        #[expect(clippy::cast_possible_truncation, reason = "a number of fewer digits is what was asked for")]
        Cells::Float32(cells) => cells.append_value(decoded::<f64>(value)? as f32),
        Cells::Float64(cells) => cells.append_value(decoded::<f64>(value)?),
        Cells::Text(cells) => {
            let text: &str = decoded(value)?;
            cells.append_value(text);
            return Ok(text.len());
        }
        Cells::Binary(cells) => {
            let bytes: &[u8] = decoded(value)?;
            cells.append_value(bytes);
            return Ok(bytes.len());
        }
        Cells::Decimal(..) | Cells::Time(_) | Cells::Interval(_) | Cells::List { .. } => {
            return Err("SQLite has no values of this type".to_owned());
        }
    }
    Ok(8)
}

/// SQLite goes over to floating point where whole numbers end; what we say is whole must be it.
fn whole(value: SqliteValueRef<'_>) -> Result<i64, String> {
    let found = value.type_info().name().to_owned();
    if matches!(found.as_str(), "REAL" | "TEXT" | "BLOB") {
        return Err(format!("a value of type {found} where a whole number was expected"));
    }
    decoded(value)
}

fn narrow<T: TryFrom<i64>>(value: i64) -> Result<T, String> {
    T::try_from(value).map_err(|_| format!("{value} is out of range"))
}

fn decoded<'r, T: Decode<'r, Sqlite>>(value: SqliteValueRef<'r>) -> Result<T, String> {
    T::decode(value).map_err(|error| error.to_string())
}

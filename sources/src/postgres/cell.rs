//! Cells in PostgreSQL's binary form.

use arrow::datatypes::{Decimal128Type, DecimalType};
use arrow::datatypes::{IntervalMonthDayNano, IntervalMonthDayNanoType};
use sqlx::postgres::{PgRow, PgValueFormat};
use sqlx::{Row, ValueRef};

use crate::batch::{Batch, Cells};

/// Microseconds from 1970 to 2000, PostgreSQL's own beginning.
const EPOCH_MICROS: i64 = 946_684_800_000_000;
/// Days from 1970 to 2000.
const EPOCH_DAYS: i32 = 10_957;

/// What stands for `infinity` and `-infinity`, and for what is before or after: the ends of the years that everybody can
/// write. Beyond them the query engine shows NULL, as if nothing were there.
const FIRST_MICROS: i64 = -62_135_596_800_000_000;
const LAST_MICROS: i64 = 253_402_300_799_999_999;
const FIRST_DAY: i32 = -719_162;
const LAST_DAY: i32 = 2_932_896;

/// The last microsecond of a day: `24:00` is a time of PostgreSQL, and of nobody else.
const LAST_TIME: i64 = 86_399_999_999;

/// Adds a row; the error says which column cannot be read, and why.
pub(super) fn take(batch: &mut Batch, row: &PgRow) -> Result<(), String> {
    let mut size = 0;
    for index in 0..batch.columns.len() {
        let value = row.try_get_raw(index).map_err(|error| error.to_string())?;
        if value.is_null() {
            batch.columns[index].push_null();
            continue;
        }
        let bytes = match value.format() {
            PgValueFormat::Binary => value.as_bytes().map_err(|error| error.to_string()),
            PgValueFormat::Text => Err("the server sent a text where a binary form was asked for".to_owned()),
        };
        size += bytes.as_ref().map_or(0, |bytes| bytes.len());
        let taken = bytes.and_then(|bytes| push(&mut batch.columns[index], bytes));
        taken.map_err(|what| format!("column `{}`: {what}", batch.name(index)))?;
    }
    batch.row_taken(size + 16);
    Ok(())
}

fn push(cells: &mut Cells, bytes: &[u8]) -> Result<(), String> {
    match cells {
        Cells::Bool(cells) => cells.append_value(fixed::<1>(bytes)? != [0]),
        Cells::Int16(cells) => cells.append_value(i16::from_be_bytes(fixed(bytes)?)),
        Cells::Int32(cells) => cells.append_value(i32::from_be_bytes(fixed(bytes)?)),
        Cells::Int64(cells) => cells.append_value(i64::from_be_bytes(fixed(bytes)?)),
        Cells::Float32(cells) => cells.append_value(f32::from_be_bytes(fixed(bytes)?)),
        Cells::Float64(cells) => cells.append_value(f64::from_be_bytes(fixed(bytes)?)),
        Cells::Decimal(cells, precision, scale) => cells.append_value(decimal(text(bytes)?, *precision, *scale)?),
        Cells::Text(cells) => cells.append_value(text(bytes)?),
        Cells::Binary(cells) => cells.append_value(bytes),
        Cells::Instant(cells) => cells.append_value(instant(i64::from_be_bytes(fixed(bytes)?))),
        Cells::Date(cells) => cells.append_value(date(i32::from_be_bytes(fixed(bytes)?))),
        Cells::Time(cells) => cells.append_value(i64::from_be_bytes(fixed(bytes)?).clamp(0, LAST_TIME)),
        Cells::Interval(cells) => cells.append_value(interval(bytes)?),
        Cells::List { lengths, valid, items, .. } => {
            lengths.push(list(items, bytes)?);
            valid.push(true);
        }
    }
    Ok(())
}

fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N], String> {
    bytes.try_into().map_err(|_| format!("{} bytes where {N} were expected", bytes.len()))
}

fn text(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|_| "a text that is not UTF-8".to_owned())
}

fn instant(micros: i64) -> i64 {
    match micros {
        i64::MAX => LAST_MICROS,
        i64::MIN => FIRST_MICROS,
        micros => micros.saturating_add(EPOCH_MICROS).clamp(FIRST_MICROS, LAST_MICROS),
    }
}

fn date(days: i32) -> i32 {
    match days {
        i32::MAX => LAST_DAY,
        i32::MIN => FIRST_DAY,
        days => days.saturating_add(EPOCH_DAYS).clamp(FIRST_DAY, LAST_DAY),
    }
}

fn interval(bytes: &[u8]) -> Result<IntervalMonthDayNano, String> {
    let bytes: [u8; 16] = fixed(bytes)?;
    let (micros, rest) = bytes.split_at(8);
    let (days, months) = rest.split_at(4);
    let nanos = i64::from_be_bytes(fixed(micros)?).checked_mul(1_000).ok_or("an interval of more than 292 years")?;
    let (days, months) = (i32::from_be_bytes(fixed(days)?), i32::from_be_bytes(fixed(months)?));
    Ok(IntervalMonthDayNanoType::make_value(months, days, nanos))
}

/// Digits with a point, as the server writes a `numeric` that was rounded to `scale`.
fn decimal(text: &str, precision: u8, scale: i8) -> Result<i128, String> {
    let no = || format!("{text} does not fit numeric({precision}, {scale})");
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let missing = usize::try_from(scale).ok().and_then(|scale| scale.checked_sub(fraction.len())).ok_or_else(no)?;
    let digits: i128 = format!("{whole}{fraction}{}", "0".repeat(missing)).parse().map_err(|_| no())?;
    Decimal128Type::validate_decimal_precision(digits, precision, scale).map_err(|_| no())?;
    Ok(digits)
}

/// Adds the items of an array; how many.
fn list(items: &mut Cells, bytes: &[u8]) -> Result<usize, String> {
    let short = || "an array that ends too early".to_owned();
    let (dimensions, rest) = bytes.split_first_chunk::<4>().ok_or_else(short)?;
    match i32::from_be_bytes(*dimensions) {
        0 => return Ok(0),
        1 => {}
        more => return Err(format!("an array of {more} dimensions; only lists are read")),
    }
    // Flags and the item's type, which the statement has chosen; then the length and the index of the first item.
    let (_, rest) = rest.split_first_chunk::<8>().ok_or_else(short)?;
    let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(short)?;
    let (_, mut rest) = rest.split_first_chunk::<4>().ok_or_else(short)?;
    let length = usize::try_from(i32::from_be_bytes(*length)).map_err(|_| short())?;
    for _ in 0..length {
        let (size, tail) = rest.split_first_chunk::<4>().ok_or_else(short)?;
        let size = i32::from_be_bytes(*size);
        let Ok(size) = usize::try_from(size) else {
            items.push_null();
            rest = tail;
            continue;
        };
        let (item, tail) = tail.split_at_checked(size).ok_or_else(short)?;
        push(items, item)?;
        rest = tail;
    }
    Ok(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_become_decimals_of_the_declared_scale_or_an_error_that_shows_them() {
        assert_eq!(decimal("12.5", 10, 3), Ok(12_500));
        assert_eq!(decimal("-0.05", 10, 2), Ok(-5));
        assert_eq!(decimal("7", 10, 0), Ok(7));
        assert_eq!(decimal("NaN", 10, 2), Err("NaN does not fit numeric(10, 2)".to_owned()));
        assert_eq!(decimal("1000.0", 4, 1), Err("1000.0 does not fit numeric(4, 1)".to_owned()));
    }

    #[test]
    fn infinite_times_are_the_ends_of_the_years_that_can_be_written() {
        assert_eq!(instant(i64::MAX), LAST_MICROS);
        assert_eq!(instant(0), EPOCH_MICROS);
        assert_eq!(date(i32::MIN), FIRST_DAY);
        // 294276-12-31, 4713 BC and 5874897-12-31, the ends of PostgreSQL's own years.
        assert_eq!(instant(9_223_371_331_199_999_999), LAST_MICROS);
        assert_eq!(instant(-211_813_488_000_000_000), FIRST_MICROS);
        assert_eq!((date(2_145_031_948), date(-2_451_545)), (LAST_DAY, FIRST_DAY));
    }

    #[test]
    fn no_bytes_of_an_array_make_it_panic() {
        let whole =
            [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 23, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 7, 255, 255, 255, 255];
        for end in 0..whole.len() {
            let mut items = Cells::new(&arrow::datatypes::DataType::Int32).unwrap();
            assert!(list(&mut items, &whole[..end]).is_err());
        }
        let mut items = Cells::new(&arrow::datatypes::DataType::Int32).unwrap();
        assert_eq!(list(&mut items, &whole), Ok(2));
    }
}

//! Cells as JSON text, as clients of Logfire read them.
//!
//! Numbers of any size and decimals are numbers, what is no number (NaN, infinities) is null, JSON is itself and no
//! text, instants are RFC 3339 with six digits of a second (nine where they have more), spans of time ISO 8601,
//! bytes base64.

use std::fmt::Display;
use std::io::Write;

use arrow::array::timezone::Tz;
use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{
    ArrowTimestampType, DataType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
    DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType, DurationSecondType, Field, Float16Type,
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, IntervalMonthDayNanoType, IntervalUnit,
    Time64NanosecondType, TimeUnit, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDateTime, SecondsFormat, TimeZone, Utc};
use datafusion_functions_json::{JsonUnionEncoder, JsonUnionValue};
use serde_json::value::RawValue;

use super::out::Out;
use crate::value::is_json;

/// Nanoseconds of a second.
const SECOND: i128 = 1_000_000_000;

/// Writes one cell of a column.
pub(super) fn write_cell(out: &mut Out, field: &Field, array: &dyn Array, row: usize) {
    if array.is_null(row) {
        return null(out);
    }
    match array.data_type() {
        DataType::Null => null(out),
        DataType::Boolean => shown(out, array.as_boolean().value(row)),
        DataType::Int8 => shown(out, array.as_primitive::<Int8Type>().value(row)),
        DataType::Int16 => shown(out, array.as_primitive::<Int16Type>().value(row)),
        DataType::Int32 => shown(out, array.as_primitive::<Int32Type>().value(row)),
        DataType::Int64 => shown(out, array.as_primitive::<Int64Type>().value(row)),
        DataType::UInt8 => shown(out, array.as_primitive::<UInt8Type>().value(row)),
        DataType::UInt16 => shown(out, array.as_primitive::<UInt16Type>().value(row)),
        DataType::UInt32 => shown(out, array.as_primitive::<UInt32Type>().value(row)),
        DataType::UInt64 => shown(out, array.as_primitive::<UInt64Type>().value(row)),
        // Through their own shortest text: 0.1 is 0.1, and not what is nearest to it in more bits.
        DataType::Float16 => json(out, &array.as_primitive::<Float16Type>().value(row).to_f32()),
        DataType::Float32 => json(out, &array.as_primitive::<Float32Type>().value(row)),
        DataType::Float64 => json(out, &array.as_primitive::<Float64Type>().value(row)),
        DataType::Decimal32(_, _) => shown(out, array.as_primitive::<Decimal32Type>().value_as_string(row)),
        DataType::Decimal64(_, _) => shown(out, array.as_primitive::<Decimal64Type>().value_as_string(row)),
        DataType::Decimal128(_, _) => shown(out, array.as_primitive::<Decimal128Type>().value_as_string(row)),
        DataType::Decimal256(_, _) => shown(out, array.as_primitive::<Decimal256Type>().value_as_string(row)),
        DataType::Utf8 => text(out, field, array.as_string::<i32>().value(row)),
        DataType::LargeUtf8 => text(out, field, array.as_string::<i64>().value(row)),
        DataType::Utf8View => text(out, field, array.as_string_view().value(row)),
        DataType::Binary => bytes(out, array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => bytes(out, array.as_binary::<i64>().value(row)),
        DataType::BinaryView => bytes(out, array.as_binary_view().value(row)),
        DataType::FixedSizeBinary(_) => bytes(out, array.as_fixed_size_binary().value(row)),
        DataType::Timestamp(unit, zone) => {
            instant(out, nanos(*unit, timestamp(*unit, array, row)), zone.as_deref());
        }
        DataType::Date32 => match array.as_primitive::<Date32Type>().value_as_date(row) {
            Some(date) => json(out, &date.format("%Y-%m-%d").to_string()),
            None => null(out),
        },
        DataType::Date64 => match array.as_primitive::<Date64Type>().value_as_date(row) {
            Some(date) => json(out, &date.format("%Y-%m-%d").to_string()),
            None => null(out),
        },
        DataType::Time32(_) | DataType::Time64(_) => time(out, array, row),
        DataType::Duration(unit) => span(out, 0, 0, nanos(*unit, duration(*unit, array, row))),
        DataType::Interval(_) => interval(out, array, row),
        DataType::List(item) => list(out, item, array.as_list::<i32>().value(row).as_ref()),
        DataType::LargeList(item) => list(out, item, array.as_list::<i64>().value(row).as_ref()),
        DataType::ListView(item) => list(out, item, array.as_list_view::<i32>().value(row).as_ref()),
        DataType::LargeListView(item) => list(out, item, array.as_list_view::<i64>().value(row).as_ref()),
        DataType::FixedSizeList(item, _) => list(out, item, array.as_fixed_size_list().value(row).as_ref()),
        DataType::Struct(fields) => {
            let members = fields.iter().zip(array.as_struct().columns());
            object(out, members.map(|(field, column)| (field.name().clone(), field.as_ref(), column.as_ref(), row)));
        }
        DataType::Map(_, _) => {
            let entries = array.as_map().value(row);
            let (fields, columns) = (entries.fields(), entries.columns());
            let members = (0..entries.len()).map(|entry| {
                (key(&fields[0], columns[0].as_ref(), entry), fields[1].as_ref(), columns[1].as_ref(), entry)
            });
            object(out, members);
        }
        DataType::Union(fields, _) => {
            let union = array.as_union();
            if let Some(values) = JsonUnionEncoder::from_union(union.clone()) {
                return write_json_union(out, &values.get_value(row));
            }
            let (id, place) = (union.type_id(row), union.value_offset(row));
            match fields.iter().find(|(of, _)| *of == id) {
                Some((_, field)) => write_cell(out, field, union.child(id).as_ref(), place),
                None => null(out),
            }
        }
        DataType::Dictionary(_, value) => opened(out, field, array, row, value),
        DataType::RunEndEncoded(_, values) => opened(out, field, array, row, values.data_type()),
    }
}

/// A value of JSON as the functions on JSON return it.
pub(super) fn write_json_union(out: &mut Out, value: &JsonUnionValue<'_>) {
    match value {
        JsonUnionValue::JsonNull => null(out),
        JsonUnionValue::Bool(value) => shown(out, value),
        JsonUnionValue::Int(value) => shown(out, value),
        JsonUnionValue::Float(value) => json(out, value),
        JsonUnionValue::Str(text) => json(out, text),
        JsonUnionValue::Array(text) | JsonUnionValue::Object(text) => raw(out, text),
    }
}

fn null(out: &mut Out) {
    out.extend_from_slice(b"null");
}

fn shown(out: &mut Out, value: impl Display) {
    write!(out, "{value}").expect("memory takes everything");
}

/// Floats that are no numbers are null.
fn json(out: &mut Out, value: &(impl serde::Serialize + ?Sized)) {
    serde_json::to_writer(out, value).expect("a plain value is JSON");
}

fn text(out: &mut Out, field: &Field, value: &str) {
    if is_json(field) { raw(out, value) } else { json(out, value) }
}

/// JSON text as it is, on one line; text that is no JSON as a JSON string, so that nobody loses it.
fn raw(out: &mut Out, text: &str) {
    match serde_json::from_str::<&RawValue>(text) {
        Ok(value) if !value.get().contains(['\n', '\r']) => out.extend_from_slice(value.get().as_bytes()),
        Ok(_) => match serde_json::from_str::<serde_json::Value>(text) {
            Ok(value) => json(out, &value),
            Err(_) => json(out, text),
        },
        Err(_) => json(out, text),
    }
}

fn bytes(out: &mut Out, value: &[u8]) {
    json(out, &STANDARD.encode(value));
}

fn list(out: &mut Out, field: &Field, items: &dyn Array) {
    out.push(b'[');
    for row in 0..items.len() {
        if row > 0 {
            out.push(b',');
        }
        write_cell(out, field, items, row);
    }
    out.push(b']');
}

fn object<'a>(out: &mut Out, members: impl Iterator<Item = (String, &'a Field, &'a dyn Array, usize)>) {
    out.push(b'{');
    for (place, (name, field, array, row)) in members.enumerate() {
        if place > 0 {
            out.push(b',');
        }
        json(out, &name);
        out.push(b':');
        write_cell(out, field, array, row);
    }
    out.push(b'}');
}

/// The key of an entry as the name of a member.
fn key(field: &Field, keys: &dyn Array, entry: usize) -> String {
    let mut text = Out::new(usize::MAX);
    write_cell(&mut text, field, keys, entry);
    let text = text.into_bytes();
    serde_json::from_slice::<String>(&text).unwrap_or_else(|_| String::from_utf8_lossy(&text).into_owned())
}

/// A cell of an encoded column.
fn opened(out: &mut Out, field: &Field, array: &dyn Array, row: usize, kind: &DataType) {
    match cast(&array.slice(row, 1), kind) {
        Ok(cell) => write_cell(out, field, cell.as_ref(), 0),
        Err(_) => null(out),
    }
}

fn timestamp(unit: TimeUnit, array: &dyn Array, row: usize) -> i64 {
    fn of<T: ArrowTimestampType>(array: &dyn Array, row: usize) -> i64 {
        array.as_primitive::<T>().value(row)
    }
    match unit {
        TimeUnit::Second => of::<TimestampSecondType>(array, row),
        TimeUnit::Millisecond => of::<TimestampMillisecondType>(array, row),
        TimeUnit::Microsecond => of::<TimestampMicrosecondType>(array, row),
        TimeUnit::Nanosecond => of::<TimestampNanosecondType>(array, row),
    }
}

fn duration(unit: TimeUnit, array: &dyn Array, row: usize) -> i64 {
    match unit {
        TimeUnit::Second => array.as_primitive::<DurationSecondType>().value(row),
        TimeUnit::Millisecond => array.as_primitive::<DurationMillisecondType>().value(row),
        TimeUnit::Microsecond => array.as_primitive::<DurationMicrosecondType>().value(row),
        TimeUnit::Nanosecond => array.as_primitive::<DurationNanosecondType>().value(row),
    }
}

fn nanos(unit: TimeUnit, value: i64) -> i128 {
    let scale = match unit {
        TimeUnit::Second => SECOND,
        TimeUnit::Millisecond => 1_000_000,
        TimeUnit::Microsecond => 1_000,
        TimeUnit::Nanosecond => 1,
    };
    i128::from(value) * scale
}

/// An instant in its zone, or without any. One beyond the years that can be written is null.
fn instant(out: &mut Out, nanos: i128, zone: Option<&str>) {
    let seconds = i64::try_from(nanos.div_euclid(SECOND)).ok();
    let fraction = u32::try_from(nanos.rem_euclid(SECOND)).ok();
    let Some(at) = seconds.zip(fraction).and_then(|(seconds, nanos)| DateTime::<Utc>::from_timestamp(seconds, nanos))
    else {
        return null(out);
    };
    let digits = if nanos % 1_000 == 0 { SecondsFormat::Micros } else { SecondsFormat::Nanos };
    let text = match zone {
        None => naive(at.naive_utc(), digits),
        Some("UTC" | "+00:00" | "Z") => at.to_rfc3339_opts(digits, true),
        Some(zone) => match zone.parse::<Tz>() {
            Ok(zone) => zone.from_utc_datetime(&at.naive_utc()).to_rfc3339_opts(digits, false),
            Err(_) => at.to_rfc3339_opts(digits, true),
        },
    };
    json(out, &text);
}

fn naive(at: NaiveDateTime, digits: SecondsFormat) -> String {
    let text = at.and_utc().to_rfc3339_opts(digits, true);
    text.trim_end_matches('Z').to_owned()
}

/// A time of day.
fn time(out: &mut Out, array: &dyn Array, row: usize) {
    let cell = cast(&array.slice(row, 1), &DataType::Time64(TimeUnit::Nanosecond));
    let time = cell.ok().and_then(|cell| cell.as_primitive::<Time64NanosecondType>().value_as_time(0));
    match time {
        Some(time) => json(out, &time.format("%H:%M:%S%.6f").to_string()),
        None => null(out),
    }
}

fn interval(out: &mut Out, array: &dyn Array, row: usize) {
    match cast(&array.slice(row, 1), &DataType::Interval(IntervalUnit::MonthDayNano)) {
        Ok(cell) => {
            let value = cell.as_primitive::<IntervalMonthDayNanoType>().value(0);
            span(out, value.months, value.days, value.nanoseconds.into());
        }
        Err(_) => null(out),
    }
}

/// A span of time in ISO 8601, like `P1M2DT3.5S`: months and days have no fixed length, seconds are not broken up.
fn span(out: &mut Out, months: i32, days: i32, nanos: i128) {
    let mut text = String::from("P");
    if months != 0 {
        text += &format!("{months}M");
    }
    if days != 0 {
        text += &format!("{days}D");
    }
    if nanos != 0 || text == "P" {
        let (sign, nanos) = (if nanos < 0 { "-" } else { "" }, nanos.unsigned_abs());
        let (seconds, fraction) = (nanos / SECOND.unsigned_abs(), nanos % SECOND.unsigned_abs());
        let fraction = format!("{fraction:09}");
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        text += &format!("T{sign}{seconds}{point}{fraction}S");
    }
    json(out, &text);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, DurationMicrosecondArray,
        Float32Array, Float64Array, Int64Array, IntervalMonthDayNanoArray, ListArray, MapBuilder, NullArray,
        StringArray, StringBuilder, StructArray, Time64MicrosecondArray, TimestampMicrosecondArray,
        TimestampNanosecondArray, UInt64Array,
    };
    use arrow::datatypes::{Int32Type, IntervalMonthDayNano};
    use watchfire_ingest::table::json_metadata;

    use super::*;

    fn written(array: ArrayRef) -> String {
        let field = Field::new("x", array.data_type().clone(), true);
        cells(&field, &array)
    }

    fn cells(field: &Field, array: &ArrayRef) -> String {
        let mut out = Out::new(usize::MAX);
        for row in 0..array.len() {
            if row > 0 {
                out.push(b' ');
            }
            write_cell(&mut out, field, array.as_ref(), row);
        }
        String::from_utf8(out.into_bytes()).unwrap()
    }

    #[test]
    fn every_type_has_a_text() {
        let micros = 1_779_887_796_517_321;
        let days = IntervalMonthDayNano::new(14, 3, -1_500_000_000);
        let mut map = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
        map.keys().append_value("a \"b\"");
        map.values().append_null();
        map.append(true).unwrap();
        let strings: ArrayRef = Arc::new(StringArray::from(vec![Some("a\n\"b\""), None]));
        let table: Vec<(ArrayRef, &str)> = vec![
            (Arc::new(NullArray::new(1)), "null"),
            (Arc::new(BooleanArray::from(vec![Some(true), None])), "true null"),
            (Arc::new(Int64Array::from(vec![i64::MIN, 1 << 60])), "-9223372036854775808 1152921504606846976"),
            (Arc::new(UInt64Array::from(vec![u64::MAX])), "18446744073709551615"),
            (Arc::new(Float64Array::from(vec![1.0, 0.1, f64::NAN, f64::INFINITY])), "1.0 0.1 null null"),
            (Arc::new(Float32Array::from(vec![0.1_f32])), "0.1"),
            (
                Arc::new(Decimal128Array::from(vec![-5, 12_300]).with_precision_and_scale(38, 4).unwrap()),
                "-0.0005 1.2300",
            ),
            (strings.clone(), r#""a\n\"b\"" null"#),
            (Arc::new(BinaryArray::from(vec![&b"\x00\xff"[..]])), r#""AP8=""#),
            (
                Arc::new(TimestampMicrosecondArray::from(vec![micros, -1]).with_timezone("UTC")),
                r#""2026-05-27T13:16:36.517321Z" "1969-12-31T23:59:59.999999Z""#,
            ),
            (
                Arc::new(TimestampMicrosecondArray::from(vec![micros]).with_timezone("Europe/Berlin")),
                r#""2026-05-27T15:16:36.517321+02:00""#,
            ),
            (Arc::new(TimestampMicrosecondArray::from(vec![micros])), r#""2026-05-27T13:16:36.517321""#),
            (Arc::new(TimestampMicrosecondArray::from(vec![i64::MAX])), "null"),
            (
                Arc::new(TimestampNanosecondArray::from(vec![7]).with_timezone("+00:00")),
                r#""1970-01-01T00:00:00.000000007Z""#,
            ),
            (Arc::new(Date32Array::from(vec![20_600])), r#""2026-05-27""#),
            (Arc::new(Time64MicrosecondArray::from(vec![3_600_000_001])), r#""01:00:00.000001""#),
            (Arc::new(DurationMicrosecondArray::from(vec![1_500_000, -250, 0])), r#""PT1.5S" "PT-0.00025S" "PT0S""#),
            (Arc::new(IntervalMonthDayNanoArray::from(vec![days])), r#""P14M3DT-1.5S""#),
            (
                Arc::new(ListArray::from_iter_primitive::<Int32Type, _, _>(vec![Some(vec![Some(1), None]), None])),
                "[1,null] null",
            ),
            (
                Arc::new(StructArray::from(vec![(Arc::new(Field::new("s", DataType::Utf8, true)), strings)])),
                r#"{"s":"a\n\"b\""} {"s":null}"#,
            ),
            (Arc::new(map.finish()), r#"{"a \"b\"":null}"#),
            (Arc::new(vec!["v"].into_iter().collect::<DictionaryArray<Int32Type>>()), r#""v""#),
        ];
        for (array, text) in table {
            let kind = array.data_type().clone();
            let expected = text.to_owned();
            assert_eq!(written(array), expected, "{kind}");
        }
    }

    #[test]
    fn json_is_itself_on_one_line_and_what_is_none_is_a_text() {
        let field = Field::new("attributes", DataType::Utf8, true).with_metadata(json_metadata());
        let texts = [r#"{"a": [1e400, "x"]}"#, "{\"a\":\n1}", "{broken", "null"];
        let array: ArrayRef = Arc::new(StringArray::from(texts.to_vec()));
        assert_eq!(cells(&field, &array), r#"{"a": [1e400, "x"]} {"a":1} "{broken" null"#);
    }
}

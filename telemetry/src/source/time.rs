//! Text columns that are times.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, TimestampMicrosecondArray};
use arrow::compute::cast;
use arrow::compute::kernels::cast_utils::string_to_datetime;
use arrow::datatypes::DataType;
use chrono::Utc;

use watchfire_ingest::table::instant_type;

/// Microseconds since 1970 of an RFC 3339 text; a space instead of the `T` and a missing zone (UTC) are borne.
pub(crate) fn parse_instant(text: &str) -> Option<i64> {
    string_to_datetime(&Utc, text.trim()).ok().map(|instant| instant.timestamp_micros())
}

/// A column as instants; the error names the first row (from 0) that is none, and its value.
pub(crate) fn as_instants(column: &ArrayRef) -> Result<ArrayRef, (usize, String)> {
    match column.data_type() {
        DataType::Utf8 => {
            let texts = column.as_string::<i32>();
            let mut instants = Vec::with_capacity(texts.len());
            for (row, text) in texts.iter().enumerate() {
                let instant = text.map(|text| parse_instant(text).ok_or_else(|| (row, text.to_owned()))).transpose()?;
                instants.push(instant);
            }
            Ok(Arc::new(TimestampMicrosecondArray::from(instants).with_data_type(instant_type())))
        }
        DataType::Timestamp(_, _) | DataType::Date32 | DataType::Date64 | DataType::Null => {
            cast(column, &instant_type()).map_err(|error| (0, error.to_string()))
        }
        other => Err((0, format!("a value of type {other}"))),
    }
}

//! Comma-separated values with a header line, as columns.

use std::io::Cursor;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::csv::ReaderBuilder;
use arrow::csv::reader::Format;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::error::ArrowError;

use super::ndjson::Rows;
use super::time::as_instants;
use watchfire_ingest::table::instant_type;

/// Rows per batch.
const BATCH_ROWS: usize = 8_192;

/// Reads `text`, types inferred over all lines; instants are made of the column `time_column`.
///
/// A last line without its newline that does not fit the others is still being written,
/// and is left for the next time. Any other bad line is an error that names it.
pub(crate) fn read(text: &[u8], time_column: Option<&str>) -> Result<Rows, String> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    if text.trim_ascii().is_empty() {
        return Ok(Rows { schema: Arc::new(Schema::empty()), batches: Vec::new() });
    }
    match read_complete(text, time_column) {
        Err(error) => {
            let finished = text.iter().rposition(|byte| *byte == b'\n').filter(|end| end + 1 < text.len());
            let earlier = finished.map(|end| read_complete(&text[..=end], time_column));
            earlier.and_then(Result::ok).ok_or(error)
        }
        read => read,
    }
}

fn read_complete(text: &[u8], time_column: Option<&str>) -> Result<Rows, String> {
    let format = Format::default().with_header(true);
    let (inferred, _) = format.infer_schema(Cursor::new(text), None).map_err(|error| sentence(&error))?;
    // The time is read as text, so that every notation of RFC 3339 goes the same way.
    let raw: Vec<Field> = inferred
        .fields()
        .iter()
        .map(|field| {
            let data_type =
                if Some(field.name().as_str()) == time_column { DataType::Utf8 } else { field.data_type().clone() };
            Field::new(field.name(), data_type, true)
        })
        .collect();
    let reader = ReaderBuilder::new(Arc::new(Schema::new(raw)))
        .with_format(format)
        .with_batch_size(BATCH_ROWS)
        .build(Cursor::new(text))
        .map_err(|error| sentence(&error))?;
    let mut schema = None;
    let mut batches = Vec::new();
    for (index, batch) in reader.enumerate() {
        let batch = with_instants(&batch.map_err(|error| sentence(&error))?, time_column, index * BATCH_ROWS)?;
        schema = Some(batch.schema());
        batches.push(batch);
    }
    let schema = schema.unwrap_or_else(|| Arc::new(with_instant_types(&inferred, time_column)));
    Ok(Rows { schema, batches })
}

/// Every time of a batch in microseconds, UTC; `first_row` counts the rows before it.
fn with_instants(batch: &RecordBatch, time_column: Option<&str>, first_row: usize) -> Result<RecordBatch, String> {
    let schema = Arc::new(with_instant_types(&batch.schema(), time_column));
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        columns.push(if Some(field.name().as_str()) == time_column {
            as_instants(column).map_err(|(row, value)| {
                // One line for the header, one because lines count from 1.
                let line = first_row + row + 2;
                format!("line {line}: `{}` is {value:?}, not a time like 2026-11-20T06:00:00Z", field.name())
            })?
        } else {
            cast(column, field.data_type()).map_err(|error| sentence(&error))?
        });
    }
    RecordBatch::try_new(schema, columns).map_err(|error| sentence(&error))
}

fn with_instant_types(schema: &Schema, time_column: Option<&str>) -> Schema {
    let fields = schema.fields().iter().map(|field| {
        let is_time =
            Some(field.name().as_str()) == time_column || matches!(field.data_type(), DataType::Timestamp(_, _));
        Field::new(field.name(), if is_time { instant_type() } else { field.data_type().clone() }, true)
    });
    Schema::new(fields.collect::<Vec<_>>())
}

/// What went wrong, without the name of the reader's own error type.
fn sentence(error: &ArrowError) -> String {
    match error {
        ArrowError::CsvError(text) | ArrowError::ParseError(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    fn table(lines: &str) -> String {
        read(lines.as_bytes(), Some("ts")).map_or_else(|error| error, |rows| rows.shown())
    }

    #[test]
    fn types_are_found_over_all_lines_and_empty_cells_are_null() {
        assert_snapshot!(table("ts,n,name\n2026-11-20T06:00:00Z,1,a\n2026-11-20T08:00:00+01:00,2.5,\n"), @r#"
        ts Timestamp(µs, "UTC"), n Float64, name Utf8
        +----------------------+-----+------+
        | ts                   | n   | name |
        +----------------------+-----+------+
        | 2026-11-20T06:00:00Z | 1.0 | a    |
        | 2026-11-20T07:00:00Z | 2.5 |      |
        +----------------------+-----+------+
        "#);
    }

    #[test]
    fn a_line_of_another_length_is_an_error_unless_it_is_being_written() {
        assert_snapshot!(table("a,b\n1,2\n3\n4,5\n"), @"Encountered unequal lengths between records on CSV file. Expected 2 records, found 1 records at line 3");
        assert_snapshot!(table("a,b\n1,2\n3"), @"
        a Int64, b Int64
        +---+---+
        | a | b |
        +---+---+
        | 1 | 2 |
        +---+---+
        ");
    }

    #[test]
    fn a_bad_time_is_named_by_its_line() {
        assert_snapshot!(table("ts,a\n2026-11-20T06:00:00Z,1\nsoon,2\n"), @r#"line 3: `ts` is "soon", not a time like 2026-11-20T06:00:00Z"#);
    }
}

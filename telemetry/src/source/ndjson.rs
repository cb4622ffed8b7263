//! One JSON object a line, as columns.
//!
//! Two passes: the first finds the type of every column over *all* lines, the second
//! fills the columns. Types widen: whole to floating numbers, everything else to text;
//! nested values become JSON text, lists of plain values stay lists.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion_functions_json::json_field_metadata;
use serde_json::{Map, Value};

use super::columns::{Column, Kind};

/// Rows per batch.
const BATCH_ROWS: usize = 8_192;

/// The rows of one file.
#[derive(Debug)]
pub(crate) struct Rows {
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
}

/// Reads `text`; instants are made of the column `time_column`.
///
/// A last line without its newline that is no JSON is still being written, and is left
/// for the next time. Any other bad line is an error that begins with its number.
pub(crate) fn read(text: &[u8], time_column: Option<&str>) -> Result<Rows, String> {
    let columns = infer(text, time_column)?;
    let fields: Vec<Field> = columns.iter().map(|(name, kind)| field(name, *kind)).collect();
    let schema = Arc::new(Schema::new(fields));
    let mut batches = Vec::new();
    let mut builders: Vec<Column> = columns.iter().map(|(_, kind)| Column::new(*kind)).collect();
    let mut rows = 0;
    for line in objects(text) {
        let (number, object) = line?;
        for ((name, _), builder) in columns.iter().zip(&mut builders) {
            let value = object.get(name).unwrap_or(&Value::Null);
            builder.push(value).map_err(|what| format!("line {number}: `{name}` is {value}, {what}"))?;
        }
        rows += 1;
        if rows == BATCH_ROWS {
            batches.push(batch(&schema, &mut builders, rows)?);
            rows = 0;
        }
    }
    if rows > 0 {
        batches.push(batch(&schema, &mut builders, rows)?);
    }
    Ok(Rows { schema, batches })
}

fn field(name: &str, kind: Kind) -> Field {
    let field = Field::new(name, kind.data_type(), true);
    if kind == Kind::Json { field.with_metadata(json_field_metadata()) } else { field }
}

fn batch(schema: &SchemaRef, builders: &mut [Column], rows: usize) -> Result<RecordBatch, String> {
    let arrays = builders.iter_mut().map(Column::finish).collect();
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &options).map_err(|error| error.to_string())
}

/// The columns in the order of their first appearance, with the type that holds all their values.
fn infer(text: &[u8], time_column: Option<&str>) -> Result<Vec<(String, Kind)>, String> {
    let mut columns: Vec<(String, Kind)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for line in objects(text) {
        let (_, object) = line?;
        for (name, value) in object {
            let kind = Kind::of(&value);
            match places.get(&name) {
                Some(&place) => columns[place].1 = columns[place].1.widen(kind),
                None => {
                    places.insert(name.clone(), columns.len());
                    columns.push((name, kind));
                }
            }
        }
    }
    for (name, kind) in &mut columns {
        if Some(name.as_str()) == time_column && matches!(kind, Kind::Text | Kind::Null) {
            *kind = Kind::Instant;
        }
    }
    Ok(columns)
}

/// The objects with their line numbers, which begin at 1.
fn objects(text: &[u8]) -> impl Iterator<Item = Result<(usize, Map<String, Value>), String>> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let finished = text.ends_with(b"\n");
    let mut lines = text.split(|byte| *byte == b'\n').enumerate().peekable();
    std::iter::from_fn(move || {
        loop {
            let (index, line) = lines.next()?;
            let is_last = lines.peek().is_none();
            if line.trim_ascii().is_empty() {
                continue;
            }
            return match serde_json::from_slice(line) {
                Ok(Value::Object(object)) => Some(Ok((index + 1, object))),
                _ if is_last && !finished => None,
                Ok(_) => Some(Err(format!("line {}: not a JSON object", index + 1))),
                Err(error) => Some(Err(format!("line {}: {}", index + 1, without_position(&error)))),
            };
        }
    })
}

/// The parser's sentence; its own line is always 1 here and would mislead.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let sentence = text.split(" at line ").next().unwrap_or_default();
    format!("not valid JSON: {sentence} (column {})", error.column())
}

/// The type of a column of which every value is NULL.
pub(crate) const UNKNOWN: DataType = DataType::Null;

/// For the tests of every reader.
#[cfg(test)]
impl Rows {
    /// The columns with their types, then the rows as a table.
    pub(crate) fn shown(&self) -> String {
        let fields = self.schema.fields().iter();
        let types: Vec<String> = fields.map(|field| format!("{} {}", field.name(), field.data_type())).collect();
        let rows = arrow::util::pretty::pretty_format_batches(&self.batches).unwrap();
        format!("{}\n{rows}", types.join(", "))
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
    fn types_are_found_over_all_lines() {
        assert_snapshot!(table("{\"ts\":\"2026-11-20T06:00:00Z\",\"a\":1,\"b\":true,\"c\":1}\n{\"a\":2.5,\"b\":null,\"c\":\"x\",\"d\":null}\n"), @r#"
        ts Timestamp(µs, "UTC"), a Float64, b Boolean, c Utf8, d Null
        +----------------------+-----+------+---+---+
        | ts                   | a   | b    | c | d |
        +----------------------+-----+------+---+---+
        | 2026-11-20T06:00:00Z | 1.0 | true | 1 |   |
        |                      | 2.5 |      | x |   |
        +----------------------+-----+------+---+---+
        "#);
    }

    #[test]
    fn nested_values_are_json_text_and_lists_of_plain_values_stay_lists() {
        assert_snapshot!(table("{\"a\":{\"x\":[1]},\"tags\":[],\"n\":[1]}\n{\"a\":{},\"tags\":[\"t\"],\"n\":[2.5,null]}\n"), @r#"
        a Utf8, tags List(Utf8), n List(Float64)
        +-----------+------+---------+
        | a         | tags | n       |
        +-----------+------+---------+
        | {"x":[1]} | []   | [1.0]   |
        | {}        | [t]  | [2.5, ] |
        +-----------+------+---------+
        "#);
    }

    #[test]
    fn a_bad_line_is_named_by_its_number_and_a_bad_time_by_its_value() {
        assert_snapshot!(table("{\"a\":1}\n\n{\"a\":\n{\"a\":2}\n"), @"line 3: not valid JSON: EOF while parsing a value (column 5)");
        assert_snapshot!(table("{\"a\":1}\n[1]\n"), @"line 2: not a JSON object");
        assert_snapshot!(table("{\"ts\":\"yesterday\"}\n"), @r#"line 1: `ts` is "yesterday", not a time like 2026-11-20T06:00:00Z"#);
    }

    #[test]
    fn a_half_written_last_line_is_left_for_the_next_time() {
        assert_snapshot!(table("{\"a\":1}\n{\"a\":"), @"
        a Int64
        +---+
        | a |
        +---+
        | 1 |
        +---+
        ");
        assert_snapshot!(table("{\"a\":1}\n{\"a\":2}"), @"
        a Int64
        +---+
        | a |
        +---+
        | 1 |
        | 2 |
        +---+
        ");
    }
}

//! Records as lines that the NDJSON source named `records` reads back.

use arrow::json::LineDelimitedWriter;

use super::columns::batch;
use super::record::Record;

/// One JSON object a line, each with its newline; columns without a value are left out.
///
/// A source named `records` over these lines answers every query as the records themselves do.
pub fn to_ndjson(records: &[Record]) -> String {
    let rows: Vec<&Record> = records.iter().collect();
    let mut lines = Vec::new();
    let mut writer = LineDelimitedWriter::new(&mut lines);
    let written = writer.write(&batch(&rows)).and_then(|()| writer.finish());
    written.expect("the columns of records are all writable as JSON, and memory takes every byte");
    drop(writer);
    String::from_utf8(lines).expect("JSON is UTF-8")
}

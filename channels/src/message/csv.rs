//! Rows as a file for spreadsheets: UTF-8 with its mark, CRLF, and no cell that a spreadsheet would run.

use csv::{Terminator, WriterBuilder};
use watchfire_model::{Column, Value};

use super::table::{Cell, Table};
use super::text::lines;
use crate::limits::CSV_MAX_BYTES;

/// By which a spreadsheet knows that the text is UTF-8.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

/// All rows of a result with every column and every cell in full, at most [`CSV_MAX_BYTES`].
///
/// Numbers have no separators, instants are RFC 3339 in UTC, NULL is empty. What an attachment holds.
pub fn csv_of(columns: &[Column], rows: &[Vec<Value>]) -> Vec<u8> {
    let header: Vec<String> = columns.iter().map(|column| guarded(&column.name)).collect();
    write(&header, rows.iter().map(|row| (0..columns.len()).map(|place| raw(row.get(place))).collect()))
}

impl Table {
    /// The rows of this table as it may be shown, without its total. [`csv_of`] has all rows and whole cells.
    pub fn csv(&self) -> Vec<u8> {
        let header: Vec<String> = self.columns.iter().map(|column| guarded(&column.name)).collect();
        write(&header, self.rows.iter().map(|row| row.iter().map(plain_cell).collect()))
    }
}

fn write(header: &[String], rows: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).flexible(true).from_writer(Vec::new());
    writer.write_record(header).expect("memory takes everything");
    let mut left = CSV_MAX_BYTES.saturating_sub(header.iter().map(|name| name.len() + 3).sum());
    for row in rows {
        // Quotes are doubled at worst; separators and breaks are counted with them.
        let size = row.iter().map(|cell| cell.len() * 2 + 3).sum::<usize>() + 2;
        let Some(rest) = left.checked_sub(size) else { break };
        left = rest;
        writer.write_record(&row).expect("memory takes everything");
    }
    let body = writer.into_inner().expect("memory takes everything");
    [BYTE_ORDER_MARK.as_bytes(), &body].concat()
}

fn raw(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::Int(number)) => number.to_string(),
        Some(Value::Float(number)) => number.to_string(),
        Some(Value::Decimal(text)) if text.parse::<f64>().is_ok() => text.clone(),
        Some(Value::String(text)) => guarded(&lines(text)),
        Some(other) => match other.to_json() {
            serde_json::Value::String(text) => guarded(&text),
            serde_json::Value::Number(number) => number.to_string(),
            json => guarded(&json.to_string()),
        },
    }
}

/// The number of a cell as exactly as its text or itself says it, else the text.
fn plain_cell(cell: &Cell) -> String {
    let Some(number) = cell.number else { return guarded(&cell.text) };
    let digits = cell.text.trim_start_matches('+').replace(',', "");
    if digits.parse() == Ok(number) { digits } else { number.to_string() }
}

/// A text that a spreadsheet would take for a formula begins with an apostrophe.
pub fn guarded(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use watchfire_model::{ColumnType, Timestamp};

    #[test]
    fn a_spreadsheet_reads_numbers_and_runs_nothing() {
        let columns = ["=name", "n", "at"].map(|name| Column { name: name.into(), kind: ColumnType::String });
        let rows = [
            vec![Value::String("=HYPERLINK(\"x\")".into()), Value::Float(-7.5), Value::Timestamp(Timestamp::EPOCH)],
            vec![Value::String("a,b\r\n@c".into()), Value::Int(9_007_199_254_740_993), Value::Null],
            vec![Value::String("\t-1".into()), Value::String("-1".into()), Value::Decimal("-1.50".into())],
        ];
        let text = String::from_utf8(csv_of(&columns, &rows)).unwrap();
        assert_eq!(
            text,
            "\u{feff}'=name,n,at\r\n\
             \"'=HYPERLINK(\"\"x\"\")\",-7.5,1970-01-01T00:00:00.000000Z\r\n\
             \"a,b\n@c\",9007199254740993,\r\n  -1,'-1,-1.50\r\n"
        );
    }

    #[test]
    fn the_rows_of_a_table_keep_their_numbers() {
        let cell = |text: &str, number| Cell { text: text.into(), number };
        let rows = vec![
            vec![cell("-1,218.60", Some(-1_218.6)), cell("9,007,199,254,740,993", Some(9_007_199_254_740_992.0))],
            vec![cell("0.333333", Some(1.0 / 3.0)), cell("+x", None)],
        ];
        let columns =
            ["a", "b"].map(|name| super::super::TableColumn { name: name.into(), align: super::super::Align::Right });
        let table = Table { columns: columns.into(), rows, total: None, row_count: 2 };
        let text = String::from_utf8(table.csv()).unwrap();
        assert_eq!(text, "\u{feff}a,b\r\n-1218.60,9007199254740993\r\n0.3333333333333333,'+x\r\n");
    }

    #[test]
    fn a_file_has_an_end() {
        let columns = [Column { name: "text".into(), kind: ColumnType::String }];
        let rows = vec![vec![Value::String("\"".repeat(500_000))]; 20];
        assert!(csv_of(&columns, &rows).len() <= CSV_MAX_BYTES + BYTE_ORDER_MARK.len());
    }
}

//! A stored result in the forms in which it can be downloaded. Pure.

use serde_json::{Value as Json, json};
use watchfire_engine::{BYTE_ORDER_MARK, StoredResult, guarded};
use watchfire_model::{Column, Timestamp, Value};

/// Forms of a download.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Columns and rows.
    Json,
    /// RFC 4180 with a header line.
    Csv,
    /// As it is stored, with every type.
    Parquet,
}

impl Format {
    pub(crate) const ALL: [Self; 3] = [Self::Json, Self::Csv, Self::Parquet];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }

    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == word)
    }

    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }
}

/// `attachment; filename="…"` with nothing in the name that a shell, a file system or a header minds.
pub(crate) fn file_name(rule: &str, slot: Timestamp, format: Format) -> String {
    let is_safe = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    let safe: String = rule.chars().map(|letter| if is_safe(letter) { letter } else { '_' }).take(100).collect();
    let slot: String = slot.to_string().chars().filter(|letter| *letter != '-' && *letter != ':').collect();
    format!("attachment; filename=\"{safe}-{slot}.{}\"", format.as_str())
}

/// `{columns, rows, row_count, stored_rows, scheduled_for, window}`; rows are objects, as in a webhook.
pub(crate) fn json(result: &StoredResult, columns: &[Column], rows: &[Vec<Value>]) -> Vec<u8> {
    let row = |row: &Vec<Value>| -> Json {
        let cells = columns.iter().zip(row).map(|(column, cell)| (column.name.clone(), cell.to_json()));
        Json::Object(cells.collect())
    };
    let columns: Vec<Json> =
        columns.iter().map(|column| json!({"name": column.name, "type": column.kind.as_str()})).collect();
    let body = json!({
        "scheduled_for": result.scheduled_for.to_string(),
        "window": result.window.map(crate::run_view::window),
        "columns": columns,
        "rows": rows.iter().map(row).collect::<Vec<_>>(),
        "row_count": result.row_count,
        "stored_rows": result.stored_rows,
    });
    body.to_string().into_bytes()
}

/// RFC 4180 for spreadsheets, like the attachment of a mail: the mark of UTF-8, a header line, CRLF, fields in quotes
/// where they must be. NULL is an empty field; cells are written as in JSON, texts without quotes, and with an
/// apostrophe before what a spreadsheet would run.
pub(crate) fn csv(columns: &[Column], rows: &[Vec<Value>]) -> Result<Vec<u8>, csv::Error> {
    let mut writer =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(BYTE_ORDER_MARK.as_bytes().to_vec());
    if !columns.is_empty() {
        writer.write_record(columns.iter().map(|column| guarded(&column.name)))?;
    }
    for row in rows {
        writer.write_record(row.iter().map(field))?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

fn field(cell: &Value) -> String {
    let text = match cell.to_json() {
        Json::Null => String::new(),
        Json::String(text) => text,
        other => other.to_string(),
    };
    match cell {
        // A number below zero is no formula.
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Decimal(_) => text,
        Value::String(_)
        | Value::Timestamp(_)
        | Value::Duration(_)
        | Value::Json(_)
        | Value::List(_)
        | Value::Binary(_) => guarded(&text),
    }
}

#[cfg(test)]
mod tests {
    use watchfire_model::ColumnType;

    use super::*;

    fn columns() -> Vec<Column> {
        let column = |(name, kind): (&str, ColumnType)| Column { name: name.to_owned(), kind };
        [("who, \"what\"", ColumnType::String), ("n", ColumnType::Int), ("at", ColumnType::Timestamp)]
            .map(column)
            .to_vec()
    }

    fn rows() -> Vec<Vec<Value>> {
        vec![
            vec![Value::String("a\r\nb".into()), Value::Int(1 << 60), Value::Timestamp(Timestamp::EPOCH)],
            vec![Value::Null, Value::Float(0.5), Value::Json(json!({"a": [1]}))],
        ]
    }

    #[test]
    fn csv_is_that_of_rfc_4180() {
        let text = String::from_utf8(csv(&columns(), &rows()).unwrap()).unwrap();
        assert_eq!(
            text,
            "\u{feff}\"who, \"\"what\"\"\",n,at\r\n\"a\r\nb\",1152921504606846976,1970-01-01T00:00:00.000000Z\r\n\
             ,0.5,\"{\"\"a\"\":[1]}\"\r\n"
        );
        assert_eq!(csv(&[], &[]).unwrap(), BYTE_ORDER_MARK.as_bytes());
        assert_eq!(csv(&columns()[1..2], &[vec![Value::Null]]).unwrap(), "\u{feff}n\r\n\"\"\r\n".as_bytes());
    }

    #[test]
    fn a_spreadsheet_runs_nothing_of_it() {
        let columns = [Column { name: "@x".into(), kind: ColumnType::String }];
        let rows = ["=1+1", "-1"].map(|text| vec![Value::String(text.into())]);
        let numbers = [vec![Value::Int(-1)], vec![Value::Decimal("-1.5".into())], vec![Value::Float(-0.5)]];
        let text = String::from_utf8(csv(&columns, &[&rows[..], &numbers[..]].concat()).unwrap()).unwrap();
        assert_eq!(text, "\u{feff}'@x\r\n'=1+1\r\n'-1\r\n-1\r\n-1.5\r\n-0.5\r\n");
    }

    #[test]
    fn json_holds_columns_rows_and_how_many_there_were() {
        let result = StoredResult {
            scheduled_for: Timestamp::EPOCH,
            window: None,
            row_count: 3,
            stored_rows: 2,
            size_bytes: 9,
            created_at: Timestamp::EPOCH,
            expires_at: Timestamp::EPOCH,
        };
        let body: Json = serde_json::from_slice(&json(&result, &columns(), &rows())).unwrap();
        assert_eq!(
            body,
            json!({
                "scheduled_for": "1970-01-01T00:00:00Z",
                "window": null,
                "columns": [
                    {"name": "who, \"what\"", "type": "string"}, {"name": "n", "type": "int"},
                    {"name": "at", "type": "timestamp"},
                ],
                "rows": [
                    {"who, \"what\"": "a\r\nb", "n": "1152921504606846976", "at": "1970-01-01T00:00:00.000000Z"},
                    {"who, \"what\"": null, "n": 0.5, "at": {"a": [1]}},
                ],
                "row_count": 3,
                "stored_rows": 2,
            })
        );
    }

    #[test]
    fn a_file_name_holds_nothing_that_anybody_minds() {
        let slot = Timestamp::parse("2026-11-20T06:00:00Z").unwrap();
        assert_eq!(
            file_name("../ü\"; x=\r\n", slot, Format::Csv),
            "attachment; filename=\"_______x___-20261120T060000Z.csv\""
        );
        assert!(file_name(&"a".repeat(1000), slot, Format::Json).len() < 200);
    }
}

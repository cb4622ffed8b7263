//! Data on stdout.

use std::io::{self, Write};

use comfy_table::{CellAlignment, Table, presets};
use serde_json::Value as Json;
use watchfire_model::{Column, Value};

/// Prints one JSON value and a line break. A reader that went away is no error.
pub(crate) fn json(value: &Json) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    line(&text)
}

/// Prints a line. A reader that went away is no error.
pub(crate) fn line(text: &str) -> anyhow::Result<()> {
    match writeln!(io::stdout().lock(), "{text}") {
        Err(trouble) if trouble.kind() != io::ErrorKind::BrokenPipe => Err(trouble.into()),
        _ => Ok(()),
    }
}

/// Prints bytes as they are. A reader that went away is no error.
pub(crate) fn bytes(bytes: &[u8]) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(trouble) if trouble.kind() != io::ErrorKind::BrokenPipe => Err(trouble.into()),
        _ => Ok(()),
    }
}

/// Rows as objects, columns in their order.
pub(crate) fn row_objects(columns: &[Column], rows: &[Vec<Value>]) -> Json {
    rows.iter().map(|row| row_object(columns, row)).collect()
}

/// A row as an object, columns in their order.
pub(crate) fn row_object(columns: &[Column], row: &[Value]) -> Json {
    columns.iter().zip(row).map(|(column, value)| (column.name.clone(), value.to_json())).collect()
}

/// Rows as CSV with a header line: cells as in JSON, texts without its quotes, NULL as nothing.
pub(crate) fn rows_csv(columns: &[Column], rows: &[Vec<Value>]) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    if !columns.is_empty() {
        writer.write_record(columns.iter().map(|column| column.name.as_str()))?;
    }
    for row in rows {
        writer.write_record(row.iter().map(|value| cell(&value.to_json())))?;
    }
    Ok(writer.into_inner().map_err(|trouble| trouble.into_error())?)
}

/// Rows as a table for people, numbers aligned right.
pub(crate) fn rows_table(columns: &[Column], rows: &[Vec<Value>]) -> String {
    let mut table = table(columns.iter().map(|column| column.name.as_str()));
    for row in rows {
        table.add_row(row.iter().map(|value| cell(&value.to_json())));
    }
    for (column, shown) in columns.iter().zip(table.column_iter_mut()) {
        if column.kind.is_numeric() {
            shown.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}

/// An empty table with these titles.
pub(crate) fn table<'a>(titles: impl Iterator<Item = &'a str>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(titles);
    table
}

/// A JSON value as a cell: text without quotes, null as nothing.
pub(crate) fn cell(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

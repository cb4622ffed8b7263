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

/// Rows as objects, columns in their order.
pub(crate) fn row_objects(columns: &[Column], rows: &[Vec<Value>]) -> Json {
    rows.iter()
        .map(|row| {
            columns.iter().zip(row).map(|(column, value)| (column.name.clone(), value.to_json())).collect::<Json>()
        })
        .collect()
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

//! A table block.

use serde_json::{Map, Value};

use super::block;
use crate::receiver::fault::Judge;

/// Rows with the header.
const ROWS_MAX: usize = 100;
const CELLS_PER_ROW_MAX: usize = 20;

pub(super) fn table(judge: &mut Judge, at: &str, object: &Map<String, Value>) {
    judge.keys(at, object, &["type", "block_id", "rows", "column_settings"]);
    if let Some(settings) = object.get("column_settings") {
        columns(judge, &format!("{at}/column_settings"), settings);
    }
    let place = format!("{at}/rows");
    let rows = judge.list(&place, object.get("rows").unwrap_or(&Value::Null), 1, ROWS_MAX);
    for (index, row) in rows.iter().enumerate() {
        let at = format!("{place}/{index}");
        let cells = judge.list(&at, row, 1, CELLS_PER_ROW_MAX);
        if rows[0].as_array().is_some_and(|first| first.len() != cells.len()) {
            judge.harm(&at, "has other cells than the header, so columns are torn");
        }
        for (index, value) in cells.iter().enumerate() {
            cell(judge, &format!("{at}/{index}"), value);
        }
    }
}

fn columns(judge: &mut Judge, at: &str, settings: &Value) {
    for (index, setting) in judge.list(at, settings, 0, CELLS_PER_ROW_MAX).iter().enumerate() {
        let at = format!("{at}/{index}");
        if setting.is_null() {
            continue;
        }
        let Some(object) = judge.object(&at, setting) else { continue };
        judge.keys(&at, object, &["align", "is_wrapped"]);
        judge.flag(&format!("{at}/is_wrapped"), object.get("is_wrapped"));
        if object.get("align").is_some_and(|align| align != "left" && align != "center" && align != "right") {
            judge.fault(&format!("{at}/align"), "must be left, center or right");
        }
    }
}

fn cell(judge: &mut Judge, at: &str, value: &Value) {
    let Some(object) = judge.object(at, value) else { return };
    match value["type"].as_str().unwrap_or_default() {
        "raw_text" => {
            judge.keys(at, object, &["type", "text"]);
            judge.text(&format!("{at}/text"), &value["text"], 1, usize::MAX);
        }
        "raw_number" => {
            judge.keys(at, object, &["type", "value", "text"]);
            if !value["value"].is_number() {
                judge.fault(&format!("{at}/value"), "must be a number");
            }
            judge.text(&format!("{at}/text"), &value["text"], 1, usize::MAX);
        }
        "rich_text" => {
            judge.keys(at, object, &["type", "elements"]);
            block::rich_text(judge, at, value);
        }
        other => judge.fault(&format!("{at}/type"), format!("unknown cell type `{other}`")),
    }
}

/// Characters over all cells of one table.
pub(super) fn cell_chars(table: &Value) -> usize {
    let rows = table["rows"].as_array().into_iter().flatten();
    rows.flat_map(|row| row.as_array().into_iter().flatten()).map(text_chars).sum()
}

fn text_chars(value: &Value) -> usize {
    let own = value["text"].as_str().map_or(0, |text| text.chars().count());
    own + value["elements"].as_array().into_iter().flatten().map(text_chars).sum::<usize>()
}

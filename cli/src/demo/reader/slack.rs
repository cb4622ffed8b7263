//! A Slack message on the screen.

use serde_json::Value as Json;

use super::chat_text;

/// The headline, and the blocks below it.
pub(super) fn seen(body: &Json) -> String {
    let mut lines = vec![chat_text::slack(text(body, "text"))];
    blocks(&body["blocks"], &mut lines);
    for attachment in body["attachments"].as_array().into_iter().flatten() {
        blocks(&attachment["blocks"], &mut lines);
    }
    lines.join("\n")
}

fn blocks(blocks: &Json, lines: &mut Vec<String>) {
    for block in blocks.as_array().into_iter().flatten() {
        match text(block, "type") {
            "section" => section(block, lines),
            "table" => table(block, lines),
            "rich_text" => lines.push(rich(block)),
            "context" => lines.push(elements(block).map(|element| chat_text::slack(text(element, "text"))).collect()),
            "header" => lines.push(text(&block["text"], "text").to_owned()),
            "divider" => lines.push("────".to_owned()),
            other => lines.push(format!("[{other}]")),
        }
    }
}

fn section(block: &Json, lines: &mut Vec<String>) {
    if block["text"].is_object() {
        lines.push(chat_text::slack(text(&block["text"], "text")));
    }
    for field in block["fields"].as_array().into_iter().flatten() {
        lines.push(chat_text::slack(text(field, "text")).replacen('\n', ": ", 1));
    }
}

/// Cells below each other, as wide as the widest.
fn table(block: &Json, lines: &mut Vec<String>) {
    let rows: Vec<Vec<String>> = block["rows"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|row| row.as_array().into_iter().flatten().map(cell).collect())
        .collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let is_right = |column: usize| text(&block["column_settings"][column], "align") == "right";
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
    for row in &rows {
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let width = widths[column];
            if is_right(column) { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        lines.push(cells.collect::<Vec<_>>().join("  ").trim_end().to_owned());
    }
}

fn cell(cell: &Json) -> String {
    if cell["text"].is_string() { text(cell, "text").to_owned() } else { rich(cell) }
}

/// All texts inside rich text, however deep.
fn rich(node: &Json) -> String {
    let own = node["text"].as_str().unwrap_or_default().to_owned();
    own + &elements(node).map(rich).collect::<String>()
}

fn elements(node: &Json) -> impl Iterator<Item = &Json> {
    node["elements"].as_array().into_iter().flatten()
}

fn text<'a>(node: &'a Json, key: &str) -> &'a str {
    node[key].as_str().unwrap_or_default()
}

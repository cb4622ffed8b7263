//! A table as a block of its own, or as text of a fixed width where that cannot hold it.

use serde_json::{Value as Json, json};

use super::blocks::{cost, text};
use super::limits::{
    CELL_MAX_CHARS, CELL_WRAPS_AFTER_CHARS, COLUMN_NAME_MAX_CHARS, MONO_MAX_ROWS, MONO_MAX_WIDTH, TABLE_MAX_CHARS,
    TABLE_MAX_COLUMNS, TABLE_MAX_ROWS, TABLE_MIN_CHARS,
};
use super::mrkdwn::{Mrkdwn, json_chars};
use super::rich;
use crate::fit::{beginning, chars, fit, graphemes};
use crate::form::Form;
use crate::left_out::left_out;
use crate::message::text::one_line;
use crate::message::{Align, Cell, Message, Table};
use crate::mono_fit::mono_within;

/// What the line that counts the rows may cost.
pub(super) const COUNT_CHARS: usize = 80;

/// What a block around it counts.
const COUNT_FRAME_CHARS: usize = 150;

/// Below this every whole number is exact in a float.
const WHOLE_MAX: f64 = 9e15;

/// What a block of code counts around its text.
const CODE_FRAME_CHARS: usize = 150;

/// The blocks that show a table within `left` characters of JSON: the table, and how many rows it shows
/// when these are not all.
pub(super) fn blocks(message: &Message, table: &Table, form: Form, left: usize) -> Vec<Json> {
    if table.columns.is_empty() || table.rows.is_empty() {
        return Vec::new();
    }
    let room = left.saturating_sub(COUNT_CHARS + COUNT_FRAME_CHARS);
    let shown = match form {
        Form::Native => native(table, room).or_else(|| mono(table, room)),
        Form::Mono | Form::Plain => mono(table, room),
    };
    let (block, shown_rows) = shown.map_or((None, 0), |(block, shown_rows)| (Some(block), shown_rows));
    let count =
        count_line(message, table, shown_rows).map(|line| json!({"type": "context", "elements": [text(&line)]}));
    block.into_iter().chain(count).collect()
}

/// How many rows of how many are shown, where that has to be said.
pub(super) fn count_line(message: &Message, table: &Table, shown_rows: usize) -> Option<Mrkdwn> {
    left_out(message, table, shown_rows).map(|line| Mrkdwn::foreign_line(&line, COUNT_CHARS))
}

fn mono(table: &Table, room: usize) -> Option<(Json, usize)> {
    let room = room.checked_sub(CODE_FRAME_CHARS).filter(|room| *room >= TABLE_MIN_CHARS)?;
    let mono = mono_within(table, MONO_MAX_WIDTH, MONO_MAX_ROWS, room, json_chars)?;
    Some((rich::code(&mono.text), mono.shown_rows))
}

/// The table block with as many rows as fit; `None` when it has too many columns, or no row fits.
fn native(table: &Table, room: usize) -> Option<(Json, usize)> {
    if table.columns.len() > TABLE_MAX_COLUMNS {
        return None;
    }
    let names: Vec<String> = table.columns.iter().map(|column| shown(&column.name, COLUMN_NAME_MAX_CHARS)).collect();
    let header: Vec<Json> = names.iter().map(|name| rich::bold_cell(name)).collect();
    let total = table.total.as_ref().map(|cells| row(cells));
    let settings: Vec<Json> = (0..table.columns.len()).map(|index| column_setting(table, index)).collect();
    let mut rows = vec![json!(header)];
    rows.extend(total.iter().map(|total| total.json.clone()));
    let mut block = json!({"type": "table", "column_settings": settings, "rows": rows});
    let mut room = room.checked_sub(cost(&block))?;
    let spent: usize = names.iter().map(|name| chars(name)).sum::<usize>() + total.as_ref().map_or(0, |row| row.chars);
    let mut cells_left = TABLE_MAX_CHARS.checked_sub(spent)?;
    let mut shown_rows: Vec<Json> = Vec::new();
    for cells in table.rows.iter().take(TABLE_MAX_ROWS) {
        let row = row(cells);
        let (Some(json_rest), Some(cells_rest)) =
            (room.checked_sub(cost(&row.json)), cells_left.checked_sub(row.chars))
        else {
            break;
        };
        (room, cells_left) = (json_rest, cells_rest);
        shown_rows.push(row.json);
    }
    let count = shown_rows.len();
    let rows = std::iter::once(json!(header)).chain(shown_rows).chain(total.map(|total| total.json));
    block["rows"] = rows.collect();
    (count > 0).then_some((block, count))
}

/// One row, and how many characters its cells have.
struct Row {
    json: Json,
    chars: usize,
}

fn row(cells: &[Cell]) -> Row {
    let texts: Vec<String> = cells.iter().map(|cell| shown(&cell.text, CELL_MAX_CHARS)).collect();
    let json = texts.iter().zip(cells).map(|(text, cell)| cell_json(text, cell.number)).collect();
    Row { json, chars: texts.iter().map(|text| chars(text)).sum() }
}

fn cell_json(text: &str, number: Option<f64>) -> Json {
    match number.filter(|number| number.is_finite()) {
        Some(number) => json!({"type": "raw_number", "value": json_number(number), "text": text}),
        None => json!({"type": "raw_text", "text": text}),
    }
}

/// Whole numbers without a fraction, as other programs write them.
fn json_number(number: f64) -> Json {
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and far below the limit of an integer")]
    if number.fract() == 0.0 && number.abs() < WHOLE_MAX { json!(number as i64) } else { json!(number) }
}

/// The text of a cell; no cell may be empty.
fn shown(text: &str, max: usize) -> String {
    let line = one_line(beginning(text, max));
    if line.is_empty() { "-".to_owned() } else { fit(graphemes(&line), max, chars) }
}

fn column_setting(table: &Table, index: usize) -> Json {
    let is_long = |cells: &Vec<Cell>| {
        cells.get(index).is_some_and(|cell| cell.text.chars().nth(CELL_WRAPS_AFTER_CHARS).is_some())
    };
    match table.columns[index].align {
        Align::Right => json!({"align": "right"}),
        Align::Left if table.rows.iter().any(is_long) => json!({"align": "left", "is_wrapped": true}),
        Align::Left => json!({"align": "left"}),
    }
}

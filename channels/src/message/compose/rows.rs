//! The rows that prove it, with sums, bars and signs where the rule wants them.

use std::collections::BTreeSet;

use watchfire_model::{Notification, Value};

use super::{Scene, report};
use crate::message::number_text::{decimal_text, decimals, float_text, float_text_with, grouped};
use crate::message::table::{Align, Cell, Choice, Table, TableColumn};

/// How many characters the longest bar has.
const BAR_CHARS: usize = 10;

/// Eighths of a character, from none to seven.
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// A table, and of how many columns it shows how many.
pub(super) struct Rows {
    /// The rows as they may be shown.
    pub table: Table,
    /// The columns of the result in it.
    pub shown_columns: usize,
    /// The columns of the result.
    pub all_columns: usize,
}

pub(super) fn of(scene: &Scene<'_>) -> Option<Rows> {
    let notification = scene.notification;
    let keys = notification.instance.iter().flat_map(|key| key.parts()).map(|(name, _)| name.as_str());
    let first: BTreeSet<&str> = keys.chain(scene.format.total.iter().map(String::as_str)).collect();
    let max_rows = scene.format.max_rows.unwrap_or(usize::MAX);
    let choice = Choice { first: &first, max_rows, zone: scene.zone() };
    let (mut table, places) = Table::of(&notification.columns, &notification.rows, notification.row_count, choice)?;
    let names: Vec<&str> = places.iter().map(|place| notification.columns[*place].name.as_str()).collect();
    sign_changes(&mut table, &names);
    let order = reading_order(&names);
    table.columns = order.iter().map(|place| table.columns[*place].clone()).collect();
    for row in &mut table.rows {
        *row = order.iter().map(|place| row[*place].clone()).collect();
    }
    let names: Vec<&str> = order.into_iter().map(|place| names[place]).collect();
    table.total = total(scene, &table, &names);
    if scene.format.has_bars {
        add_bars(scene, &mut table, &names);
    }
    Some(Rows { table, shown_columns: names.len(), all_columns: notification.columns.len() })
}

/// How many columns a comparison may have and still show the earlier values beside their differences.
const COMPARED_COLUMNS_MAX: usize = 6;

/// Each difference behind its value. The earlier value, which the two imply, only where there is room for it.
fn reading_order(names: &[&str]) -> Vec<usize> {
    let base = |name: &str, ending: &str| name.strip_suffix(ending).and_then(|base| place_of(names, base));
    let is_change = |name: &str| base(name, "_change").is_some();
    let is_prev = |name: &str| {
        name.strip_suffix("_prev")
            .is_some_and(|stem| place_of(names, stem).is_some() && place_of(names, &format!("{stem}_change")).is_some())
    };
    let has_room = names.len() <= COMPARED_COLUMNS_MAX;
    let mut order = Vec::with_capacity(names.len());
    for (place, name) in names.iter().enumerate().filter(|(_, name)| !is_change(name) && !is_prev(name)) {
        order.push(place);
        if let Some(prev) = place_of(names, &format!("{name}_prev")).filter(|prev| has_room && is_prev(names[*prev])) {
            order.push(prev);
        }
        order.extend(place_of(names, &format!("{name}_change")).filter(|change| is_change(names[*change])));
    }
    order
}

/// A difference has its sign; a row that was not there before says `new`.
fn sign_changes(table: &mut Table, names: &[&str]) {
    for (place, name) in names.iter().enumerate() {
        let Some(base) = name.strip_suffix("_change") else { continue };
        let earlier = format!("{base}_prev");
        let (Some(base), Some(earlier)) = (place_of(names, base), place_of(names, &earlier)) else { continue };
        for row in &mut table.rows {
            if row[earlier].text.is_empty() && !row[base].text.is_empty() && row[place].text.is_empty() {
                row[place] = Cell::text("new");
            } else {
                sign(&mut row[place]);
            }
        }
    }
}

fn sign(cell: &mut Cell) {
    if cell.number.is_some_and(|number| number > 0.0) {
        cell.text.insert(0, '+');
    }
}

fn place_of(names: &[&str], name: &str) -> Option<usize> {
    names.iter().position(|other| *other == name)
}

fn total(scene: &Scene<'_>, table: &Table, names: &[&str]) -> Option<Vec<Cell>> {
    let is_summed = |name: &str| scene.format.total.iter().any(|column| report::is_of(name, column));
    if !names.iter().any(|name| is_summed(name)) {
        return None;
    }
    let mut cells: Vec<Cell> = names
        .iter()
        .enumerate()
        .map(
            |(place, name)| {
                if is_summed(name) { sum_cell(scene.notification, table, place, name) } else { Cell::text("") }
            },
        )
        .collect();
    if cells[0].text.is_empty() {
        cells[0] = Cell::text("Total");
    }
    Some(cells)
}

/// The sum over all rows where the notification has it, else over those shown.
fn sum_cell(notification: &Notification, table: &Table, place: usize, name: &str) -> Cell {
    let digits = table.rows.iter().map(|row| decimals(&row[place].text)).max().unwrap_or(0);
    let mut cell = match notification.totals.get(name) {
        Some(value) => number_cell(value, digits),
        None => match table.rows.iter().filter_map(|row| row[place].number).reduce(|a, b| a + b) {
            Some(sum) => number_cell(&Value::Float(sum), digits),
            None => Cell::text(""),
        },
    };
    if name.ends_with("_change") {
        sign(&mut cell);
    }
    cell
}

/// A number with as many decimals as the cells above it.
pub(super) fn number_cell(value: &Value, digits: usize) -> Cell {
    let number = value.as_f64().filter(|number| number.is_finite());
    let text = match (value, number) {
        (Value::Int(whole), _) => grouped(&whole.to_string()),
        (Value::Decimal(text), _) if decimals(text) == digits => decimal_text(text),
        (_, Some(number)) if digits > 0 => float_text_with(number, digits),
        (_, Some(number)) => float_text(number),
        (_, None) => String::new(),
    };
    Cell { text, number }
}

/// A column of bars behind the others, as long as its number is beside the greatest one.
fn add_bars(scene: &Scene<'_>, table: &mut Table, names: &[&str]) {
    let is_numeric = |place: &usize| table.columns[*place].align == Align::Right;
    let summed = scene.format.total.iter().filter_map(|name| place_of(names, name)).find(is_numeric);
    let Some(place) = summed.or_else(|| (0..names.len()).find(is_numeric)) else { return };
    let greatest = table.rows.iter().filter_map(|row| row[place].number).fold(0.0, f64::max);
    if greatest <= 0.0 {
        return;
    }
    for row in &mut table.rows {
        let bar = row[place].number.map_or_else(String::new, |number| bar(number / greatest));
        row.push(Cell::text(bar));
    }
    if let Some(total) = &mut table.total {
        total.push(Cell::text(""));
    }
    let name = format!("{} (bar)", table.columns[place].name);
    table.columns.push(TableColumn { name, align: Align::Left });
}

fn bar(share: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 80")]
    let eighths = (share.clamp(0.0, 1.0) * (BAR_CHARS * 8) as f64).round() as usize;
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

//! What a report says above its table: totals, and how they moved.

use watchfire_model::{Column, ColumnType, Value};

use super::facts::fact;
use super::rows::number_cell;
use super::{Scene, counted};
use crate::message::number_text::{decimals, float_text_with};
use crate::message::value_text::{cells, name_text};
use crate::message::{Fact, window_text};

/// How many totals are facts.
const TOTALS_SHOWN: usize = 4;

/// Whether a column is `column` itself, or its comparison.
pub(super) fn is_of(name: &str, column: &str) -> bool {
    name == column || name.strip_prefix(column).is_some_and(|rest| matches!(rest, "_prev" | "_change"))
}

/// `2026-11-19 UTC, cost_usd 3,439.00 (+9.6 %)`
pub(super) fn headline(scene: &Scene<'_>) -> Option<String> {
    let columns = summed(scene);
    // Money and rates say more than how often something was counted.
    let column = columns.iter().find(|column| column.kind == ColumnType::Float).or(columns.first());
    let window = scene.notification.window.map(|window| window_text(window, None, scene.zone()));
    let total = column.map(|column| format!("{} {}", column.name, total(scene, column)));
    match (window, total) {
        (Some(window), Some(total)) => Some(format!("{total}, {window}")),
        (window, total) => window.or(total),
    }
}

pub(super) fn sentence(scene: &Scene<'_>) -> String {
    let notification = scene.notification;
    match notification.row_count {
        0 => "The query gave no row.".to_owned(),
        rows => format!("{} in this report.", counted(rows, "row")),
    }
}

/// Totals with their change, and what rose most.
pub(super) fn facts(scene: &Scene<'_>) -> Vec<Fact> {
    let columns = summed(scene);
    let mut facts: Vec<Fact> = columns
        .iter()
        .take(TOTALS_SHOWN)
        .map(|column| fact(format!("Total {}", column.name), total(scene, column)))
        .collect();
    facts.extend(columns.iter().find_map(|column| biggest_rise(scene, column)));
    facts
}

/// The columns that are summed: those the rule names, else all but the comparisons.
fn summed<'a>(scene: &Scene<'a>) -> Vec<&'a Column> {
    let notification = scene.notification;
    let column = |name: &String| notification.columns.iter().find(|column| column.name == *name);
    let has_total = |column: &&Column| notification.totals.contains_key(&column.name);
    if scene.format.total.is_empty() {
        let is_base = |column: &&Column| {
            !notification.columns.iter().any(|base| base.name != column.name && is_of(&column.name, &base.name))
        };
        return notification.columns.iter().filter(has_total).filter(is_base).collect();
    }
    scene.format.total.iter().filter_map(column).filter(has_total).collect()
}

/// `3,439.00 (+9.6 %)`
fn total(scene: &Scene<'_>, column: &Column) -> String {
    let totals = &scene.notification.totals;
    let Some(total) = totals.get(&column.name) else { return String::new() };
    let text = number_cell(total, digits_of(scene, column)).text;
    let before = totals.get(&format!("{}_prev", column.name)).and_then(Value::as_f64);
    match percent_change(before, total.as_f64()) {
        Some(change) => format!("{text} ({change})"),
        None => text,
    }
}

/// As many decimals as the table shows.
fn digits_of(scene: &Scene<'_>, column: &Column) -> usize {
    let notification = scene.notification;
    let place = notification.columns.iter().position(|other| other.name == column.name);
    let values = notification.rows.iter().filter_map(|row| row.get(place?));
    cells(column, values, scene.zone()).iter().map(|cell| decimals(&cell.text)).max().unwrap_or(0)
}

/// `+9.6 %`; `None` when there is nothing to compare with.
fn percent_change(before: Option<f64>, now: Option<f64>) -> Option<String> {
    let (before, now) = (before?, now?);
    let percent = (now - before) / before.abs() * 100.0;
    let sign = if percent > 0.0 { "+" } else { "" };
    percent.is_finite().then(|| format!("{sign}{} %", float_text_with(percent, 1).trim_end_matches(".0")))
}

/// The row whose number rose most in percent, by the first column that holds names.
fn biggest_rise(scene: &Scene<'_>, column: &Column) -> Option<Fact> {
    let notification = scene.notification;
    let place_of = |name: &str| notification.columns.iter().position(|column| column.name == name);
    let (now, before) = (place_of(&column.name)?, place_of(&format!("{}_prev", column.name))?);
    let named = notification.columns.iter().position(|column| !column.kind.is_numeric())?;
    let rise = |row: &Vec<Value>| {
        let (before, now) = (row.get(before)?.as_f64()?, row.get(now)?.as_f64()?);
        Some((now - before) / before.abs()).filter(|rise| rise.is_finite() && *rise > 0.0)
    };
    let risen = notification.rows.iter().filter_map(|row| rise(row).map(|rise| (rise, row)));
    let (_, row) = risen.max_by(|a, b| a.0.total_cmp(&b.0))?;
    let change = percent_change(row[before].as_f64(), row[now].as_f64())?;
    Some(fact("Biggest rise", format!("{} {change}", name_text(row.get(named)?, scene.zone()))))
}

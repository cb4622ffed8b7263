//! Rows that were added, removed or changed, one line each.

use std::collections::BTreeMap;

use chrono_tz::Tz;
use watchfire_model::{Change, ChangeKind, Notification, Value};

use super::{Scene, counted};
use crate::limits::{CHANGE_LINE_MAX_CHARS, CHANGE_LINES_MAX, COLUMN_NAME_MAX_CHARS};
use crate::message::text::{cut, one_line_cut};
use crate::message::value_text::{name_text, value_text};
use crate::message::{ChangeLine, Changes};

pub(super) fn of(scene: &Scene<'_>) -> Option<Changes> {
    let notification = scene.notification;
    if notification.changes.is_empty() && notification.change_count == 0 {
        return None;
    }
    let shown = notification.changes.iter().take(CHANGE_LINES_MAX);
    let lines = shown.map(|change| ChangeLine { kind: change.kind, text: line(change, notification, scene.zone()) });
    Some(Changes { lines: lines.collect(), total: total(notification) })
}

/// `2 added, 1 removed`; of more than are kept, only how many they are.
pub(super) fn counts(notification: &Notification) -> String {
    if total(notification) > notification.changes.len() as u64 {
        return counted(total(notification), "change");
    }
    let of = |kind: ChangeKind| notification.changes.iter().filter(|change| change.kind == kind).count();
    let parts: Vec<String> = [ChangeKind::Added, ChangeKind::Removed, ChangeKind::Changed]
        .into_iter()
        .filter(|kind| of(*kind) > 0)
        .map(|kind| format!("{} {}", of(kind), kind.as_str()))
        .collect();
    if parts.is_empty() { "no change is kept".to_owned() } else { parts.join(", ") }
}

pub(super) fn sentence(notification: &Notification) -> String {
    let (kept, all) = (notification.changes.len().min(CHANGE_LINES_MAX) as u64, total(notification));
    let cut = if kept < all { format!(" Showing {kept} of {}.", counted(all, "change")) } else { String::new() };
    format!("Against the last successful run: {}.{cut}", counts(notification))
}

fn total(notification: &Notification) -> u64 {
    notification.change_count.max(notification.changes.len() as u64)
}

/// `flag dark-mode · enabled: true → false`
fn line(change: &Change, notification: &Notification, zone: Tz) -> String {
    let mut parts: Vec<String> = Vec::new();
    let named = |name: &str| cut(name, COLUMN_NAME_MAX_CHARS);
    for (name, value) in in_order(&change.key, notification) {
        parts.push(format!("{} {}", named(name), name_or_number(value, zone)));
    }
    parts.extend(difference(change, notification, zone));
    one_line_cut(&parts.join(" · "), CHANGE_LINE_MAX_CHARS)
}

/// What of the row changed, without its key: `enabled: true → false`, or the cells of a row that came or went.
pub(crate) fn difference(change: &Change, notification: &Notification, zone: Tz) -> Vec<String> {
    let (before, after) = (change.before.as_ref(), change.after.as_ref());
    let row = after.or(before);
    let Some(row) = row else { return Vec::new() };
    in_order(row, notification)
        .into_iter()
        .filter(|(name, _)| !change.key.contains_key(*name))
        .map(|(name, value)| {
            let earlier = before.and_then(|before| before.get(name));
            let name = cut(name, COLUMN_NAME_MAX_CHARS);
            match (change.kind, before) {
                (ChangeKind::Changed, Some(_)) => {
                    let before = earlier.unwrap_or(&Value::Null);
                    format!("{name}: {} → {}", cell(before, zone), cell(value, zone))
                }
                (ChangeKind::Changed | ChangeKind::Added | ChangeKind::Removed, _) => {
                    format!("{name}: {}", cell(value, zone))
                }
            }
        })
        .collect()
}

/// In the order of the query where its columns are known.
fn in_order<'a>(row: &'a BTreeMap<String, Value>, notification: &Notification) -> Vec<(&'a str, &'a Value)> {
    let place = |name: &str| notification.columns.iter().position(|column| column.name == name).unwrap_or(usize::MAX);
    let mut cells: Vec<(&str, &Value)> = row.iter().map(|(name, value)| (name.as_str(), value)).collect();
    cells.sort_by_key(|(name, _)| place(name));
    cells
}

/// Keys are names, but the fractions in them are not.
fn name_or_number(value: &Value, zone: Tz) -> String {
    name_text(value, zone)
}

/// An empty cell must be seen where two are compared.
fn cell(value: &Value, zone: Tz) -> String {
    let text = value_text(value, zone);
    match value {
        Value::Null => "null".to_owned(),
        _ if text.is_empty() => "\"\"".to_owned(),
        _ => text,
    }
}

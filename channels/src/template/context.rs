//! What a template sees of a notification.

use std::collections::BTreeMap;

use handlebars::Context;
use serde_json::{Map, Value as Json, json};
use watchfire_model::{Change, Column, ConditionName, Notification, NotificationKind, Severity, Timestamp, Value};

use super::names::LINKS;
use crate::limits::{TEMPLATE_CELL_MAX_CHARS, TEMPLATE_CELLS_MAX_BYTES, TEMPLATE_ROWS_MAX};
use crate::message::difference;
use crate::message::text::cut;
use crate::presentation::Presentation;

/// The instant of the message, for `ago`. Names with a space cannot be written in a template.
pub(super) const NOW: &str = "the now";

/// The zone of the presentation, for `date` and `time`.
pub(super) const ZONE: &str = "the zone";

/// How many changes there are in full, for `len changes`.
pub(super) const CHANGE_COUNT: &str = "the change count";

/// What a template is filled with.
#[derive(Debug, Clone)]
pub struct TemplateContext(pub(super) Context);

impl TemplateContext {
    /// What templates see of a notification, with instants in the presentation's zone where they ask for a date.
    pub fn new(notification: &Notification, presentation: &Presentation) -> Self {
        context(notification, presentation)
    }
}

/// The context of a whole notification.
pub(crate) fn context(notification: &Notification, presentation: &Presentation) -> TemplateContext {
    let instance = notification
        .instance
        .as_ref()
        .map_or_else(Map::new, |key| key.parts().iter().map(|(name, value)| (name.clone(), cell(value))).collect());
    build(notification, presentation, &notification.rows, instance)
}

/// The context of one row of a notification about several instances: the row stands for its instance.
pub(crate) fn context_of_row(
    notification: &Notification,
    presentation: &Presentation,
    place: usize,
) -> TemplateContext {
    let rows = notification.rows.get(place..=place).unwrap_or_default();
    let instance = rows.first().map_or_else(Map::new, |row| object(&notification.columns, row));
    build(notification, presentation, rows, instance)
}

fn build(
    notification: &Notification,
    presentation: &Presentation,
    rows: &[Vec<Value>],
    instance: Map<String, Json>,
) -> TemplateContext {
    let rows = held(&notification.columns, rows);
    let labels = notification.rule.as_ref().map(|rule| &rule.labels);
    let rule = notification.rule.as_ref();
    let window = notification.window;
    let error = notification.error.as_ref();
    let data = json!({
        "rule": {
            "name": rule.map(|rule| rule.name.as_str()),
            "kind": rule.map(|rule| rule.kind.as_str()),
            "description": rule.and_then(|rule| rule.description.as_deref()),
            "labels": labels,
        },
        "project": notification.project.as_str(),
        "instance": instance,
        "row": rows.first().cloned().unwrap_or(Json::Null),
        "previous": previous(notification, rows.first()),
        "rows": rows,
        "value": notification.value.as_ref().map(cell),
        "last_value": notification.last_value.as_ref().map(cell),
        "peak": notification.peak.as_ref().map(cell),
        "severity": notification.severity.map(Severity::as_str),
        "state": notification.state.map(ConditionName::as_str),
        "reason": notification.reason.as_str(),
        "since": notification.since.map(instant),
        "window": {"start": window.map(|window| instant(window.start)), "end": window.map(|window| instant(window.end))},
        "slot": notification.scheduled_for.map(instant),
        "changes": notification.changes.iter().map(|item| change(item, notification, presentation)).collect::<Vec<_>>(),
        "totals": cells(&notification.totals),
        "total": total(notification),
        "error": {
            "code": error.map(|error| error.code.as_str()),
            "message": error.map(|error| cut(&error.message, TEMPLATE_CELL_MAX_CHARS)),
            "since": error.map(|error| instant(error.since)),
            "failed_runs": error.map(|error| error.failed_runs),
            "last_success_at": error.and_then(|error| error.last_success_at).map(instant),
            "next_run_at": error.and_then(|error| error.next_run_at).map(instant),
        },
        "link": LINKS.iter().map(|name| ((*name).to_owned(), json!(notification.links.get(*name)))).collect::<Map<_, _>>(),
        "row_count": notification.row_count,
        NOW: instant(notification.occurred_at),
        ZONE: presentation.timezone.name(),
        CHANGE_COUNT: notification.change_count,
    });
    TemplateContext(Context::wraps(data).expect("JSON is JSON"))
}

/// The rows that a template sees: so many, and so many bytes of cells.
fn held(columns: &[Column], rows: &[Vec<Value>]) -> Vec<Json> {
    let mut left = TEMPLATE_CELLS_MAX_BYTES;
    let mut held = Vec::new();
    for row in rows.iter().take(TEMPLATE_ROWS_MAX) {
        let row = object(columns, row);
        let size: usize = row.values().map(|cell| cell.as_str().map_or(16, str::len)).sum();
        let Some(rest) = left.checked_sub(size) else { break };
        left = rest;
        held.push(Json::Object(row));
    }
    held
}

fn object(columns: &[Column], row: &[Value]) -> Map<String, Json> {
    columns.iter().zip(row).map(|(column, value)| (column.name.clone(), cell(value))).collect()
}

fn cells(row: &BTreeMap<String, Value>) -> Map<String, Json> {
    row.iter().map(|(name, value)| (name.clone(), cell(value))).collect()
}

/// Numbers as numbers where JSON holds them, so that `gt` compares them; long texts cut.
fn cell(value: &Value) -> Json {
    match value {
        Value::Decimal(text) => {
            let number = text.parse::<f64>().ok().filter(|number| number.abs() < 9e15);
            number.map_or_else(|| Json::String(text.clone()), Json::from)
        }
        Value::String(text) => Json::String(cut(text, TEMPLATE_CELL_MAX_CHARS)),
        Value::Timestamp(at) => Json::String(instant(*at)),
        Value::Binary(bytes) => Json::String(format!("({} bytes)", bytes.len())),
        Value::Json(_) | Value::List(_) => match value.to_json() {
            Json::String(text) => Json::String(cut(&text, TEMPLATE_CELL_MAX_CHARS)),
            json => {
                let text = json.to_string();
                if text.len() > TEMPLATE_CELL_MAX_CHARS {
                    Json::String(cut(&text, TEMPLATE_CELL_MAX_CHARS))
                } else {
                    json
                }
            }
        },
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Duration(_) => value.to_json(),
    }
}

fn instant(at: Timestamp) -> String {
    at.to_string()
}

/// The row before: of a report its compared columns, of a change what was there. Unknown columns are NULL.
fn previous(notification: &Notification, row: Option<&Json>) -> Map<String, Json> {
    let mut previous: Map<String, Json> =
        notification.columns.iter().map(|column| (column.name.clone(), Json::Null)).collect();
    for (name, value) in row.and_then(Json::as_object).into_iter().flatten() {
        if let Some(base) = name.strip_suffix("_prev").filter(|base| previous.contains_key(*base)) {
            previous.insert(base.to_owned(), value.clone());
        }
    }
    let changed = notification.changes.first().filter(|_| notification.kind == NotificationKind::AlertChanged);
    for (name, value) in changed.and_then(|change| change.before.as_ref()).into_iter().flatten() {
        previous.insert(name.clone(), cell(value));
    }
    previous
}

/// One change. `before` and `after` have the same names, NULL where a side has none.
fn change(change: &Change, notification: &Notification, presentation: &Presentation) -> Json {
    let empty = BTreeMap::new();
    let (before, after) = (change.before.as_ref().unwrap_or(&empty), change.after.as_ref().unwrap_or(&empty));
    let side = |row: &BTreeMap<String, Value>| -> Map<String, Json> {
        let names = before.keys().chain(after.keys());
        names.map(|name| (name.clone(), row.get(name).map_or(Json::Null, cell))).collect()
    };
    json!({
        "kind": change.kind.as_str(),
        "key": cells(&change.key),
        "before": side(before),
        "after": side(after),
        "diff": difference(change, notification, presentation.timezone).join(", "),
    })
}

/// The first total that is money or a rate, else the first one. Comparisons are not totals.
fn total(notification: &Notification) -> Json {
    let is_base = |column: &&Column| {
        notification.totals.contains_key(&column.name)
            && !["_prev", "_change"].iter().any(|ending| {
                column.name.strip_suffix(ending).is_some_and(|base| notification.totals.contains_key(base))
            })
    };
    let bases: Vec<&Column> = notification.columns.iter().filter(is_base).collect();
    let chosen = bases.iter().find(|column| column.kind == watchfire_model::ColumnType::Float).or(bases.first());
    chosen.and_then(|column| notification.totals.get(&column.name)).map_or(Json::Null, cell)
}

//! The body that opens an alert.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};
use watchfire_model::{Notification, NotificationKind, Severity, Value};

use super::{SOURCE, description};
use crate::channel::Telling;
use crate::form::Form;
use crate::headline::headline;
use crate::html::{cut_units, units};
use crate::limits::{
    OPSGENIE_DETAIL_MAX, OPSGENIE_DETAILS_MAX, OPSGENIE_ENTITY_MAX, OPSGENIE_MESSAGE_MAX, OPSGENIE_RESPONDERS_MAX,
    OPSGENIE_TAG_MAX, OPSGENIE_TAGS_MAX,
};
use crate::message::Message;
use crate::message::text::one_line;
use crate::spec::OpsgenieSpec;

/// Rows that stand among the details; all that are shown stand in the description.
const DETAIL_ROWS_MAX: usize = 3;

/// The whole body. Plain, it has what opens and closes an alert and a few words: whatever of the rest
/// the receiver refused is gone.
pub(super) fn body(spec: &OpsgenieSpec, message: &Message, telling: &Telling<'_>, alias: &str) -> Json {
    let notification = telling.notification;
    let mut body = json!({
        "message": cut_units(&headline(notification, message), OPSGENIE_MESSAGE_MAX),
        "alias": alias,
        "description": description::description(message, telling.form),
        "priority": priority(notification),
        "source": SOURCE,
    });
    match telling.form {
        Form::Native | Form::Mono => {
            body["entity"] = entity(notification).into();
            body["tags"] = tags(notification).into();
            body["details"] = details(notification, message).into();
            if !spec.teams.is_empty() {
                body["responders"] = responders(&spec.teams);
            }
        }
        Form::Plain => {}
    }
    body
}

/// P1 to P5. Without a severity it is the vendor's default; an engine that cannot see is worse than that.
fn priority(notification: &Notification) -> &'static str {
    if notification.kind == NotificationKind::Test {
        return "P5";
    }
    let severity = notification.severity.or_else(|| notification.rule.as_ref().and_then(|rule| rule.severity));
    match severity {
        Some(Severity::Critical) => "P1",
        Some(Severity::Error) => "P2",
        Some(Severity::Warning) => "P3",
        Some(Severity::Info) => "P5",
        None => match notification.kind {
            NotificationKind::AlertFailed | NotificationKind::ChannelBroken => "P2",
            _ => "P3",
        },
    }
}

/// What it is about: the instance, else the rule.
fn entity(notification: &Notification) -> String {
    let instance = notification.instance.as_ref().map(|instance| {
        let values = instance.parts().iter().map(|(_, value)| one_line(&shown(value)));
        values.filter(|value| !value.is_empty()).collect::<Vec<_>>().join(", ")
    });
    let entity = instance.filter(|text| !text.is_empty()).unwrap_or_else(|| {
        notification
            .rule
            .as_ref()
            .map_or_else(|| SOURCE.to_owned(), |rule| format!("rule/{}", one_line(rule.name.as_str())))
    });
    cut_units(&entity, OPSGENIE_ENTITY_MAX)
}

/// What people filter by: the rule, what kind of news it is, the rule's labels.
fn tags(notification: &Notification) -> Vec<String> {
    let mut tags = Vec::new();
    if let Some(rule) = &notification.rule {
        tags.push(format!("rule:{}", rule.name));
    }
    match notification.kind {
        NotificationKind::AlertFailed | NotificationKind::ChannelBroken => tags.push("kind:engine".to_owned()),
        NotificationKind::AlertNoData => tags.push("kind:no_data".to_owned()),
        NotificationKind::IssueNew | NotificationKind::IssueRegressed | NotificationKind::IssueEscalating => {
            tags.push("kind:issue".to_owned());
        }
        NotificationKind::Test => tags.push("kind:test".to_owned()),
        NotificationKind::AlertMatches
        | NotificationKind::AlertStarted
        | NotificationKind::AlertRepeated
        | NotificationKind::AlertUpdated
        | NotificationKind::AlertResolved
        | NotificationKind::AlertChanged
        | NotificationKind::AlertRecovered
        | NotificationKind::AlertSummary
        | NotificationKind::ReportReady
        | NotificationKind::IssueDigest => {}
    }
    if let Some(rule) = &notification.rule {
        tags.extend(rule.labels.iter().map(|(name, value)| format!("{name}:{value}")));
    }
    let tags = tags.iter().map(|tag| cut_units(&one_line(tag), OPSGENIE_TAG_MAX)).filter(|tag| !tag.is_empty());
    let mut kept: Vec<String> = Vec::new();
    for tag in tags {
        if kept.len() < OPSGENIE_TAGS_MAX && !kept.contains(&tag) {
            kept.push(tag);
        }
    }
    kept
}

/// Names and values for rules of routing there, most useful first, as many as there is room for.
fn details(notification: &Notification, message: &Message) -> Map<String, Json> {
    let mut details = Details::default();
    if let Some(rule) = &notification.rule {
        details.add("rule", rule.name.as_str());
    }
    details.add("project", notification.project.as_str());
    details.add("reason", notification.reason.as_str());
    details.add("notification", notification.id.as_str());
    if let Some(severity) = notification.severity {
        details.add("severity", severity.as_str());
    }
    if let Some(value) = &notification.value {
        details.add("value", &shown(value));
    }
    if let Some(error) = &notification.error {
        details.add("error_code", &error.code);
        details.add("failed_runs", &error.failed_runs.to_string());
    }
    for (name, address) in links(&notification.links) {
        details.add_whole(name, address);
    }
    for (name, value) in notification.instance.iter().flat_map(|instance| instance.parts()) {
        details.add(name, &shown(value));
    }
    for fact in &message.facts {
        details.add(&fact.name, &fact.value);
    }
    if let Some(table) = &message.table {
        details.add("rows_total", &table.row_count.to_string());
        for (number, row) in (1..).zip(table.rows.iter().take(DETAIL_ROWS_MAX)) {
            let cells: Vec<&str> = row.iter().map(|cell| cell.text.as_str()).collect();
            details.add(&format!("row_{number}"), &cells.join(" | "));
        }
    }
    details.map
}

/// The links by their names; that of the alert is called as people look for it.
fn links(links: &BTreeMap<String, String>) -> impl Iterator<Item = (&str, &str)> {
    links.iter().map(|(name, address)| (if name == "alert" { "url" } else { name.as_str() }, address.as_str()))
}

/// Details that never exceed what all of them may have together.
#[derive(Default)]
struct Details {
    map: Map<String, Json>,
    used: usize,
}

impl Details {
    /// Adds a text, cut where a single one may be no longer. The first of a name stays.
    fn add(&mut self, name: &str, value: &str) {
        self.add_whole(name, &cut_units(&one_line(value), OPSGENIE_DETAIL_MAX));
    }

    /// Adds a text that is useless when cut, or nothing.
    fn add_whole(&mut self, name: &str, value: &str) {
        let name = cut_units(&one_line(name), OPSGENIE_TAG_MAX);
        let cost = units(&name) + units(value);
        let is_told = !name.is_empty() && !value.is_empty() && !self.map.contains_key(&name);
        if is_told && self.used + cost <= OPSGENIE_DETAILS_MAX {
            self.used += cost;
            self.map.insert(name, Json::from(value));
        }
    }
}

fn responders(teams: &[String]) -> Json {
    teams.iter().take(OPSGENIE_RESPONDERS_MAX).map(|name| json!({"type": "team", "name": name})).collect()
}

/// A value as text: strings as they are, NULL empty.
fn shown(value: &Value) -> String {
    match value.to_json() {
        Json::String(text) => text,
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

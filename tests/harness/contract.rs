//! The contract of a webhook: headers, keys of the body in their order, and which reason goes with
//! which type. Pure; [`crate::Receiver`] applies it to every request.

use std::collections::BTreeMap;

use serde_json::Value;
use watchfire_model::{NotificationKind, Reason, Timestamp};

/// The keys of a body, in order; every body has all of them.
pub const BODY_KEYS: [&str; 25] = [
    "version",
    "id",
    "type",
    "occurred_at",
    "project",
    "rule",
    "instance",
    "episode",
    "seq",
    "state",
    "severity",
    "since",
    "value",
    "last_value",
    "scheduled_for",
    "window",
    "reason",
    "columns",
    "rows",
    "row_count",
    "truncated",
    "changes",
    "error",
    "query",
    "links",
];

const RULE_KEYS: [&str; 5] = ["name", "kind", "description", "severity", "labels"];

/// How far `webhook-timestamp` may be from the clock of the receiver, in seconds: receivers refuse older ones.
const TIMESTAMP_TOLERANCE_SECONDS: i64 = 300;

/// Every way in which a request breaks the contract, one sentence each.
///
/// `headers` have lower-case names; `received_at` is the receiver's clock.
pub fn violations(headers: &BTreeMap<String, String>, body: &Value, received_at: Timestamp) -> Vec<String> {
    let mut found = Vec::new();
    check_headers(headers, body, received_at, &mut found);
    check_body(body, &mut found);
    found
}

fn check_headers(headers: &BTreeMap<String, String>, body: &Value, at: Timestamp, found: &mut Vec<String>) {
    let header = |name: &str| headers.get(name).map(String::as_str);
    if !header("content-type").is_some_and(|kind| kind.starts_with("application/json")) {
        found.push(format!("content-type is {:?}, not application/json", header("content-type")));
    }
    if !header("user-agent").is_some_and(|agent| agent.starts_with("Watchfire/")) {
        found.push(format!("user-agent is {:?}, not Watchfire/<version>", header("user-agent")));
    }
    match header("webhook-id") {
        None => found.push("webhook-id is missing".into()),
        Some(id) if id.contains('.') => found.push(format!("webhook-id `{id}` contains a dot")),
        Some(id) if body["id"].as_str() != Some(id) => {
            found.push(format!("webhook-id is `{id}`, but the body's id is {}", body["id"]));
        }
        Some(_) => {}
    }
    match header("webhook-timestamp").map(|text| (text, text.parse::<i64>())) {
        None => found.push("webhook-timestamp is missing".into()),
        Some((text, Err(_))) => found.push(format!("webhook-timestamp `{text}` is not in whole Unix seconds")),
        Some((_, Ok(sent))) => {
            let apart = (at.as_micros() / 1_000_000 - sent).abs();
            if apart > TIMESTAMP_TOLERANCE_SECONDS {
                found.push(format!("webhook-timestamp is {apart} s from now, not the time of the attempt"));
            }
        }
    }
}

fn check_body(body: &Value, found: &mut Vec<String>) {
    let Some(object) = body.as_object() else {
        found.push(format!("the body is not an object: {body}"));
        return;
    };
    keys_are("the body", object.keys(), &BODY_KEYS, found);
    if body["version"] != 1 {
        found.push(format!("version is {}, not 1", body["version"]));
    }
    if let Some(rule) = body["rule"].as_object() {
        keys_are("rule", rule.keys(), &RULE_KEYS, found);
    }
    if let Some(window) = body["window"].as_object() {
        keys_are("window", window.keys(), &["start", "end"], found);
    }
    for column in body["columns"].as_array().into_iter().flatten() {
        keys_are("a column", column.as_object().into_iter().flat_map(|c| c.keys()), &["name", "type"], found);
    }
    for list in ["columns", "rows", "changes"] {
        // `columns` has no meaning for a few types and may be null there; `rows` never is.
        let may_be_null = list != "rows" && body[list].is_null();
        if !(body[list].is_array() || may_be_null) {
            found.push(format!("{list} is {}, not a list", body[list]));
        }
    }
    for instant in ["occurred_at", "since", "scheduled_for"] {
        let readable =
            body[instant].as_str().is_some_and(|text| text.ends_with('Z') && Timestamp::parse(text).is_some());
        let may_be_null = instant != "occurred_at" && body[instant].is_null();
        if !(readable || may_be_null) {
            found.push(format!("{instant} is {}, not an RFC 3339 instant in UTC", body[instant]));
        }
    }
    check_words(body, found);
}

fn check_words(body: &Value, found: &mut Vec<String>) {
    let Some(kind) = body["type"].as_str().and_then(NotificationKind::parse) else {
        found.push(format!("type {} is not known", body["type"]));
        return;
    };
    let Some(reason) = body["reason"].as_str().and_then(Reason::parse) else {
        // A test message and a broken channel may be their own reason.
        if !(kind == NotificationKind::Test && body["reason"].is_null()) {
            found.push(format!("reason {} is not known", body["reason"]));
        }
        return;
    };
    if !kinds_of(reason).contains(&kind) {
        found.push(format!("reason `{reason}` does not go with type `{kind}`"));
    }
}

/// The types that a reason may appear under.
fn kinds_of(reason: Reason) -> &'static [NotificationKind] {
    use NotificationKind as Kind;
    match reason {
        Reason::StartedFiring | Reason::FirstFiring | Reason::NewInstances => &[Kind::AlertStarted],
        Reason::Matches => &[Kind::AlertMatches],
        Reason::Repeat => &[Kind::AlertRepeated],
        Reason::SeverityRaised
        | Reason::SeverityLowered
        | Reason::SilenceEnded
        | Reason::Flapping
        | Reason::FlappingOver
        | Reason::Overflow => &[Kind::AlertUpdated],
        Reason::RowsChanged => &[Kind::AlertChanged],
        Reason::Missing => &[Kind::AlertNoData, Kind::AlertResolved],
        Reason::NoData | Reason::DataBack => &[Kind::AlertNoData],
        Reason::Resolved | Reason::SomeResolved | Reason::AllResolved => &[Kind::AlertResolved],
        Reason::QueryFailed => &[Kind::AlertFailed],
        Reason::QueryRecovered => &[Kind::AlertRecovered],
        Reason::CaughtUp => &[Kind::AlertSummary],
        Reason::Report => &[Kind::ReportReady],
        Reason::Test => &[Kind::Test],
        Reason::ChannelTrouble => &[Kind::ChannelBroken],
    }
}

fn keys_are<'a>(what: &str, keys: impl Iterator<Item = &'a String>, expected: &[&str], found: &mut Vec<String>) {
    let keys: Vec<&str> = keys.map(String::as_str).collect();
    if keys != expected {
        found.push(format!("the keys of {what} are {keys:?}, not {expected:?}"));
    }
}

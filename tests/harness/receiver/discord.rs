//! What Discord takes: every documented limit of webhooks and embeds, as plain functions over JSON.
//!
//! The official OpenAPI description misses the sum over all embeds, empty bodies and empty field
//! values, so the rules are written out here, stricter than Discord where a message would arrive
//! but harm its readers ([`HARM`](super::fault::HARM)).

mod embed;
mod view;

use serde_json::{Map, Value, json};

use super::fault::{Fault, Judge};

pub use view::seen;

const CONTENT_MAX: usize = 2_000;
const EMBEDS_MAX: usize = 10;
const USERNAME_MAX: usize = 80;
/// Characters of titles, descriptions, names and values of fields, footers and authors over all embeds.
const ALL_EMBEDS_MAX: usize = 6_000;

const BODY_KEYS: [&str; 6] = ["content", "username", "embeds", "allowed_mentions", "flags", "thread_name"];

/// What each answer names its faults by.
pub(super) const TOO_LONG: &str = "BASE_TYPE_BAD_LENGTH";
const TOO_LARGE: &str = "MAX_EMBED_SIZE_EXCEEDED";
const EMPTY_MESSAGE: &str = "EMPTY_MESSAGE";
pub(super) const EMPTY_EMBED: &str = "EMPTY_EMBED";
const BAD_NAME: &str = "USERNAME_INVALID_CONTAINS";

/// Every broken rule of one body, in the order of the body.
pub fn faults(body: &Value) -> Vec<Fault> {
    let mut judge = Judge::new(TOO_LONG);
    let Some(object) = judge.object("", body) else { return judge.found };
    judge.keys("", object, &BODY_KEYS);
    if body["allowed_mentions"] != json!({"parse": []}) {
        judge.harm("/allowed_mentions", "must be {\"parse\": []}, or foreign text calls people");
    }
    if let Some(name) = object.get("username") {
        username(&mut judge, name);
    }
    let content =
        object.get("content").map_or("", |content| embed::trimmed(&mut judge, "/content", content, 0, CONTENT_MAX));
    let content_is_empty = content.is_empty();
    embed::fences(&mut judge, "/content", content);
    let embeds = object.get("embeds").map_or(&[][..], |embeds| judge.list("/embeds", embeds, 0, EMBEDS_MAX));
    if content_is_empty && embeds.is_empty() {
        judge.coded(EMPTY_MESSAGE, "", "has neither content nor embeds");
    }
    for (index, item) in embeds.iter().enumerate() {
        embed::embed(&mut judge, &format!("/embeds/{index}"), item);
    }
    let chars: usize = embeds.iter().map(embed::chars).sum();
    if chars > ALL_EMBEDS_MAX {
        judge.coded(TOO_LARGE, "/embeds", format!("has {chars} characters in all embeds, at most {ALL_EMBEDS_MAX}"));
    }
    judge.found
}

/// What Discord says to a body that it refuses; `None` when it takes it.
pub fn refusal(faults: &[Fault]) -> Option<Value> {
    let refused: Vec<&Fault> = faults.iter().filter(|fault| fault.is_refused()).collect();
    let first = refused.first()?;
    if first.code == EMPTY_MESSAGE {
        return Some(json!({"message": "Cannot send an empty message", "code": 50006}));
    }
    if first.code == EMPTY_EMBED {
        let index = first.at.rsplit('/').next().unwrap_or_default();
        return Some(json!({"embeds": [index]}));
    }
    let mut errors = Value::Object(Map::new());
    for fault in refused {
        let mut place = &mut errors;
        for key in fault.at.split('/').filter(|key| !key.is_empty()) {
            place = &mut place[key];
        }
        place["_errors"] = json!([{"code": fault.code, "message": fault.what}]);
    }
    Some(json!({"message": "Invalid Form Body", "code": 50035, "errors": errors}))
}

fn username(judge: &mut Judge, value: &Value) {
    let name = judge.text("/username", value, 1, USERNAME_MAX).to_lowercase();
    if ["discord", "clyde"].iter().any(|word| name.contains(word)) {
        judge.coded(BAD_NAME, "/username", "cannot contain \"discord\" or \"clyde\"");
    }
}

#[cfg(test)]
mod tests;

//! One embed by itself.

use chrono::DateTime;
use serde_json::Value;

use super::EMPTY_EMBED;
use crate::receiver::fault::Judge;

const TITLE_MAX: usize = 256;
const DESCRIPTION_MAX: usize = 4_096;
const AUTHOR_MAX: usize = 256;
const FOOTER_MAX: usize = 2_048;
const FIELDS_MAX: usize = 25;
const FIELD_NAME_MAX: usize = 256;
const FIELD_VALUE_MAX: usize = 1_024;
const URL_MAX: usize = 2_048;
const COLOR_MAX: u64 = 16_777_215;

const KEYS: [&str; 8] = ["title", "description", "url", "color", "timestamp", "fields", "footer", "author"];

/// Judges one embed.
pub(super) fn embed(judge: &mut Judge, at: &str, value: &Value) {
    let Some(object) = judge.object(at, value) else { return };
    judge.keys(at, object, &KEYS);
    if !["title", "description", "fields", "footer", "author"].iter().any(|key| object.contains_key(*key)) {
        judge.coded(EMPTY_EMBED, at, "has nothing to show");
    }
    for (key, max) in [("title", TITLE_MAX), ("description", DESCRIPTION_MAX)] {
        if let Some(text) = object.get(key) {
            let at = format!("{at}/{key}");
            let text = trimmed(judge, &at, text, 1, max).to_owned();
            fences(judge, &at, &text);
        }
    }
    if let Some(url) = object.get("url") {
        judge.address(&format!("{at}/url"), url, URL_MAX);
    }
    if object.get("color").is_some_and(|color| color.as_u64().is_none_or(|color| color > COLOR_MAX)) {
        judge.fault(&format!("{at}/color"), format!("must be a whole number from 0 to {COLOR_MAX}"));
    }
    if let Some(time) = object.get("timestamp") {
        timestamp(judge, &format!("{at}/timestamp"), time);
    }
    if let Some(footer) = object.get("footer") {
        trimmed(judge, &format!("{at}/footer/text"), &footer["text"], 1, FOOTER_MAX);
    }
    if let Some(author) = object.get("author") {
        trimmed(judge, &format!("{at}/author/name"), &author["name"], 1, AUTHOR_MAX);
    }
    if let Some(fields) = object.get("fields") {
        let place = format!("{at}/fields");
        for (index, item) in judge.list(&place, fields, 0, FIELDS_MAX).iter().enumerate() {
            field(judge, &format!("{place}/{index}"), item);
        }
    }
}

fn field(judge: &mut Judge, at: &str, value: &Value) {
    let Some(object) = judge.object(at, value) else { return };
    judge.keys(at, object, &["name", "value", "inline"]);
    trimmed(judge, &format!("{at}/name"), &value["name"], 1, FIELD_NAME_MAX);
    let text = trimmed(judge, &format!("{at}/value"), &value["value"], 1, FIELD_VALUE_MAX).to_owned();
    fences(judge, &format!("{at}/value"), &text);
    judge.flag(&format!("{at}/inline"), object.get("inline"));
}

fn timestamp(judge: &mut Judge, at: &str, value: &Value) {
    let text = judge.text(at, value, 1, 40).to_owned();
    if DateTime::parse_from_rfc3339(&text).is_err() {
        judge.fault(at, format!("`{text}` is no ISO 8601 instant"));
    }
    let fraction = text.split_once('.').map_or(0, |(_, rest)| rest.chars().take_while(char::is_ascii_digit).count());
    if fraction > 3 {
        judge.harm(at, "is finer than a millisecond");
    }
}

/// The text at this place as Discord counts it: without blanks at its ends.
pub(super) fn trimmed<'a>(judge: &mut Judge, at: &str, value: &'a Value, min: usize, max: usize) -> &'a str {
    let text = judge.text(at, value, 0, usize::MAX).trim();
    let chars = text.chars().count();
    if chars < min || chars > max {
        judge.fault(at, format!("has {chars} characters, must have {min} to {max}"));
    }
    text
}

/// A code block that is not closed swallows what follows it.
pub(super) fn fences(judge: &mut Judge, at: &str, text: &str) {
    if !text.matches("```").count().is_multiple_of(2) {
        judge.harm(at, "holds a code block that is not closed");
    }
}

/// What one embed adds to the sum over all.
pub(super) fn chars(embed: &Value) -> usize {
    let count = |value: &Value| value.as_str().map_or(0, |text| text.trim().chars().count());
    let fields = embed["fields"].as_array().into_iter().flatten();
    let fields: usize = fields.map(|field| count(&field["name"]) + count(&field["value"])).sum();
    let single = [&embed["title"], &embed["description"], &embed["footer"]["text"], &embed["author"]["name"]];
    fields + single.into_iter().map(count).sum::<usize>()
}

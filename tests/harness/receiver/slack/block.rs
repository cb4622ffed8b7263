//! One block by itself.

use serde_json::{Map, Value};

use super::{table, text};
use crate::receiver::fault::Judge;

const SECTION_TEXT_MAX: usize = 3_000;
const FIELDS_MAX: usize = 10;
const FIELD_MAX: usize = 2_000;
const HEADER_MAX: usize = 150;
const CONTEXT_ELEMENTS_MAX: usize = 10;
const BUTTONS_MAX: usize = 25;
const BUTTON_TEXT_MAX: usize = 75;
const BUTTON_URL_MAX: usize = 3_000;
const BUTTON_VALUE_MAX: usize = 2_000;
const ACTION_ID_MAX: usize = 255;
const BLOCK_ID_MAX: usize = 255;
const MARKDOWN_MAX: usize = 12_000;
/// Not documented; far above what anybody reads.
const RICH_TEXT_ELEMENTS_MAX: usize = 200;

/// Judges one block, whatever its type.
pub(super) fn block(judge: &mut Judge, at: &str, value: &Value) {
    let Some(object) = judge.object(at, value) else { return };
    if let Some(id) = object.get("block_id") {
        judge.text(&format!("{at}/block_id"), id, 1, BLOCK_ID_MAX);
    }
    match value["type"].as_str().unwrap_or_default() {
        "section" => section(judge, at, object),
        "header" => {
            judge.keys(at, object, &["type", "block_id", "text"]);
            text::object(judge, &format!("{at}/text"), &value["text"], HEADER_MAX, &["plain_text"]);
        }
        "divider" => judge.keys(at, object, &["type", "block_id"]),
        "context" => {
            judge.keys(at, object, &["type", "block_id", "elements"]);
            let place = format!("{at}/elements");
            for (index, item) in judge.list(&place, &value["elements"], 1, CONTEXT_ELEMENTS_MAX).iter().enumerate() {
                text::object(judge, &format!("{place}/{index}"), item, SECTION_TEXT_MAX, &text::BOTH);
            }
        }
        "actions" => actions(judge, at, object),
        "markdown" => {
            judge.keys(at, object, &["type", "block_id", "text"]);
            judge.text(&format!("{at}/text"), &value["text"], 1, MARKDOWN_MAX);
        }
        "rich_text" => {
            judge.keys(at, object, &["type", "block_id", "elements"]);
            rich_text(judge, at, value);
        }
        "table" => table::table(judge, at, object),
        other => judge.fault(&format!("{at}/type"), format!("unknown block type `{other}`")),
    }
}

fn section(judge: &mut Judge, at: &str, object: &Map<String, Value>) {
    judge.keys(at, object, &["type", "block_id", "text", "fields"]);
    if object.get("text").is_none() && object.get("fields").is_none() {
        judge.fault(at, "a section needs text or fields");
    }
    if let Some(value) = object.get("text") {
        text::object(judge, &format!("{at}/text"), value, SECTION_TEXT_MAX, &text::BOTH);
    }
    if let Some(fields) = object.get("fields") {
        let place = format!("{at}/fields");
        for (index, field) in judge.list(&place, fields, 1, FIELDS_MAX).iter().enumerate() {
            text::object(judge, &format!("{place}/{index}"), field, FIELD_MAX, &text::BOTH);
        }
    }
}

fn actions(judge: &mut Judge, at: &str, object: &Map<String, Value>) {
    judge.keys(at, object, &["type", "block_id", "elements"]);
    let place = format!("{at}/elements");
    let elements = object.get("elements").unwrap_or(&Value::Null);
    for (index, button) in judge.list(&place, elements, 1, BUTTONS_MAX).iter().enumerate() {
        let at = format!("{place}/{index}");
        let Some(object) = judge.object(&at, button) else { continue };
        judge.keys(&at, object, &["type", "text", "action_id", "url", "value", "style"]);
        if button["type"] != "button" {
            judge.fault(&format!("{at}/type"), "only buttons are known");
        }
        text::object(judge, &format!("{at}/text"), &button["text"], BUTTON_TEXT_MAX, &["plain_text"]);
        if let Some(url) = object.get("url") {
            judge.address(&format!("{at}/url"), url, BUTTON_URL_MAX);
        }
        if let Some(value) = object.get("value") {
            judge.text(&format!("{at}/value"), value, 0, BUTTON_VALUE_MAX);
        }
        if let Some(id) = object.get("action_id") {
            judge.text(&format!("{at}/action_id"), id, 1, ACTION_ID_MAX);
        }
        if object.get("style").is_some_and(|style| style != "primary" && style != "danger") {
            judge.fault(&format!("{at}/style"), "must be primary or danger");
        }
    }
}

/// The elements of a rich text, in a block or in a cell.
pub(super) fn rich_text(judge: &mut Judge, at: &str, value: &Value) {
    let place = format!("{at}/elements");
    for (index, group) in judge.list(&place, &value["elements"], 1, RICH_TEXT_ELEMENTS_MAX).iter().enumerate() {
        let at = format!("{place}/{index}");
        let Some(object) = judge.object(&at, group) else { continue };
        judge.keys(&at, object, &["type", "elements", "border"]);
        let is_code = match group["type"].as_str().unwrap_or_default() {
            "rich_text_section" | "rich_text_quote" => false,
            "rich_text_preformatted" => true,
            other => {
                judge.fault(&format!("{at}/type"), format!("unknown rich text element `{other}`"));
                continue;
            }
        };
        let place = format!("{at}/elements");
        for (index, part) in judge.list(&place, &group["elements"], 1, RICH_TEXT_ELEMENTS_MAX).iter().enumerate() {
            rich_part(judge, &format!("{place}/{index}"), part, is_code);
        }
    }
}

fn rich_part(judge: &mut Judge, at: &str, part: &Value, is_code: bool) {
    let Some(object) = judge.object(at, part) else { return };
    match part["type"].as_str().unwrap_or_default() {
        "text" => {
            judge.keys(at, object, &["type", "text", "style"]);
            judge.text(&format!("{at}/text"), &part["text"], 1, MARKDOWN_MAX);
        }
        "link" => {
            judge.keys(at, object, &["type", "url", "text", "style"]);
            judge.address(&format!("{at}/url"), &part["url"], BUTTON_URL_MAX);
            if let Some(text) = object.get("text") {
                judge.text(&format!("{at}/text"), text, 1, MARKDOWN_MAX);
            }
        }
        "emoji" if !is_code => {
            judge.keys(at, object, &["type", "name", "unicode"]);
            judge.text(&format!("{at}/name"), &part["name"], 1, 100);
        }
        other => judge.fault(&format!("{at}/type"), format!("unknown rich text part `{other}` here")),
    }
    let place = format!("{at}/style");
    if let Some(style) = object.get("style").and_then(|style| judge.object(&place, style)) {
        judge.keys(&place, style, &["bold", "italic", "strike", "code"]);
    }
}

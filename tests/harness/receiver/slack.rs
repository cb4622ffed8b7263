//! What Slack takes: every documented limit of incoming webhooks and blocks, as plain functions over JSON.
//!
//! No published schema has all of them, so they are written out here, stricter than Slack where a
//! message would arrive but harm its readers ([`HARM`](super::fault::HARM)).

mod block;
mod table;
mod text;
mod view;

use serde_json::Value;

use super::fault::{Fault, Judge};

pub use view::seen;

/// Characters of the headline: advised, 40,000 are cut.
const TEXT_MAX: usize = 4_000;
const BLOCKS_MAX: usize = 50;
const ATTACHMENTS_MAX: usize = 100;
/// Characters of all blocks together as JSON; not documented, seen to fail above.
const ALL_BLOCKS_MAX: usize = 13_200;
/// Characters over all cells of all tables.
const CELLS_MAX: usize = 10_000;
const TABLES_MAX: usize = 1;

const BODY_KEYS: [&str; 6] = ["text", "blocks", "attachments", "unfurl_links", "unfurl_media", "thread_ts"];
const ATTACHMENT_KEYS: [&str; 4] = ["color", "fallback", "blocks", "text"];

/// Every broken rule of one body, in the order of the body.
pub fn faults(body: &Value) -> Vec<Fault> {
    let mut judge = Judge::new("invalid_payload");
    let Some(object) = judge.object("", body) else { return judge.found };
    // `link_names` and `parse` are among the unknown: with them, foreign text could call people.
    judge.keys("", object, &BODY_KEYS);
    headline(&mut judge, body);
    for key in ["unfurl_links", "unfurl_media"] {
        if body[key] != Value::Bool(false) {
            judge.harm(&format!("/{key}"), "must be false, or links grow previews");
        }
    }
    let mut all = Vec::new();
    if let Some(blocks) = body.get("blocks") {
        judge.code = "invalid_blocks";
        all.extend(judged_blocks(&mut judge, "/blocks", blocks));
    }
    if let Some(attachments) = body.get("attachments") {
        all.extend(judged_attachments(&mut judge, attachments));
    }
    judge.code = "invalid_blocks";
    together(&mut judge, &all);
    judge.found
}

/// What Slack says to a body: status and text.
pub fn answer(faults: &[Fault]) -> (u16, String) {
    match faults.iter().find(|fault| fault.is_refused()) {
        Some(fault) => (400, fault.code.to_owned()),
        None => (200, "ok".to_owned()),
    }
}

fn headline(judge: &mut Judge, body: &Value) {
    let has_more = ["blocks", "attachments"].iter().any(|key| body[key].as_array().is_some_and(|all| !all.is_empty()));
    match body.get("text") {
        None if has_more => judge.harm("/text", "is missing, so a push message would be empty"),
        None => judge.coded("no_text", "/text", "is missing"),
        Some(value) => {
            let text = judge.text("/text", value, 0, TEXT_MAX).to_owned();
            if text.trim().is_empty() {
                judge.coded("no_text", "/text", "is empty");
            }
            text::mrkdwn(judge, "/text", &text);
        }
    }
}

fn judged_attachments<'a>(judge: &mut Judge, attachments: &'a Value) -> Vec<&'a Value> {
    judge.code = "too_many_attachments";
    let items = judge.list("/attachments", attachments, 0, ATTACHMENTS_MAX);
    let mut all = Vec::new();
    for (index, item) in items.iter().enumerate() {
        judge.code = "invalid_attachments";
        let at = format!("/attachments/{index}");
        let Some(object) = judge.object(&at, item) else { continue };
        judge.keys(&at, object, &ATTACHMENT_KEYS);
        if let Some(color) = object.get("color") {
            let text = judge.text(&format!("{at}/color"), color, 1, 7).to_owned();
            let is_hex =
                text.strip_prefix('#').is_some_and(|hex| hex.len() == 6 && u32::from_str_radix(hex, 16).is_ok());
            if !is_hex && !["good", "warning", "danger"].contains(&text.as_str()) {
                judge.fault(&format!("{at}/color"), format!("`{text}` is no color"));
            }
        }
        match object.get("fallback") {
            None => judge.harm(&format!("{at}/fallback"), "is missing, so old clients show nothing"),
            Some(fallback) => {
                judge.text(&format!("{at}/fallback"), fallback, 1, TEXT_MAX);
            }
        }
        match (object.get("blocks"), object.get("text")) {
            (None, None) => judge.fault(&at, "has neither text nor blocks"),
            (None, Some(value)) => {
                judge.text(&format!("{at}/text"), value, 1, TEXT_MAX);
            }
            (Some(blocks), _) => {
                judge.code = "invalid_blocks";
                all.extend(judged_blocks(judge, &format!("{at}/blocks"), blocks));
            }
        }
    }
    all
}

fn judged_blocks<'a>(judge: &mut Judge, at: &str, blocks: &'a Value) -> Vec<&'a Value> {
    let items = judge.list(at, blocks, 1, BLOCKS_MAX);
    for (index, item) in items.iter().enumerate() {
        block::block(judge, &format!("{at}/{index}"), item);
    }
    items.iter().collect()
}

/// What holds of all blocks of a message together.
fn together(judge: &mut Judge, all: &[&Value]) {
    if all.len() > BLOCKS_MAX {
        judge.fault("", format!("has {} blocks in all, at most {BLOCKS_MAX}", all.len()));
    }
    let chars: usize = all.iter().map(|block| block.to_string().chars().count()).sum();
    if chars > ALL_BLOCKS_MAX {
        judge.coded(
            "msg_blocks_too_long",
            "",
            format!("has {chars} characters in all blocks, at most {ALL_BLOCKS_MAX}"),
        );
    }
    let tables: Vec<&&Value> = all.iter().filter(|block| block["type"] == "table").collect();
    if tables.len() > TABLES_MAX {
        judge.coded("only_one_table_allowed", "", format!("has {} tables, at most {TABLES_MAX}", tables.len()));
    }
    let chars: usize = tables.iter().map(|block| table::cell_chars(block)).sum();
    if chars > CELLS_MAX {
        judge.fault("", format!("has {chars} characters in the cells of tables, at most {CELLS_MAX}"));
    }
    let mut ids: Vec<&str> = all.iter().filter_map(|block| block["block_id"].as_str()).collect();
    ids.sort_unstable();
    if ids.windows(2).any(|pair| pair[0] == pair[1]) {
        judge.fault("", "uses one block_id twice");
    }
}

#[cfg(test)]
mod tests;

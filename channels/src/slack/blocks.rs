//! The details of a message as blocks, all together within their limit.

use serde_json::{Value as Json, json};

use super::limits::{
    BLOCKS_MAX_CHARS, CHANGES_MAX_CHARS, CHANGES_MAX_LINES, ERROR_MAX_CHARS, FACT_NAME_MAX_CHARS, FACT_VALUE_MAX_CHARS,
    FACTS_MAX, FOOTER_MAX_CHARS, LINKS_MAX_CHARS, SUMMARY_MAX_CHARS,
};
use super::mrkdwn::{Mrkdwn, json_chars};
use super::{rich, table};
use crate::change_lines::change_lines;
use crate::fit::middle;
use crate::form::Form;
use crate::message::text::lines;
use crate::message::{Fact, Message};

/// What a block around its text counts, at most.
const FRAME_CHARS: usize = 200;

/// The blocks in the order of reading. What is small and always wanted gets its room first; changed rows
/// and the table share what is left.
pub(super) fn blocks(message: &Message, form: Form, headline: Option<&Mrkdwn>) -> Vec<Json> {
    let mut room = Room { left: BLOCKS_MAX_CHARS };
    let headline = room.take(headline.map(section));
    // The foot names the rule.
    let footer = room.take(footer(message));
    let facts = room.take(facts(&message.facts));
    let summary = room.take(rich::text(&message.summary, SUMMARY_MAX_CHARS));
    let error = room.take(error(message));
    let links = room.take(links(message));
    let changes = room.take(changes(message, room.left));
    let table = message.table.as_ref().map_or_else(Vec::new, |table| table::blocks(message, table, form, room.left));
    let before = [headline, summary, facts, error, changes].into_iter().flatten();
    before.chain(table).chain([links, footer].into_iter().flatten()).collect()
}

/// How many characters of JSON are left for all blocks that follow.
struct Room {
    left: usize,
}

impl Room {
    /// Pays for a block, or drops it when it costs more than is left.
    fn take(&mut self, block: Option<Json>) -> Option<Json> {
        let block = block?;
        self.left = self.left.checked_sub(cost(&block))?;
        Some(block)
    }
}

/// What a block counts, with the comma behind it.
pub(super) fn cost(block: &Json) -> usize {
    block.to_string().chars().count() + 1
}

/// Markup as a text object. `verbatim`: without it, names of people and channels in it would become mentions.
pub(super) fn text(markup: &Mrkdwn) -> Json {
    json!({"type": "mrkdwn", "text": markup.as_str(), "verbatim": true})
}

fn section(markup: &Mrkdwn) -> Json {
    json!({"type": "section", "text": text(markup)})
}

fn facts(facts: &[Fact]) -> Option<Json> {
    let fields: Vec<Json> = facts.iter().take(FACTS_MAX).map(|fact| text(&fact_text(fact))).collect();
    (!fields.is_empty()).then(|| json!({"type": "section", "fields": fields}))
}

fn fact_text(fact: &Fact) -> Mrkdwn {
    let name = Mrkdwn::bold(&fact.name, FACT_NAME_MAX_CHARS);
    fact_value(fact, if name.is_empty() { name } else { name.with(&Mrkdwn::ours("\n")) })
}

/// The value of a fact behind what stands before it; never empty.
pub(super) fn fact_value(fact: &Fact, before: Mrkdwn) -> Mrkdwn {
    let value = Mrkdwn::foreign(fact.value.trim(), FACT_VALUE_MAX_CHARS);
    let value = if value.is_empty() { Mrkdwn::ours("-") } else { value };
    let with_value = before.with(&value);
    match fact.at.and_then(Mrkdwn::date) {
        Some(date) => with_value.with(&Mrkdwn::ours(" · ")).with(&date),
        None => with_value,
    }
}

fn error(message: &Message) -> Option<Json> {
    let error = message.error.as_deref().map(lines).filter(|error| !error.trim().is_empty())?;
    Some(rich::code(&middle(&error, ERROR_MAX_CHARS, json_chars)))
}

/// The changed rows; at most half of what is left when a table follows.
fn changes(message: &Message, left: usize) -> Option<Json> {
    let changes = message.changes.as_ref().filter(|changes| changes.total > 0 || !changes.lines.is_empty())?;
    let share = if message.table.is_some() { left / 2 } else { left };
    let max = share.saturating_sub(FRAME_CHARS).min(CHANGES_MAX_CHARS);
    let lines = change_lines(changes, CHANGES_MAX_LINES, max, json_chars);
    (!lines.is_empty()).then(|| rich::code(&lines))
}

fn links(message: &Message) -> Option<Json> {
    let links = links_text(message, LINKS_MAX_CHARS);
    (!links.is_empty()).then(|| section(&links))
}

/// The links that Slack follows, in one line.
pub(super) fn links_text(message: &Message, max: usize) -> Mrkdwn {
    Mrkdwn::joined(message.links.iter().filter_map(Mrkdwn::link), " · ", max)
}

fn footer(message: &Message) -> Option<Json> {
    let footer = footer_text(message);
    (!footer.is_empty()).then(|| json!({"type": "context", "elements": [text(&footer)]}))
}

/// Where it comes from, in one line.
pub(super) fn footer_text(message: &Message) -> Mrkdwn {
    Mrkdwn::foreign_line(&message.footer.join(" · "), FOOTER_MAX_CHARS)
}

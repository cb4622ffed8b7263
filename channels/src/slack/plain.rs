//! The plainest form: text alone, which every receiver takes.

use super::blocks::{fact_value, footer_text, links_text};
use super::limits::{
    ERROR_MAX_CHARS, FACT_NAME_MAX_CHARS, FACTS_MAX, LINKS_MAX_CHARS, MONO_MAX_WIDTH, PLAIN_MAX_CHARS, PLAIN_MAX_ROWS,
};
use super::mrkdwn::{FENCES_CHARS, Mrkdwn, escaped_chars};
use super::table::{COUNT_CHARS, count_line};
use crate::change_lines::change_lines;
use crate::fit::{middle, open_fences};
use crate::message::Message;
use crate::message::text::lines;
use crate::mono_fit::mono_within;

/// What a line feed counts in JSON.
const LINE_FEED_CHARS: usize = 2;

/// The whole message in lines. What comes last in order of need is left out first.
pub(super) fn text(message: &Message, headline: &Mrkdwn) -> Mrkdwn {
    let mut text = Lines { left: PLAIN_MAX_CHARS - headline.json_chars(), text: headline.clone() };
    // The foot names the rule, so its room is kept.
    let footer = footer_text(message);
    text.left -= footer.json_chars() + LINE_FEED_CHARS;
    // So is that of the number of rows.
    let table = message.table.as_ref().filter(|table| !table.rows.is_empty());
    let count_chars = table.map_or(0, |_| COUNT_CHARS + LINE_FEED_CHARS);
    text.left -= count_chars;
    text.line(Mrkdwn::foreign(message.summary.trim(), (text.left / 2).min(PLAIN_MAX_CHARS)));
    for fact in message.facts.iter().take(FACTS_MAX) {
        let name = Mrkdwn::foreign_line(&fact.name, FACT_NAME_MAX_CHARS).with(&Mrkdwn::ours(": "));
        text.line(fact_value(fact, name));
    }
    if let Some(error) = message.error.as_deref().map(lines).filter(|error| !error.is_empty()) {
        let room = text.code_room().min(ERROR_MAX_CHARS);
        text.code(&middle(&open_fences(&error), room, escaped_chars));
    }
    if let Some(changes) = message.changes.as_ref().filter(|changes| changes.total > 0) {
        text.code(&change_lines(changes, PLAIN_MAX_ROWS, text.code_room(), escaped_chars));
    }
    if let Some(table) = table {
        let room = text.code_room();
        let mono = mono_within(table, MONO_MAX_WIDTH, PLAIN_MAX_ROWS, room, escaped_chars);
        let shown_rows = mono.filter(|mono| text.code(&mono.text)).map_or(0, |mono| mono.shown_rows);
        text.left += count_chars;
        text.line(count_line(message, table, shown_rows).unwrap_or_default());
    }
    text.line(links_text(message, text.left.saturating_sub(LINE_FEED_CHARS).min(LINKS_MAX_CHARS)));
    text.left += footer.json_chars() + LINE_FEED_CHARS;
    text.line(footer);
    text.text
}

struct Lines {
    text: Mrkdwn,
    left: usize,
}

impl Lines {
    /// How much a block of code may hold.
    const fn code_room(&self) -> usize {
        self.left.saturating_sub(FENCES_CHARS + LINE_FEED_CHARS)
    }

    /// Appends a block of code if there is one and it fits; says whether it did.
    fn code(&mut self, text: &str) -> bool {
        !text.is_empty() && self.line(Mrkdwn::code_block(text, self.left.saturating_sub(LINE_FEED_CHARS)))
    }

    /// Appends a line if there is one and it fits; says whether it did.
    fn line(&mut self, line: Mrkdwn) -> bool {
        let Some(rest) = self.left.checked_sub(line.json_chars() + LINE_FEED_CHARS) else { return false };
        if line.is_empty() {
            return false;
        }
        self.left = rest;
        self.text.push(&Mrkdwn::ours("\n"));
        self.text.push(&line);
        true
    }
}

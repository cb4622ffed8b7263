//! What an embed describes: summary, error, changed rows, table.

use super::limits::{CHANGES_MAX_LINES, ERROR_MAX_CHARS, MONO_MAX_WIDTH, SUMMARY_MAX_CHARS};
use super::markdown::{FENCES_CHARS, Markdown};
use crate::change_lines::change_lines;
use crate::fit::{chars, middle};
use crate::left_out::left_out;
use crate::message::text::lines;
use crate::message::{Message, Table};
use crate::mono_fit::mono_within;

/// What the line that counts the rows may have.
const COUNT_CHARS: usize = 60;

/// The details within `max` characters; a table has at most `max_rows` rows.
pub(super) fn details(message: &Message, max: usize, max_rows: usize) -> Markdown {
    let mut details = Details { text: Markdown::default(), left: max };
    let follows = message.error.is_some() || message.changes.is_some() || message.table.is_some();
    let share = if follows { max / 2 } else { max };
    details.add(&Markdown::foreign(&message.summary, share.min(SUMMARY_MAX_CHARS)));
    if let Some(error) = message.error.as_deref().map(lines) {
        // The text may grow by what keeps its backticks apart.
        let room = (details.left / 2).min(ERROR_MAX_CHARS);
        let error = middle(&error, room.saturating_sub(FENCES_CHARS), chars);
        details.add(&Markdown::code_block("", &error, details.left));
    }
    if let Some(changes) = message.changes.as_ref().filter(|changes| changes.total > 0) {
        let share = if message.table.is_some() { details.left / 2 } else { details.left };
        let changed = change_lines(changes, CHANGES_MAX_LINES, share.saturating_sub(FENCES_CHARS + 1), chars);
        details.add(&Markdown::code_block("diff", &changed, details.left));
    }
    if let Some(table) = message.table.as_ref().filter(|table| !table.rows.is_empty() && !table.columns.is_empty()) {
        rows(&mut details, message, table, max_rows);
    }
    details.text
}

fn rows(details: &mut Details, message: &Message, table: &Table, max_rows: usize) {
    let room = details.left.saturating_sub(COUNT_CHARS + FENCES_CHARS);
    let mono = mono_within(table, MONO_MAX_WIDTH, max_rows, room, chars);
    let is_shown =
        mono.as_ref().is_some_and(|mono| details.add(&Markdown::code_block("", &mono.text, room + FENCES_CHARS)));
    let shown_rows = mono.filter(|_| is_shown).map_or(0, |mono| mono.shown_rows);
    if let Some(line) = left_out(message, table, shown_rows) {
        details.add(&Markdown::foreign_line(&line, COUNT_CHARS));
    }
}

struct Details {
    text: Markdown,
    left: usize,
}

impl Details {
    /// Appends a part in a line of its own if there is one and it fits; says whether it did.
    fn add(&mut self, part: &Markdown) -> bool {
        let Some(left) = self.left.checked_sub(part.chars() + 1) else { return false };
        if part.is_empty() {
            return false;
        }
        self.left = left;
        self.text = std::mem::take(&mut self.text).with_word("\n", part);
        true
    }
}

//! What an alert says when it is opened: HTML of a few tags, as the receiver shows it.

use crate::form::Form;
use crate::html::{Html, cut_escaped, units};
use crate::limits::{OPSGENIE_DESCRIPTION_MAX, OPSGENIE_ROWS_MAX, OPSGENIE_TABLE_WIDTH};
use crate::message::{Message, Table};
use crate::plain_text::changed;

/// Room of each part, in UTF-16 units of escaped text. With their markup they stay below the whole,
/// and the table takes what is left.
const STATE_MAX: usize = 300;
const SUMMARY_MAX: usize = 3_000;
const FACT_MAX: usize = 300;
const FACTS_MAX: usize = 2_500;
const CHANGES_MAX: usize = 2_500;
const ERROR_MAX: usize = 2_000;
const LINKS_MAX: usize = 2_000;
const FOOTER_MAX: usize = 500;
const PLAIN_MAX: usize = 1_000;

/// Rows that a table may have, best first; the first count that fits is taken.
const ROWS: [usize; 5] = [OPSGENIE_ROWS_MAX, 10, 5, 3, 1];

/// The description, within the receiver's limit whatever the message holds.
pub(super) fn description(message: &Message, form: Form) -> String {
    match form {
        Form::Native | Form::Mono => full(message),
        Form::Plain => {
            let words = format!("{} {}", message.state, message.summary);
            let mut html = Html::default();
            html.text(&cut_escaped(words.trim(), PLAIN_MAX));
            html.into_string()
        }
    }
}

fn full(message: &Message) -> String {
    let mut html = Html::default();
    html.markup("<b>").text(&cut_escaped(&message.state, STATE_MAX)).markup("</b>");
    if !message.summary.is_empty() {
        html.markup("<br>").lines(&cut_lines(&message.summary, SUMMARY_MAX));
    }
    html.append(&facts(message));
    let tail = tail(message);
    if let Some(table) = &message.table {
        let room = OPSGENIE_DESCRIPTION_MAX.saturating_sub(html.units() + tail.units());
        html.append(&rows(table, room));
    }
    html.append(&tail);
    html.into_string()
}

fn facts(message: &Message) -> Html {
    let mut html = Html::default();
    for fact in &message.facts {
        let mut line = Html::default();
        line.markup("<br>").text(&cut_escaped(&fact.name, FACT_MAX)).markup(": <b>");
        line.text(&cut_escaped(&fact.value, FACT_MAX)).markup("</b>");
        if html.units() + line.units() > FACTS_MAX {
            break;
        }
        html.append(&line);
    }
    html
}

/// The widest choice of rows that fits; where not even one does, only how many there are.
fn rows(table: &Table, room: usize) -> Html {
    let choices = ROWS.into_iter().map(|max_rows| {
        let mono = table.mono(OPSGENIE_TABLE_WIDTH, max_rows);
        let mut html = Html::default();
        html.markup("<pre>").text(&mono.text).markup("</pre>");
        if mono.shown_rows as u64 != table.row_count {
            html.text(&table.count_line(mono.shown_rows)).markup("<br>");
        }
        html
    });
    let none = || {
        let mut html = Html::default();
        html.markup("<br>").text(&format!("{} rows", table.row_count)).markup("<br>");
        html
    };
    choices.into_iter().find(|html| html.units() <= room).unwrap_or_else(none)
}

/// What follows the rows: changes, error, links, origin.
fn tail(message: &Message) -> Html {
    let mut html = Html::default();
    if let Some(changes) = &message.changes {
        let text = changed(changes, OPSGENIE_ROWS_MAX);
        html.markup("<pre>").text(&cut_escaped(&text, CHANGES_MAX)).markup("</pre>");
    }
    if let Some(error) = &message.error {
        html.markup("<pre>").text(&cut_escaped(error, ERROR_MAX)).markup("</pre>");
    }
    html.append(&links(message));
    if !message.footer.is_empty() {
        html.markup("<br><i>").text(&cut_escaped(&message.footer.join(" · "), FOOTER_MAX)).markup("</i>");
    }
    html
}

fn links(message: &Message) -> Html {
    let mut html = Html::default();
    for link in &message.links {
        let mut one = Html::default();
        one.markup(if html.len() == 0 { "<br>" } else { " · " }).link(&link.label, &link.url);
        // A link that is cut leads elsewhere, so it is whole or left out.
        if html.units() + one.units() <= LINKS_MAX {
            html.append(&one);
        }
    }
    html
}

/// A text cut so that it fits with its line breaks written as tags.
fn cut_lines(text: &str, max: usize) -> String {
    let mut kept: Vec<String> = Vec::new();
    let mut left = max;
    for line in text.lines() {
        let line = cut_escaped(line, left);
        left = left.saturating_sub(escaped(&line) + units("<br>"));
        kept.push(line);
        if left == 0 {
            break;
        }
    }
    kept.join("\n")
}

fn escaped(text: &str) -> usize {
    let mut html = Html::default();
    html.text(text);
    html.units()
}

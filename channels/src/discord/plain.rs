//! The plainest form: text alone.

use super::details::details;
use super::embed::fact;
use super::limits::{CONTENT_MAX_CHARS, FACTS_MAX, FOOTER_MAX_CHARS, LINKS_MAX_CHARS, PLAIN_MAX_ROWS, TITLE_MAX_CHARS};
use super::markdown::Markdown;
use crate::message::Message;

/// What state and title may have together.
const HEADLINE_MAX_CHARS: usize = 2 * TITLE_MAX_CHARS;

/// The whole message in lines. Headline and foot, which name the rule, are always there; then facts, links
/// and details as far as there is room.
pub(super) fn content(message: &Message) -> Markdown {
    let state = Markdown::ours(message.tone.symbol()).with_word(" ", &Markdown::bold(&message.state, TITLE_MAX_CHARS));
    let title = Markdown::foreign_line(&message.title, HEADLINE_MAX_CHARS - state.chars());
    let headline = state.with_word(" ", &title);
    let footer = Markdown::foreign_line(&message.footer.join(" · "), FOOTER_MAX_CHARS);
    let left = CONTENT_MAX_CHARS - headline.chars() - footer.chars() - 2;
    let facts = message.facts.iter().take(FACTS_MAX).map(|item| {
        let (name, value) = fact(item);
        name.with(&Markdown::ours(": ")).with(&value)
    });
    let facts = Markdown::joined(facts, "\n", left / 2);
    let left = left - facts.chars();
    let links =
        Markdown::joined(message.links.iter().filter_map(Markdown::link), " · ", (left / 2).min(LINKS_MAX_CHARS));
    let details = details(message, (left - links.chars()).saturating_sub(3), PLAIN_MAX_ROWS);
    [details, facts, links, footer].iter().fold(headline, |text, part| text.with_word("\n", part))
}

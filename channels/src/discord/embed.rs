//! A message as one embed, all its texts together within their limit.

use chrono::Datelike;
use serde_json::{Value as Json, json};
use watchfire_model::Timestamp;

use super::details::details;
use super::limits::{
    DESCRIPTION_MAX_CHARS, EMBED_MAX_CHARS, FACT_NAME_MAX_CHARS, FACT_VALUE_MAX_CHARS, FACTS_MAX, FOOTER_MAX_CHARS,
    LINKS_MAX_CHARS, MONO_MAX_ROWS, TITLE_MAX_CHARS, URL_MAX_CHARS,
};
use super::markdown::{Markdown, address};
use crate::fit::{beginning, chars, fit, graphemes};
use crate::message::text::one_line;
use crate::message::{Fact, Message};

/// What the name of the field of links counts.
const LINKS_NAME: &str = "Links";

/// The years in which an instant is written as Discord reads it.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=9999;

/// The embed. What is small and always wanted gets its room first; the description has what is left.
pub(super) fn embed(message: &Message) -> Json {
    let mut left = EMBED_MAX_CHARS;
    let title = title(message);
    left -= title.chars();
    let footer = footer(message);
    left -= chars(&footer);
    let (url, links) = links(message);
    left -= links.chars() + LINKS_NAME.len();
    let fields: Vec<(Markdown, Markdown)> = message.facts.iter().take(FACTS_MAX).map(fact).collect();
    left -= fields.iter().map(|(name, value)| name.chars() + value.chars()).sum::<usize>();
    let description = details(message, left.min(DESCRIPTION_MAX_CHARS), MONO_MAX_ROWS);

    let mut embed = json!({"title": title.as_str()});
    if let Some(url) = url {
        embed["url"] = json!(url);
    }
    embed["color"] = json!(message.tone.color());
    if let Some(timestamp) = timestamp(message.at) {
        embed["timestamp"] = json!(timestamp);
    }
    if !description.is_empty() {
        embed["description"] = json!(description.as_str());
    }
    let mut fields: Vec<Json> = fields.iter().map(|(name, value)| field(name.as_str(), value, true)).collect();
    if !links.is_empty() {
        fields.push(field(LINKS_NAME, &links, false));
    }
    if !fields.is_empty() {
        embed["fields"] = json!(fields);
    }
    if !footer.is_empty() {
        embed["footer"] = json!({"text": footer});
    }
    embed
}

fn title(message: &Message) -> Markdown {
    let words = [&message.state, &message.title].map(|text| one_line(beginning(text, TITLE_MAX_CHARS)));
    let words: Vec<&str> = words.iter().map(String::as_str).filter(|words| !words.is_empty()).collect();
    let symbol = Markdown::ours(message.tone.symbol());
    let left = TITLE_MAX_CHARS - symbol.chars() - 1;
    symbol.with_word(" ", &Markdown::foreign_line(&words.join(" — "), left))
}

/// The foot knows no markup.
fn footer(message: &Message) -> String {
    fit(graphemes(&one_line(&message.footer.join(" · "))), FOOTER_MAX_CHARS, chars)
}

/// The address that the title leads to, and all others in one line.
fn links(message: &Message) -> (Option<String>, Markdown) {
    let mut links = message.links.iter();
    let url = links.find_map(|link| address(&link.url, URL_MAX_CHARS));
    (url, Markdown::joined(links.filter_map(Markdown::link), " · ", LINKS_MAX_CHARS))
}

/// Name and value; neither is ever empty.
pub(super) fn fact(fact: &Fact) -> (Markdown, Markdown) {
    let or_dash = |text: Markdown| if text.is_empty() { Markdown::ours("-") } else { text };
    let name = or_dash(Markdown::foreign_line(&fact.name, FACT_NAME_MAX_CHARS));
    let value = or_dash(Markdown::foreign(&fact.value, FACT_VALUE_MAX_CHARS));
    match fact.at {
        Some(at) => (name, value.with(&Markdown::ours(" · ")).with(&Markdown::ago(at))),
        None => (name, value),
    }
}

fn field(name: &str, value: &Markdown, is_inline: bool) -> Json {
    json!({"name": name, "value": value.as_str(), "inline": is_inline})
}

/// ISO 8601 in UTC, in whole seconds or milliseconds.
fn timestamp(at: Timestamp) -> Option<String> {
    let utc = at.to_chrono().filter(|utc| YEARS.contains(&utc.year()))?;
    let is_whole = utc.timestamp_subsec_millis() == 0;
    Some(utc.format(if is_whole { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%dT%H:%M:%S%.3fZ" }).to_string())
}

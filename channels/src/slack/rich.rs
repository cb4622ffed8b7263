//! Text of others where nothing is markup.

use serde_json::{Value as Json, json};

use super::mrkdwn::{address, json_chars};
use crate::fit::{beginning, fit, graphemes};
use crate::message::text::lines;
use crate::urls::{Part, parts};

/// Most addresses that become links; what follows stays words.
const LINKS_MAX: usize = 10;

/// Text as it is, with its addresses as links; `None` when there is nothing to read. Its characters count at
/// most `max` in JSON; what makes links of them comes on top.
pub(super) fn text(text: &str, max: usize) -> Option<Json> {
    let cut = fit(graphemes(lines(beginning(text, max)).trim()), max, json_chars);
    let (mut elements, mut words, mut links) = (Vec::new(), String::new(), 0);
    for part in parts(&cut) {
        let url = match part {
            // One that grows, since its letters have to be encoded, stays words.
            Part::Url(url) if links < LINKS_MAX => address(url).filter(|whole| whole.len() <= url.len() + 1),
            Part::Text(_) | Part::Url(_) => None,
        };
        match (url, part) {
            (Some(url), _) => {
                push_words(&mut elements, &mut words);
                elements.push(json!({"type": "link", "url": url}));
                links += 1;
            }
            (None, Part::Text(text) | Part::Url(text)) => words.push_str(text),
        }
    }
    push_words(&mut elements, &mut words);
    let section = json!({"type": "rich_text_section", "elements": elements});
    (!elements.is_empty()).then(|| json!({"type": "rich_text", "elements": [section]}))
}

/// A block of code; never empty.
pub(super) fn code(text: &str) -> Json {
    let text = if text.is_empty() { "-" } else { text };
    let code = json!({"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text}]});
    json!({"type": "rich_text", "elements": [code]})
}

/// A cell of bold text.
pub(super) fn bold_cell(text: &str) -> Json {
    let words = json!({"type": "text", "text": text, "style": {"bold": true}});
    json!({"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [words]}]})
}

fn push_words(elements: &mut Vec<Json>, words: &mut String) {
    if !words.is_empty() {
        elements.push(json!({"type": "text", "text": std::mem::take(words)}));
    }
}

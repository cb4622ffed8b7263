//! A Discord message on the screen.

use serde_json::Value as Json;

use super::chat_text;

/// The content, and the embeds below it.
pub(super) fn seen(body: &Json) -> String {
    let mut lines = Vec::new();
    push(&mut lines, &body["content"]);
    for embed in body["embeds"].as_array().into_iter().flatten() {
        push(&mut lines, &embed["title"]);
        push(&mut lines, &embed["description"]);
        for field in embed["fields"].as_array().into_iter().flatten() {
            let name = chat_text::discord(field["name"].as_str().unwrap_or_default());
            let value = chat_text::discord(field["value"].as_str().unwrap_or_default());
            lines.push(format!("{name}: {value}"));
        }
        push(&mut lines, &embed["footer"]["text"]);
    }
    lines.join("\n")
}

fn push(lines: &mut Vec<String>, text: &Json) {
    if let Some(text) = text.as_str().filter(|text| !text.is_empty()) {
        lines.push(chat_text::discord(text));
    }
}

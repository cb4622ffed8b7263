//! What a reader sees of a Discord message, as text.

use serde_json::Value;

/// The message as lines of text: markup gone but for code fences, links as `label (address)`.
pub fn seen(body: &Value) -> String {
    let mut lines: Vec<String> = body["content"].as_str().map(shown).into_iter().collect();
    for embed in body["embeds"].as_array().into_iter().flatten() {
        lines.extend(["title", "description"].iter().filter_map(|key| embed[key].as_str()).map(shown));
        for field in embed["fields"].as_array().into_iter().flatten() {
            let part = |key: &str| shown(field[key].as_str().unwrap_or_default());
            lines.push(format!("{}: {}", part("name"), part("value")));
        }
        // The footer knows no markup.
        lines.extend(embed["footer"]["text"].as_str().map(str::to_owned));
    }
    lines.join("\n")
}

fn shown(markup: &str) -> String {
    // Every second part stands in a code block, where nothing is markup.
    let parts = markup.split("```").enumerate();
    parts.map(|(index, part)| if index % 2 == 1 { format!("```{part}```") } else { plain(part) }).collect()
}

fn plain(markup: &str) -> String {
    let mut text = String::new();
    let mut chars = markup.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.extend(chars.next_if(char::is_ascii_punctuation).or(Some('\\'))),
            '*' | '[' => {}
            // Only a link's label ends in a bracket that is not escaped.
            ']' => text.push(' '),
            _ => text.push(c),
        }
    }
    text
}

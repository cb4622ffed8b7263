//! What a reader sees of a Slack message, as text.

use serde_json::Value;

/// The message as lines of text: markup gone, links as `label (address)`, a table as cells between `|`.
pub fn seen(body: &Value) -> String {
    let mut lines = vec![shown(body["text"].as_str().unwrap_or_default())];
    if let Some(blocks) = body["blocks"].as_array() {
        // With blocks of its own a message shows them alone; the text is for push messages.
        lines.clear();
        lines.extend(blocks.iter().map(block));
    }
    for attachment in body["attachments"].as_array().into_iter().flatten() {
        lines.extend(attachment["blocks"].as_array().into_iter().flatten().map(block));
    }
    lines.join("\n")
}

fn block(block: &Value) -> String {
    let fields = block["fields"].as_array().into_iter().flatten();
    match block["type"].as_str().unwrap_or_default() {
        "table" => {
            let rows = block["rows"].as_array().into_iter().flatten();
            let cells = |row: &Value| row.as_array().into_iter().flatten().map(rich).collect::<Vec<_>>().join(" | ");
            rows.map(cells).collect::<Vec<_>>().join("\n")
        }
        "rich_text" => block["elements"].as_array().into_iter().flatten().map(rich).collect::<Vec<_>>().join("\n"),
        "context" | "actions" => {
            let elements = block["elements"].as_array().into_iter().flatten();
            elements.map(object).collect::<Vec<_>>().join(" ")
        }
        _ => {
            let text = block.get("text").map(object);
            text.into_iter()
                .chain(fields.map(|field| object(field).replacen('\n', ": ", 1)))
                .collect::<Vec<_>>()
                .join("\n")
        }
    }
}

fn object(value: &Value) -> String {
    match &value["text"] {
        Value::String(text) if value["type"] == "mrkdwn" => shown(text),
        Value::String(text) => text.clone(),
        _ => value["text"]["text"].as_str().unwrap_or_default().to_owned(),
    }
}

fn rich(value: &Value) -> String {
    let parts = value["elements"].as_array().into_iter().flatten().map(rich);
    match value["text"].as_str().or(value["url"].as_str()) {
        Some(text) => text.to_owned(),
        None => parts.collect(),
    }
}

/// Markup as a reader sees it.
fn shown(markup: &str) -> String {
    let mut text = String::new();
    let mut rest = markup;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(&styled(before));
        let (token, left) = after.split_once('>').unwrap_or((after, ""));
        text.push_str(&match token.split_once('|') {
            Some((target, label)) if target.starts_with('!') => label.to_owned(),
            Some((target, label)) => format!("{label} ({target})"),
            None => token.to_owned(),
        });
        rest = left;
    }
    text.push_str(&styled(rest));
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn styled(text: &str) -> String {
    text.replace(['*', '`'], "")
}

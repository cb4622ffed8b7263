//! Text objects, and what stands in their markup.

use serde_json::Value;

use crate::receiver::fault::{Judge, is_address};

/// Both kinds of text objects.
pub(super) const BOTH: [&str; 2] = ["plain_text", "mrkdwn"];

/// Judges a text object of one of these kinds.
pub(super) fn object(judge: &mut Judge, at: &str, value: &Value, max: usize, kinds: &[&str]) {
    let Some(object) = judge.object(at, value) else { return };
    let kind = value["type"].as_str().unwrap_or_default();
    if !kinds.contains(&kind) {
        judge.fault(&format!("{at}/type"), format!("is `{kind}`, must be one of {kinds:?}"));
    }
    let text = judge.text(&format!("{at}/text"), &value["text"], 1, max).to_owned();
    if kind == "mrkdwn" {
        judge.keys(at, object, &["type", "text", "verbatim"]);
        if value["verbatim"] != Value::Bool(true) {
            judge.harm(&format!("{at}/verbatim"), "must be true, or names in foreign text become mentions");
        }
        mrkdwn(judge, &format!("{at}/text"), &text);
    } else {
        judge.keys(at, object, &["type", "text", "emoji"]);
    }
}

/// Judges markup: entities and angle brackets are ours alone, and nobody is called.
pub(super) fn mrkdwn(judge: &mut Judge, at: &str, text: &str) {
    for (index, _) in text.match_indices('&') {
        let rest = &text[index..];
        if !["&amp;", "&lt;", "&gt;"].iter().any(|entity| rest.starts_with(entity)) {
            judge.harm(at, "holds an `&` that is not escaped");
        }
    }
    let mut rest = text;
    while let Some(start) = rest.find(['<', '>']) {
        let after = &rest[start + 1..];
        let end = after.find(['<', '>']);
        let token = end.filter(|_| rest[start..].starts_with('<')).map(|end| &after[..end]);
        match (token, end) {
            (Some(token), Some(end)) if after[end..].starts_with('>') => {
                token_of(judge, at, token);
                rest = &after[end + 1..];
            }
            _ => {
                judge.harm(at, "holds an angle bracket that is not escaped");
                return;
            }
        }
    }
}

fn token_of(judge: &mut Judge, at: &str, token: &str) {
    let (target, label) = token.split_once('|').map_or((token, None), |(target, label)| (target, Some(label)));
    if let Some(date) = target.strip_prefix("!date^") {
        let parts: Vec<&str> = date.split('^').collect();
        let is_date = parts.len() >= 2 && parts[0].parse::<i64>().is_ok() && parts[1].contains('{');
        if !is_date || label.is_none_or(str::is_empty) {
            judge.harm(at, format!("`<{token}>` is no date with a fallback"));
        }
    } else if target.starts_with(['!', '@', '#']) {
        judge.harm(at, format!("`<{token}>` calls somebody"));
    } else if !is_address(&target.replace("&amp;", "&")) {
        judge.harm(at, format!("`<{token}>` leads nowhere"));
    } else if label.is_some_and(|label| label.is_empty() || label.contains('|')) {
        judge.harm(at, format!("`<{token}>` has a bad label"));
    }
}

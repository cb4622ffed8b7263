//! Chat markup back to plain text.

use watchfire_model::Timestamp;

/// Slack's markup: links as `label (address)`, dates as their fallback, entities as characters.
pub(super) fn slack(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        plain.push_str(before);
        let Some((inside, after)) = after.split_once('>') else {
            rest = after;
            continue;
        };
        match inside.split_once('|') {
            Some((command, label)) if command.starts_with('!') => plain.push_str(label),
            Some((address, label)) => plain.push_str(&format!("{label} ({address})")),
            None => plain.push_str(inside),
        }
        rest = after;
    }
    plain.push_str(rest);
    plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").replace('*', "")
}

/// `<t:SECONDS:R>` as the instant it stands for: a screen would say how long ago that is.
fn relative_times(text: &str) -> String {
    let mut parts = text.split("<t:");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let stamp = part.split_once('>').and_then(|(stamp, rest)| Some((stamp.split(':').next()?.parse().ok()?, rest)));
        match stamp {
            Some((seconds, rest)) => plain.push_str(&format!("{}{rest}", Timestamp::from_seconds(seconds))),
            None => plain.push_str(part),
        }
    }
    plain
}

/// Discord's markup: links as `label (address)`, backslashes and fences gone.
pub(super) fn discord(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let text = relative_times(text);
    let mut characters = text.lines().filter(|line| !line.starts_with("```")).collect::<Vec<_>>().join("\n");
    characters = characters.replace("**", "").replace("](", " (");
    let mut escaped = false;
    for character in characters.chars() {
        match character {
            '\\' if !escaped => escaped = true,
            '[' if !escaped => {}
            other => {
                plain.push(other);
                escaped = false;
            }
        }
    }
    plain
}

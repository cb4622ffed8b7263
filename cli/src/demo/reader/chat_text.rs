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
    let plain = without_bold(&plain);
    plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// Without the stars around bold words; a star inside a word is none of them.
fn without_bold(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let is_edge =
        |place: Option<usize>| place.and_then(|place| characters.get(place)).is_none_or(|c| c.is_whitespace());
    let bold = |place: usize| is_edge(place.checked_sub(1)) != is_edge(Some(place + 1));
    characters.iter().enumerate().filter(|(place, c)| **c != '*' || !bold(*place)).map(|(_, c)| c).collect()
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

/// Discord's markup: links as `label (address)`, backslashes and fences gone; code as it stands.
pub(super) fn discord(text: &str) -> String {
    let text = relative_times(text);
    let mut lines = Vec::new();
    let mut is_code = false;
    for line in text.lines() {
        if line.starts_with("```") {
            is_code = !is_code;
        } else if is_code {
            lines.push(line.to_owned());
        } else {
            lines.push(discord_line(line));
        }
    }
    lines.join("\n")
}

fn discord_line(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut escaped = false;
    for character in line.replace("**", "").replace("](", " (").chars() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_gone_and_what_data_says_is_not() {
        assert_eq!(
            slack("*Query*\n<https://a.example/x|Open> &lt;b&gt; count(*) 2 * 3"),
            "Query\nOpen (https://a.example/x) <b> count(*) 2 * 3"
        );
        assert_eq!(
            discord("**Peak**: a\\_b [Open](https://a.example/x) <t:0:R>\n```\na[0] \\d\n```"),
            "Peak: a_b Open (https://a.example/x) 1970-01-01T00:00:00Z\na[0] \\d"
        );
    }
}

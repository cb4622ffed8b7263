//! Slack's markup. Text of others gets in through escaping constructors alone.

use chrono::{DateTime, Utc};
use url::Url;
use watchfire_model::Timestamp;

use super::limits::{LABEL_MAX_CHARS, URL_MAX_CHARS};
use crate::fit::{beginning, fit, graphemes, open_fences};
use crate::message::Link;
use crate::message::text::{lines, one_line};
use crate::urls::encoded;

/// What the fences of a code block and the line feeds at them count in JSON.
pub(super) const FENCES_CHARS: usize = 10;

/// Text in Slack's markup. There is no way to make one of a plain string without escaping it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Mrkdwn(String);

impl Mrkdwn {
    /// Markup or punctuation of our own.
    pub(super) fn ours(text: &'static str) -> Self {
        Self(text.to_owned())
    }

    /// Text of others, cut to what counts `max` characters in JSON.
    ///
    /// Entities cannot be avoided but by being escaped; `*`, `_`, `~` and backticks cannot be escaped at all,
    /// so where they could be markup a look-alike takes their place.
    pub(super) fn foreign(text: &str, max: usize) -> Self {
        Self(fit(graphemes(&quiet(&lines(beginning(text, max)))).map(entities), max, json_chars))
    }

    /// The same in one line.
    pub(super) fn foreign_line(text: &str, max: usize) -> Self {
        Self::foreign(&one_line(beginning(text, max)), max)
    }

    /// The same in one line and in bold.
    pub(super) fn bold(text: &str, max: usize) -> Self {
        let inner = Self::foreign_line(text, max);
        if inner.0.is_empty() { inner } else { Self(format!("*{}*", inner.0)) }
    }

    /// Text of others as it is, in a block of code.
    pub(super) fn code_block(text: &str, max: usize) -> Self {
        let open = open_fences(&lines(beginning(text, max)));
        let inner = fit(graphemes(&open).map(entities), max.saturating_sub(FENCES_CHARS), json_chars);
        Self(format!("```\n{inner}\n```"))
    }

    /// A link; `None` when the address is none that Slack follows, or too long.
    pub(super) fn link(link: &Link) -> Option<Self> {
        let url = address(&link.url)?;
        // A bar would end the address, and is no part of a label either.
        let url = encoded(&url, &['|', '<', '>', '`', '*']).replace('&', "&amp;");
        let label = Self::foreign_line(&link.label.replace('|', " "), LABEL_MAX_CHARS).0;
        let label = if label.is_empty() { "Link" } else { &label };
        Some(Self(format!("<{url}|{label}>")))
    }

    /// An instant in the zone of whoever reads it; in UTC where a client cannot do that.
    pub(super) fn date(at: Timestamp) -> Option<Self> {
        let utc: DateTime<Utc> = at.to_chrono()?;
        let fallback = utc.format("%Y-%m-%d %H:%M UTC");
        Some(Self(format!("<!date^{}^{{date_short_pretty}} {{time}}|{fallback}>", utc.timestamp())))
    }

    /// Appends.
    pub(super) fn push(&mut self, more: &Self) {
        self.0.push_str(&more.0);
    }

    /// With more behind it.
    pub(super) fn with(mut self, more: &Self) -> Self {
        self.push(more);
        self
    }

    /// With one more word behind a blank, if there is a word.
    pub(super) fn with_word(self, word: &Self) -> Self {
        if word.is_empty() { self } else { self.with(&Self::ours(" ")).with(word) }
    }

    /// As many items as count at most `max`, with `between` between them. An item is never cut.
    pub(super) fn joined(items: impl IntoIterator<Item = Self>, between: &'static str, max: usize) -> Self {
        let mut all = Self::default();
        for item in items {
            let glue = if all.0.is_empty() { "" } else { between };
            if all.json_chars() + json_chars(glue) + item.json_chars() > max {
                break;
            }
            all.0.push_str(glue);
            all.push(&item);
        }
        all
    }

    /// Whether there is nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What it counts as a text in JSON.
    pub(super) fn json_chars(&self) -> usize {
        json_chars(&self.0)
    }

    /// The markup as it goes over the wire.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// How many characters a text has in JSON, where quotes, backslashes and line feeds count twice.
pub(super) fn json_chars(text: &str) -> usize {
    text.chars().map(|c| if matches!(c, '"' | '\\' | '\n') { 2 } else { 1 }).sum()
}

/// How many characters a text has in JSON once its entities are escaped.
pub(super) fn escaped_chars(text: &str) -> usize {
    let entity = |c: char| match c {
        '&' => 4,
        '<' | '>' => 3,
        _ => 0,
    };
    json_chars(text) + text.chars().map(entity).sum::<usize>()
}

/// An address that Slack follows, in the form in which it has neither blanks nor quotes.
pub(super) fn address(text: &str) -> Option<String> {
    let url = Url::parse(text.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())?;
    let text = String::from(url);
    (text.len() <= URL_MAX_CHARS && !text.contains(char::is_whitespace)).then_some(text)
}

/// What Slack wants for the three characters that it reads as its own; `&` first, and once.
fn entities(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The text with look-alikes for what Slack could take for markup.
///
/// Inside a word (`error_rate`) and between blanks (`3 * 4`) the characters are no markup and stay,
/// so that names can still be copied.
fn quiet(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before: Option<char> = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let after = chars.peek().copied();
        let is_inside = |is: fn(char) -> bool| before.is_some_and(is) && after.is_some_and(is);
        let is_alone = before.is_none_or(char::is_whitespace) && after.is_none_or(char::is_whitespace);
        let stays = is_inside(char::is_alphanumeric) || is_alone;
        match c {
            '`' => out.push('ˋ'),
            '*' if !stays => out.push('∗'),
            '_' if !stays => out.push('ˍ'),
            '~' if !stays => out.push('∼'),
            // At the beginning of a line it would make a quotation.
            '>' if before.is_none_or(|before| before == '\n') => out.push_str("\u{200B}>"),
            c => out.push(c),
        }
        before = Some(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_foreign_text_is_markup() {
        for (text, markup) in [
            ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
            ("&amp;", "&amp;amp;"),
            ("<!channel> <@U012>", "&lt;!channel&gt; &lt;@U012&gt;"),
            ("<https://example.com|click>", "&lt;https://example.com|click&gt;"),
            ("*bold* _it_ ~gone~ `code`", "∗bold∗ ˍitˍ ∼gone∼ ˋcodeˋ"),
            ("error_rate a*b 3 * 4", "error_rate a*b 3 * 4"),
            ("> 5 %\n> 6 %", "\u{200B}&gt; 5 %\n\u{200B}&gt; 6 %"),
            ("a\0\u{202E}b", "a b"),
        ] {
            assert_eq!(Mrkdwn::foreign(text, 1_000).as_str(), markup, "{text}");
        }
    }

    #[test]
    fn an_entity_is_never_cut() {
        for max in 0..20 {
            let text = Mrkdwn::foreign("<<<<<<", max);
            assert!(text.json_chars() <= max, "{max}");
            assert_eq!(text.as_str().replace("&lt;", "").trim_end_matches('…'), "", "{max}");
        }
    }

    #[test]
    fn a_link_leads_where_it_says_or_is_none() {
        let link = |label: &str, url: &str| {
            Mrkdwn::link(&Link { label: label.into(), url: url.into() }).map(|link| link.as_str().to_owned())
        };
        assert_eq!(link("Alert", "https://example.com/?a=1&b=2").unwrap(), "<https://example.com/?a=1&amp;b=2|Alert>");
        assert_eq!(link("a|b>c", "https://example.com/a b|c").unwrap(), "<https://example.com/a%20b%7Cc|a b&gt;c>");
        assert_eq!(link("", "https://example.com").unwrap(), "<https://example.com/|Link>");
        assert_eq!(
            link("x", "https://example.com/?q=<!channel>").unwrap(),
            "<https://example.com/?q=%3C!channel%3E|x>"
        );
        for url in ["", "/alerts/1", "javascript:alert(1)", "ftp://example.com", "example.com"] {
            assert_eq!(link("x", url), None, "{url}");
        }
        assert_eq!(link("x", &format!("https://example.com/{}", "a".repeat(1_000))), None);
    }

    #[test]
    fn an_instant_has_a_fallback() {
        let at = Timestamp::parse("2026-11-20T06:00:00Z").unwrap();
        let date = Mrkdwn::date(at).unwrap();
        assert_eq!(date.as_str(), "<!date^1795154400^{date_short_pretty} {time}|2026-11-20 06:00 UTC>");
    }

    #[test]
    fn a_code_block_ends_where_we_end_it() {
        let block = Mrkdwn::code_block("a ``` b & <c>", 100);
        assert_eq!(block.as_str(), "```\na `\u{200B}`\u{200B}` b &amp; &lt;c&gt;\n```");
    }
}

//! Discord's markup. Text of others gets in through escaping constructors alone.

use url::Url;
use watchfire_model::Timestamp;

use super::limits::{LABEL_MAX_CHARS, URL_MAX_CHARS};
use crate::fit::{beginning, chars, fit, graphemes, open_fences};
use crate::message::Link;
use crate::message::text::{lines, one_line};
use crate::urls::{Part, encoded, parts};

/// What the fences of a code block and the line feeds at them count, with the longest name of a language.
pub(super) const FENCES_CHARS: usize = 12;

/// Text in Discord's markup. There is no way to make one of a plain string without escaping it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Markdown(String);

impl Markdown {
    /// Markup or punctuation of our own.
    pub(super) fn ours(text: &'static str) -> Self {
        Self(text.to_owned())
    }

    /// Text of others, at most `max` characters. Addresses in it stay as they are, and become links.
    pub(super) fn foreign(text: &str, max: usize) -> Self {
        Self(fit(escaped(lines(beginning(text, max)).trim()), max, chars))
    }

    /// The same in one line.
    pub(super) fn foreign_line(text: &str, max: usize) -> Self {
        Self::foreign(&one_line(beginning(text, max)), max)
    }

    /// The same in one line and in bold.
    pub(super) fn bold(text: &str, max: usize) -> Self {
        let inner = Self::foreign_line(text, max.saturating_sub(4));
        if inner.0.is_empty() { inner } else { Self(format!("**{}**", inner.0)) }
    }

    /// Text of others as it is, in a block of code of at most `max` characters; nothing when there is no room.
    pub(super) fn code_block(language: &'static str, text: &str, max: usize) -> Self {
        let inner = fit(graphemes(&open_fences(text)), max.saturating_sub(FENCES_CHARS), chars);
        if inner.trim().is_empty() { Self::default() } else { Self(format!("```{language}\n{inner}\n```")) }
    }

    /// A link without a preview; `None` when the address is none that Discord follows, or too long.
    pub(super) fn link(link: &Link) -> Option<Self> {
        let url = address(&link.url, URL_MAX_CHARS)?;
        // What ends an address within brackets, or is markup in spite of them.
        let url = encoded(&url, &['(', ')', '<', '>', '`', '*', '|', '\\']);
        let label = Self::foreign_line(&link.label.replace("://", " "), LABEL_MAX_CHARS).0;
        let label = if label.is_empty() { "Link" } else { &label };
        Some(Self(format!("[{label}]({url})")))
    }

    /// How long ago an instant is, by the clock of whoever reads it.
    pub(super) fn ago(at: Timestamp) -> Self {
        Self(format!("<t:{}:R>", at.as_micros().div_euclid(1_000_000)))
    }

    /// With more behind it.
    pub(super) fn with(mut self, more: &Self) -> Self {
        self.0.push_str(&more.0);
        self
    }

    /// With one more word behind `between`, if both are there.
    pub(super) fn with_word(self, between: &'static str, word: &Self) -> Self {
        match (self.is_empty(), word.is_empty()) {
            (_, true) => self,
            (true, false) => word.clone(),
            (false, false) => self.with(&Self::ours(between)).with(word),
        }
    }

    /// As many items as have at most `max` characters, with `between` between them. An item is never cut.
    pub(super) fn joined(items: impl IntoIterator<Item = Self>, between: &'static str, max: usize) -> Self {
        let mut all = Self::default();
        for item in items {
            let more = all.clone().with_word(between, &item);
            if more.chars() > max {
                break;
            }
            all = more;
        }
        all
    }

    /// Whether there is nothing to read.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What it counts.
    pub(super) fn chars(&self) -> usize {
        chars(&self.0)
    }

    /// The markup as it goes over the wire.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// An address that Discord follows, in the form in which it has neither blanks nor quotes.
pub(super) fn address(text: &str, max_chars: usize) -> Option<String> {
    let url = Url::parse(text.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())?;
    let text = String::from(url);
    (text.len() <= max_chars && !text.contains(char::is_whitespace)).then_some(text)
}

/// A text in pieces that cannot be markup: addresses whole, everything else escaped.
fn escaped(text: &str) -> impl Iterator<Item = String> {
    let mut line_begins = true;
    let pieces = parts(text).flat_map(|part| match part {
        Part::Url(url) => vec![(true, url)],
        Part::Text(text) => graphemes(text).map(|grapheme| (false, grapheme)).collect(),
    });
    pieces.map(move |(is_url, piece)| {
        let escaped = if is_url { piece.to_owned() } else { escaped_grapheme(piece, line_begins) };
        line_begins = piece == "\n" || line_begins && piece == " ";
        escaped
    })
}

/// A backslash before what would be markup. `#`, `>`, `-` and `+` are markup only where a line begins; elsewhere
/// they are letters of names such as `checkout-api`, and stay readable where a client shows the bare text.
fn escaped_grapheme(grapheme: &str, line_begins: bool) -> String {
    let mut out = String::with_capacity(grapheme.len() + 1);
    for c in grapheme.chars() {
        let is_markup = match c {
            '\\' | '*' | '_' | '~' | '|' | '`' | '[' | ']' | '<' => true,
            '#' | '>' | '-' | '+' => line_begins,
            _ => false,
        };
        if is_markup {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_foreign_text_is_markup() {
        for (text, markup) in [
            ("*a* _b_ ~~c~~ ||d|| `e`", r"\*a\* \_b\_ \~\~c\~\~ \|\|d\|\| \`e\`"),
            ("[click](https://evil.example)", r"\[click\](https://evil.example)"),
            (r"a\*b", r"a\\\*b"),
            ("<@12> <t:1:R> @everyone", r"\<@12> \<t:1:R> @everyone"),
            ("# a\n> b\n- c\n  -# d", "\\# a\n\\> b\n\\- c\n  \\-# d"),
            ("checkout-api > 5 #1", "checkout-api > 5 #1"),
            ("see https://a.example/run_book_*x*", r"see https://a.example/run_book\_\*x\*"),
            ("```", r"\`\`\`"),
            ("a\0\u{202E}b", "a b"),
        ] {
            assert_eq!(Markdown::foreign(text, 1_000).as_str(), markup, "{text}");
        }
    }

    #[test]
    fn an_escaped_character_is_never_cut() {
        for max in 0..20 {
            let text = Markdown::foreign("******", max);
            assert!(text.chars() <= max, "{max}");
            assert_eq!(text.as_str().replace(r"\*", "").trim_end_matches('…'), "", "{max}");
        }
    }

    #[test]
    fn a_link_leads_where_it_says_or_is_none() {
        let link = |label: &str, url: &str| {
            Markdown::link(&Link { label: label.into(), url: url.into() }).map(|link| link.as_str().to_owned())
        };
        assert_eq!(link("Query", "https://example.com/q?a=1&b=2").unwrap(), "[Query](https://example.com/q?a=1&b=2)");
        assert_eq!(link("x", "https://example.com/?q=```*|").unwrap(), "[x](https://example.com/?q=%60%60%60%2A%7C)");
        assert_eq!(link("a]b", "https://example.com/(x) y").unwrap(), r"[a\]b](https://example.com/%28x%29%20y)");
        assert_eq!(link("", "https://example.com").unwrap(), "[Link](https://example.com/)");
        assert_eq!(
            link("https://bank.example", "https://a.example").unwrap(),
            "[https bank.example](https://a.example/)"
        );
        for url in ["", "/alerts/1", "javascript:alert(1)", "example.com"] {
            assert_eq!(link("x", url), None, "{url}");
        }
        assert_eq!(link("x", &format!("https://example.com/{}", "a".repeat(2_000))), None);
    }

    #[test]
    fn a_code_block_ends_where_we_end_it() {
        let block = Markdown::code_block("diff", "+ a ``` b", 100);
        assert_eq!(block.as_str(), "```diff\n+ a `\u{200B}`\u{200B}` b\n```");
        assert!(Markdown::code_block("", &"x".repeat(100), 50).chars() <= 50);
        assert_eq!(Markdown::code_block("", "text", 5), Markdown::default());
    }
}

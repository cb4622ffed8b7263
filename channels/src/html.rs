//! HTML, as readers of mail and Opsgenie show it.

use unicode_segmentation::UnicodeSegmentation;

/// HTML that is safe by construction: markup is part of the program, whatever comes from outside is escaped.
///
/// There is no way from a text into it but [`Html::text`] and its kin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Html(String);

impl Html {
    /// Adds markup.
    pub(crate) fn markup(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Adds a text.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            push_escaped(&mut self.0, c);
        }
        self
    }

    /// Adds a text whose lines stay lines.
    pub(crate) fn lines(&mut self, text: &str) -> &mut Self {
        for (number, line) in text.lines().enumerate() {
            if number > 0 {
                self.markup("<br>");
            }
            self.text(line);
        }
        self
    }

    /// Adds a link. What is no web address is shown and leads nowhere: `javascript:` has no business in a message.
    pub(crate) fn link(&mut self, label: &str, url: &str) -> &mut Self {
        if is_web_address(url) {
            self.markup("<a href=\"").text(url).markup("\">").text(label).markup("</a>")
        } else {
            self.text(label).markup(": ").text(url)
        }
    }

    /// Adds a color, `0xRRGGBB`, as style sheets write it.
    pub(crate) fn color(&mut self, color: u32) -> &mut Self {
        self.0.push_str(&format!("#{:06X}", color & 0x00FF_FFFF));
        self
    }

    /// Adds other HTML.
    pub(crate) fn append(&mut self, other: &Self) -> &mut Self {
        self.0.push_str(&other.0);
        self
    }

    /// Its bytes as they are sent: mail ends lines with two of them.
    pub(crate) fn len(&self) -> usize {
        self.0.len() + self.0.bytes().filter(|byte| *byte == b'\n').count()
    }

    /// Its length in UTF-16 units.
    pub(crate) fn units(&self) -> usize {
        units(&self.0)
    }

    /// The HTML itself.
    pub(crate) fn into_string(self) -> String {
        self.0
    }
}

/// Whether an address is one that a browser opens.
pub(crate) fn is_web_address(url: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| url.get(..scheme.len()).is_some_and(|s| s.eq_ignore_ascii_case(scheme)))
}

/// The length of a text in UTF-16 units, which is how Java and JavaScript count characters.
pub(crate) fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// As much of a text as has at most `max` UTF-16 units, with `…` at its end when it was cut, at a grapheme border.
pub(crate) fn cut_units(text: &str, max: usize) -> String {
    cut_by(text, max, units)
}

/// As much of a text as has at most `max` UTF-16 units once it is escaped.
pub(crate) fn cut_escaped(text: &str, max: usize) -> String {
    cut_by(text, max, escaped_units)
}

fn cut_by(text: &str, max: usize, measure: fn(&str) -> usize) -> String {
    let (mut used, mut fits) = (0, 0);
    for (at, grapheme) in text.grapheme_indices(true) {
        used += measure(grapheme);
        if used > max {
            let cut = text.get(..fits).unwrap_or_default();
            return if max == 0 { String::new() } else { format!("{cut}…") };
        }
        if used < max {
            fits = at + grapheme.len();
        }
    }
    text.to_owned()
}

fn escaped_units(text: &str) -> usize {
    let mut escaped = String::with_capacity(text.len());
    text.chars().for_each(|c| push_escaped(&mut escaped, c));
    units(&escaped)
}

fn push_escaped(html: &mut String, c: char) {
    match c {
        '&' => html.push_str("&amp;"),
        '<' => html.push_str("&lt;"),
        '>' => html.push_str("&gt;"),
        '"' => html.push_str("&quot;"),
        '\'' => html.push_str("&#39;"),
        '\n' | '\t' => html.push(c),
        _ if is_harmful(c) => {}
        _ => html.push(c),
    }
}

/// Characters that no document may hold, and those that turn the order of what stands around them.
pub(crate) fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FFFE}' | '\u{FFFF}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn whatever_comes_from_outside_is_escaped() {
        let mut html = Html::default();
        html.markup("<b>").text("a<b>&\"'\u{0}\u{202E}c</b>\n").markup("</b>").lines("x\r\ny").color(0x00D9_2D20);
        assert_eq!(html.into_string(), "<b>a&lt;b&gt;&amp;&quot;&#39;c&lt;/b&gt;\n</b>x<br>y#D92D20");
    }

    #[test]
    fn only_web_addresses_are_links() {
        let link = |url| {
            let mut html = Html::default();
            html.link("Open", url);
            html.into_string()
        };
        assert_eq!(link("https://a.example/?x=1&y=\"2"), "<a href=\"https://a.example/?x=1&amp;y=&quot;2\">Open</a>");
        assert_eq!(link("javascript:alert(1)"), "Open: javascript:alert(1)");
        assert_eq!(link("é"), "Open: é");
    }

    #[test]
    fn a_text_is_cut_between_letters_as_people_see_them() {
        for (text, max, cut) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "ab…"),
            ("", 0, ""),
            ("ab", 0, ""),
            ("ab", 1, "…"),
            ("a\u{301}b\u{301}c\u{301}", 4, "a\u{301}…"),
            ("👩‍👩‍👧x", 4, "…"),
        ] {
            assert_eq!(cut_units(text, max), cut, "{text} {max}");
        }
        assert_eq!(cut_escaped("a&b", 6), "a…");
        assert_eq!(cut_escaped("a&b", 7), "a&b");
    }

    proptest! {
        #[test]
        fn a_cut_text_is_never_longer_than_its_limit(text in any::<String>(), max in 0_usize..40) {
            prop_assert!(units(&cut_units(&text, max)) <= max);
            prop_assert!(escaped_units(&cut_escaped(&text, max)) <= max);
        }
    }
}

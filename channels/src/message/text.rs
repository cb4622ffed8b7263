//! Cutting and cleaning of text that comes from data. Every cut falls on the border of a grapheme, so that
//! no accent, flag or family is torn, and shows itself by `…`.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// What stands where something was cut.
pub const ELLIPSIS: &str = "…";

/// The text with at most `max_chars` Unicode scalar values, `…` at its end included.
///
/// ```
/// assert_eq!(watchfire_channels::message::text::cut("checkout", 5), "chec…");
/// ```
pub fn cut(text: &str, max_chars: usize) -> String {
    if text.len() <= max_chars {
        return text.to_owned();
    }
    // Most data are ASCII, where every byte but a CRLF is a grapheme of its own.
    if let Some(start) = text.as_bytes().get(..=max_chars).filter(|start| max_chars > 0 && start.is_ascii()) {
        let head = &text[..max_chars - 1];
        let head = if start[max_chars - 1] == b'\n' { head.strip_suffix('\r').unwrap_or(head) } else { head };
        return format!("{head}{ELLIPSIS}");
    }
    head(text, max_chars, |part| part.chars().count())
}

/// The text with at most `max_width` columns of a fixed-width font, `…` included.
pub fn cut_width(text: &str, max_width: usize) -> String {
    head(text, max_width, width)
}

/// The text with at most `max_chars` characters: a third from its start, the rest from its end,
/// since the end of an error says most.
pub fn cut_middle(text: &str, max_chars: usize) -> String {
    if text.chars().nth(max_chars).is_none() {
        return text.to_owned();
    }
    if max_chars == 0 {
        return String::new();
    }
    let start = taken(text.graphemes(true), (max_chars - 1) / 3, |part| part.chars().count());
    let end = taken(text.graphemes(true).rev(), max_chars - 1 - (max_chars - 1) / 3, |part| part.chars().count());
    format!("{}{ELLIPSIS}{}", &text[..start], &text[text.len() - end..])
}

/// How many columns of a fixed-width font the text fills.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// The text in one line and harmless: line breaks, tabs and control characters become one space; direction
/// overrides and invisible characters go. What joins emoji or letters of other scripts stays.
pub fn one_line(text: &str) -> String {
    let spaced = clean(text, |_| false);
    let mut line = String::with_capacity(spaced.len());
    for word in spaced.split(' ').filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// [`one_line`] and [`cut`] in one, reading no more of a long text than it shows.
pub fn one_line_cut(text: &str, max_chars: usize) -> String {
    // White space and invisible characters may go, so some more is read than is shown.
    match text.char_indices().nth(max_chars.saturating_mul(4).saturating_add(64)) {
        None => cut(&one_line(text), max_chars),
        Some((end, _)) => cut(&format!("{}{}", one_line(&text[..end]), ELLIPSIS.repeat(2)), max_chars),
    }
}

/// The text harmless like [`one_line`], but with its line breaks; a tab becomes two spaces.
pub fn lines(text: &str) -> String {
    let unix = text.replace("\r\n", "\n").replace('\t', "  ");
    clean(&unix, |c| c == '\n').trim_end().to_owned()
}

/// Space for control characters that are not kept, nothing for invisible ones.
fn clean(text: &str, is_kept: fn(char) -> bool) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        let next = chars.peek().copied().unwrap_or(' ');
        if is_kept(c) {
            cleaned.push(c);
        } else if c.is_control() || c.is_whitespace() {
            cleaned.push(' ');
        } else if is_joiner(c) {
            // Between letters of Persian or the parts of an emoji it changes what is read; elsewhere it only hides.
            if !before.is_ascii() && !next.is_ascii() && !is_joiner(before) && !is_invisible(before) {
                cleaned.push(c);
            }
        } else if !is_invisible(c) {
            cleaned.push(c);
        }
        before = c;
    }
    cleaned
}

const fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}')
}

/// Direction marks and overrides, zero-width characters, soft hyphens, annotations and tags.
const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180E}'
        | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

fn head(text: &str, max: usize, size: fn(&str) -> usize) -> String {
    if max == 0 {
        return String::new();
    }
    head_of(text, max, 1, size)
}

fn head_of(text: &str, max: usize, ellipsis: usize, size: fn(&str) -> usize) -> String {
    let all = taken(text.graphemes(true), max, size);
    if all == text.len() {
        return text.to_owned();
    }
    let end = taken(text.graphemes(true), max.saturating_sub(ellipsis), size);
    format!("{}{ELLIPSIS}", &text[..end])
}

/// How many bytes the first graphemes have that fit into `max`.
fn taken<'a>(graphemes: impl Iterator<Item = &'a str>, max: usize, size: fn(&str) -> usize) -> usize {
    let (mut bytes, mut left) = (0, max);
    for grapheme in graphemes {
        let Some(rest) = left.checked_sub(size(grapheme)) else { break };
        left = rest;
        bytes += grapheme.len();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cut_shows_itself_and_tears_no_grapheme() {
        for (text, max, expected) in [
            ("checkout", 8, "checkout"),
            ("checkout", 5, "chec…"),
            ("checkout", 1, "…"),
            ("checkout", 0, ""),
            ("ab\r\ncd", 4, "ab…"),
            ("ab\r\ncd", 5, "ab\r\n…"),
            ("abce\u{301}f", 4, "abc…"),
            ("", 3, ""),
            ("e\u{301}e\u{301}e\u{301}", 4, "e\u{301}…"),
            ("👩‍👩‍👧‍👦 family", 5, "…"),
            ("👩‍👩‍👧‍👦 family", 9, "👩‍👩‍👧‍👦 …"),
        ] {
            assert_eq!(cut(text, max), expected, "{text} {max}");
        }
        assert_eq!(cut_width("日本語テキスト", 7), "日本語…");
    }

    #[test]
    fn the_end_of_an_error_is_kept() {
        assert_eq!(cut_middle("query error: would use 2.02 GiB, maximum 2.00 GiB", 25), "query er…maximum 2.00 GiB");
        assert_eq!(cut_middle("short", 25), "short");
        assert_eq!(cut_middle("long", 1), "…");
    }

    #[test]
    fn one_line_is_one_line_and_hides_nothing() {
        for (text, expected) in [
            ("a\r\nb\tc\0d", "a b c d"),
            ("  a   b ", "a b"),
            ("abc\u{202E}fdp.exe\u{202C}", "abcfdp.exe"),
            ("pay\u{200B}pal\u{2066}x\u{2069}\u{FEFF}", "paypalx"),
            ("👩‍👩‍👧‍👦 ok", "👩‍👩‍👧‍👦 ok"),
            ("a\u{200D}b", "ab"),
            ("می‌خواهم", "می‌خواهم"),
            ("\u{2028}line\u{2029}", "line"),
            ("שלום", "שלום"),
        ] {
            assert_eq!(one_line(text), expected, "{text:?}");
        }
        assert_eq!(lines("a\r\n\tb\u{202E}\r\n\x1b[31mc\n\n"), "a\n  b\n [31mc");
        assert_eq!(one_line_cut(&"ab ".repeat(400_000), 7), "ab ab …");
        assert_eq!(one_line_cut(&"\n".repeat(1_000), 7), "……");
    }

    proptest! {
        #[test]
        fn a_cut_never_exceeds_its_limit(text in any::<String>(), max in 0_usize..40) {
            prop_assert!(cut(&text, max).chars().count() <= max);
            prop_assert!(cut_middle(&text, max).chars().count() <= max);
            prop_assert!(one_line_cut(&text, max).chars().count() <= max);
            prop_assert!(!one_line(&text).chars().any(char::is_control));
        }
    }
}

//! Text of others, made to fit into what a receiver takes.

use unicode_segmentation::UnicodeSegmentation;

use crate::message::text::{ELLIPSIS, cut_middle};

/// As many pieces of a text as cost at most `max`; where some are left out, `…` stands for them.
///
/// A piece is never split, so neither an entity nor an escaped character nor an address can break.
/// `cost` is what a piece counts at the receiver; `…` counts one.
pub(crate) fn fit<P: AsRef<str>>(
    pieces: impl IntoIterator<Item = P>,
    max: usize,
    cost: impl Fn(&str) -> usize,
) -> String {
    let mut out = String::new();
    let (mut spent, mut room_for_ellipsis) = (0_usize, 0);
    for piece in pieces {
        let piece = piece.as_ref();
        spent = spent.saturating_add(cost(piece));
        if spent > max {
            out.truncate(room_for_ellipsis);
            if max > 0 {
                out.push_str(ELLIPSIS);
            }
            return out;
        }
        out.push_str(piece);
        if spent < max {
            room_for_ellipsis = out.len();
        }
    }
    out
}

/// As much of a text as costs at most `max`, with both its ends: the end of an error says most.
pub(crate) fn middle(text: &str, max: usize, cost: impl Fn(&str) -> usize) -> String {
    let mut max_chars = max;
    loop {
        let cut = cut_middle(text, max_chars);
        let spent = cost(&cut);
        if spent <= max {
            return cut;
        }
        // Some characters cost more than one: fewer of them, in proportion.
        max_chars = (max_chars * max / spent).min(max_chars - 1);
    }
}

/// The beginning of a text, of which at most `max` characters are shown: enough that some of it may be dropped.
pub(crate) fn beginning(text: &str, max: usize) -> &str {
    text.char_indices().nth(max.saturating_mul(4).saturating_add(256)).map_or(text, |(end, _)| &text[..end])
}

/// A text in pieces that people see as one character each.
pub(crate) fn graphemes(text: &str) -> impl Iterator<Item = &str> {
    text.graphemes(true)
}

/// A code block ends at three backticks, so no two may touch: an invisible space goes between them.
pub(crate) fn open_fences(text: &str) -> String {
    text.replace("``", "`\u{200B}`").replace("``", "`\u{200B}`")
}

/// The number of characters: Unicode scalar values.
pub(crate) fn chars(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str, max: usize) -> String {
        fit(graphemes(text), max, chars)
    }

    #[test]
    fn text_is_cut_between_graphemes_and_never_longer_than_asked() {
        for (text, max, cut_text) in [
            ("checkout", 8, "checkout"),
            ("checkout", 7, "checko…"),
            ("checkout", 1, "…"),
            ("checkout", 0, ""),
            ("", 0, ""),
            ("a👩‍👩‍👧b", 3, "a…"),
            ("e\u{301}e\u{301}", 3, "e\u{301}…"),
        ] {
            assert_eq!(cut(text, max), cut_text, "{text} to {max}");
        }
    }

    #[test]
    fn what_stands_for_a_character_is_never_split() {
        let pieces = ["a", "&amp;", "&amp;", "b"];
        assert_eq!(fit(pieces, 11, chars), "a&amp;…");
        assert_eq!(fit(pieces, 12, chars), "a&amp;&amp;b");
    }

    #[test]
    fn both_ends_of_an_error_stay_whatever_its_characters_cost() {
        let double = |text: &str| 2 * chars(text);
        assert_eq!(middle("query error: out of memory", 100, double), "query error: out of memory");
        let cut = middle("query error: out of memory", 20, double);
        assert!(double(&cut) <= 20 && cut.starts_with("que") && cut.ends_with("memory"), "{cut}");
        assert_eq!(middle("query error", 0, double), "");
    }

    #[test]
    fn no_two_backticks_touch() {
        for text in ["``", "```", "````", "`````````"] {
            let open = open_fences(text);
            assert!(!open.contains("``"), "{open:?}");
            assert_eq!(open.replace('\u{200B}', ""), text);
        }
    }
}

//! SQL as a list of tokens, without comments and white space.
//!
//! Enough to tell whether two texts ask the same: nothing is understood, only split.
//! Words outside quotes lose their case, as PostgreSQL reads them.

use std::collections::BTreeSet;

/// Operators of more than one character, longest first.
const OPERATORS: [&str; 22] = [
    "!~*", "->>", "#>>", "<=>", "<=", ">=", "<>", "!=", "||", "::", "->", "#>", "@>", "<@", "?|", "?&", "==", "=>",
    "~*", "!~", "<<", ">>",
];

/// The tokens of a text, in order; an unclosed quote or comment runs to the end.
pub(super) fn sql_tokens(sql: &str) -> Vec<String> {
    let (mut tokens, mut rest) = (Vec::new(), sql);
    while let Some(c) = rest.chars().next() {
        let length = match c {
            _ if c.is_whitespace() => {
                rest = rest.trim_start();
                continue;
            }
            '-' if rest.starts_with("--") => {
                rest = rest.split_once('\n').map_or("", |(_, after)| after);
                continue;
            }
            '/' if rest.starts_with("/*") => {
                rest = &rest[comment(rest)..];
                continue;
            }
            '\'' | '"' | '`' => quote(rest, c, false),
            'e' | 'E' if rest[1..].starts_with('\'') => 1 + quote(&rest[1..], '\'', true),
            '$' => dollar(rest),
            _ if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            _ => OPERATORS.iter().find(|op| rest.starts_with(**op)).map_or(c.len_utf8(), |op| op.len()),
        };
        let (token, after) = rest.split_at(length);
        tokens.push(if is_word(c) && !token.contains('\'') { token.to_lowercase() } else { token.to_owned() });
        rest = after;
    }
    tokens
}

/// Whether a text speaks of any of these names, given in lower case.
pub(crate) fn names_any(sql: &str, names: &BTreeSet<String>) -> bool {
    !names.is_empty() && sql_tokens(sql).iter().any(|token| names.contains(&token.trim_matches('"').to_lowercase()))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.'
}

/// Length of a quoted text; a doubled quote does not end it, nor an escaped one where escapes count.
fn quote(text: &str, mark: char, escapes: bool) -> usize {
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((index, c)) = chars.next() {
        if escapes && c == '\\' {
            chars.next();
        } else if c == mark && chars.next_if(|(_, next)| *next == mark).is_none() {
            return index + mark.len_utf8();
        }
    }
    text.len()
}

/// Length of a block comment; comments stand in each other.
fn comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// Length of `$name`, `$1` or a text between dollar quotes.
fn dollar(text: &str) -> usize {
    let name = text[1..].find(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(text.len(), |end| end + 1);
    if !text[name..].starts_with('$') {
        return name;
    }
    let mark = &text[..=name];
    text[mark.len()..].find(mark).map_or(text.len(), |end| end + 2 * mark.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_comments_and_case_of_words_do_not_count() {
        let plain = sql_tokens("select a, 'It''s' from t where x>=1 and y = $window_start");
        let laid_out = sql_tokens(
            "SELECT a , 'It''s' -- note\nFROM T /* a /* nested */ one */\n WHERE x >= 1\nAND y=$window_start",
        );
        assert_eq!(plain, laid_out);
    }

    #[test]
    fn what_stands_in_quotes_counts_to_the_letter() {
        for (one, other) in [
            ("SELECT 'a  b'", "SELECT 'a b'"),
            ("SELECT 'A'", "SELECT 'a'"),
            ("SELECT \"A\"", "SELECT \"a\""),
            ("SELECT '--x'", "SELECT '"),
            ("SELECT E'\\'--a'", "SELECT E'\\'--b'"),
            ("SELECT $$ a $$", "SELECT $$a$$"),
            ("SELECT a - b", "SELECT a -- b"),
            ("SELECT a || b", "SELECT a | | b"),
        ] {
            assert_ne!(sql_tokens(one), sql_tokens(other), "{one}");
        }
    }

    #[test]
    fn an_unclosed_quote_or_comment_ends_with_the_text() {
        for text in ["'", "\"a", "/* a", "$$ a", "$a$ ", "$", "e'", "E'\\", "a--", "ß'é"] {
            sql_tokens(text);
        }
    }
}

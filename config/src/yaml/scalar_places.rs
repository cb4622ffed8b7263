//! Where each character of a scalar's value stands in the file.
//!
//! The parser gives a scalar's value and its ends. Between them folding, escapes, quotes and
//! indentation come and go, so the text is read once more here, by the same rules, keeping places.
//! The result counts only when it spells the parser's value: a difference can blur a place,
//! never a meaning.

use saphyr_parser::ScalarStyle;

use super::cursor::{Cursor, Placed};
use super::node::Scalar;

/// The place (line and column from 0) of each character of the value, and one more for its end.
pub(crate) fn scalar_places(lines: &[Vec<char>], scalar: &Scalar) -> Vec<(usize, usize)> {
    let mut placed = match scalar.style {
        ScalarStyle::Plain => plain(lines, scalar),
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => quoted(lines, scalar).0,
        ScalarStyle::Literal | ScalarStyle::Folded => block(lines, scalar),
    };
    // At the end of the file a block scalar without a last line break still ends with one.
    let length = scalar.text.chars().count();
    if placed.len() + 1 == length && scalar.text.ends_with('\n') {
        placed.push(('\n', placed.last().map_or(scalar.start, |(_, (line, column))| (*line, column + 1))));
    }
    if placed.len() < length || placed.iter().zip(scalar.text.chars()).any(|((a, _), b)| *a != b) {
        return vec![scalar.start; length + 1];
    }
    let end = match placed.get(length) {
        Some((_, at)) => *at,
        None => placed.last().map_or(scalar.start, |(_, (line, column))| (*line, column + 1)),
    };
    placed.into_iter().take(length).map(|(_, at)| at).chain([end]).collect()
}

/// Just after the closing quote; the parser's own end includes the blanks and comments behind it.
pub(super) fn end_of_quoted(lines: &[Vec<char>], scalar: &Scalar) -> (usize, usize) {
    quoted(lines, scalar).1
}

fn plain(lines: &[Vec<char>], scalar: &Scalar) -> Vec<Placed> {
    let (mut cursor, mut value) = (Cursor::new(lines, scalar.start), Vec::new());
    while cursor.at() < scalar.end {
        match cursor.peek() {
            None => break,
            Some(' ' | '\t' | '\n') => cursor.fold(Some(scalar.end), false, &mut value),
            Some(_) => value.extend(cursor.take()),
        }
    }
    value
}

fn quoted(lines: &[Vec<char>], scalar: &Scalar) -> (Vec<Placed>, (usize, usize)) {
    let double = scalar.style == ScalarStyle::DoubleQuoted;
    let (mut cursor, mut value) = (Cursor::new(lines, scalar.start), Vec::new());
    cursor.take();
    while let Some(c) = cursor.peek() {
        match c {
            ' ' | '\t' | '\n' => cursor.fold(None, false, &mut value),
            '"' if double => break,
            '\\' if double => escape(&mut cursor, &mut value),
            '\'' if !double => {
                let quote = cursor.take();
                if cursor.peek() != Some('\'') {
                    return (value, cursor.at());
                }
                cursor.take();
                value.extend(quote);
            }
            _ => value.extend(cursor.take()),
        }
    }
    cursor.take();
    (value, cursor.at())
}

/// Reads one `\…` of a double-quoted scalar; its character stands at the backslash.
fn escape(cursor: &mut Cursor<'_>, value: &mut Vec<Placed>) {
    let at = cursor.at();
    cursor.take();
    let Some((c, _)) = cursor.take() else { return };
    let hexadecimal = |cursor: &mut Cursor<'_>, digits: usize| {
        let text: String = (0..digits).filter_map(|_| cursor.take().map(|(c, _)| c)).collect();
        u32::from_str_radix(&text, 16).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
    };
    let meant = match c {
        '\n' => return cursor.fold(None, true, value),
        '0' => '\0',
        'a' => '\x07',
        'b' => '\x08',
        't' => '\t',
        'n' => '\n',
        'v' => '\x0b',
        'f' => '\x0c',
        'r' => '\r',
        'e' => '\x1b',
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        'x' => hexadecimal(cursor, 2),
        'u' => hexadecimal(cursor, 4),
        'U' => hexadecimal(cursor, 8),
        other => other,
    };
    value.push((meant, at));
}

/// Reads a `|` or `>` scalar, keeping all line breaks at its end: chomping only shortens the value.
fn block(lines: &[Vec<char>], scalar: &Scalar) -> Vec<Placed> {
    let folded = scalar.style == ScalarStyle::Folded;
    let indent = scalar.start.1;
    // Empty lines before the first content line are part of the value and stand above its start.
    let above = scalar.text.chars().take_while(|c| *c == '\n').count().min(scalar.start.0);
    let mut breaks: Vec<Placed> =
        (scalar.start.0 - above..scalar.start.0).map(|line| ('\n', (line, lines[line].len()))).collect();
    let (mut value, mut leading, mut after_blank) = (Vec::new(), None, false);
    let mut cursor = Cursor::new(lines, (scalar.start.0, 0));
    loop {
        while cursor.column < indent && cursor.peek() == Some(' ') {
            cursor.take();
        }
        if cursor.peek() == Some('\n') && cursor.at() < scalar.end {
            breaks.extend(cursor.take());
            continue;
        }
        if cursor.column != indent || cursor.peek().is_none() || cursor.at() >= scalar.end {
            break;
        }
        let blank = matches!(cursor.peek(), Some(' ' | '\t'));
        match leading.take() {
            Some((_, at)) if folded && !after_blank && !blank => {
                if breaks.is_empty() {
                    value.push((' ', at));
                }
            }
            other => value.extend(other),
        }
        value.append(&mut breaks);
        after_blank = blank;
        while cursor.peek().is_some_and(|c| c != '\n') {
            value.extend(cursor.take());
        }
        if cursor.peek().is_none() {
            break;
        }
        leading = cursor.take();
    }
    value.extend(leading);
    value.append(&mut breaks);
    value
}

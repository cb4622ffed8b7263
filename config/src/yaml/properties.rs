//! Anchors and tags before a scalar: the parser's span begins with them, the scalar behind them.

use saphyr_parser::ScalarStyle;

use super::cursor::Cursor;

/// Where a scalar itself starts: its first character or quote, or the first content line of a block.
pub(super) fn start_of_scalar(
    lines: &[Vec<char>],
    start: (usize, usize),
    style: ScalarStyle,
    text: &str,
) -> (usize, usize) {
    let mut cursor = Cursor::new(lines, start);
    while let Some(c) = cursor.peek() {
        match c {
            ' ' | '\t' | '\n' => {
                cursor.take();
            }
            '#' => skip(&mut cursor, |c| c == '\n'),
            '&' | '!' => skip(&mut cursor, |c| matches!(c, ' ' | '\t' | '\n')),
            _ => break,
        }
    }
    match style {
        ScalarStyle::Plain | ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => cursor.at(),
        ScalarStyle::Literal | ScalarStyle::Folded => content_of_block(lines, cursor.line, text).unwrap_or(cursor.at()),
    }
}

fn skip(cursor: &mut Cursor<'_>, until: impl Fn(char) -> bool) {
    while cursor.peek().is_some_and(|c| !until(c)) {
        cursor.take();
    }
}

/// The first content line below the header; its indentation is what the value does not have.
fn content_of_block(lines: &[Vec<char>], header: usize, text: &str) -> Option<(usize, usize)> {
    let empty = text.chars().take_while(|c| *c == '\n').count();
    let line = header + 1 + empty;
    let spaces = |chars: &mut dyn Iterator<Item = char>| chars.take_while(|c| *c == ' ').count();
    let written = spaces(&mut lines.get(line)?.iter().copied());
    let kept = spaces(&mut text.chars().skip(empty));
    Some((line, written.saturating_sub(kept)))
}

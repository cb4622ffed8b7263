//! A mistake as people read it.
//!
//! ```text
//! rules/checkout.yaml:14:10: rule "checkout-5xx": `for: 5x` is not a duration
//!    14 |     for: 5x
//!       |          ^^ expected a number and a unit: s, m, h or d
//!       = help: write `for: 5m`
//! ```

use unicode_width::UnicodeWidthChar;

use crate::mask::mask;
use crate::problem::{Place, Problem, ProblemSeverity};

/// Columns that a tab takes.
const TAB_WIDTH: usize = 4;
/// Most columns shown of one line.
const SHOWN_MAX: usize = 160;
/// How much of a long line is shown before the mark.
const BEFORE_MARK: usize = 60;

/// Renders one mistake; `line` is the line of its place, `hidden` the secrets on it.
pub(crate) fn render(problem: &Problem, line: Option<&[char]>, hidden: &[&Place]) -> String {
    let Place { file, line: number, column, length } = &problem.place;
    let level = match problem.severity {
        ProblemSeverity::Error => "",
        ProblemSeverity::Warning => "warning: ",
    };
    let mut text = format!("{}:{number}:{column}: {level}{}\n", file.display(), problem.message);
    let gutter = number.to_string().len().max(5);
    if let Some(line) = line {
        let masked = mask(line, hidden);
        let (shown, before, marked) = cut(&masked, column.saturating_sub(1), *length);
        text.push_str(&format!("{number:>gutter$} | {}\n", shown.trim_end()));
        let label = problem.label.as_deref().map(|label| format!(" {label}")).unwrap_or_default();
        text.push_str(&format!("{:gutter$} | {:before$}{}{label}\n", "", "", "^".repeat(marked)));
    }
    if let Some(help) = &problem.help {
        text.push_str(&format!("{:gutter$} = help: {help}\n", ""));
    }
    text
}

/// What is shown of a line, how many columns stand before the mark, and how many the mark takes.
fn cut(line: &[char], start: usize, length: usize) -> (String, usize, usize) {
    let start = start.min(line.len());
    let end = (start + length).min(line.len());
    let whole = width(line) <= SHOWN_MAX;
    let first = if whole || width(&line[..start]) <= BEFORE_MARK { 0 } else { back(line, start) };
    let mut shown = String::new();
    let (mut columns, mut before, mut marked) = (0, 0, 0);
    if first > 0 {
        shown.push('…');
        columns = 1;
        before = 1;
    }
    for (index, c) in line.iter().enumerate().skip(first) {
        let wide = char_width(*c);
        if columns + wide > SHOWN_MAX {
            shown.push('…');
            break;
        }
        columns += wide;
        before += if index < start { wide } else { 0 };
        marked += if (start..end).contains(&index) { wide } else { 0 };
        match c {
            '\t' => shown.push_str(&" ".repeat(TAB_WIDTH)),
            c if c.is_control() => shown.push('\u{fffd}'),
            c => shown.push(*c),
        }
    }
    (shown, before, marked.max(1))
}

/// The first character to show so that about `BEFORE_MARK` columns stand before `start`.
fn back(line: &[char], start: usize) -> usize {
    let mut columns = 0;
    (0..start)
        .rev()
        .find(|index| {
            columns += char_width(line[*index]);
            columns >= BEFORE_MARK
        })
        .unwrap_or(0)
}

fn width(text: &[char]) -> usize {
    text.iter().map(|c| char_width(*c)).sum()
}

fn char_width(c: char) -> usize {
    match c {
        '\t' => TAB_WIDTH,
        c if c.is_control() => 1,
        c => c.width().unwrap_or(0),
    }
}

//! Where in a text an error is.

use datafusion::common::{DataFusionError, SchemaError};

use crate::part::PartError;

/// A place: line and column from 1, and a length in characters; zeros when unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub line: usize,
    pub column: usize,
    pub length: usize,
}

impl Place {
    pub(crate) const UNKNOWN: Self = Self { line: 0, column: 0, length: 0 };
}

/// The place that an error tells of: by its span, by its sentence, or by the word that it is about.
pub(crate) fn of_error(error: &PartError, text: &str) -> Place {
    let by_word = || {
        let word = error.word.clone().or_else(|| word_of(error.error.find_root()))?;
        find(&word, text)
    };
    by_span(&error.error, text).or_else(|| by_sentence(&error.error, text)).or_else(by_word).unwrap_or(Place::UNKNOWN)
}

fn by_span(error: &DataFusionError, text: &str) -> Option<Place> {
    let span = error.diagnostic()?.span?;
    let (line, column) = (usize::try_from(span.start.line).ok()?, usize::try_from(span.start.column).ok()?);
    if line == 0 || column == 0 {
        return None;
    }
    let end = usize::try_from(span.end.column).ok().filter(|_| span.end.line == span.start.line);
    let length = end.map_or(0, |end| end.saturating_sub(column));
    Some(Place { line, column, length: length.max(word_length(text, line, column)) })
}

/// The parser says `… at Line: 1, Column: 5`.
fn by_sentence(error: &DataFusionError, text: &str) -> Option<Place> {
    let sentence = error.find_root().strip_backtrace();
    if sentence.contains("found: EOF") {
        let line = text.trim_end().split('\n').next_back().unwrap_or_default();
        let lines = text.trim_end().matches('\n').count() + 1;
        return Some(Place { line: lines, column: line.chars().count() + 1, length: 0 });
    }
    let position = sentence.rsplit_once(" at Line: ")?.1;
    let (line, column) = position.split_once(", Column: ")?;
    let column: String = column.chars().take_while(char::is_ascii_digit).collect();
    let (line, column) = (line.parse().ok()?, column.parse().ok()?);
    Some(Place { line, column, length: word_length(text, line, column) })
}

/// The name in an error that carries one.
fn word_of(root: &DataFusionError) -> Option<String> {
    if let DataFusionError::SchemaError(error, _) = root
        && let SchemaError::FieldNotFound { field, .. } = error.as_ref()
    {
        return Some(field.name.clone());
    }
    let sentence = root.strip_backtrace();
    let quoted = sentence.split(['\'', '`']).nth(1)?;
    Some(quoted.to_owned()).filter(|word| !word.is_empty())
}

/// The first whole occurrence of a word.
fn find(word: &str, text: &str) -> Option<Place> {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let (lower_text, lower_word) = (text.to_ascii_lowercase(), word.to_ascii_lowercase());
    let start = lower_text.match_indices(&lower_word).map(|(start, _)| start).find(|&start| {
        let before = text[..start].chars().next_back();
        let after = text[start + word.len()..].chars().next();
        !before.is_some_and(is_name) && !after.is_some_and(is_name)
    })?;
    let before = &text[..start];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    Some(Place { line, column, length: word.chars().count() })
}

/// How long the word at a place is; 1 for a sign, 0 behind the end.
fn word_length(text: &str, line: usize, column: usize) -> usize {
    let Some(line) = text.split('\n').nth(line - 1) else { return 0 };
    let rest = || line.chars().skip(column - 1);
    let name = rest().take_while(|c| c.is_alphanumeric() || *c == '_').count();
    if name > 0 { name } else { rest().take(1).count() }
}

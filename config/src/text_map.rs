//! From a position inside a scalar's value to the place in its file.

use std::sync::Arc;

use crate::problem::Place;
use crate::source_text::SourceText;
use crate::yaml::{Node, NodeValue, scalar_places};

/// Knows where each character of a text stands in its file, however the text is written there:
/// plain, quoted with escapes, literal or folded.
#[derive(Debug, Clone)]
pub struct TextMap {
    source: Arc<SourceText>,
    /// Index of the first character of each line of the value.
    line_starts: Vec<usize>,
    /// Line and column, from 0, of each character of the value and of its end.
    places: Vec<(usize, usize)>,
}

impl TextMap {
    pub(crate) fn of(source: &Arc<SourceText>, node: &Node) -> Self {
        let (places, text) = match &node.value {
            NodeValue::Scalar(scalar) => (scalar_places(&source.lines, scalar), scalar.text.as_str()),
            NodeValue::Sequence(_) | NodeValue::Mapping(_) => (vec![(node.at.line - 1, node.at.column - 1)], ""),
        };
        let breaks = text.chars().enumerate().filter(|(_, c)| *c == '\n').map(|(index, _)| index + 1);
        Self { source: Arc::clone(source), line_starts: [0].into_iter().chain(breaks).collect(), places }
    }

    /// The place in the file of a position inside the value; `line` and `column` count from 1, in characters.
    ///
    /// The place covers the word that starts there. What lies beyond a line is its end,
    /// what lies beyond the text is the end of the text.
    pub fn place(&self, line: usize, column: usize) -> Place {
        let last = self.places.len() - 1;
        let (start, end) = match self.line_starts.get(line.saturating_sub(1)) {
            Some(start) => (*start, self.line_starts.get(line.max(1)).map_or(last, |next| next - 1)),
            None => (last, last),
        };
        let index = (start + column.saturating_sub(1)).min(end);
        let (line, column) = self.places[index];
        let word = |c: &char| c.is_alphanumeric() || *c == '_';
        let rest = self.source.lines.get(line).and_then(|text| text.get(column..)).unwrap_or_default();
        let length = rest.iter().take_while(|c| word(c)).count().max(1);
        Place { file: Arc::clone(&self.source.path), line: line + 1, column: column + 1, length }
    }
}

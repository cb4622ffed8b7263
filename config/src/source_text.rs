//! The text of one file, by lines.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::problem::Place;
use crate::yaml::Span;

/// One file as it was read.
pub(crate) struct SourceText {
    /// As messages show it: the folder as it was given, then the path below it.
    pub path: Arc<Path>,
    /// The whole text, without a byte order mark.
    pub text: String,
    /// Its lines without their breaks; one more, empty, after a break at the end.
    pub lines: Vec<Vec<char>>,
}

/// The path alone: the text may hold secrets.
impl fmt::Debug for SourceText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SourceText").field(&self.path).finish()
    }
}

impl SourceText {
    pub(crate) fn new(path: Arc<Path>, text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).to_owned();
        // A lone carriage return breaks a line in YAML too.
        let lines = text.replace("\r\n", "\n").split(['\n', '\r']).map(|line| line.chars().collect()).collect();
        Self { path, text, lines }
    }

    /// A span from line and column, both from 0, to an end that may stand on a later line.
    pub(crate) fn span(&self, start: (usize, usize), end: (usize, usize)) -> Span {
        let line = self.lines.get(start.0).map_or(&[][..], Vec::as_slice);
        let length = if end.0 == start.0 {
            end.1.saturating_sub(start.1)
        } else {
            let rest = line.get(start.1..).unwrap_or_default();
            rest.iter().rposition(|c| !c.is_whitespace()).map_or(0, |last| last + 1)
        };
        Span { line: start.0 + 1, column: start.1 + 1, length: length.max(1) }
    }

    /// The span as a place in this file.
    pub(crate) fn place(&self, at: Span) -> Place {
        Place { file: Arc::clone(&self.path), line: at.line, column: at.column, length: at.length }
    }
}

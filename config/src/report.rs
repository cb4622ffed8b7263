//! Collects the mistakes of one file while it is read.

use std::sync::Arc;

use crate::problem::{Place, Problem, ProblemSeverity};
use crate::source_text::SourceText;
use crate::yaml::{Node, NodeValue, Span};

/// The mistakes of one file, and what is being read at the moment.
pub(crate) struct Report {
    pub source: Arc<SourceText>,
    pub problems: Vec<Problem>,
    /// Stretches that hold a secret and must never be shown.
    pub secrets: Vec<Place>,
    /// What a message is about, for example `rule "checkout-5xx"`.
    pub subject: Option<String>,
    /// Whether secrets are at home in what is being read: then values of unknown keys are hidden too.
    pub secretive: bool,
    /// How many of the problems are errors; each rule asks, so it is counted as they come.
    errors: usize,
}

impl Report {
    pub(crate) fn new(source: Arc<SourceText>) -> Self {
        Self { source, problems: Vec::new(), secrets: Vec::new(), subject: None, secretive: false, errors: 0 }
    }

    pub(crate) fn error(&mut self, at: Span, code: &'static str, message: impl Into<String>) -> &mut Problem {
        self.add(at, ProblemSeverity::Error, code, message.into())
    }

    pub(crate) fn warning(&mut self, at: Span, code: &'static str, message: impl Into<String>) -> &mut Problem {
        self.add(at, ProblemSeverity::Warning, code, message.into())
    }

    pub(crate) fn errors(&self) -> usize {
        self.errors
    }

    /// Keeps a scalar's text out of every line that is shown.
    pub(crate) fn hide(&mut self, node: &Node) {
        if let NodeValue::Scalar(scalar) = &node.value {
            for line in scalar.start.0..=scalar.end.0 {
                let from = if line == scalar.start.0 { scalar.start.1 } else { 0 };
                let whole = self.source.lines.get(line).map_or(0, Vec::len);
                let to = if line == scalar.end.0 { scalar.end.1 } else { whole };
                if to > from {
                    let at = Span { line: line + 1, column: from + 1, length: to - from };
                    self.secrets.push(self.source.place(at));
                }
            }
        }
    }

    /// Keeps every text of a value out of every line that is shown.
    pub(crate) fn hide_all(&mut self, node: &Node) {
        match &node.value {
            NodeValue::Scalar(_) => self.hide(node),
            NodeValue::Sequence(items) => items.iter().for_each(|item| self.hide_all(item)),
            NodeValue::Mapping(entries) => entries.iter().for_each(|entry| self.hide_all(&entry.value)),
        }
    }

    fn add(&mut self, at: Span, severity: ProblemSeverity, code: &'static str, message: String) -> &mut Problem {
        let message = match &self.subject {
            Some(subject) => format!("{subject}: {message}"),
            None => message,
        };
        let place = self.source.place(at);
        self.errors += usize::from(severity == ProblemSeverity::Error);
        self.problems.push(Problem { place, severity, code, message, label: None, help: None });
        self.problems.last_mut().expect("it was just pushed")
    }
}

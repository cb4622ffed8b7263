//! One mistake: where it is, what it is, how to mend it.

use std::path::Path;
use std::sync::Arc;

/// A stretch of characters on one line of one file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The folder as it was given to [`load`](crate::load), then the path below it.
    pub file: Arc<Path>,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// How many characters it covers, at least 1.
    pub length: usize,
}

/// How bad a mistake is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProblemSeverity {
    /// The definitions cannot be used.
    Error,
    /// They can, but probably do not do what is meant.
    Warning,
}

impl ProblemSeverity {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One mistake. No text of it holds the value of a secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where it is.
    pub place: Place,
    /// How bad it is.
    pub severity: ProblemSeverity,
    /// A stable word for scripts, for example `unknown_key`.
    pub code: &'static str,
    /// One sentence without a full stop; starts with the rule, channel or source that it is about.
    pub message: String,
    /// What was expected there, shown behind the mark.
    pub label: Option<String>,
    /// How to mend it.
    pub help: Option<String>,
}

impl Problem {
    /// Adds how to mend it.
    pub(crate) fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    /// Adds what was expected there.
    pub(crate) fn label(&mut self, label: impl Into<String>) -> &mut Self {
        self.label = Some(label.into());
        self
    }
}

//! The texts of which a rule's question consists.

/// Which text of a rule a problem is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SqlPart {
    /// The query.
    Query,
    /// `when`.
    When,
    /// `recover_when`.
    RecoverWhen,
    /// The condition of the so-manieth entry of `severity`, from 0.
    Severity(usize),
    /// The so-manieth key column, from 0.
    Key(usize),
}

impl SqlPart {
    /// The field's word, for messages.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::When => "when",
            Self::RecoverWhen => "recover_when",
            Self::Severity(_) => "severity",
            Self::Key(_) => "per",
        }
    }
}

/// What is wrong with one part: where, and what the engine said.
#[derive(Debug)]
pub(crate) struct PartError {
    pub part: SqlPart,
    pub error: Box<datafusion::error::DataFusionError>,
    /// The word in the part's text that the error is about, when it has no position.
    pub word: Option<String>,
}

impl PartError {
    pub(crate) fn new(part: SqlPart, error: datafusion::error::DataFusionError) -> Self {
        Self { part, error: Box::new(error), word: None }
    }

    /// Of the query itself.
    pub(crate) fn query(error: datafusion::error::DataFusionError) -> Self {
        Self::new(SqlPart::Query, error)
    }

    pub(crate) fn about(mut self, word: impl Into<String>) -> Self {
        self.word = Some(word.into());
        self
    }
}

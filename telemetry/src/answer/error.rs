//! Why there is no answer, by what who asked can do.

use std::time::Duration;

use datafusion::common::DataFusionError;
use watchfire_model::Failure;

use crate::check::of_part;
use crate::engine::Refusal;
use crate::failure;
use crate::parse::Question;

/// There is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// As many queries wait already as may; the same one may be asked again after `retry_after`.
    #[error(
        "{waiting} queries wait for their turn already, as many as may; ask again in {} s", retry_after.as_secs()
    )]
    Busy {
        /// How many wait.
        waiting: usize,
        /// When to ask again.
        retry_after: Duration,
    },
    /// The SQL is wrong, and will be.
    #[error("{}", .0.message)]
    Mistake(QueryMistake),
    /// The query did not run to its end.
    #[error("{}", .0.message)]
    Failed(Failure),
}

/// What is wrong with SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryMistake {
    /// A word for scripts: `sql_syntax` when it cannot be read, else `invalid_sql`, `source`, ….
    pub code: &'static str,
    /// What is wrong and how to mend it.
    pub message: String,
    /// Where, when that is known.
    pub span: Option<SqlSpan>,
}

/// A stretch of one line of SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SqlSpan {
    /// The line, from 1.
    pub line: usize,
    /// The first column, in characters from 1.
    pub column: usize,
    /// The column behind the last one.
    pub end_column: usize,
}

impl QueryError {
    pub(super) fn refused(refusal: Refusal, question: &Question) -> Self {
        match refusal {
            Refusal::Parts(errors) => match errors.first() {
                Some(first) if is_mistake(first.error.find_root()) => {
                    let problem = of_part(first, question);
                    let is_syntax = matches!(first.error.find_root(), DataFusionError::SQL(..));
                    let span = (problem.line > 0 && problem.column > 0).then_some(SqlSpan {
                        line: problem.line,
                        column: problem.column,
                        end_column: problem.column + problem.length,
                    });
                    let code = if is_syntax { "sql_syntax" } else { problem.code };
                    Self::Mistake(QueryMistake { code, message: failure::of(&first.error).message, span })
                }
                _ => Self::Failed(failure::of_parts(&errors)),
            },
            refusal @ (Refusal::Failed(_)
            | Refusal::WrongSource(_)
            | Refusal::Unreachable(_)
            | Refusal::NeverFilled) => Self::Failed(refusal.into_failure()),
        }
    }
}

/// Whether an error of planning is one of who wrote the SQL.
fn is_mistake(root: &DataFusionError) -> bool {
    failure::of(root).code == watchfire_model::FailureCode::InvalidQuery
}

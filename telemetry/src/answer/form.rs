//! The forms in which an answer can be written.

use watchfire_model::{Failure, FailureCode};

use super::out::Out;
use super::run::Answer;
use super::{arrow_stream, csv, json};
use crate::result_file;

/// A form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerForm {
    /// `{"schema": {"fields": […]}, "data": [{column: cell}]}`, and the plans where they were asked for.
    Json {
        /// Whether `schema` is there.
        with_schema: bool,
    },
    /// A message a line: `schema`, `explain`, `data` with `rows`, `end` with `row_count`.
    JsonLines {
        /// Whether there is a `schema` message.
        with_schema: bool,
    },
    /// An Arrow IPC stream.
    ArrowStream,
    /// A header line and a line for each row; lists and JSON as JSON text.
    Csv,
    /// A file as [`result_file`] writes and reads it.
    Parquet,
    /// `{"columns": [{"name", "datatype", "nullable", "values": […]}]}`.
    V1Columns,
    /// `{"columns": [{"name", "datatype", "nullable"}], "rows": [{column: cell}]}`.
    V1Rows,
}

/// Why an answer is not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unwritten {
    /// It is longer than it may be.
    #[error(
        "the answer takes {reached_bytes} bytes or more in this form, above the limit of {limit_bytes} for one answer; \
         select fewer columns or rows"
    )]
    TooLong {
        /// How far it was written.
        reached_bytes: usize,
        /// How long it may be.
        limit_bytes: usize,
    },
    /// A column of a type that the form does not have.
    #[error("{0}")]
    Failed(Failure),
}

impl From<Unwritten> for Failure {
    fn from(why: Unwritten) -> Self {
        let message = why.to_string();
        match why {
            Unwritten::TooLong { .. } => Self::new(FailureCode::Memory, message),
            Unwritten::Failed(failure) => failure,
        }
    }
}

impl From<Failure> for Unwritten {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Answer {
    /// Writes the answer in a form, if that takes `limit_bytes` at most. Takes about a second for the largest one: not
    /// on a thread that others wait for.
    ///
    /// # Errors
    /// It is longer, or has a column of a type that the form does not have.
    pub fn encode(&self, form: AnswerForm, limit_bytes: usize) -> Result<Vec<u8>, Unwritten> {
        let mut out = Out::new(limit_bytes);
        match form {
            AnswerForm::Json { with_schema } => json::object(&mut out, self, with_schema),
            AnswerForm::JsonLines { with_schema } => json::lines(&mut out, self, with_schema),
            AnswerForm::Csv => csv::table(&mut out, self),
            AnswerForm::V1Columns => json::v1_columns(&mut out, self),
            AnswerForm::V1Rows => json::v1_rows(&mut out, self),
            AnswerForm::ArrowStream => {
                arrow_stream::stream(&mut out, self).map_err(|error| unwritable("an Arrow stream", &error))?;
            }
            AnswerForm::Parquet => {
                let rows = self.rows()?;
                let file = result_file::write(&self.columns(), &rows).map_err(|error| unwritable("Parquet", &error))?;
                out.extend_from_slice(&file);
            }
        }
        if out.is_over() {
            return Err(Unwritten::TooLong { reached_bytes: out.written(), limit_bytes });
        }
        Ok(out.into_bytes())
    }
}

fn unwritable(form: &str, error: &dyn std::fmt::Display) -> Failure {
    let message = format!("the answer cannot be written as {form}: {error}; cast the column, or ask for JSON");
    Failure::new(FailureCode::Execution, message)
}

//! The forms in which an answer can be written.

use watchfire_model::{Failure, FailureCode};

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

impl Answer {
    /// Writes the answer in a form. Takes about a second for the largest one: not on a thread that others wait for.
    ///
    /// # Errors
    /// A column of a type that the form does not have.
    pub fn encode(&self, form: AnswerForm) -> Result<Vec<u8>, Failure> {
        match form {
            AnswerForm::Json { with_schema } => Ok(json::object(self, with_schema)),
            AnswerForm::JsonLines { with_schema } => Ok(json::lines(self, with_schema)),
            AnswerForm::Csv => Ok(csv::table(self)),
            AnswerForm::V1Columns => Ok(json::v1_columns(self)),
            AnswerForm::V1Rows => Ok(json::v1_rows(self)),
            AnswerForm::ArrowStream => {
                arrow_stream::stream(self).map_err(|error| unwritable("an Arrow stream", &error))
            }
            AnswerForm::Parquet => {
                let rows = self.rows()?;
                result_file::write(&self.columns(), &rows).map_err(|error| unwritable("Parquet", &error))
            }
        }
    }
}

fn unwritable(form: &str, error: &dyn std::fmt::Display) -> Failure {
    let message = format!("the answer cannot be written as {form}: {error}; cast the column, or ask for JSON");
    Failure::new(FailureCode::Execution, message)
}

//! What one evaluation saw. A failed query is a value here, not an early return.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::severity::Severity;
use crate::value::{Column, Value};

/// The outcome of asking one query at one slot.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The query ran to its end, over tables that hold at least one row in the window (or cannot say).
    Rows(Observation),
    /// The query ran, and every table that it names is empty in the window.
    NoData,
    /// The query did not run to its end.
    Failed(Failure),
}

/// The rows of a successful evaluation with the verdict of the query engine on each.
///
/// `rows` holds what [`crate::Keep`] asked for, in the order of the result; the counts are of all rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Observation {
    /// The columns of the query, without the verdicts.
    pub columns: Vec<Column>,
    /// Kept rows: all of them, or the first breaching and the first other ones.
    pub rows: Vec<ObservedRow>,
    /// How many rows the result has.
    pub row_count: u64,
    /// How many of them breach.
    pub breaching_count: u64,
    /// How many of them say that they have not recovered (`recover_when` false or NULL).
    pub unrecovered_count: u64,
    /// The highest level among the breaching rows, by the severity conditions.
    pub severity: Option<Severity>,
    /// The column whose cell is the rule's value: the first numeric one in `when`, else the first numeric one.
    pub value_column: Option<usize>,
    /// Totals, by column name, that are not the sums of `rows`: what a comparison with another window added.
    pub totals: BTreeMap<String, Value>,
}

/// One row and the verdicts on it.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedRow {
    /// Cells, one per column.
    pub values: Vec<Value>,
    /// Whether `when` is true; NULL is not true.
    pub breaches: bool,
    /// Whether `recover_when` is true; NULL is not true. `None` when the rule has none.
    pub recovered: Option<bool>,
    /// The highest level whose condition is true.
    pub severity: Option<Severity>,
}

/// Why an evaluation failed: a code for scripts, a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of failure.
    pub code: FailureCode,
    /// What happened, where, and how to mend it; never a secret.
    pub message: String,
}

impl Failure {
    /// A failure of this kind.
    pub fn new(code: FailureCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message)
    }
}

/// Kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureCode {
    /// The SQL does not parse, plan or is not read-only.
    InvalidQuery,
    /// The query stopped on a value: division by zero, a cast.
    Execution,
    /// A source could not be read.
    Source,
    /// The query took longer than `timeout`.
    Timeout,
    /// The query needed more memory than its limit.
    Memory,
    /// The result has more rows than `limits.max_rows`.
    TooManyRows,
    /// Two rows have the same `per` key.
    DuplicateKey,
    /// A fault of ours; the message says what to report.
    Internal,
}

impl FailureCode {
    /// The word for it in JSON: `timeout`, `too_many_rows`, …
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidQuery => "invalid_query",
            Self::Execution => "execution",
            Self::Source => "source",
            Self::Timeout => "timeout",
            Self::Memory => "memory",
            Self::TooManyRows => "too_many_rows",
            Self::DuplicateKey => "duplicate_key",
            Self::Internal => "internal",
        }
    }

    /// Whether asking again inside the same slot may help.
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::Source)
    }
}

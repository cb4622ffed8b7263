//! What a rule asks of telemetry, and over which sources. Text only: SQL is parsed in `telemetry`.

use std::time::Duration;

use crate::severity::Severity;
use crate::time::{Timestamp, Window};

/// The question of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuerySpec {
    /// Read-only SQL in PostgreSQL's dialect.
    pub sql: String,
    /// SQL condition over the result's columns; without it every row breaches.
    pub when: Option<String>,
    /// SQL condition over the result's columns; without it a row that does not breach has recovered.
    pub recover_when: Option<String>,
    /// Conditions over the result's columns, each with the level it stands for; the highest true level wins.
    pub severity: Vec<(Severity, String)>,
    /// The time column by which the window is cut; `None`: each table's own.
    pub window_on: Option<String>,
    /// Only rows of these environments are read of telemetry; an empty text stands for rows that name none. `None`: of all.
    pub environments: Option<Vec<String>>,
    /// How long the evaluation may take.
    pub timeout: Duration,
    /// Which rows the decision needs.
    pub keep: Keep,
    /// Whether it is asked also when every table that it names is empty in the window: a report of nothing has
    /// columns, sums and a count of 0. Else that is `NoData`.
    pub asks_without_data: bool,
}

/// Which rows of a result are kept for the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Every row: each is an instance, or is compared with the last run.
    All,
    /// At most so many breaching rows and as many others: only their number decides.
    Shown(usize),
}

/// When a query is asked: what `now()` and the parameters mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SlotContext {
    /// `$scheduled_for`, `now()` and `current_timestamp`.
    pub scheduled_for: Timestamp,
    /// `$window_start` and `$window_end`; `None` under `window: none`.
    pub window: Option<Window>,
}

//! What a client asks.

use watchfire_model::{Timestamp, Window};

use super::zone::QueryZone;

/// One query with everything that it is asked with.
#[derive(Debug, Clone, PartialEq)]
pub struct QueryRequest {
    /// Read-only SQL.
    pub sql: String,
    /// Rows before this instant are not seen; `None`: there is no first one.
    pub min: Option<Timestamp>,
    /// Rows at this instant and later are not seen; `None`: there is no last one.
    pub max: Option<Timestamp>,
    /// Most rows of the answer, whatever `LIMIT` the SQL has; more than
    /// [`QUERY_ROWS_MAX`](crate::limits::QUERY_ROWS_MAX) are never answered.
    pub limit: usize,
    /// The zone of the session, as in PostgreSQL: calendar functions of instants go by it, and instants are shown
    /// in it. `None`: UTC.
    pub zone: Option<QueryZone>,
    /// Only rows of these deployment environments, `""` for rows without one; `None`: all rows.
    pub environments: Option<Vec<String>>,
    /// Whether the plans are part of the answer.
    pub explain: bool,
    /// `now()`.
    pub now: Timestamp,
}

impl QueryRequest {
    /// A query over all time and all environments, in UTC.
    pub fn new(sql: impl Into<String>, limit: usize, now: Timestamp) -> Self {
        Self { sql: sql.into(), min: None, max: None, limit, zone: None, environments: None, explain: false, now }
    }

    /// What the scans are cut to; `None`: nothing, so that rows without a time are seen too.
    pub(super) fn window(&self) -> Option<Window> {
        if self.min.is_none() && self.max.is_none() {
            return None;
        }
        let start = self.min.unwrap_or(Timestamp::from_micros(i64::MIN));
        let end = self.max.unwrap_or(Timestamp::from_micros(i64::MAX));
        Some(Window { start, end })
    }
}

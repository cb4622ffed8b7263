//! Results of reports: kept with their runs, listed and given out.

use tokio::task::spawn_blocking;
use tracing::{error, warn};
use watchfire_alerts::Mode;
use watchfire_model::{Column, Outcome, ProjectName, RuleName, Timestamp, Value, Window};
use watchfire_store::{ReportResult, StoredBody, StoredResult};
use watchfire_telemetry::result_file::{self, Written};

use crate::definition::RuleDefinition;
use crate::engine::Engine;
use crate::error::Error;

/// The largest stored result, in bytes of its Parquet file: of a larger one the first rows that fit are kept.
/// It is written in the transaction of its run, and evaluations on SQLite wait for that.
pub const REPORT_RESULT_MAX_BYTES: usize = 32 << 20;

impl Engine {
    /// The stored results of a report, newest slot first: at most `limit`, only of slots before `before`.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot be asked now.
    pub async fn report_results(
        &self,
        name: &RuleName,
        before: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<StoredResult>, Error> {
        self.turns.pass(self.shared.store.report_results(name, before, limit)).await
    }

    /// The stored result of a slot of a report (of a project), as Parquet; `None` when there is none, or not any more.
    ///
    /// # Errors
    /// [`Error::Store`] when the store cannot be asked now.
    pub async fn report_result(
        &self,
        name: &RuleName,
        project: Option<&ProjectName>,
        scheduled_for: Timestamp,
    ) -> Result<Option<StoredBody>, Error> {
        self.turns.pass(self.shared.store.report_result(name, project, scheduled_for)).await
    }
}

/// The columns and rows of a stored result.
///
/// # Errors
/// [`Error::Result`] when the bytes are no such result.
pub async fn decode_result(parquet: Vec<u8>) -> Result<(Vec<Column>, Vec<Vec<Value>>), Error> {
    match spawn_blocking(move || result_file::read(parquet)).await {
        Ok(read) => read.map_err(Error::Result),
        Err(_) => Err(Error::Result(broke())),
    }
}

/// What of a run is kept: the result of a report that ran, but none without rows unless it is sent always.
pub(crate) async fn result_to_keep(
    definition: &RuleDefinition,
    scheduled_for: Timestamp,
    window: Option<Window>,
    outcome: Outcome,
    created_at: Timestamp,
) -> Option<ReportResult> {
    let report = definition.report?;
    let (columns, rows) = match outcome {
        Outcome::Rows(seen) => (seen.columns, seen.rows),
        Outcome::NoData => (Vec::new(), Vec::new()),
        Outcome::Failed(_) => return None,
    };
    if rows.is_empty() && definition.rule.notify_when != Mode::Always {
        return None;
    }
    let row_count = rows.len() as u64;
    let rows: Vec<Vec<Value>> = rows.into_iter().map(|row| row.values).collect();
    let written = spawn_blocking(move || result_file::write_within(&columns, &rows, REPORT_RESULT_MAX_BYTES)).await;
    let (rule, name) = (&definition.rule.uid, &definition.rule.name);
    let Written { bytes, rows } = match written.unwrap_or_else(|_| Err(broke())) {
        Ok(written) => written,
        // The message goes out all the same: it has its rows already.
        Err(trouble) => {
            error!(rule.id = %rule, slot = %scheduled_for, error = %trouble, "The result of report `{name}` could not be kept");
            return None;
        }
    };
    let stored_rows = rows as u64;
    if stored_rows < row_count {
        warn!(
            rule.id = %rule, slot = %scheduled_for, row_count, stored_rows, limit_bytes = REPORT_RESULT_MAX_BYTES,
            "The result of report `{name}` is too large to be kept whole; its first rows are"
        );
    }
    let expires_at = created_at.plus(report.kept_for);
    Some(ReportResult { scheduled_for, window, row_count, stored_rows, body: bytes, created_at, expires_at })
}

fn broke() -> watchfire_telemetry::Error {
    watchfire_telemetry::Error::ResultFile("the program broke at it; please report the query".to_owned())
}

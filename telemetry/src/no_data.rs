//! Whether there was anything to look at: does a table hold one row in the window?
//!
//! Asked of the tables, not of the plan: a count of nothing is a row, and a filter that
//! matches nothing is no reason to say that the table is empty.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::execution::session_state::SessionState;
use datafusion::physical_plan::execute_stream;
use futures::StreamExt;

use crate::source::{Rows, Snapshot};
use crate::table::cut::Cut;
use crate::table::scan;

/// Whether none of these tables holds a row inside `cut`. No tables: not empty.
pub(crate) async fn all_empty(tables: &[Arc<Snapshot>], state: &SessionState, cut: &Cut<'_>) -> Result<bool> {
    for table in tables {
        if has_row(table, state, cut).await? {
            return Ok(false);
        }
    }
    Ok(!tables.is_empty())
}

async fn has_row(table: &Snapshot, state: &SessionState, cut: &Cut<'_>) -> Result<bool> {
    if table.schema.fields().is_empty() {
        return Ok(false);
    }
    if let Rows::Database(remote) = &table.rows {
        let window = cut.window.zip(scan::time_column(table, cut.window_on));
        return remote.has_row(window, &state.task_ctx()).await;
    }
    let first_column = Arc::new(table.schema.project(&[0])?);
    // Memory comes before files: where it has a row, no file is opened.
    for plan in scan::parts(table, state, &first_column, cut)? {
        let mut rows = execute_stream(plan, state.task_ctx())?;
        while let Some(batch) = rows.next().await {
            if batch?.num_rows() > 0 {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

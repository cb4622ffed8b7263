//! `watchfire query`: one SQL query over the sources, no window applied, `now()` the wall clock.

use watchfire_engine::clock::{Clock, SystemClock};

use crate::arguments::{Output, Query};
use crate::definitions;
use crate::exit::Exit;
use crate::output;
use crate::trouble;

/// Most rows that are printed.
const ROWS_MAX: usize = 10_000;

pub(crate) async fn run(options: Query, form: Output) -> anyhow::Result<Exit> {
    if options.data.is_some() {
        eprintln!("watchfire: a data folder holds no tables to ask yet; only the sources are read");
    }
    let loaded = definitions::load(&options.config.config)?;
    let telemetry = definitions::telemetry(&loaded, definitions::nothing_kept())?;
    let result = match telemetry.query(&options.sql, SystemClock.now(), ROWS_MAX).await {
        Ok(result) => result,
        Err(failure) => {
            trouble::tell(form, failure.code.as_str(), &failure.message, None);
            return Ok(Exit::No);
        }
    };
    match form {
        Output::Json => output::json(&output::row_objects(&result.columns, &result.rows))?,
        Output::Text => {
            output::line(&output::rows_table(&result.columns, &result.rows))?;
            eprintln!("{} row(s)", result.row_count);
        }
    }
    if result.truncated {
        eprintln!("showing {} of {} rows; add LIMIT or aggregate", result.rows.len(), result.row_count);
    }
    Ok(Exit::Fine)
}

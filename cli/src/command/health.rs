//! `watchfire health`: does a server answer, and does its store? For container health checks.

use std::time::Duration;

use anyhow::Context;
use serde_json::json;

use crate::arguments::{Output, Server};
use crate::exit::Exit;
use crate::output;

/// Longer than any healthy server takes, shorter than any health check waits.
const TIMEOUT: Duration = Duration::from_secs(4);

/// Exit 0: ready; 1: it answers and is not ready; 2: nobody answers.
pub(crate) async fn run(options: Server, form: Output) -> anyhow::Result<Exit> {
    let base = options.url.trim_end_matches('/');
    let client = reqwest::Client::builder().no_proxy().timeout(TIMEOUT).build()?;
    let answer = client
        .get(format!("{base}/readyz"))
        .send()
        .await
        .with_context(|| format!("no server answers at {base}; is `watchfire serve` running there?"))?;
    let ready = answer.status().is_success();
    match form {
        Output::Json => output::json(&json!({"url": base, "ready": ready, "status": answer.status().as_u16()}))?,
        Output::Text => output::line(if ready { "ready" } else { "not ready: the store does not answer" })?,
    }
    Ok(if ready { Exit::Fine } else { Exit::No })
}

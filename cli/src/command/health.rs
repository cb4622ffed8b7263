//! `watchfire health`: does a server answer, and does its store? For container health checks.

use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::arguments::{Output, Server};
use crate::exit::Exit;
use crate::output;
use crate::server_client::{ServerClient, Unanswered};

/// Longer than any healthy server takes, shorter than any health check waits.
const TIMEOUT: Duration = Duration::from_secs(4);

/// Exit 0: ready; 1: it answers and its store does not; 2: nobody answers, or somebody else does.
pub(crate) async fn run(options: Server, form: Output) -> anyhow::Result<Exit> {
    match ask(&options).await {
        Ok((url, status, ready)) => {
            match form {
                Output::Json => output::json(&json!({"url": url, "ready": ready, "status": status.as_u16()}))?,
                Output::Text => output::line(if ready { "ready" } else { "not ready: the store does not answer" })?,
            }
            Ok(if ready { Exit::Fine } else { Exit::No })
        }
        Err(unanswered) => Ok(unanswered.tell(form)),
    }
}

async fn ask(options: &Server) -> Result<(String, StatusCode, bool), Unanswered> {
    let server = ServerClient::new(options, TIMEOUT)?;
    let answer = server.ask(Method::GET, &["readyz"]).await?;
    let ready = answer.status == StatusCode::OK && answer.body.trim() == "ready";
    if ready || answer.status == StatusCode::SERVICE_UNAVAILABLE {
        Ok((server.shown(), answer.status, ready))
    } else {
        Err(server.stranger(answer.status))
    }
}

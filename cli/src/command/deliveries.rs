//! `watchfire deliveries`: what was sent where, and what was not.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value as Json, json};
use watchfire_model::{ChannelName, RuleName};
use watchfire_store::{DeliveryFilter, DeliveryRow};

use crate::arguments::{Deliveries, DeliveriesAction, DeliveriesList, DeliveriesRetry, Output};
use crate::exit::Exit;
use crate::output::{self, cell};
use crate::place;
use crate::server_client::{ServerClient, Unanswered};

/// Longer than a server waits for its own store.
const RETRY_TIMEOUT: Duration = Duration::from_secs(15);

pub(crate) async fn run(options: Deliveries, form: Output) -> anyhow::Result<Exit> {
    match options.action {
        DeliveriesAction::List(options) => list(options, form).await,
        DeliveriesAction::Retry(options) => retry(options, form).await,
    }
}

async fn list(options: DeliveriesList, form: Output) -> anyhow::Result<Exit> {
    let store = place::open_read_only(&options.storage, None).await?;
    let filter = DeliveryFilter {
        state: options.state,
        channel: options.channel.map(ChannelName::new),
        limit: options.limit,
        ..DeliveryFilter::default()
    };
    let rows: Vec<Json> = store.deliveries(&filter).await?.iter().map(as_json).collect();
    match form {
        Output::Json => output::json(&Json::Array(rows))?,
        Output::Text => {
            let titles = ["id", "channel", "rule", "type", "state", "attempts", "next_at", "last_error"];
            let mut table = output::table(titles.into_iter());
            for row in &rows {
                table.add_row(titles.iter().map(|title| cell(&row[*title])));
            }
            output::line(&table.to_string())?;
        }
    }
    Ok(Exit::Fine)
}

fn as_json(row: &DeliveryRow) -> Json {
    json!({
        "id": row.id.to_string(),
        "channel": row.channel.as_str(),
        "rule": row.rule.as_ref().map(RuleName::as_str),
        "type": row.kind.as_str(),
        "state": row.state.as_str(),
        "attempts": row.attempts,
        "next_at": row.next_at.map(|at| at.to_string()),
        "last_error": row.last_error,
    })
}

async fn retry(options: DeliveriesRetry, form: Output) -> anyhow::Result<Exit> {
    match ask_again(&options).await {
        Ok((accepted, body)) => {
            match form {
                Output::Json => output::json(&body)?,
                Output::Text if accepted => output::line(&format!("{} will be tried again now", options.id))?,
                Output::Text => eprintln!("watchfire: {}", cell(&body["error"]["message"])),
            }
            Ok(if accepted { Exit::Fine } else { Exit::No })
        }
        Err(unanswered) => Ok(unanswered.tell(form)),
    }
}

/// Whether the server took it, and what it said. Any server may answer 200: only the words of ours count.
async fn ask_again(options: &DeliveriesRetry) -> Result<(bool, Json), Unanswered> {
    let server = ServerClient::new(&options.server, RETRY_TIMEOUT)?;
    let answer = server.ask(Method::POST, &["api", "deliveries", &options.id, "retry"]).await?;
    let body: Json = serde_json::from_str(&answer.body).unwrap_or(Json::Null);
    let accepted = answer.status.is_success() && body["id"] == options.id.as_str();
    if accepted || (!answer.status.is_success() && body["error"]["message"].is_string()) {
        Ok((accepted, body))
    } else {
        Err(server.stranger(answer.status))
    }
}

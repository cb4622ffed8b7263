//! `watchfire deliveries`: what was sent where, and what was not.

use anyhow::{Context, bail};
use serde_json::{Value as Json, json};
use watchfire_model::{ChannelName, RuleName};
use watchfire_store::{DeliveryFilter, DeliveryRow};

use crate::arguments::{Deliveries, DeliveriesAction, DeliveriesList, DeliveriesRetry, Output};
use crate::exit::Exit;
use crate::output::{self, cell};
use crate::place;

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
    let base = options.server.url.trim_end_matches('/');
    let mut request = reqwest::Client::new().post(format!("{base}/api/deliveries/{}/retry", options.id));
    if let Some(token) = &options.server.token {
        request = request.bearer_auth(token);
    }
    let answer = request
        .send()
        .await
        .with_context(|| format!("no server answers at {base}; is `watchfire serve` running there?"))?;
    let accepted = answer.status().is_success();
    let status = answer.status();
    let body: Json = answer.json().await.unwrap_or(Json::Null);
    if !accepted && body["error"]["message"].is_null() {
        bail!("{base} answers {status}, not as Watchfire does; is it the right `--url`?");
    }
    match form {
        Output::Json => output::json(&body)?,
        Output::Text if accepted => output::line(&format!("{} will be tried again now", options.id))?,
        Output::Text => eprintln!("watchfire: {}", cell(&body["error"]["message"])),
    }
    Ok(if accepted { Exit::Fine } else { Exit::No })
}

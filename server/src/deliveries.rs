//! Deliveries over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use serde_json::{Value, json};
use watchfire_engine::{AttemptRow, DeliveryFilter, DeliveryRow, DeliveryState, Engine};
use watchfire_model::{ChannelName, RuleName};

use crate::access::Sight;
use crate::error::ApiError;
use crate::named::Named;
use crate::parameters::{self, Parameters};
use crate::run_view::instant;
use crate::{page, runs, unknown};

/// The name under which the cursors of deliveries go.
const DELIVERIES: &str = "deliveries";

/// Deliveries, the newest first.
pub(crate) async fn list(
    State(engine): State<Arc<Engine>>,
    Sight(project): Sight,
    RawQuery(text): RawQuery,
) -> Result<Json<Value>, ApiError> {
    let mut parameters = Parameters::read(text.as_deref(), &["channel", "rule", "state", "limit", "cursor"]);
    let limit = parameters.limit();
    let filter = DeliveryFilter {
        channel: parameters.text("channel").map(ChannelName::new),
        rule: parameters.text("rule").map(RuleName::new),
        state: parameters.word("state", &DeliveryState::ALL.map(DeliveryState::as_str), DeliveryState::parse),
        project,
        limit: limit + 1,
        ..DeliveryFilter::default()
    };
    let after = parameters.cursor(DELIVERIES, |place| match place {
        [position] => position.as_i64(),
        _ => None,
    });
    parameters.end()?;
    let found = engine.deliveries(&filter, after).await?;
    if found.is_empty() {
        names_must_exist(&engine, &filter).await?;
    }
    let cursor = |(position, _): &(i64, DeliveryRow)| page::cursor(DELIVERIES, &[json!(position)]);
    Ok(Json(page::page(found, limit, cursor, |(_, delivery)| view(delivery))))
}

/// One delivery with its attempts.
pub(crate) async fn one(
    State(engine): State<Arc<Engine>>,
    Sight(project): Sight,
    Named(id): Named,
    RawQuery(text): RawQuery,
) -> Result<Json<Value>, ApiError> {
    parameters::none(text.as_deref())?;
    let Some((delivery, attempts)) = engine.delivery(&id, project.as_ref()).await? else {
        return Err(no_such_delivery(format!("no delivery has the id `{id}`")));
    };
    let mut shown = view(&delivery);
    if let Some(object) = shown.as_object_mut() {
        object.insert("attempt_log".to_owned(), attempts.iter().map(attempt).collect());
    }
    Ok(Json(shown))
}

/// Makes a dead delivery due again, under the same id.
pub(crate) async fn retry(
    State(engine): State<Arc<Engine>>,
    Named(id): Named,
    RawQuery(text): RawQuery,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    parameters::none(text.as_deref())?;
    if engine.retry_delivery(&id).await? {
        return Ok((StatusCode::ACCEPTED, Json(json!({"id": id, "state": "pending"}))));
    }
    Err(no_such_delivery(format!("no dead or waiting delivery has the id `{id}`")))
}

/// A delivery, with the fields that `watchfire deliveries list` prints.
pub(crate) fn view(row: &DeliveryRow) -> Value {
    json!({
        "id": row.id.to_string(),
        "channel": row.channel.as_str(),
        "rule": row.rule.as_ref().map(RuleName::as_str),
        "type": row.kind.as_str(),
        "state": row.state.as_str(),
        "attempts": row.attempts,
        "next_at": instant(row.next_at),
        "last_error": row.last_error,
        "created_at": row.created_at.to_string(),
        "done_at": instant(row.done_at),
    })
}

fn attempt(row: &AttemptRow) -> Value {
    json!({
        "number": row.number,
        "started_at": row.started_at.to_string(),
        "finished_at": row.finished_at.to_string(),
        "outcome": row.outcome,
        "detail": row.detail,
    })
}

async fn names_must_exist(engine: &Engine, filter: &DeliveryFilter) -> Result<(), ApiError> {
    if let Some(rule) = &filter.rule {
        runs::must_exist(engine, rule, filter.project.as_ref()).await?;
    }
    let Some(channel) = &filter.channel else { return Ok(()) };
    let known = engine.channel_names(filter.project.as_ref());
    if known.iter().any(|name| name == channel.as_str()) {
        return Ok(());
    }
    // One that no rule tells any more is known as long as deliveries to it are kept.
    let (channel_of, project) = (Some(channel.clone()), filter.project.clone());
    let kept = DeliveryFilter { channel: channel_of, project, limit: 1, ..DeliveryFilter::default() };
    if !engine.deliveries(&kept, None).await?.is_empty() {
        return Ok(());
    }
    Err(unknown::unknown("channel", "no_such_channel", channel.as_str(), known, "?channel".to_owned()))
}

fn no_such_delivery(message: String) -> ApiError {
    ApiError {
        status: StatusCode::NOT_FOUND,
        code: "no_such_delivery",
        message,
        place: None,
        help: Some("`GET /api/deliveries` and `watchfire deliveries list` show the ids".to_owned()),
    }
}

//! Deliveries over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};
use watchfire_engine::Engine;

use crate::error::ApiError;

/// Makes a dead delivery due again, under the same id.
pub(crate) async fn retry(
    State(engine): State<Arc<Engine>>,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    if engine.retry_delivery(&id).await? {
        return Ok((StatusCode::ACCEPTED, Json(json!({"id": id, "state": "pending"}))));
    }
    Err(ApiError {
        status: StatusCode::NOT_FOUND,
        code: "no_such_delivery",
        message: format!("no dead or waiting delivery has the id `{id}`"),
        place: None,
        help: Some("`watchfire deliveries list` shows the ids".to_owned()),
    })
}

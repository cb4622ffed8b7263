//! Which definitions are in force, over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use serde_json::{Value, json};
use watchfire_engine::Engine;

use crate::error::ApiError;
use crate::parameters;

/// Since when the definitions are in force, and why newer ones are not.
pub(crate) async fn status(
    State(engine): State<Arc<Engine>>,
    RawQuery(text): RawQuery,
) -> Result<Json<Value>, ApiError> {
    parameters::none(text.as_deref())?;
    let status = engine.definitions_status();
    let refused = status.refused.map(|refusal| json!({"at": refusal.at.to_string(), "problems": refusal.problems}));
    Ok(Json(json!({"since": status.since.to_string(), "rules": status.rules, "refused": refused})))
}

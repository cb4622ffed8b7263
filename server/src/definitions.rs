//! Which definitions are in force, over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use watchfire_engine::Engine;

/// Since when the definitions are in force, and why newer ones are not.
pub(crate) async fn status(State(engine): State<Arc<Engine>>) -> Json<Value> {
    let status = engine.definitions_status();
    let refused = status.refused.map(|refusal| json!({"at": refusal.at.to_string(), "problems": refusal.problems}));
    Json(json!({"since": status.since.to_string(), "rules": status.rules, "refused": refused}))
}

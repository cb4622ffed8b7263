//! Is it alive, is it ready, and how is it doing? The first two never need a token.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use watchfire_engine::Engine;

use crate::error::ApiError;

/// The process answers.
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// The store answers too.
pub(crate) async fn readyz(State(engine): State<Arc<Engine>>) -> Result<&'static str, ApiError> {
    engine.is_ready().await?;
    Ok("ready\n")
}

/// Figures for Prometheus.
pub(crate) async fn metrics(State(engine): State<Arc<Engine>>) -> impl IntoResponse {
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, content_type)], engine.metrics().await)
}

//! What Logfire's clients ask before they send or query: whose token is it?

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::HOST;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::{Value, json};
use watchfire_engine::{Engine, Grant};

/// Answers 200 with nothing, to everybody.
pub(crate) const HEALTH: &str = "/v1/health";
/// Whose is a token to write with?
pub(crate) const INFO: &str = "/v1/info";
/// Whose is a token to read with?
pub(crate) const READ_TOKEN_INFO: &str = "/v1/read-token-info";
/// Where questions are posted, although nothing is changed by them.
pub(crate) const QUERIES: [&str; 2] = ["/v1/query", "/v2/query"];

/// Whether errors at this path have Logfire's shape.
pub(crate) fn is_path(path: &str) -> bool {
    ["/v1/", "/v2/", "/api/v1/", "/ui-api/"].iter().any(|prefix| path.starts_with(prefix))
}

pub(crate) async fn health() -> StatusCode {
    StatusCode::OK
}

pub(crate) async fn info(
    State(engine): State<Arc<Engine>>,
    Extension(grant): Extension<Grant>,
    headers: HeaderMap,
) -> Json<Value> {
    Json(json!({"project_name": grant.project.name.as_str(), "project_url": own_url(&engine, &headers)}))
}

pub(crate) async fn read_token_info(Extension(grant): Extension<Grant>) -> Json<Value> {
    let project = &grant.project;
    Json(json!({
        "token_id": grant.token,
        "organization_id": project.organization,
        "project_id": project.id.to_string(),
        "expires_at": null,
        "organization_name": project.organization,
        "project_name": project.name.as_str(),
    }))
}

/// Where people find us: the public address, else the name under which they asked.
fn own_url(engine: &Engine, headers: &HeaderMap) -> String {
    let asked = || {
        let host = headers.get(HOST).and_then(|host| host.to_str().ok());
        format!("http://{}", host.unwrap_or("localhost"))
    };
    engine.public_url().unwrap_or_else(asked).trim_end_matches('/').to_owned()
}

/// An error in Logfire's shape.
pub(crate) fn refused(status: StatusCode, detail: &str) -> Response {
    let mut response = (status, Json(json!({"detail": detail}))).into_response();
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert("www-authenticate", HeaderValue::from_static("Bearer"));
    }
    response
}

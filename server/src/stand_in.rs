//! A receiver on this machine that stands in for Slack, Discord and Opsgenie: it takes what they take,
//! answers as they answer, and hands every message on. For the demo; it enforces nothing.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use serde_json::{Value as JsonValue, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc::UnboundedSender;

use crate::ServeError;

/// The path of the Slack webhook.
pub const SLACK_PATH: &str = "/services/T0DEMO/B0DEMO/demo";
/// The path of the Discord webhook.
pub const DISCORD_PATH: &str = "/api/webhooks/1/demo";

/// One message as it came over the wire.
#[derive(Debug, Clone, PartialEq)]
pub enum Taken {
    /// A message to a Slack channel.
    Slack(JsonValue),
    /// A message to a Discord channel.
    Discord(JsonValue),
    /// A new Opsgenie alert.
    OpsgenieCreate(JsonValue),
    /// Something about an alert that is there: `close`, `notes` or `acknowledge`.
    OpsgenieUpdate {
        /// The alert's alias.
        alias: String,
        /// The last segment of the path.
        action: String,
        /// The body.
        body: JsonValue,
    },
}

/// Serves on `listener` until dropped; every message is sent to `taken` before it is answered.
///
/// # Errors
/// When the listener breaks.
pub async fn serve(listener: TcpListener, taken: UnboundedSender<Taken>) -> Result<(), ServeError> {
    let router = Router::new()
        .route(SLACK_PATH, post(slack))
        .route(DISCORD_PATH, post(discord))
        .route("/v2/alerts", post(opsgenie_create))
        .route("/v2/alerts/requests/{id}", get(opsgenie_request))
        .route("/v2/alerts/{alias}/{action}", post(opsgenie_update))
        .with_state(taken);
    axum::serve(listener, router).await.map_err(ServeError::Serve)
}

type Post = State<UnboundedSender<Taken>>;

async fn slack(State(taken): Post, body: Bytes) -> Response {
    let Some(body) = parsed(&body) else { return (StatusCode::BAD_REQUEST, "invalid_payload").into_response() };
    hand_on(&taken, Taken::Slack(body));
    "ok".into_response()
}

async fn discord(State(taken): Post, body: Bytes) -> Response {
    let Some(body) = parsed(&body) else {
        return (StatusCode::BAD_REQUEST, Json(json!({"code": 50109, "message": "no JSON"}))).into_response();
    };
    hand_on(&taken, Taken::Discord(body));
    Json(json!({"id": "1300000000000000001", "type": 0})).into_response()
}

async fn opsgenie_create(State(taken): Post, body: Bytes) -> Response {
    let Some(body) = parsed(&body) else { return unprocessable() };
    hand_on(&taken, Taken::OpsgenieCreate(body));
    accepted()
}

async fn opsgenie_update(State(taken): Post, Path((alias, action)): Path<(String, String)>, body: Bytes) -> Response {
    let Some(body) = parsed(&body) else { return unprocessable() };
    hand_on(&taken, Taken::OpsgenieUpdate { alias, action, body });
    accepted()
}

async fn opsgenie_request(Path(id): Path<String>) -> Json<JsonValue> {
    Json(json!({"data": {"success": true, "isSuccess": true, "status": "processed"}, "took": 0.01, "requestId": id}))
}

fn accepted() -> Response {
    let body = json!({"result": "Request will be processed", "took": 0.01, "requestId": "demo-request"});
    (StatusCode::ACCEPTED, Json(body)).into_response()
}

fn unprocessable() -> Response {
    (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({"message": "Request body is not processable."}))).into_response()
}

fn parsed(body: &Bytes) -> Option<JsonValue> {
    serde_json::from_slice(body).ok()
}

/// Whoever looks at the messages may have seen enough and gone; the sender shall not notice.
fn hand_on(taken: &UnboundedSender<Taken>, message: Taken) {
    let _ = taken.send(message);
}

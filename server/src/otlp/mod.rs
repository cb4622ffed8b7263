//! OpenTelemetry's front doors: OTLP over HTTP and over gRPC.
//!
//! ```text
//!  request ─► access (token) ─► content (type, encoding) ─► body (bytes, in time, within the cap)
//!          ─► unpack (gzip, zstd, deflate, within the cap) ─► engine.ingest ─► answer | refusal
//! ```
//!
//! Both doors refuse for the same reasons ([`Refusal`]); they only say it in different words.

mod answer;
mod body;
mod chunks;
mod content;
mod grpc;
mod http;
mod refusal;
mod status;
mod unpack;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use axum::routing::post;
use watchfire_engine::{Encoding, Engine, Grant, Ingested, Signal};

pub(crate) use body::{Pace, discard, read};
pub(crate) use grpc::{is_grpc, unimplemented};
pub(crate) use refusal::Refusal;

use chunks::Chunks;
use content::Compression;

/// What every request to these doors needs.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) engine: Arc<Engine>,
    /// Most bytes of a request, as it is sent and once it is unpacked.
    pub(crate) request_bytes_max: usize,
}

/// The doors over HTTP and gRPC.
pub(crate) fn routes(door: Door) -> Router {
    let http = Router::new()
        .route("/v1/traces", post(http::traces))
        .route("/v1/traces/", post(http::traces))
        .route("/v1/logs", post(http::logs))
        .route("/v1/logs/", post(http::logs))
        .route("/v1/metrics", post(http::metrics))
        .route("/v1/metrics/", post(http::metrics))
        .with_state(door.clone());
    http.merge(grpc_routes(door))
}

/// The doors over gRPC alone.
pub(crate) fn grpc_routes(door: Door) -> Router {
    Router::new()
        .route(grpc::TRACES, post(grpc::traces))
        .route(grpc::LOGS, post(grpc::logs))
        .route(grpc::METRICS, post(grpc::metrics))
        .with_state(door)
}

/// Whether a request is one of OpenTelemetry's, and then what it is about.
pub(crate) fn signal_of(path: &str) -> Option<Signal> {
    match path {
        "/v1/traces" | "/v1/traces/" | grpc::TRACES => Some(Signal::Traces),
        "/v1/logs" | "/v1/logs/" | grpc::LOGS => Some(Signal::Logs),
        "/v1/metrics" | "/v1/metrics/" | grpc::METRICS => Some(Signal::Metrics),
        _ => None,
    }
}

/// Says no before any door was opened, in the words of the door that was asked; what is still sent is thrown away.
pub(crate) async fn refuse(engine: &Engine, request: Request, refusal: &Refusal) -> Response {
    let signal = signal_of(request.uri().path());
    let (is_grpc, encoding) = (is_grpc(&request), content::answer_encoding(request.headers().get(CONTENT_TYPE)));
    discard(request).await;
    if let Some(signal) = signal {
        engine.ingest_answered(signal, refusal.http_status().as_u16());
    }
    if is_grpc { grpc::refused(refusal) } else { http::refused(encoding, refusal) }
}

/// Says that a path of OpenTelemetry's does not take this method, in the form of the request.
pub(crate) fn no_such_method(headers: &HeaderMap, message: String) -> Response {
    http::refused(content::answer_encoding(headers.get(CONTENT_TYPE)), &Refusal::Method(message))
}

/// What both doors do with a request once they know how it is written.
async fn take(
    door: &Door,
    grant: &Grant,
    signal: Signal,
    encoding: Encoding,
    compression: Compression,
    (chunks, mut held): (Chunks, watchfire_engine::Held),
) -> Result<Ingested, Refusal> {
    let (engine, limit) = (&door.engine, door.request_bytes_max);
    let unpacked = engine.work(chunks.size_bytes(), move || {
        unpack::unpack(chunks, compression, limit, &mut held).map(|body| (body, held))
    });
    let (body, held) = unpacked.await.ok_or_else(Refusal::broken)??;
    Ok(engine.ingest(&grant.project.name, signal, encoding, body, held).await?)
}

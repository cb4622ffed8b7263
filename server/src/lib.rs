//! The front doors: HTTP, and OTLP over gRPC. A handler extracts, calls the engine, and maps the answer.
//!
//! ```text
//!  connections (how many, how long) ─► access (which token, else which name) ─► otlp | logfire | the own API
//! ```
//!
//! Without configured tokens only loopback addresses are served: [`bind`] refuses any other. Handlers are in the file
//! of what they show (`rules`, `runs`, `deliveries`); `parameters`, `page`, `unknown` and `error` are what they share:
//! one way to ask, to list and to say no.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests"))]

mod access;
mod connections;
mod definitions;
mod deliveries;
mod download;
mod error;
mod health;
mod host;
mod logfire;
mod named;
mod otlp;
mod page;
mod pages;
mod parameters;
mod reports;
mod result_file;
mod rule_view;
mod rules;
mod run_view;
mod runs;
pub mod stand_in;
mod unknown;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::middleware;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use watchfire_engine::Engine;

use crate::access::Door;
use crate::connections::Connections;

pub use error::ServeError;

/// Most bytes of one request as it is sent, and once it is unpacked, unless somebody says otherwise.
pub const REQUEST_BYTES_MAX: usize = 100_000_000;
/// Most connections at a time, unless somebody says otherwise. Who comes then waits until another ends; those that
/// are idle end soon.
pub const CONNECTIONS_MAX: usize = 2_048;

/// What is listened on, and how much is taken at once.
#[derive(Debug)]
pub struct Doors {
    /// HTTP, and gRPC too.
    pub http: TcpListener,
    /// gRPC alone.
    pub grpc: Option<TcpListener>,
    /// Most bytes of one request, as it is sent and once it is unpacked; default [`REQUEST_BYTES_MAX`].
    pub request_bytes_max: usize,
    /// Most connections at a time, of both listeners together; default [`CONNECTIONS_MAX`].
    pub connections_max: usize,
}

impl Doors {
    /// One listener for everything, with the usual limits.
    pub const fn new(http: TcpListener) -> Self {
        Self { http, grpc: None, request_bytes_max: REQUEST_BYTES_MAX, connections_max: CONNECTIONS_MAX }
    }
}

/// Binds the address; port 0 takes any free port. Without tokens it must be a loopback address.
pub async fn bind(listen: SocketAddr, has_tokens: bool) -> Result<TcpListener, ServeError> {
    if !listen.ip().is_loopback() && !has_tokens {
        return Err(ServeError::NotLoopback { listen });
    }
    TcpListener::bind(listen).await.map_err(|source| ServeError::Bind { listen, source })
}

/// Serves until `stopping` resolves, then lets open requests end, for a moment.
pub async fn serve(
    doors: Doors,
    engine: Arc<Engine>,
    stopping: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let Doors { http, grpc, request_bytes_max, connections_max } = doors;
    let connections = Connections::new(connections_max);
    let otlp = otlp::Door { engine: Arc::clone(&engine), request_bytes_max };
    let door = |listener: &TcpListener| -> Result<Door, ServeError> {
        let listen = listener.local_addr().map_err(ServeError::Serve)?;
        Ok(Door { engine: Arc::clone(&engine), listen })
    };
    if let Some(grpc) = grpc {
        let router = guarded(otlp::grpc_routes(otlp.clone()).fallback(error::no_such_path), door(&grpc)?);
        connections.accept(grpc, router);
    }
    let router = guarded(router(Arc::clone(&engine)).merge(otlp::routes(otlp)), door(&http)?);
    connections.accept(http, router);
    stopping.await;
    connections.stop().await;
    Ok(())
}

fn guarded(router: Router, door: Door) -> Router {
    router.layer(middleware::from_fn_with_state(door, access::guard))
}

fn router(engine: Arc<Engine>) -> Router {
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .route(logfire::HEALTH, get(logfire::health))
        .route(logfire::INFO, get(logfire::info))
        .route(logfire::READ_TOKEN_INFO, get(logfire::read_token_info))
        .route("/alerts/{name}", get(pages::alert))
        .route("/reports/{name}", get(pages::report))
        .route("/api/definitions", get(definitions::status))
        .route("/api/alerts", get(rules::alerts))
        .route("/api/alerts/{name}", get(rules::alert))
        .route("/api/reports", get(rules::reports))
        .route("/api/reports/{name}", get(rules::report))
        .route("/api/reports/{name}/runs", get(reports::runs))
        .route("/api/reports/{name}/runs/{id}/result", get(reports::result))
        .route("/api/runs", get(runs::list))
        .route("/api/deliveries", get(deliveries::list))
        .route("/api/deliveries/{id}", get(deliveries::one))
        .route("/api/deliveries/{id}/retry", post(deliveries::retry))
        .fallback(error::no_such_path)
        .method_not_allowed_fallback(error::no_such_method)
        .with_state(engine)
}

//! The HTTP front doors. A handler extracts, calls the engine, and maps the answer.
//!
//! Without configured tokens only loopback addresses are served; [`bind`] refuses any other, and `host` refuses
//! names that do not mean this server. Handlers are in the file of what they show (`rules`, `runs`, `deliveries`);
//! `parameters`, `page`, `unknown` and `error` are what they share: one way to ask, to list and to say no.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests"))]

mod definitions;
mod deliveries;
mod download;
mod error;
mod health;
mod host;
mod named;
mod page;
mod pages;
mod parameters;
mod query;
mod reports;
mod result_file;
mod rule_view;
mod rules;
mod run_view;
mod runs;
pub mod stand_in;
mod unknown;

use std::future::IntoFuture;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tracing::warn;
use watchfire_engine::Engine;

use crate::host::Door;

pub use error::ServeError;

/// How long shutdown waits for requests that are under way.
const OPEN_REQUESTS_AT_MOST: Duration = Duration::from_secs(2);

/// Binds the address; port 0 takes any free port.
pub async fn bind(listen: SocketAddr) -> Result<TcpListener, ServeError> {
    if !listen.ip().is_loopback() {
        return Err(ServeError::NotLoopback { listen });
    }
    TcpListener::bind(listen).await.map_err(|source| ServeError::Bind { listen, source })
}

/// Serves until `stopping` resolves, then lets open requests end, for a moment.
pub async fn serve(
    listener: TcpListener,
    engine: Arc<Engine>,
    stopping: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let listen = listener.local_addr().map_err(ServeError::Serve)?;
    let (asked, is_asked) = oneshot::channel();
    let stopping = async move {
        stopping.await;
        // Who listens has not gone away: it is awaited below.
        let _ = asked.send(());
    };
    let serving = axum::serve(listener, router(engine, listen)).with_graceful_shutdown(stopping);
    // A client that never finishes its request must not keep the process from ending.
    let too_long = async move {
        if is_asked.await.is_err() {
            std::future::pending().await
        }
        tokio::time::sleep(OPEN_REQUESTS_AT_MOST).await;
    };
    tokio::select! {
        served = serving.into_future() => served.map_err(ServeError::Serve),
        () = too_long => {
            warn!("Stopping without waiting longer for open requests");
            Ok(())
        }
    }
}

fn router(engine: Arc<Engine>, listen: SocketAddr) -> Router {
    let door = Door { engine: Arc::clone(&engine), listen };
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
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
        .route("/v1/query", get(query::v1))
        .route("/v2/query", post(query::v2))
        .fallback(error::no_such_path)
        .method_not_allowed_fallback(error::no_such_method)
        .with_state(engine)
        .layer(middleware::from_fn_with_state(door, host::guard))
}

//! The HTTP front doors. A handler extracts, calls the engine, and maps the answer.
//!
//! Without configured tokens only loopback addresses are served; [`bind`] refuses any other.

mod definitions;
mod deliveries;
mod error;
mod health;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use watchfire_engine::Engine;

pub use error::ServeError;

/// Binds the address; port 0 takes any free port.
pub async fn bind(listen: SocketAddr) -> Result<TcpListener, ServeError> {
    if !listen.ip().is_loopback() {
        return Err(ServeError::NotLoopback { listen });
    }
    TcpListener::bind(listen).await.map_err(|source| ServeError::Bind { listen, source })
}

/// Serves until `stopping` resolves, then ends open requests.
pub async fn serve(
    listener: TcpListener,
    engine: Arc<Engine>,
    stopping: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    axum::serve(listener, router(engine)).with_graceful_shutdown(stopping).await.map_err(ServeError::Serve)
}

fn router(engine: Arc<Engine>) -> Router {
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .route("/api/definitions", get(definitions::status))
        .route("/api/deliveries/{id}/retry", post(deliveries::retry))
        .fallback(error::no_such_path)
        .method_not_allowed_fallback(error::no_such_method)
        .with_state(engine)
}

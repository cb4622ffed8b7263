//! The HTTP front doors. A handler extracts, calls the engine, and maps the answer.
//!
//! Without configured tokens only loopback addresses are served; [`bind`] refuses any other.

mod definitions;
mod deliveries;
mod error;
mod health;
pub mod stand_in;

use std::future::IntoFuture;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tracing::warn;
use watchfire_engine::Engine;

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
    let (asked, is_asked) = oneshot::channel();
    let stopping = async move {
        stopping.await;
        // Who listens has not gone away: it is awaited below.
        let _ = asked.send(());
    };
    let serving = axum::serve(listener, router(engine)).with_graceful_shutdown(stopping);
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

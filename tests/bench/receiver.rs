//! A webhook receiver that takes everything at once and keeps what matters.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use anyhow::Context;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use axum::{Router, http::StatusCode};
use serde_json::Value as Json;
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// One message.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// When its last byte came.
    pub at: Instant,
    /// Its id.
    pub id: String,
    /// Its type, for example `alert.started`.
    pub kind: String,
    /// Its instance as JSON text.
    pub instance: String,
}

/// A running receiver.
pub struct Receiver {
    /// Where it takes messages.
    pub url: String,
    kept: Arc<Kept>,
    _serving: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct Kept {
    arrivals: Mutex<Vec<Arrival>>,
    came: Notify,
}

impl Receiver {
    /// Starts on a free port.
    ///
    /// # Errors
    /// When there is none.
    pub async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("a free port")?;
        let url = format!("http://{}/hook", listener.local_addr()?);
        let kept = Arc::new(Kept::default());
        let router = Router::new().route("/hook", post(take)).with_state(Arc::clone(&kept));
        let serving = tokio::task::spawn(async move { drop(axum::serve(listener, router).await) });
        Ok(Self { url, kept, _serving: serving })
    }

    /// Everything that came so far, in order.
    pub fn arrivals(&self) -> Vec<Arrival> {
        self.kept.arrivals.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until so many have come.
    pub async fn wait_for(&self, count: usize) {
        loop {
            let came = self.kept.came.notified();
            if self.kept.arrivals.lock().unwrap_or_else(PoisonError::into_inner).len() >= count {
                return;
            }
            came.await;
        }
    }
}

async fn take(State(kept): State<Arc<Kept>>, body: Bytes) -> StatusCode {
    let at = Instant::now();
    let Ok(body) = serde_json::from_slice::<Json>(&body) else { return StatusCode::BAD_REQUEST };
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let arrival = Arrival {
        at,
        id: text(&body["id"]),
        kind: text(&body["type"]),
        instance: body["instance"].to_string(),
    };
    kept.arrivals.lock().unwrap_or_else(PoisonError::into_inner).push(arrival);
    kept.came.notify_waiters();
    StatusCode::NO_CONTENT
}

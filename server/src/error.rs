//! Errors over HTTP have one body: `{"error": {"code", "message", "where", "help"}}`.

use std::net::SocketAddr;

use axum::Json;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::{logfire, otlp};

/// Why the server cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Without tokens only loopback is safe.
    #[error(
        "`{listen}` is not a loopback address, and without tokens anybody who reaches it could read and change everything; listen on 127.0.0.1 or [::1], or give a project a token (`projects:`)"
    )]
    NotLoopback {
        /// The refused address.
        listen: SocketAddr,
    },
    /// The address is taken or not ours.
    #[error("cannot listen on {listen}: {source}; choose another with `--listen HOST:PORT`")]
    Bind {
        /// The wanted address.
        listen: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// Serving broke off.
    #[error("serving stopped: {0}")]
    Serve(std::io::Error),
}

/// What a client gets instead of an answer.
#[derive(Debug)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) place: Option<String>,
    pub(crate) help: Option<String>,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let Self { status, code, message, place, help } = self;
        let body = json!({"error": {"code": code, "message": message, "where": place, "help": help}});
        (status, Json(body)).into_response()
    }
}

impl From<watchfire_engine::Error> for ApiError {
    fn from(trouble: watchfire_engine::Error) -> Self {
        let (status, code, help) = match &trouble {
            watchfire_engine::Error::Result(_) => {
                let help = "the stored file is damaged: look for a backup of the database, and at its disk; \
                            `format=parquet` gives the file as it is";
                (StatusCode::INTERNAL_SERVER_ERROR, "broken_result", help)
            }
            watchfire_engine::Error::LogBroken { .. } => {
                let help = "restart the server; its log says what broke, please report it";
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", help)
            }
            trouble if trouble.is_transient() => {
                let help = "try again; `/readyz` says when the store answers";
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", help)
            }
            _ => {
                let help = "trying again does not help; the log of the server says more, please report it";
                (StatusCode::INTERNAL_SERVER_ERROR, "internal", help)
            }
        };
        Self { status, code, message: trouble.to_string(), place: None, help: Some(help.to_owned()) }
    }
}

/// There is nothing at this path, in the words of those who ask there.
pub(crate) async fn no_such_path(request: Request) -> Response {
    let uri = request.uri();
    if otlp::is_grpc(&request) {
        return otlp::unimplemented(uri.path());
    }
    if logfire::is_path(uri.path()) {
        return logfire::refused(StatusCode::NOT_FOUND, &format!("there is nothing at `{}`", uri.path()));
    }
    let refused = ApiError {
        status: StatusCode::NOT_FOUND,
        code: "no_such_path",
        message: format!("there is nothing at `{}`", uri.path()),
        place: Some(uri.path().to_owned()),
        help: Some("paths are listed in docs/api.md".to_owned()),
    };
    refused.into_response()
}

/// The path is there, and does not take this method.
pub(crate) async fn no_such_method(request: Request) -> Response {
    let path = request.uri().path();
    let message = format!("`{path}` does not take {}", request.method());
    if otlp::signal_of(path).is_some() {
        return otlp::no_such_method(request.headers(), message);
    }
    if logfire::is_path(path) {
        return logfire::refused(StatusCode::METHOD_NOT_ALLOWED, &message);
    }
    let refused = ApiError {
        status: StatusCode::METHOD_NOT_ALLOWED,
        code: "no_such_method",
        message,
        place: Some(path.to_owned()),
        help: Some("paths and methods are listed in docs/api.md".to_owned()),
    };
    refused.into_response()
}

#[cfg(test)]
mod tests {
    use watchfire_engine::{Error, decode_result};

    use super::*;

    #[tokio::test]
    async fn what_no_second_try_mends_does_not_ask_for_one() {
        let damaged = ApiError::from(decode_result(b"PAR1 but damaged PAR1".to_vec()).await.unwrap_err());
        assert_eq!((damaged.status, damaged.code), (StatusCode::INTERNAL_SERVER_ERROR, "broken_result"));
        let waited = std::time::Duration::from_secs(10);
        let silent = ApiError::from(Error::StoreSilent { waited });
        assert_eq!((silent.status, silent.code), (StatusCode::SERVICE_UNAVAILABLE, "unavailable"));
    }
}

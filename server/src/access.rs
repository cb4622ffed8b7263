//! Who may ask: whoever shows a token that opens what is asked for, or nobody who was led here by a web page.
//!
//! With tokens, every path but [`FOR_EVERYBODY`] needs one, on any address and under any name: a page in a browser
//! cannot know a token. Without tokens only loopback is listened on, and `host` keeps pages out.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{AUTHORIZATION, HeaderName};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use watchfire_engine::{Access, Engine, Grant};
use watchfire_model::{ProjectName, TokenScope};

use crate::error::ApiError;
use crate::otlp::{self, Refusal};
use crate::{host, logfire};

/// What tells nothing and changes nothing: probes may ask under any name and without a token.
const FOR_EVERYBODY: [&str; 3] = ["/healthz", "/readyz", logfire::HEALTH];
/// What is about the whole server, and so about all projects.
const OF_ALL_PROJECTS: &str = "/metrics";
/// The version of this server, which Logfire's Terraform provider reads.
const VERSION_HEADER: HeaderName = HeaderName::from_static("logfire-version");

/// What [`guard`] looks at.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) engine: Arc<Engine>,
    pub(crate) listen: SocketAddr,
}

/// The project whose rules, runs and deliveries the sender of a request may see; `None`: those of all.
pub(crate) struct Sight(pub(crate) Option<ProjectName>);

impl<S: Send + Sync> FromRequestParts<S> for Sight {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        match parts.extensions.get::<Grant>() {
            Some(grant) => Ok(Self(grant.sees().cloned())),
            // A path without a guard in front of it shows nothing.
            None => Err(ApiError::from(Stopped::Unauthenticated("the request carries no token"))),
        }
    }
}

/// Why a request goes no further.
#[derive(Debug, PartialEq, Eq)]
enum Stopped {
    /// It shows no token, or one that nobody knows.
    Unauthenticated(&'static str),
    /// Its token opens something else.
    Forbidden { has: TokenScope, needs: TokenScope },
    /// There are no tokens, and others than this machine can reach us.
    Open,
}

/// Lets through who may ask, and tells the handlers for which project.
pub(crate) async fn guard(State(door): State<Door>, mut request: Request, next: Next) -> Response {
    let response = if FOR_EVERYBODY.contains(&request.uri().path()) {
        next.run(request).await
    } else {
        match allowed(&door, &request) {
            Ok(grant) => {
                request.extensions_mut().insert(grant);
                next.run(request).await
            }
            Err(refused) => refuse(&door.engine, request, refused).await,
        }
    };
    with_version(response)
}

fn with_version(mut response: Response) -> Response {
    response.headers_mut().insert(VERSION_HEADER, HeaderValue::from_static(env!("CARGO_PKG_VERSION")));
    response
}

fn allowed(door: &Door, request: &Request) -> Result<Grant, ApiError> {
    let access = door.engine.access();
    let needs = needed_scope(request.method(), request.uri().path());
    let is_near = door.listen.ip().is_loopback();
    match by_token(&access, request.headers(), needs, is_near).map_err(ApiError::from)? {
        Some(grant) => Ok(grant),
        None => {
            host::check(request, door.listen.ip(), door.engine.public_url().as_deref())?;
            Ok(access.of_everybody())
        }
    }
}

/// What the token of a request opens; `None`: no token is needed here.
fn by_token(access: &Access, headers: &HeaderMap, needs: TokenScope, is_near: bool) -> Result<Option<Grant>, Stopped> {
    if !access.has_tokens() {
        // They were there when we began to listen, and are gone since.
        return if is_near { Ok(None) } else { Err(Stopped::Open) };
    }
    let given = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
    if given.is_empty() {
        return Err(Stopped::Unauthenticated("the request carries no token"));
    }
    // Logfire's SDK sends a token as it is, most others behind a word. The token itself may begin with that word.
    let known = access.of(given).or_else(|| access.of(behind_bearer(given)?));
    let grant = known.ok_or(Stopped::Unauthenticated("the token is not known here"))?;
    if grant.scope.opens(needs) { Ok(Some(grant.clone())) } else { Err(Stopped::Forbidden { has: grant.scope, needs }) }
}

fn behind_bearer(given: &[u8]) -> Option<&[u8]> {
    let (word, token) = given.split_at_checked("Bearer ".len())?;
    word.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

/// What a request needs: sending telemetry is writing, asking about a project is reading, all else is for admins.
fn needed_scope(method: &Method, path: &str) -> TokenScope {
    let asks = *method == Method::GET || *method == Method::HEAD || logfire::QUERIES.contains(&path);
    if otlp::signal_of(path).is_some() || path == logfire::INFO {
        TokenScope::Write
    } else if asks && path != OF_ALL_PROJECTS {
        TokenScope::Read
    } else {
        TokenScope::Admin
    }
}

impl From<Stopped> for ApiError {
    fn from(stopped: Stopped) -> Self {
        let (status, code, message, help) = match stopped {
            Stopped::Unauthenticated(why) => (
                StatusCode::UNAUTHORIZED,
                "unauthenticated",
                format!("{why}; send `Authorization: Bearer TOKEN` with a token of `projects:`"),
                "`watchfire projects` prints what to send; commands take `--token` or `WATCHFIRE_TOKEN`",
            ),
            Stopped::Forbidden { has, needs } => (
                StatusCode::FORBIDDEN,
                "forbidden",
                format!("the token has the scope `{has}`, and this needs `{needs}`"),
                "use a token with that scope, or one with `admin`, which opens everything",
            ),
            Stopped::Open => (
                StatusCode::UNAUTHORIZED,
                "unauthenticated",
                "the definitions in force hold no tokens any more, and this address is not loopback".to_owned(),
                "give a project a token, or listen on 127.0.0.1",
            ),
        };
        Self { status, code, message, place: Some("Authorization".to_owned()), help: Some(help.to_owned()) }
    }
}

/// Says no in the words of the path that was asked for.
async fn refuse(engine: &Engine, request: Request, refused: ApiError) -> Response {
    let path = request.uri().path();
    if otlp::signal_of(path).is_some() || otlp::is_grpc(&request) {
        let said = match refused.help {
            Some(help) if refused.status == StatusCode::FORBIDDEN => format!("{}; {help}", refused.message),
            Some(_) | None => refused.message,
        };
        let refusal = if refused.status == StatusCode::UNAUTHORIZED {
            Refusal::Unauthenticated(said)
        } else {
            Refusal::Forbidden(said)
        };
        return otlp::refuse(engine, request, &refusal).await;
    }
    let is_logfire = logfire::is_path(path);
    otlp::discard(request).await;
    if is_logfire { logfire::refused(refused.status, &refused.message) } else { refused.into_response() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_needs_the_scope_of_what_it_does() {
        for (method, path, needs) in [
            (Method::POST, "/v1/traces", TokenScope::Write),
            (Method::POST, "/opentelemetry.proto.collector.logs.v1.LogsService/Export", TokenScope::Write),
            (Method::GET, "/v1/info", TokenScope::Write),
            (Method::GET, "/v1/read-token-info", TokenScope::Read),
            (Method::GET, "/v1/query", TokenScope::Read),
            (Method::POST, "/v2/query", TokenScope::Read),
            (Method::GET, "/api/alerts", TokenScope::Read),
            (Method::GET, "/metrics", TokenScope::Admin),
            (Method::HEAD, "/metrics", TokenScope::Admin),
            (Method::GET, "/no/such/path", TokenScope::Read),
            (Method::POST, "/api/deliveries/x/retry", TokenScope::Admin),
            (Method::DELETE, "/api/silences/x", TokenScope::Admin),
            (Method::POST, "/v1/query", TokenScope::Read),
        ] {
            assert_eq!(needed_scope(&method, path), needs, "{method} {path}");
        }
    }

    #[test]
    fn a_token_may_stand_alone_or_behind_its_word() {
        assert_eq!(behind_bearer(b"Bearer abc"), Some(b"abc".as_slice()));
        assert_eq!(behind_bearer(b"bearer  abc "), Some(b"abc".as_slice()));
        assert_eq!(behind_bearer(b"Basic abc"), None);
        assert_eq!(behind_bearer(b"Bearer"), None);
    }
}

//! Errors as Logfire's clients read them: by `Accept` a problem (RFC 9457), or the older JSON of the path.

use axum::Json as JsonBody;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value as Json, json};
use watchfire_engine::{Engine, Grant, QueryError, QueryMistake};
use watchfire_model::{Failure, FailureCode, ProjectName};

use super::Version;
use super::accept::{ANSWERED, Accept};
use crate::logfire::own_url;

/// What the answers of one request have in common.
pub(super) struct Refuser {
    pub(super) version: Version,
    pub(super) accept: Accept,
    pub(super) project: ProjectName,
    /// `organization/project`.
    context: String,
    /// Where this server is found.
    base: String,
}

/// Why there is no answer.
pub(super) struct Refusal {
    status: StatusCode,
    kind: Kind,
    message: String,
    is_retryable: bool,
    retry_after_s: Option<u64>,
    body: OldBody,
}

/// What clients knew before there were problems.
enum OldBody {
    /// `{"error": E, "details": {…}}`, which `/v1/query` wraps as text.
    Query { error: &'static str, details: Json },
    /// `{"detail": …}` on both paths.
    Detail(Json),
}

/// The words for a kind of error.
struct Kind {
    slug: &'static str,
    title: &'static str,
    code: &'static str,
    category: &'static str,
}

const QUERY: Kind = Kind { slug: "query-error", title: "Query Error", code: "query_error", category: "query" };
const REQUEST: Kind =
    Kind { slug: "validation-error", title: "Validation Error", code: "validation_error", category: "request" };
const BUSY: Kind = Kind { slug: "rate-limited", title: "Rate Limited", code: "rate_limited", category: "rate_limit" };

impl Refusal {
    pub(super) fn of(error: &QueryError) -> Self {
        match error {
            QueryError::Busy { retry_after, .. } => Self::busy(&error.to_string(), retry_after.as_secs().max(1)),
            QueryError::Mistake(mistake) => Self::mistake(mistake),
            QueryError::Failed(failure) => Self::failed(failure),
        }
    }

    fn mistake(mistake: &QueryMistake) -> Self {
        let message = &mistake.message;
        let mut details = json!({"error_type": "UserError", "kind": "Error", "code": mistake.code, "message": message});
        if let Some(span) = mistake.span {
            details["span"] = json!({
                "start": {"line": span.line, "column": span.column},
                "end": {"line": span.line, "column": span.end_column},
            });
        }
        Self::query(StatusCode::BAD_REQUEST, "invalid query", message, details, false)
    }

    /// A query that did not run to its end.
    pub(super) fn failed(failure: &Failure) -> Self {
        let (status, error_type, is_retryable) = match failure.code {
            FailureCode::InvalidQuery => (StatusCode::BAD_REQUEST, "UserError", false),
            FailureCode::Execution | FailureCode::Memory | FailureCode::TooManyRows | FailureCode::DuplicateKey => {
                (StatusCode::BAD_REQUEST, "ExecutionError", false)
            }
            FailureCode::Timeout => (StatusCode::GATEWAY_TIMEOUT, "TimeoutError", true),
            FailureCode::Source => (StatusCode::SERVICE_UNAVAILABLE, "SourceError", true),
            FailureCode::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "InternalError", false),
        };
        let message = &failure.message;
        let details =
            json!({"error_type": error_type, "kind": "Error", "code": failure.code.as_str(), "message": message});
        Self::query(status, "query failed", message, details, is_retryable)
    }

    fn query(status: StatusCode, error: &'static str, message: &str, details: Json, is_retryable: bool) -> Self {
        let body = OldBody::Query { error, details };
        Self { status, kind: QUERY, message: message.to_owned(), is_retryable, retry_after_s: None, body }
    }

    /// What is wrong with the request itself.
    pub(super) fn invalid(mistakes: Vec<Json>) -> Self {
        let said = |one: &Json| {
            let place = one["loc"].as_array().into_iter().flatten().map(|part| match part {
                Json::String(part) => part.clone(),
                other => other.to_string(),
            });
            format!("{}: {}", place.collect::<Vec<_>>().join("."), one["msg"].as_str().unwrap_or_default())
        };
        let message = mistakes.iter().map(said).collect::<Vec<_>>().join("; ");
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            kind: REQUEST,
            message,
            is_retryable: false,
            retry_after_s: None,
            body: OldBody::Detail(Json::from(mistakes)),
        }
    }

    /// Too many ask.
    pub(super) fn busy(message: &str, retry_after_s: u64) -> Self {
        Self {
            status: StatusCode::TOO_MANY_REQUESTS,
            kind: BUSY,
            message: message.to_owned(),
            is_retryable: true,
            retry_after_s: Some(retry_after_s),
            body: OldBody::Detail(message.into()),
        }
    }

    /// The body cannot be taken: it is too large, or broke off.
    pub(super) fn body(status: StatusCode, message: &str) -> Self {
        Self {
            status,
            kind: REQUEST,
            message: message.to_owned(),
            is_retryable: false,
            retry_after_s: None,
            body: OldBody::Detail(message.into()),
        }
    }

    pub(super) fn not_acceptable() -> Self {
        Self::body(
            StatusCode::NOT_ACCEPTABLE,
            &format!("`Accept` names no form that is answered; there are {ANSWERED}"),
        )
    }
}

impl Refuser {
    pub(super) fn new(version: Version, headers: &HeaderMap, engine: &Engine, grant: &Grant) -> Self {
        let base = own_url(engine, headers);
        let project = grant.project.name.clone();
        let context = format!("{}/{project}", grant.project.organization);
        Self { version, accept: Accept::of(headers), project, context, base }
    }

    /// Says whose data it is.
    pub(super) fn sign(&self, headers: &mut HeaderMap) {
        // A name with letters beyond ASCII is no header.
        if let Ok(context) = HeaderValue::from_str(&self.context) {
            headers.insert("x-logfire-context", context);
        }
    }

    pub(super) fn refuse(&self, refusal: Refusal) -> Response {
        let Refusal { status, retry_after_s, .. } = refusal;
        let mut response = if self.accept.takes_problems {
            let mut response = JsonBody(self.problem(&refusal)).into_response();
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
            response
        } else {
            JsonBody(self.old_body(&refusal)).into_response()
        };
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(VARY, HeaderValue::from_static("Accept"));
        headers.insert("x-logfire-source", HeaderValue::from_static("fusionfire"));
        if let Some(seconds) = retry_after_s {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        self.sign(headers);
        response
    }

    fn problem(&self, refusal: &Refusal) -> Json {
        let Kind { slug, title, code, category } = refusal.kind;
        let detail = match (&refusal.body, self.version) {
            (OldBody::Query { error, details }, Version::V1) => as_text(error, details),
            (OldBody::Query { .. }, Version::V2) | (OldBody::Detail(_), _) => refusal.message.clone(),
        };
        let details = match &refusal.body {
            OldBody::Query { details, .. } => details.clone(),
            OldBody::Detail(detail) => json!({"detail": detail}),
        };
        let mut problem = json!({
            "type": format!("{}/-/errors/{slug}", self.base),
            "title": title,
            "status": refusal.status.as_u16(),
            "detail": detail,
            "error_code": code,
            "error_category": category,
            "retryable": refusal.is_retryable,
            "error_details": details,
        });
        if let Some(seconds) = refusal.retry_after_s {
            problem["retry_after"] = seconds.into();
        }
        problem
    }

    fn old_body(&self, refusal: &Refusal) -> Json {
        match (&refusal.body, self.version) {
            (OldBody::Query { error, details }, Version::V1) => json!({"detail": as_text(error, details)}),
            (OldBody::Query { error, details }, Version::V2) => json!({"error": error, "details": details}),
            (OldBody::Detail(detail), _) => json!({"detail": detail}),
        }
    }
}

fn as_text(error: &str, details: &Json) -> String {
    json!({"error": error, "details": details}).to_string()
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use watchfire_engine::SqlSpan;

    use super::*;

    fn refuser(version: Version, takes_problems: bool) -> Refuser {
        Refuser {
            version,
            accept: Accept { form: None, takes_problems },
            project: ProjectName::new("demo"),
            context: "acme/demo".to_owned(),
            base: "https://watchfire.example".to_owned(),
        }
    }

    async fn refused(version: Version, takes_problems: bool, refusal: Refusal) -> (u16, HeaderMap, Json) {
        let response = refuser(version, takes_problems).refuse(refusal);
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        (parts.status.as_u16(), parts.headers, serde_json::from_slice(&body).unwrap())
    }

    fn mistake() -> Refusal {
        Refusal::of(&QueryError::Mistake(QueryMistake {
            code: "sql_syntax",
            message: "Expected: an SQL statement, found: SELET".to_owned(),
            span: Some(SqlSpan { line: 1, column: 1, end_column: 6 }),
        }))
    }

    fn details() -> Json {
        json!({
            "error_type": "UserError",
            "kind": "Error",
            "code": "sql_syntax",
            "message": "Expected: an SQL statement, found: SELET",
            "span": {"start": {"line": 1, "column": 1}, "end": {"line": 1, "column": 6}},
        })
    }

    #[tokio::test]
    async fn a_mistake_in_sql_is_told_as_logfire_tells_it() {
        let problem = json!({
            "type": "https://watchfire.example/-/errors/query-error",
            "title": "Query Error",
            "status": 400,
            "detail": "Expected: an SQL statement, found: SELET",
            "error_code": "query_error",
            "error_category": "query",
            "retryable": false,
            "error_details": details(),
        });
        let (status, headers, body) = refused(Version::V2, true, mistake()).await;
        assert_eq!((status, body), (400, problem.clone()));
        assert_eq!(headers[CONTENT_TYPE], "application/problem+json");
        assert_eq!(headers[VARY], "Accept");
        assert_eq!(headers["x-logfire-context"], "acme/demo");
        assert!(!headers.contains_key(RETRY_AFTER));
        let old = json!({"error": "invalid query", "details": details()});
        let (_, headers, body) = refused(Version::V2, false, mistake()).await;
        assert_eq!((headers[CONTENT_TYPE].as_bytes(), body), (&b"application/json"[..], old.clone()));
        let (_, _, body) = refused(Version::V1, false, mistake()).await;
        assert_eq!(body, json!({"detail": old.to_string()}));
        let (_, headers, body) = refused(Version::V1, true, mistake()).await;
        let mut expected = problem;
        expected["detail"] = old.to_string().into();
        assert_eq!(body, expected);
        assert_eq!(headers["x-logfire-source"], "fusionfire");
    }

    #[tokio::test]
    async fn who_should_come_back_is_told_when() {
        let busy = || Refusal::busy("32 queries wait", 1);
        let (status, headers, body) = refused(Version::V2, true, busy()).await;
        assert_eq!((status, headers[RETRY_AFTER].as_bytes()), (429, &b"1"[..]));
        assert_eq!((&body["retryable"], &body["retry_after"]), (&json!(true), &json!(1)));
        let (_, _, body) = refused(Version::V1, false, busy()).await;
        assert_eq!(body, json!({"detail": "32 queries wait"}));
    }

    #[tokio::test]
    async fn what_is_wrong_with_a_request_is_a_list() {
        let list = json!([{"loc": ["body", "sql"], "msg": "Field required", "type": "missing"}]);
        let invalid = || Refusal::invalid(list.as_array().unwrap().clone());
        let (status, _, body) = refused(Version::V2, false, invalid()).await;
        assert_eq!((status, body), (422, json!({"detail": list})));
        let (_, _, body) = refused(Version::V2, true, invalid()).await;
        assert_eq!(
            (&body["error_details"], &body["detail"]),
            (&json!({"detail": list}), &json!("body.sql: Field required"))
        );
    }

    #[test]
    fn every_failure_has_a_status() {
        for (code, status) in [
            (FailureCode::InvalidQuery, 400),
            (FailureCode::Execution, 400),
            (FailureCode::Memory, 400),
            (FailureCode::TooManyRows, 400),
            (FailureCode::Timeout, 504),
            (FailureCode::Source, 503),
            (FailureCode::Internal, 500),
        ] {
            assert_eq!(Refusal::failed(&Failure::new(code, "why")).status.as_u16(), status, "{}", code.as_str());
        }
    }
}

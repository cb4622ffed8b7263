//! `POST /v2/query`: a query as a JSON body.

use std::sync::{Arc, LazyLock};

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Map, Value as Json, json};
use watchfire_engine::{Engine, Grant, QueryRequest, Room};
use watchfire_model::Timestamp;

use super::Version;
use super::refusal::{Refusal, Refuser};
use super::reply::{Asked, reply};
use super::validation::Mistakes;
use crate::otlp;

/// Rows of an answer when nobody says how many.
const LIMIT_DEFAULT: usize = 100;

/// Most bytes of a body.
const BODY_BYTES_MAX: usize = 2 << 20;
/// What all bodies may take that are under way.
const BODIES_BYTES_MAX: usize = 64 << 20;

/// The room of all bodies.
static BODIES: LazyLock<Room> = LazyLock::new(|| Room::new(BODIES_BYTES_MAX));

pub(crate) async fn query(
    State(engine): State<Arc<Engine>>,
    Extension(grant): Extension<Grant>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let refuser = Refuser::new(Version::V2, &headers, &engine, &grant);
    let mut held = BODIES.enter(&grant.project.name);
    let body = match otlp::read(body, BODY_BYTES_MAX, otlp::Pace::QUESTION, &mut held).await {
        Ok(body) => body.into_bytes(),
        Err(refusal) => return refuser.refuse(unread(&refusal)),
    };
    let asked = asked(&body, engine.now());
    drop((body, held));
    match asked {
        Ok(asked) => reply(&engine, asked, &refuser).await,
        Err(mistakes) => refuser.refuse(Refusal::invalid(mistakes)),
    }
}

/// Why a body is not read, in Logfire's words.
fn unread(refusal: &otlp::Refusal) -> Refusal {
    match refusal {
        otlp::Refusal::Busy(message) => Refusal::busy(message, 1),
        otlp::Refusal::TooLarge(_) => {
            Refusal::body(refusal.http_status(), &format!("the body has more than {BODY_BYTES_MAX} bytes"))
        }
        otlp::Refusal::Unauthenticated(message)
        | otlp::Refusal::Forbidden(message)
        | otlp::Refusal::Unsupported(message)
        | otlp::Refusal::Method(message)
        | otlp::Refusal::TooSlow(message)
        | otlp::Refusal::Malformed(message)
        | otlp::Refusal::Unavailable(message)
        | otlp::Refusal::Broken(message) => Refusal::body(refusal.http_status(), message),
    }
}

/// Reads the body. Members that are not known are passed over: newer clients may send more.
fn asked(body: &[u8], now: Timestamp) -> Result<Asked, Vec<Json>> {
    let body: Json = serde_json::from_slice(body).map_err(|error| {
        vec![json!({"loc": ["body", error.column()], "msg": format!("JSON decode error: {error}"), "type": "json_invalid"})]
    })?;
    let Json::Object(body) = body else {
        return Err(vec![
            json!({"loc": ["body"], "msg": "Input should be an object", "type": "model_attributes_type"}),
        ]);
    };
    let mut fields = Fields { body, mistakes: Mistakes::new("body") };
    let sql = fields.text("sql", true).unwrap_or_default();
    let min = fields.instant("min_timestamp", true);
    let max = fields.instant("max_timestamp", false);
    fields.mistakes.order(min, max);
    let limit = fields.limit();
    let zone = fields.text("timezone", false).and_then(|name| fields.mistakes.zone("timezone", &name));
    let environments = fields.texts("deployment_environment");
    let explain = fields.switch("explain").unwrap_or(false);
    let with_schema = fields.switch("include_schema").unwrap_or(true);
    fields.mistakes.end()?;
    let request = QueryRequest { min, max, zone, environments, explain, ..QueryRequest::new(sql, limit, now) };
    Ok(Asked { request, with_schema, by_row: true })
}

/// The members of a body, with what is wrong with them.
struct Fields {
    body: Map<String, Json>,
    mistakes: Mistakes,
}

impl Fields {
    /// The member, unless it is null, which stands for none.
    fn take(&mut self, name: &str, is_required: bool) -> Option<Json> {
        let value = self.body.remove(name);
        if value.is_none() && is_required {
            self.mistakes.missing(name);
        }
        value.filter(|value| is_required || !value.is_null())
    }

    fn text(&mut self, name: &str, is_required: bool) -> Option<String> {
        match self.take(name, is_required)? {
            Json::String(text) => Some(text),
            _ => {
                self.mistakes.note(name, "string_type", "Input should be a valid string");
                None
            }
        }
    }

    fn instant(&mut self, name: &str, is_required: bool) -> Option<Timestamp> {
        match self.take(name, is_required)? {
            Json::String(text) => self.mistakes.instant(name, &text, false),
            _ => {
                self.mistakes.note(name, "datetime_type", "Input should be a valid datetime");
                None
            }
        }
    }

    fn limit(&mut self) -> usize {
        let limit = match self.take("limit", false) {
            None => None,
            Some(value) => {
                if value.as_i64().is_none() {
                    self.mistakes.note("limit", "int_type", "Input should be a valid integer");
                }
                value.as_i64()
            }
        };
        self.mistakes.limit("limit", limit, LIMIT_DEFAULT)
    }

    fn switch(&mut self, name: &str) -> Option<bool> {
        let value = self.take(name, false)?;
        if value.as_bool().is_none() {
            self.mistakes.note(name, "bool_type", "Input should be a valid boolean");
        }
        value.as_bool()
    }

    fn texts(&mut self, name: &str) -> Option<Vec<String>> {
        let texts = match self.take(name, false)? {
            Json::Array(items) => {
                items.into_iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
            }
            _ => None,
        };
        if texts.is_none() {
            self.mistakes.note(name, "list_type", "Input should be a valid list of strings");
        }
        texts
    }
}

#[cfg(test)]
mod tests {
    use watchfire_engine::QueryZone;

    use super::*;

    fn now() -> Timestamp {
        Timestamp::parse("2026-11-20T06:30:00Z").unwrap()
    }

    fn mistakes(body: &str) -> String {
        match asked(body.as_bytes(), now()) {
            Ok(_) => String::new(),
            Err(mistakes) => mistakes
                .iter()
                .map(|one| format!("{} {}", one["loc"], one["type"].as_str().unwrap()))
                .collect::<Vec<_>>()
                .join("; "),
        }
    }

    #[test]
    fn what_the_client_of_logfire_sends_is_read() {
        let body = r#"{"sql": "SELECT 1", "explain": false, "include_schema": true, "limit": 10000,
                       "min_timestamp": "2026-11-20T05:00:00.123456+00:00", "max_timestamp": null,
                       "timezone": "Europe/Berlin", "deployment_environment": ["prod", ""], "new_member": 1}"#;
        let Asked { request, with_schema, by_row } = asked(body.as_bytes(), now()).unwrap();
        assert!(with_schema && by_row);
        let min = Timestamp::parse("2026-11-20T05:00:00.123456Z");
        let expected = QueryRequest {
            min,
            zone: QueryZone::parse("Europe/Berlin"),
            environments: Some(vec!["prod".to_owned(), String::new()]),
            ..QueryRequest::new("SELECT 1", 10_000, now())
        };
        assert_eq!(request, expected);
    }

    #[test]
    fn all_mistakes_of_a_body_are_told_at_once() {
        assert_eq!(mistakes("{}"), r#"["body","sql"] missing; ["body","min_timestamp"] missing"#);
        assert_eq!(
            mistakes(
                r#"{"sql": 1, "min_timestamp": "2026-11-20T05:00:00", "max_timestamp": "soon", "limit": 10001,
                    "timezone": "Mars/Olympus", "deployment_environment": "prod", "explain": "yes"}"#
            ),
            r#"["body","sql"] string_type; ["body","min_timestamp"] timezone_aware; ["body","max_timestamp"] datetime_from_date_parsing; ["body","limit"] less_than_equal; ["body","timezone"] value_error; ["body","deployment_environment"] list_type; ["body","explain"] bool_type"#
        );
        let valid = r#""sql": "SELECT 1", "min_timestamp": "2026-11-20T05:00:00Z""#;
        assert_eq!(mistakes(&format!("{{{valid}, \"limit\": -1}}")), r#"["body","limit"] greater_than_equal"#);
        assert_eq!(mistakes(&format!("{{{valid}, \"limit\": 1.5}}")), r#"["body","limit"] int_type"#);
        assert_eq!(
            mistakes(&format!("{{{valid}, \"max_timestamp\": \"2026-11-20T04:00:00Z\"}}")),
            r#"["body","max_timestamp"] value_error"#
        );
        assert_eq!(mistakes("[]"), r#"["body"] model_attributes_type"#);
        assert!(mistakes("{").ends_with("json_invalid"));
        assert_eq!(mistakes(&format!("{{{valid}}}")), "");
    }
}

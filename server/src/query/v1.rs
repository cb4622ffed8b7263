//! `GET /v1/query`: a query as parameters.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::Value as Json;
use url::form_urlencoded;
use watchfire_engine::{Engine, Grant, QueryRequest};
use watchfire_model::Timestamp;

use super::Version;
use super::refusal::{Refusal, Refuser};
use super::reply::{Asked, reply};
use super::validation::Mistakes;

/// Rows of an answer when nobody says how many.
const LIMIT_DEFAULT: usize = 500;
/// Bytes of `2026-11-20 `.
const DATE_AND_SPACE: usize = 11;

pub(crate) async fn query(
    State(engine): State<Arc<Engine>>,
    Extension(grant): Extension<Grant>,
    headers: HeaderMap,
    RawQuery(text): RawQuery,
) -> Response {
    let refuser = Refuser::new(Version::V1, &headers, &engine, &grant);
    match asked(text.as_deref().unwrap_or_default(), engine.now()) {
        Ok(asked) => reply(&engine, asked, &refuser).await,
        Err(mistakes) => refuser.refuse(Refusal::invalid(mistakes)),
    }
}

/// Reads the parameters. Unknown ones are passed over, as in the original; of one that is given twice the last counts.
fn asked(text: &str, now: Timestamp) -> Result<Asked, Vec<Json>> {
    let given: Vec<(String, String)> = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
    let environments: Vec<String> =
        given.iter().filter(|(name, _)| name == "deployment_environment").map(|(_, value)| value.clone()).collect();
    let given: HashMap<String, String> = given.into_iter().collect();
    let mut mistakes = Mistakes::new("query");
    let get = |name: &str| given.get(name).map(String::as_str);
    let sql = get("sql").map(str::to_owned);
    if sql.is_none() {
        mistakes.missing("sql");
    }
    let mut instant = |name: &str| {
        let text = get(name).filter(|text| !text.is_empty())?;
        // A `+` that nobody escaped is a space by now; one between the date and the time is meant.
        let (date, time) = text.split_at_checked(DATE_AND_SPACE).unwrap_or((text, ""));
        mistakes.instant(name, &format!("{date}{}", time.replace(' ', "+")), true)
    };
    let (min, max) = (instant("min_timestamp"), instant("max_timestamp"));
    mistakes.order(min, max);
    let limit = get("limit").map(str::parse::<i64>);
    if let Some(Err(_)) = limit {
        mistakes.note("limit", "int_parsing", "Input should be a valid integer");
    }
    let limit = mistakes.limit("limit", limit.and_then(Result::ok), LIMIT_DEFAULT);
    let zone = get("timezone").and_then(|name| mistakes.zone("timezone", name));
    let by_row = get("json_rows").is_some_and(|text| switch("json_rows", text, &mut mistakes));
    let explain = get("explain").is_some_and(|text| switch("explain", text, &mut mistakes));
    mistakes.end()?;
    let environments = (!environments.is_empty()).then_some(environments);
    let sql = sql.unwrap_or_default();
    let request = QueryRequest { min, max, zone, environments, explain, ..QueryRequest::new(sql, limit, now) };
    Ok(Asked { request, with_schema: true, by_row })
}

fn switch(name: &str, text: &str, mistakes: &mut Mistakes) -> bool {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" | "t" | "y" => true,
        "false" | "0" | "no" | "off" | "f" | "n" => false,
        _ => {
            mistakes.note(name, "bool_parsing", "Input should be a valid boolean, unable to interpret input");
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        Timestamp::parse("2026-11-20T06:30:00Z").unwrap()
    }

    #[test]
    fn parameters_are_read_and_instants_without_an_offset_are_utc() {
        let text = "sql=SELECT%201&min_timestamp=2026-11-20T05%3A00%3A00&max_timestamp=2026-11-20T07:00:00+01:00\
                    &json_rows=true&limit=7&other=1&deployment_environment=prod&deployment_environment=";
        let Asked { request, by_row, .. } = asked(text, now()).unwrap();
        let expected = QueryRequest {
            min: Timestamp::parse("2026-11-20T05:00:00Z"),
            max: Timestamp::parse("2026-11-20T06:00:00Z"),
            environments: Some(vec!["prod".to_owned(), String::new()]),
            ..QueryRequest::new("SELECT 1", 7, now())
        };
        assert_eq!((request, by_row), (expected, true));
        let plain = asked("sql=SELECT+1", now()).unwrap();
        assert_eq!((plain.request, plain.by_row), (QueryRequest::new("SELECT 1", 500, now()), false));
    }

    #[test]
    fn all_mistakes_of_the_parameters_are_told_at_once() {
        let mistakes = asked("limit=x&min_timestamp=soon&json_rows=maybe&timezone=Mars", now()).unwrap_err();
        let shown: Vec<String> = mistakes.iter().map(|one| format!("{} {}", one["loc"][1], one["type"])).collect();
        assert_eq!(
            shown,
            [
                r#""sql" "missing""#,
                r#""min_timestamp" "datetime_from_date_parsing""#,
                r#""limit" "int_parsing""#,
                r#""timezone" "value_error""#,
                r#""json_rows" "bool_parsing""#
            ]
        );
    }
}

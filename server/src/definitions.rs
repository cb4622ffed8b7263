//! Which definitions are in force, over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use serde_json::{Value, json};
use watchfire_engine::Engine;

use crate::access::Sight;
use crate::error::ApiError;
use crate::parameters;

/// Since when the definitions are in force, and why newer ones are not. Who sees one project alone sees how many rules
/// that has, and only how many mistakes there are: their words are those of all projects' files.
pub(crate) async fn status(
    State(engine): State<Arc<Engine>>,
    Sight(project): Sight,
    RawQuery(text): RawQuery,
) -> Result<Json<Value>, ApiError> {
    parameters::none(text.as_deref())?;
    let status = engine.definitions_status();
    let rules = match &project {
        Some(project) => engine.rule_names(None, Some(project)).len(),
        None => status.rules,
    };
    let refused = status.refused.map(|refusal| {
        let problems = match &project {
            Some(_) => vec![hidden(refusal.problems.len())],
            None => refusal.problems,
        };
        json!({"at": refusal.at.to_string(), "problems": problems})
    });
    Ok(Json(json!({"since": status.since.to_string(), "rules": rules, "refused": refused})))
}

fn hidden(mistakes: usize) -> String {
    format!("{mistakes} mistake(s), which a token with the scope `admin` shows, and `watchfire check`")
}

//! Alerts and reports over HTTP: how all of them stand, and one of them in full.

use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use serde_json::{Value, json};
use watchfire_engine::{AlertFilter, AlertOverview, Engine, HealthName, InstancePlace};
use watchfire_model::{ConditionName, ProjectName, RuleKind, RuleName};

use crate::access::Sight;
use crate::error::ApiError;
use crate::named::Named;
use crate::parameters::{self, Parameters};
use crate::rule_view::{self, INSTANCES};
use crate::{page, unknown};

/// All conditions, for people who mistype one.
const STATES: [ConditionName; 4] =
    [ConditionName::Firing, ConditionName::Pending, ConditionName::Inactive, ConditionName::Resolved];

/// All alerts, by name.
pub(crate) async fn alerts(
    State(engine): State<Arc<Engine>>,
    sight: Sight,
    RawQuery(text): RawQuery,
) -> Result<Json<Value>, ApiError> {
    let known = ["state", "health", "label", "limit", "cursor"];
    list(&engine, sight, RuleKind::Alert, "alerts", Parameters::read(text.as_deref(), &known)).await
}

/// All reports, by name.
pub(crate) async fn reports(
    State(engine): State<Arc<Engine>>,
    sight: Sight,
    RawQuery(text): RawQuery,
) -> Result<Json<Value>, ApiError> {
    let known = ["health", "label", "limit", "cursor"];
    list(&engine, sight, RuleKind::Report, "reports", Parameters::read(text.as_deref(), &known)).await
}

/// One alert, with its instances.
pub(crate) async fn alert(
    State(engine): State<Arc<Engine>>,
    sight: Sight,
    Named(name): Named,
    RawQuery(text): RawQuery,
) -> Result<Json<Value>, ApiError> {
    let mut parameters = Parameters::read(text.as_deref(), &["limit", "cursor"]);
    let limit = parameters.limit();
    let after = parameters.cursor(INSTANCES, |place| match place {
        [condition, severity, key] => Some(InstancePlace {
            condition: condition.as_i64()?,
            severity: severity.as_i64()?,
            key: key.as_str()?.to_owned(),
        }),
        _ => None,
    });
    parameters.end()?;
    one(&engine, sight, RuleKind::Alert, &name, after.as_ref(), limit).await
}

/// One report.
pub(crate) async fn report(
    State(engine): State<Arc<Engine>>,
    sight: Sight,
    Named(name): Named,
    RawQuery(text): RawQuery,
) -> Result<Json<Value>, ApiError> {
    parameters::none(text.as_deref())?;
    one(&engine, sight, RuleKind::Report, &name, None, 0).await
}

async fn list(
    engine: &Engine,
    Sight(project): Sight,
    kind: RuleKind,
    list: &'static str,
    mut parameters: Parameters,
) -> Result<Json<Value>, ApiError> {
    let states = STATES.map(ConditionName::as_str);
    let state = |word: &str| STATES.into_iter().find(|state| state.as_str() == word);
    let healths = HealthName::ALL.map(HealthName::as_str);
    let health = |word: &str| HealthName::ALL.into_iter().find(|health| health.as_str() == word);
    let limit = parameters.limit();
    let filter = AlertFilter {
        kind,
        project,
        state: parameters.word("state", &states, state),
        health: parameters.word("health", &healths, health),
        labels: labels(&mut parameters),
        after: parameters.cursor(list, |place| match place {
            [name, project] => Some((name.as_str()?.to_owned(), project.as_str()?.to_owned())),
            _ => None,
        }),
        limit: limit + 1,
    };
    parameters.end()?;
    let found = engine.alerts(&filter).await?;
    let cursor = |rule: &AlertOverview| page::cursor(list, &[json!(rule.words.name), json!(rule.words.project)]);
    Ok(Json(page::page(found, limit, cursor, rule_view::overview)))
}

/// `label=KEY=VALUE`, as often as wanted.
fn labels(parameters: &mut Parameters) -> Vec<(String, String)> {
    let mut labels = Vec::new();
    for text in parameters.all("label") {
        match text.split_once('=') {
            Some((key, value)) => labels.push((key.to_owned(), value.to_owned())),
            None => {
                let message = format!("`label={text}` names no value");
                parameters.wrong("label", message, "write for example `label=team=shop`".to_owned());
            }
        }
    }
    labels
}

async fn one(
    engine: &Engine,
    Sight(project): Sight,
    kind: RuleKind,
    name: &str,
    after: Option<&InstancePlace>,
    limit: usize,
) -> Result<Json<Value>, ApiError> {
    match engine.alert(kind, &RuleName::new(name), project.as_ref(), after, limit).await? {
        Some(found) => Ok(Json(rule_view::detail(&found, limit))),
        None => Err(no_such_rule(engine, project.as_ref(), kind, name)),
    }
}

/// No rule in force is of this kind and name; perhaps one of the other kind is.
pub(crate) fn no_such_rule(engine: &Engine, project: Option<&ProjectName>, kind: RuleKind, name: &str) -> ApiError {
    let names = |kind| engine.rule_names(Some(kind), project);
    let place = format!("/api/{}s/{name}", kind.as_str());
    let mut error = unknown::unknown(kind.as_str(), "no_such_rule", name, names(kind), place);
    let other = match kind {
        RuleKind::Alert | RuleKind::Issue => RuleKind::Report,
        RuleKind::Report => RuleKind::Alert,
    };
    if names(other).iter().any(|known| known == name) {
        let other = other.as_str();
        error.help = Some(format!("it is the name of a rule of another kind: see /api/{other}s"));
    }
    error
}

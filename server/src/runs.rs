//! Runs over HTTP.

use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use serde_json::{Value, json};
use watchfire_engine::{DeliveryFilter, Engine, RunFilter, RunPlace, RunRow, RunStatus};
use watchfire_model::{ProjectName, RuleName, Timestamp};

use crate::access::Sight;
use crate::error::ApiError;
use crate::parameters::Parameters;
use crate::{page, run_view, unknown};

/// The name under which the cursors of runs go.
const RUNS: &str = "runs";

/// Runs and skipped slots, the newest slot first.
pub(crate) async fn list(
    State(engine): State<Arc<Engine>>,
    Sight(project): Sight,
    RawQuery(text): RawQuery,
) -> Result<Json<Value>, ApiError> {
    let mut parameters = Parameters::read(text.as_deref(), &["rule", "status", "before", "limit", "cursor"]);
    let limit = parameters.limit();
    let filter = RunFilter {
        rule: parameters.text("rule").map(RuleName::new),
        status: parameters.word("status", &RunStatus::ALL.map(RunStatus::as_str), RunStatus::parse),
        before: parameters.instant("before"),
        project,
        limit: limit + 1,
        ..RunFilter::default()
    };
    let after = cursor(&mut parameters);
    parameters.end()?;
    let found = engine.runs(&filter, after).await?;
    if let (Some(rule), true) = (&filter.rule, found.is_empty()) {
        must_exist(&engine, rule, filter.project.as_ref()).await?;
    }
    Ok(Json(page::page(found, limit, place, |(_, run)| run_view::run(run))))
}

/// Where the page before ended.
pub(crate) fn cursor(parameters: &mut Parameters) -> Option<RunPlace> {
    parameters.cursor(RUNS, |place| match place {
        [last_at, position] => {
            Some(RunPlace { last_at: Timestamp::from_micros(last_at.as_i64()?), position: position.as_i64()? })
        }
        _ => None,
    })
}

/// The cursor that leads behind a run.
pub(crate) fn place((place, _): &(RunPlace, RunRow)) -> String {
    page::cursor(RUNS, &[json!(place.last_at.as_micros()), json!(place.position)])
}

/// Nothing was found about a rule: it has nothing of that, or there is none of this name, nor ever was.
pub(crate) async fn must_exist(
    engine: &Engine,
    rule: &RuleName,
    project: Option<&ProjectName>,
) -> Result<(), ApiError> {
    let known = engine.rule_names(None, project);
    if known.iter().any(|name| name == rule.as_str()) {
        return Ok(());
    }
    // One that is deleted is known as long as anything of it is kept.
    let (rule_of, project) = (Some(rule.clone()), project.cloned());
    let runs = RunFilter { rule: rule_of.clone(), project: project.clone(), limit: 1, ..RunFilter::default() };
    let deliveries = DeliveryFilter { rule: rule_of, project, limit: 1, ..DeliveryFilter::default() };
    if !engine.runs(&runs, None).await?.is_empty() || !engine.deliveries(&deliveries, None).await?.is_empty() {
        return Ok(());
    }
    Err(unknown::unknown("rule", "no_such_rule", rule.as_str(), known, "?rule".to_owned()))
}

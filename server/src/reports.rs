//! The runs of a report over HTTP, and their results as files.

use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use watchfire_engine::{Engine, RunFilter, RunRow, RunStatus, StoredBody, decode_result};
use watchfire_model::{RuleKind, RuleName, Timestamp};

use crate::access::Sight;
use crate::download::{self, DOWNLOADS, Room};
use crate::error::ApiError;
use crate::named::Named;
use crate::parameters::Parameters;
use crate::result_file::{Format, file_name};
use crate::{page, result_file, rules, run_view, runs};

/// Results are written in another form one by one: each may take a hundred times the memory that it takes on disk.
static CONVERTING: Semaphore = Semaphore::const_new(1);

/// The runs of one report, the newest slot first; their `id` is their slot.
pub(crate) async fn runs(
    State(engine): State<Arc<Engine>>,
    Sight(project): Sight,
    Named(name): Named,
    RawQuery(text): RawQuery,
) -> Result<Json<Value>, ApiError> {
    let mut parameters = Parameters::read(text.as_deref(), &["status", "before", "limit", "cursor"]);
    let limit = parameters.limit();
    let status = parameters.word("status", &RunStatus::ALL.map(RunStatus::as_str), RunStatus::parse);
    let before = parameters.instant("before");
    let after = runs::cursor(&mut parameters);
    parameters.end()?;
    let uid = engine.rule_uid(RuleKind::Report, &RuleName::new(&name), project.as_ref());
    let Some(uid) = uid else { return Err(rules::no_such_rule(&engine, project.as_ref(), RuleKind::Report, &name)) };
    let filter = RunFilter { uid: Some(uid), status, before, limit: limit + 1, ..RunFilter::default() };
    let found = engine.runs(&filter, after).await?;
    Ok(Json(page::page(found, limit, runs::place, |(_, run)| run_by_slot(run))))
}

fn run_by_slot(run: &RunRow) -> Value {
    let mut view = run_view::run(run);
    if let Some(object) = view.as_object_mut() {
        object.insert("id".to_owned(), json!(run.scheduled_for.to_string()));
    }
    view
}

/// The stored result of one run.
pub(crate) async fn result(
    State(engine): State<Arc<Engine>>,
    Sight(project): Sight,
    Named((name, id)): Named<(String, String)>,
    RawQuery(text): RawQuery,
) -> Result<Response, ApiError> {
    let mut parameters = Parameters::read(text.as_deref(), &["format"]);
    let format = parameters.word("format", &Format::ALL.map(Format::as_str), Format::parse).unwrap_or(Format::Json);
    parameters.end()?;
    let rule = RuleName::new(&name);
    // Before anything is read: what is read stays in memory until it is sent.
    let turn = download::turn(&DOWNLOADS).await?;
    let found = match Timestamp::parse(&id) {
        Some(slot) => engine.report_result(&rule, project.as_ref(), slot).await?,
        None => None,
    };
    let Some(found) = found else {
        if engine.rule_uid(RuleKind::Report, &rule, project.as_ref()).is_none() {
            return Err(rules::no_such_rule(&engine, project.as_ref(), RuleKind::Report, &name));
        }
        return Err(no_such_result(&name, &id));
    };
    let disposition = file_name(&name, found.result.scheduled_for, format);
    let body = converted(found, format).await?;
    let room = Room::of(body.len()).await?;
    let headers = [
        (CONTENT_TYPE, format.content_type().to_owned()),
        (CONTENT_DISPOSITION, disposition),
        (CONTENT_LENGTH, body.len().to_string()),
    ];
    Ok((headers, download::body(body, (turn, room))).into_response())
}

async fn converted(found: StoredBody, format: Format) -> Result<Vec<u8>, ApiError> {
    let StoredBody { result, parquet } = found;
    if format == Format::Parquet {
        return Ok(parquet);
    }
    let _turn = CONVERTING.acquire().await.expect("nobody closes it");
    let (columns, rows) = decode_result(parquet).await?;
    let written = spawn_blocking(move || match format {
        Format::Json | Format::Parquet => Ok(result_file::json(&result, &columns, &rows)),
        Format::Csv => result_file::csv(&columns, &rows),
    });
    match written.await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(_)) | Err(_) => Err(ApiError {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "broken_result",
            message: "the result cannot be written in this form".to_owned(),
            place: Some("?format".to_owned()),
            help: Some("`format=parquet` gives it as it is stored; please report this".to_owned()),
        }),
    }
}

fn no_such_result(name: &str, id: &str) -> ApiError {
    ApiError {
        status: StatusCode::NOT_FOUND,
        code: "no_such_result",
        message: format!("report `{name}` has no stored result of `{id}`"),
        place: Some(id.to_owned()),
        help: Some(format!(
            "the id is the slot, for example 2026-11-20T06:00:00Z; `/api/reports/{name}/runs` shows which runs have a \
             `result`: failed ones, empty ones under `any_results` and those older than `retention` have none"
        )),
    }
}

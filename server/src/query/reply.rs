//! From what was asked to a response.

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, VARY};
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use watchfire_engine::{AnswerForm, Engine, QueryRequest};
use watchfire_model::{Failure, FailureCode};

use super::Version;
use super::accept::Form;
use super::refusal::{Refusal, Refuser};
use crate::download;

/// Bodies up to this size are not counted.
const SMALL_BYTES: usize = 1 << 20;
/// Most larger bodies that are under way at a time.
static LARGE_BODIES: Semaphore = Semaphore::const_new(4);

/// A request, read.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) request: QueryRequest,
    /// Whether the answer says what its columns are.
    pub(super) with_schema: bool,
    /// Whether JSON is rows, and not columns.
    pub(super) by_row: bool,
}

/// Asks, and writes the answer as it is wanted.
pub(super) async fn reply(engine: &Engine, asked: Asked, refuser: &Refuser) -> Response {
    let Some(form) = refuser.accept.form else { return refuser.refuse(Refusal::not_acceptable()) };
    let answer = match engine.query(&refuser.project, asked.request).await {
        Ok(answer) => answer,
        Err(error) => return refuser.refuse(Refusal::of(&error)),
    };
    let is_cut = answer.is_cut();
    let written = match (form, refuser.version) {
        (Form::Json, Version::V2) => AnswerForm::Json { with_schema: asked.with_schema },
        (Form::Json, Version::V1) if asked.by_row => AnswerForm::V1Rows,
        (Form::Json, Version::V1) => AnswerForm::V1Columns,
        (Form::JsonLines, _) => AnswerForm::JsonLines { with_schema: asked.with_schema },
        (Form::ArrowStream, _) => AnswerForm::ArrowStream,
        (Form::Csv, _) => AnswerForm::Csv,
        (Form::Parquet, _) => AnswerForm::Parquet,
    };
    // The answer keeps its turn until its body has one: what waits in memory is bounded by both.
    let encoded = spawn_blocking(move || answer.encode(written).map(|body| (answer, body))).await;
    let (_answer, body) = match encoded {
        Ok(Ok(encoded)) => encoded,
        Ok(Err(failure)) => return refuser.refuse(Refusal::failed(&failure)),
        Err(_) => {
            let message = "the answer could not be written; please report the query";
            return refuser.refuse(Refusal::failed(&Failure::new(FailureCode::Internal, message)));
        }
    };
    let length = body.len();
    let body = if length <= SMALL_BYTES {
        Body::from(body)
    } else {
        match download::turn(&LARGE_BODIES).await {
            Ok(turn) => download::body(body, turn),
            Err(busy) => return refuser.refuse(Refusal::busy(&busy.message, 1)),
        }
    };
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(form.content_type()));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(VARY, HeaderValue::from_static("Accept"));
    headers.insert("x-watchfire-truncated", HeaderValue::from_static(if is_cut { "true" } else { "false" }));
    refuser.sign(headers);
    response
}

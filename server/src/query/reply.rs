//! From what was asked to a response.

use std::time::Duration;

use axum::body::Body;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, VARY};
use axum::response::{IntoResponse, Response};
use tokio::task::spawn_blocking;
use watchfire_engine::{Answer, AnswerForm, Engine, QueryRequest, Unwritten};
use watchfire_model::{Failure, FailureCode};

use super::Version;
use super::accept::Form;
use super::refusal::{Refusal, Refuser};
use crate::download::{self, Room, SMALL_BYTES};

/// Most bytes of one answer as it is written.
const ANSWER_BYTES_MAX: usize = 128 << 20;
/// How long an answer waits for room, in which it keeps its turn: short, since clients with small questions wait for
/// such a turn. Who reads slowly makes others come again, and not wait.
const WAITS_AT_MOST: Duration = Duration::from_secs(1);

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
    let (body, room) = match write(answer, written).await {
        Ok(written) => written,
        Err(refusal) => return refuser.refuse(refusal),
    };
    let length = body.len();
    let body = if length <= download::TINY_BYTES { Body::from(body) } else { download::body(body, room) };
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(form.content_type()));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(VARY, HeaderValue::from_static("Accept"));
    headers.insert("x-watchfire-truncated", HeaderValue::from_static(if is_cut { "true" } else { "false" }));
    refuser.sign(headers);
    response
}

/// Writes an answer, in room that it has until it is sent. Its turn goes as soon as it is written.
async fn write(answer: Answer, form: AnswerForm) -> Result<(Vec<u8>, Room), Refusal> {
    // Most answers are small: they need not have room for the largest first.
    let answer = match encode(answer, form, SMALL_BYTES).await? {
        (answer, Ok(body)) => {
            drop(answer);
            let room = Room::within(WAITS_AT_MOST, body.len()).await.map_err(|busy| Refusal::busy(&busy.message, 1))?;
            return Ok((body, room));
        }
        (answer, Err(Unwritten::TooLong { .. })) => answer,
        (_, Err(Unwritten::Failed(failure))) => return Err(Refusal::failed(&failure)),
    };
    let room = Room::within(WAITS_AT_MOST, ANSWER_BYTES_MAX).await;
    let mut room = room.map_err(|busy| Refusal::busy(&busy.message, 1))?;
    match encode(answer, form, ANSWER_BYTES_MAX).await? {
        (_, Ok(body)) => {
            room.shrink(body.len());
            Ok((body, room))
        }
        (_, Err(why)) => Err(Refusal::failed(&why.into())),
    }
}

async fn encode(
    answer: Answer,
    form: AnswerForm,
    limit_bytes: usize,
) -> Result<(Answer, Result<Vec<u8>, Unwritten>), Refusal> {
    let encoded = spawn_blocking(move || {
        let body = answer.encode(form, limit_bytes);
        (answer, body)
    });
    encoded.await.map_err(|_| {
        let message = "the answer could not be written; please report the query";
        Refusal::failed(&Failure::new(FailureCode::Internal, message))
    })
}

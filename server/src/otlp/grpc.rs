//! OTLP over gRPC: one message in, one out, and the status behind it.
//!
//! A call with one message is a request with five bytes before its body (packed or not, and its length) and a
//! trailer behind the answer. We read it ourselves: the cap, the memory, the time and the processors of both doors are
//! then the same, and unpacking happens where it keeps nobody waiting.

use std::convert::Infallible;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use http_body_util::{BodyExt, Full};
use tonic::{Code, Status};
use watchfire_engine::{Encoding, Grant, Ingested, Signal};

use super::content::Compression;
use super::refusal::Refusal;
use super::{Door, answer, body, status, take};

pub(super) const TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
pub(super) const LOGS: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
pub(super) const METRICS: &str = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";

/// What stands before the message: whether it is packed, and its length.
const PREFIX_BYTES: usize = 5;
/// The ways of packing that are taken.
const ACCEPTED: &str = "identity,gzip,zstd,deflate";

/// Whether a request is a call.
pub(crate) fn is_grpc(request: &Request) -> bool {
    let kind = request.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    kind.is_some_and(|kind| kind.starts_with(b"application/grpc") && !kind.starts_with(b"application/grpc-web"))
}

pub(super) async fn traces(door: State<Door>, grant: Extension<Grant>, request: Request) -> Response {
    export(Signal::Traces, &door, &grant, request).await
}

pub(super) async fn logs(door: State<Door>, grant: Extension<Grant>, request: Request) -> Response {
    export(Signal::Logs, &door, &grant, request).await
}

pub(super) async fn metrics(door: State<Door>, grant: Extension<Grant>, request: Request) -> Response {
    export(Signal::Metrics, &door, &grant, request).await
}

async fn export(signal: Signal, door: &Door, grant: &Grant, request: Request) -> Response {
    let (response, code) = match ingest(signal, door, grant, request).await {
        Ok(ingested) => (taken(&answer::protobuf(signal, &ingested)), 200),
        Err(refusal) => (refused(&refusal), refusal.http_status().as_u16()),
    };
    door.engine.ingest_answered(signal, code);
    response
}

async fn ingest(signal: Signal, door: &Door, grant: &Grant, request: Request) -> Result<Ingested, Refusal> {
    if !is_grpc(&request) {
        return Err(Refusal::Unsupported("this path takes calls of gRPC; over HTTP send to /v1/…".to_owned()));
    }
    let encoding = request.headers().get("grpc-encoding").map(HeaderValue::as_bytes).unwrap_or_default();
    let encoding = String::from_utf8_lossy(encoding).into_owned();
    let packing = Compression::parse(&encoding).ok_or_else(|| {
        Refusal::Unsupported(format!("`grpc-encoding: {encoding}` is not taken; send one of {ACCEPTED}"))
    })?;
    let limit = door.request_bytes_max;
    let mut held = door.engine.ingest_room().enter(&grant.project.name);
    let mut chunks =
        body::read(request.into_body(), limit.saturating_add(PREFIX_BYTES), body::Pace::TELEMETRY, &mut held).await?;
    let prefix = chunks.split_off::<PREFIX_BYTES>();
    let compression =
        message(prefix, chunks.size_bytes(), packing).map_err(|fault| Refusal::Malformed(fault.into()))?;
    take(door, grant, signal, Encoding::Protobuf, compression, (chunks, held)).await
}

/// How the one message of a call is packed, of which so many bytes came behind its prefix.
fn message(prefix: Option<[u8; PREFIX_BYTES]>, size: usize, packing: Compression) -> Result<Compression, &'static str> {
    let [packed, length @ ..] = prefix.ok_or("the call has no message")?;
    let length = u32::from_be_bytes(length) as usize;
    if length > size {
        return Err("the message is shorter than its prefix says");
    }
    if length < size {
        return Err("the call has more than one message");
    }
    match (packed, packing) {
        (0, _) => Ok(Compression::Identity),
        (1, Compression::Identity) => Err("the message says that it is packed, and the call does not say how"),
        (1, packing) => Ok(packing),
        (_, _) => Err("the prefix of the message begins with neither 0 nor 1"),
    }
}

fn taken(message: &[u8]) -> Response {
    let length = u32::try_from(message.len()).expect("an answer is a few bytes").to_be_bytes();
    let framed = [&[0], length.as_slice(), message].concat();
    let trailers = async {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from(Code::Ok as i32));
        Some(Ok::<_, Infallible>(trailers))
    };
    let mut response = Response::new(Body::new(Full::new(Bytes::from(framed)).with_trailers(trailers)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert("grpc-accept-encoding", HeaderValue::from_static(ACCEPTED));
    response
}

/// A status without a message, which is how a call that failed is answered.
pub(super) fn refused(refusal: &Refusal) -> Response {
    let (code, message) = (refusal.grpc_code(), refusal.message());
    let details = status::status(code as i32, message, refusal.retry_after());
    let mut response = Status::with_details(code, message, details.into()).into_http::<Body>();
    response.headers_mut().insert("grpc-accept-encoding", HeaderValue::from_static(ACCEPTED));
    response
}

/// A call of something that is not here.
pub(crate) fn unimplemented(path: &str) -> Response {
    Status::unimplemented(format!("there is no `{path}`; taken are {TRACES}, {LOGS} and {METRICS}")).into_http::<Body>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_message_is_taken_packed_as_the_call_says() {
        let prefix = |packed: u8, length: u8| Some([packed, 0, 0, 0, length]);
        let gzip = Compression::Gzip;
        assert_eq!(message(prefix(0, 3), 3, gzip), Ok(Compression::Identity));
        assert_eq!(message(prefix(1, 3), 3, gzip), Ok(gzip));
        assert_eq!(message(prefix(0, 0), 0, Compression::Identity), Ok(Compression::Identity));
        for (prefix, size, packing) in [
            (None, 0, gzip),
            (prefix(0, 3), 2, gzip),
            (prefix(0, 3), 4, gzip),
            (prefix(1, 3), 3, Compression::Identity),
            (prefix(2, 3), 3, gzip),
            (Some([0, 255, 255, 255, 255]), 3, gzip),
        ] {
            assert!(message(prefix, size, packing).is_err(), "{prefix:?} before {size} bytes");
        }
    }

    #[tokio::test]
    async fn an_answer_has_its_prefix_and_its_status_behind_it() {
        let answered = taken(b"ab").into_body().collect().await.unwrap();
        assert_eq!(answered.trailers().unwrap()["grpc-status"], "0");
        assert_eq!(answered.to_bytes(), b"\0\0\0\0\x02ab".as_slice());
    }

    #[test]
    fn a_refusal_says_when_to_come_again_in_its_details() {
        let busy = refused(&Refusal::Busy("full".to_owned()));
        assert_eq!(busy.status(), 200);
        assert_eq!(busy.headers()["grpc-status"], "14");
        assert_eq!(busy.headers()["grpc-message"], "full");
        assert!(busy.headers().contains_key("grpc-status-details-bin"));
        assert_eq!(refused(&Refusal::Unauthenticated(String::new())).headers()["grpc-status"], "16");
    }
}

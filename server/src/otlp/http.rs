//! OTLP over HTTP: `POST /v1/traces`, `/v1/logs`, `/v1/metrics`.

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::json;
use watchfire_engine::{Encoding, Grant, Ingested, Signal};

use super::refusal::Refusal;
use super::{Door, answer, body, content, status, take};

/// What Logfire's SDK shows to the people who run it.
const WARNING: &str = "x-logfire-warning";

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
    let encoding = content::answer_encoding(request.headers().get(CONTENT_TYPE));
    let response = match ingest(signal, door, grant, request).await {
        Ok(ingested) => taken(signal, encoding, &ingested),
        Err(refusal) => refused(encoding, &refusal),
    };
    door.engine.ingest_answered(signal, response.status().as_u16());
    response
}

async fn ingest(signal: Signal, door: &Door, grant: &Grant, request: Request) -> Result<Ingested, Refusal> {
    let headers = request.headers();
    let declared = body::declared_bytes(headers).filter(|bytes| *bytes > door.request_bytes_max);
    let written = content::encoding(headers).and_then(|encoding| Ok((encoding, content::compression(headers)?)));
    let written = match declared {
        Some(bytes) => Err(Refusal::too_large(&format!("has {bytes} bytes"), door.request_bytes_max)),
        None => written,
    };
    let (encoding, compression) = match written {
        Ok(written) => written,
        Err(refusal) => {
            body::discard(request).await;
            return Err(refusal);
        }
    };
    let mut held = door.engine.ingest_room().enter(&grant.project.name);
    let chunks = body::read(request.into_body(), door.request_bytes_max, body::Pace::TELEMETRY, &mut held).await?;
    take(door, grant, signal, encoding, compression, (chunks, held)).await
}

fn taken(signal: Signal, encoding: Encoding, ingested: &Ingested) -> Response {
    let body = match encoding {
        Encoding::Protobuf => answer::protobuf(signal, ingested),
        Encoding::Json => answer::as_json(signal, ingested).to_string().into_bytes(),
    };
    response(StatusCode::OK, encoding, body)
}

/// A `google.rpc.Status` in the form of the request.
pub(super) fn refused(encoding: Encoding, refusal: &Refusal) -> Response {
    let (code, message) = (refusal.grpc_code() as i32, refusal.message());
    let body = match encoding {
        Encoding::Protobuf => status::status(code, message, refusal.retry_after()),
        Encoding::Json => json!({"code": code, "message": message}).to_string().into_bytes(),
    };
    let mut response = response(refusal.http_status(), encoding, body);
    let headers = response.headers_mut();
    if let Some(after) = refusal.retry_after() {
        headers.insert(RETRY_AFTER, HeaderValue::from(after.as_secs()));
    }
    if let Refusal::Unauthenticated(message) = refusal {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        if let Ok(warning) = HeaderValue::from_str(message) {
            headers.insert(WARNING, warning);
        }
    }
    response
}

fn response(status: StatusCode, encoding: Encoding, body: Vec<u8>) -> Response {
    let kind = match encoding {
        Encoding::Protobuf => content::PROTOBUF,
        Encoding::Json => content::JSON,
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    async fn shown(response: Response) -> (u16, Vec<String>, Vec<u8>) {
        let headers = response.headers().iter();
        let headers = headers.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        let status = response.status().as_u16();
        (status, headers, response.into_body().collect().await.unwrap().to_bytes().into())
    }

    #[tokio::test]
    async fn a_bad_token_is_told_as_logfires_sdk_understands_it() {
        let refusal = Refusal::Unauthenticated("the token is not known here".to_owned());
        let (status, headers, body) = shown(refused(Encoding::Json, &refusal)).await;
        assert_eq!(status, 401);
        assert_eq!(
            headers,
            [
                "content-type: application/json",
                "www-authenticate: Bearer",
                "x-logfire-warning: the token is not known here"
            ]
        );
        assert_eq!(body, br#"{"code":16,"message":"the token is not known here"}"#);
        let (_, headers, body) = shown(refused(Encoding::Protobuf, &refusal)).await;
        assert_eq!(headers[0], "content-type: application/x-protobuf");
        assert_eq!(body, b"\x08\x10\x12\x1bthe token is not known here");
    }

    #[tokio::test]
    async fn who_shall_come_again_is_told_when() {
        let (status, headers, _) = shown(refused(Encoding::Json, &Refusal::Busy("full".to_owned()))).await;
        assert_eq!((status, headers[1].as_str()), (503, "retry-after: 1"));
    }
}

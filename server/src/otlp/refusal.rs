//! Why a request with telemetry is refused, and what that is in HTTP and in gRPC.
//!
//! A sender of OTLP tries again after 429, 502, 503 and 504 of HTTP, and after CANCELLED, DEADLINE_EXCEEDED, ABORTED,
//! OUT_OF_RANGE, UNAVAILABLE and DATA_LOSS of gRPC (and RESOURCE_EXHAUSTED with a `RetryInfo`), and gives the batch up
//! after anything else: so what the same bytes may get past later must be among these, and what they never will must not.
//! A body that came too slowly may come faster: over gRPC its sender tries again, over HTTP 408 is not in that list.

use std::time::Duration;

use axum::http::StatusCode;
use tonic::Code;
use watchfire_engine::{IngestError, NoRoom};

/// When to come again because many are here.
const BUSY_FOR: Duration = Duration::from_secs(1);
/// When to come again because telemetry cannot be kept.
const UNAVAILABLE_FOR: Duration = Duration::from_secs(5);

/// Why nothing of a request was taken, in words for the people who run the sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No token, or one that nobody knows.
    Unauthenticated(String),
    /// A token that opens something else.
    Forbidden(String),
    /// A type or a packing that is not taken.
    Unsupported(String),
    /// A method that is not taken.
    Method(String),
    /// More bytes than one request may have.
    TooLarge(String),
    /// The body did not come in time.
    TooSlow(String),
    /// No OTLP.
    Malformed(String),
    /// Many others are here.
    Busy(String),
    /// It cannot be kept now.
    Unavailable(String),
    /// A fault of ours.
    Broken(String),
}

impl Refusal {
    /// A request `that` is larger than it may be.
    pub(crate) fn too_large(that: &str, limit: usize) -> Self {
        Self::TooLarge(format!(
            "the request {that}, and one may have {limit} bytes as it is sent and once it is unpacked; \
             send smaller batches, or raise `limits.request_size`"
        ))
    }

    pub(crate) fn broken() -> Self {
        Self::from(IngestError::Broken)
    }

    pub(crate) fn message(&self) -> &str {
        match self {
            Self::Unauthenticated(message)
            | Self::Forbidden(message)
            | Self::Unsupported(message)
            | Self::Method(message)
            | Self::TooLarge(message)
            | Self::TooSlow(message)
            | Self::Malformed(message)
            | Self::Busy(message)
            | Self::Unavailable(message)
            | Self::Broken(message) => message,
        }
    }

    pub(crate) const fn http_status(&self) -> StatusCode {
        match self {
            Self::Unauthenticated(_) => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Unsupported(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow(_) => StatusCode::REQUEST_TIMEOUT,
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Busy(_) | Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub(crate) const fn grpc_code(&self) -> Code {
        match self {
            Self::Unauthenticated(_) => Code::Unauthenticated,
            Self::Forbidden(_) => Code::PermissionDenied,
            Self::Unsupported(_) | Self::Method(_) => Code::Unimplemented,
            // Without a `RetryInfo` it means: not again.
            Self::TooLarge(_) => Code::ResourceExhausted,
            Self::TooSlow(_) => Code::DeadlineExceeded,
            Self::Malformed(_) => Code::InvalidArgument,
            Self::Busy(_) | Self::Unavailable(_) => Code::Unavailable,
            Self::Broken(_) => Code::Internal,
        }
    }

    /// When the same request may be taken; `None`: never.
    pub(crate) const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Busy(_) => Some(BUSY_FOR),
            Self::Unavailable(_) => Some(UNAVAILABLE_FOR),
            Self::Unauthenticated(_)
            | Self::Forbidden(_)
            | Self::Unsupported(_)
            | Self::Method(_)
            | Self::TooLarge(_)
            | Self::TooSlow(_)
            | Self::Malformed(_)
            | Self::Broken(_) => None,
        }
    }
}

impl From<NoRoom> for Refusal {
    fn from(no_room: NoRoom) -> Self {
        Self::Busy(format!("{no_room}; send it again in a moment"))
    }
}

impl From<IngestError> for Refusal {
    fn from(trouble: IngestError) -> Self {
        let message = trouble.to_string();
        match trouble {
            IngestError::Malformed(_) => Self::Malformed(message),
            IngestError::TooLarge(_) => Self::TooLarge(message),
            IngestError::Unavailable(_) => Self::Unavailable(message),
            IngestError::Broken => Self::Broken(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_tries_again_exactly_what_may_be_taken_later() {
        let all = [
            Refusal::Unauthenticated,
            Refusal::Forbidden,
            Refusal::Unsupported,
            Refusal::Method,
            Refusal::TooLarge,
            Refusal::TooSlow,
            Refusal::Malformed,
            Refusal::Busy,
            Refusal::Unavailable,
            Refusal::Broken,
        ];
        for refusal in all.map(|kind| kind(String::new())) {
            let again = refusal.retry_after().is_some();
            assert_eq!(matches!(refusal.http_status().as_u16(), 429 | 502 | 503 | 504), again, "{refusal:?}");
            // The list of the specification of OTLP/gRPC; RESOURCE_EXHAUSTED is in it with a `RetryInfo`, which goes
            // with `retry_after`.
            let retryable = matches!(
                refusal.grpc_code(),
                Code::Cancelled
                    | Code::DeadlineExceeded
                    | Code::Aborted
                    | Code::OutOfRange
                    | Code::Unavailable
                    | Code::DataLoss
            );
            let may_come_faster = matches!(refusal, Refusal::TooSlow(_));
            assert_eq!(retryable, again || may_come_faster, "{refusal:?}");
        }
    }
}

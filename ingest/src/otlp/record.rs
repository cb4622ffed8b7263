//! One row of `records_all`.

use std::borrow::Cow;
use std::sync::Arc;

use watchfire_model::Timestamp;

use super::origin::Origin;
use super::row::{Exception, Row};

/// One row of `records_all`: a field for each column, those of its sender in [`Origin`].
///
/// Texts are within the limits of `limits.rs`; fields of JSON hold valid JSON text.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// When it began.
    pub start_timestamp: Timestamp,
    /// When it ended; as `start_timestamp` for whatever has no extent.
    pub end_timestamp: Timestamp,
    /// Seconds, from nanoseconds; only spans have one.
    pub duration: Option<f64>,
    /// 32 hexadecimal digits. Without one on the wire: sixteen zeros and `span_id`.
    pub trace_id: String,
    /// 16 hexadecimal digits. Log records and span events have none on the wire; it is derived from what they say.
    pub span_id: String,
    /// 16 hexadecimal digits; `None` for a root.
    pub parent_span_id: Option<String>,
    /// The low-cardinality name where the sender has one.
    pub span_name: String,
    /// What people read, at most [`crate::limits::MESSAGE_BYTES_MAX`] bytes.
    pub message: String,
    /// What sort of row it is.
    pub kind: RecordKind,
    /// 1 (trace) to 24, as OpenTelemetry counts; Logfire's own numbers are kept as sent.
    pub level: u16,
    /// `logfire.tags`.
    pub tags: Vec<String>,
    /// A JSON object, without what became `message`, `tags` and `level`.
    pub attributes: String,
    /// Whether an exception was recorded.
    pub is_exception: bool,
    /// The exception's type, if it said one.
    pub exception_type: Option<String>,
    /// The exception's message; may be empty.
    pub exception_message: Option<String>,
    /// The exception's stack trace.
    pub exception_stacktrace: Option<String>,
    /// `OK`, `ERROR`, or `None` when unset.
    pub otel_status_code: Option<&'static str>,
    /// The status in words.
    pub otel_status_message: Option<String>,
    /// A JSON array of `{event_name, event_timestamp, attributes}`; `None` for what is no span.
    pub otel_events: Option<String>,
    /// A JSON array of `{trace_id, span_id, attributes}`; `None` for what is no span.
    pub otel_links: Option<String>,
    /// `http.response.status_code`, else `http.status_code`.
    pub http_response_status_code: Option<i64>,
    /// `url.full`, else `http.url`.
    pub url_full: Option<String>,
    /// `http.route`.
    pub http_route: Option<String>,
    /// `http.request.method`, else `http.method`.
    pub http_method: Option<String>,
    /// `url.path`.
    pub url_path: Option<String>,
    /// `url.query`.
    pub url_query: Option<String>,
    /// The body of a log record: a text as it is, other values as JSON.
    pub log_body: Option<String>,
    /// When it arrived here.
    pub created_at: Timestamp,
    /// Who sent it: the columns that all records of one resource and scope share.
    pub origin: Arc<Origin>,
}

/// The values of the column `kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordKind {
    /// A span that ended.
    Span,
    /// A point in time: a log record, or a span that says so.
    Log,
    /// An event of a span, other than an exception.
    SpanEvent,
    /// A span that has begun; `records` hides it.
    PendingSpan,
}

impl RecordKind {
    /// The word in SQL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Span => "span",
            Self::Log => "log",
            Self::SpanEvent => "span_event",
            Self::PendingSpan => "pending_span",
        }
    }
}

impl RecordKind {
    /// The kind of a word in SQL.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Span, Self::Log, Self::SpanEvent, Self::PendingSpan].into_iter().find(|kind| kind.as_str() == word)
    }
}

impl Record {
    /// As what goes into columns.
    pub(super) fn row(&self) -> Row<'_> {
        Row {
            start_timestamp: self.start_timestamp,
            end_timestamp: self.end_timestamp,
            duration: self.duration,
            trace_id: &self.trace_id,
            span_id: &self.span_id,
            parent_span_id: self.parent_span_id.as_deref(),
            span_name: &self.span_name,
            message: &self.message,
            kind: self.kind,
            level: self.level,
            tags: self.tags.iter().map(|tag| Cow::Borrowed(tag.as_str())).collect(),
            attributes: &self.attributes,
            shredded: &[],
            is_exception: self.is_exception,
            exception: Exception {
                kind: borrowed(&self.exception_type),
                message: borrowed(&self.exception_message),
                stacktrace: borrowed(&self.exception_stacktrace),
            },
            otel_status_code: self.otel_status_code,
            otel_status_message: self.otel_status_message.as_deref(),
            otel_events: self.otel_events.as_deref(),
            otel_links: self.otel_links.as_deref(),
            http_response_status_code: self.http_response_status_code,
            url_full: borrowed(&self.url_full),
            http_route: borrowed(&self.http_route),
            http_method: borrowed(&self.http_method),
            url_path: borrowed(&self.url_path),
            url_query: borrowed(&self.url_query),
            log_body: self.log_body.as_deref(),
            created_at: self.created_at,
            origin: &self.origin,
        }
    }
}

fn borrowed(text: &Option<String>) -> Option<Cow<'_, str>> {
    text.as_deref().map(Cow::Borrowed)
}

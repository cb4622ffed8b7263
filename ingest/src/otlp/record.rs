//! One row of `records_all`.

use std::sync::Arc;

use watchfire_model::Timestamp;

use super::attributes::Attributes;
use super::origin::Origin;

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

impl Record {
    /// What attributes and origin alone say; time, ids, names, kind, level and attributes are the caller's.
    pub(super) fn of(attributes: &Attributes<'_>, origin: &Arc<Origin>, arrived_at: Timestamp) -> Self {
        Self {
            start_timestamp: arrived_at,
            end_timestamp: arrived_at,
            duration: None,
            trace_id: String::new(),
            span_id: String::new(),
            parent_span_id: None,
            span_name: String::new(),
            message: String::new(),
            kind: RecordKind::Span,
            level: 0,
            tags: attributes.tags(),
            attributes: String::new(),
            is_exception: false,
            exception_type: None,
            exception_message: None,
            exception_stacktrace: None,
            otel_status_code: None,
            otel_status_message: None,
            otel_events: None,
            otel_links: None,
            http_response_status_code: attributes.number(&["http.response.status_code", "http.status_code"]),
            url_full: attributes.column(&["url.full", "http.url"]),
            http_route: attributes.column(&["http.route"]),
            http_method: attributes.column(&["http.request.method", "http.method"]),
            url_path: attributes.column(&["url.path"]),
            url_query: attributes.column(&["url.query"]),
            log_body: None,
            created_at: arrived_at,
            origin: Arc::clone(origin),
        }
    }

    /// About how many bytes of memory it takes as a row of a table.
    pub fn size_bytes(&self) -> usize {
        let texts = [&self.trace_id, &self.span_id, &self.span_name, &self.message, &self.attributes];
        let optional = [
            &self.parent_span_id,
            &self.exception_type,
            &self.exception_message,
            &self.exception_stacktrace,
            &self.otel_status_message,
            &self.otel_events,
            &self.otel_links,
            &self.url_full,
            &self.http_route,
            &self.http_method,
            &self.url_path,
            &self.url_query,
            &self.log_body,
        ];
        size_of::<Self>()
            + texts.iter().map(|text| text.len()).sum::<usize>()
            + optional.iter().filter_map(|text| text.as_ref()).map(String::len).sum::<usize>()
            + self.tags.iter().map(|tag| tag.len() + size_of::<String>()).sum::<usize>()
            + self.origin.size_bytes()
    }
}

//! The messages of OTLP by the names that they have in JSON: as much of them as the tables need.
//!
//! Names, numbers and types are those of the `.proto` files; `proto/` reads the same fields.

use crate::otlp::decode::Signal;

/// A message: its fields.
#[derive(Debug)]
pub(super) struct Shape(pub &'static [Field]);

/// One field of a message. Whether it repeats is not said: a list in JSON is written entry by entry.
#[derive(Debug)]
pub(super) struct Field {
    /// In lowerCamelCase.
    pub name: &'static str,
    pub number: u32,
    pub kind: Kind,
}

/// What a field holds, and how it is written in protobuf.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Message(&'static Shape),
    Text,
    /// Bytes as hexadecimal digits: ids, and nothing else.
    Id,
    /// Bytes in base64.
    Bytes,
    Bool,
    /// `int64`.
    Int,
    /// `uint64`, `uint32`.
    Unsigned,
    /// `sint32`.
    Zigzag,
    /// `fixed64`.
    Fixed,
    /// `sfixed64`.
    SignedFixed,
    Double,
    /// A number or one of these names, whose number is their place.
    Enum(&'static [&'static str]),
}

impl Shape {
    pub const fn request(signal: Signal) -> &'static Self {
        match signal {
            Signal::Traces => &TRACES,
            Signal::Logs => &LOGS,
            Signal::Metrics => &METRICS,
        }
    }

    /// The field of a name, in lowerCamelCase or in the snake_case of the `.proto` files: readers of protobuf's JSON take both.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.0.iter().find(|field| field.name == name || is_snake_case_of(name, field.name))
    }
}

fn is_snake_case_of(name: &str, camel: &str) -> bool {
    name.contains('_') && {
        let mut rest = name.chars();
        let is_same = camel.chars().all(|letter| match letter.is_ascii_uppercase() {
            true => rest.next() == Some('_') && rest.next() == Some(letter.to_ascii_lowercase()),
            false => rest.next() == Some(letter),
        });
        is_same && rest.next().is_none()
    }
}

const fn field(number: u32, name: &'static str, kind: Kind) -> Field {
    Field { name, number, kind }
}

static TRACES: Shape = Shape(&[field(1, "resourceSpans", Kind::Message(&RESOURCE_SPANS))]);
static RESOURCE_SPANS: Shape =
    Shape(&[field(1, "resource", Kind::Message(&RESOURCE)), field(2, "scopeSpans", Kind::Message(&SCOPE_SPANS))]);
static SCOPE_SPANS: Shape = Shape(&[field(1, "scope", Kind::Message(&SCOPE)), field(2, "spans", Kind::Message(&SPAN))]);

static LOGS: Shape = Shape(&[field(1, "resourceLogs", Kind::Message(&RESOURCE_LOGS))]);
static RESOURCE_LOGS: Shape =
    Shape(&[field(1, "resource", Kind::Message(&RESOURCE)), field(2, "scopeLogs", Kind::Message(&SCOPE_LOGS))]);
static SCOPE_LOGS: Shape =
    Shape(&[field(1, "scope", Kind::Message(&SCOPE)), field(2, "logRecords", Kind::Message(&LOG_RECORD))]);

static METRICS: Shape = Shape(&[field(1, "resourceMetrics", Kind::Message(&RESOURCE_METRICS))]);
static RESOURCE_METRICS: Shape =
    Shape(&[field(1, "resource", Kind::Message(&RESOURCE)), field(2, "scopeMetrics", Kind::Message(&SCOPE_METRICS))]);
static SCOPE_METRICS: Shape =
    Shape(&[field(1, "scope", Kind::Message(&SCOPE)), field(2, "metrics", Kind::Message(&METRIC))]);

static RESOURCE: Shape = Shape(&[field(1, "attributes", Kind::Message(&KEY_VALUE))]);
static SCOPE: Shape = Shape(&[
    field(1, "name", Kind::Text),
    field(2, "version", Kind::Text),
    field(3, "attributes", Kind::Message(&KEY_VALUE)),
]);

static KEY_VALUE: Shape = Shape(&[field(1, "key", Kind::Text), field(2, "value", Kind::Message(&ANY_VALUE))]);
static ANY_VALUE: Shape = Shape(&[
    field(1, "stringValue", Kind::Text),
    field(2, "boolValue", Kind::Bool),
    field(3, "intValue", Kind::Int),
    field(4, "doubleValue", Kind::Double),
    field(5, "arrayValue", Kind::Message(&ARRAY)),
    field(6, "kvlistValue", Kind::Message(&OBJECT)),
    field(7, "bytesValue", Kind::Bytes),
]);
static ARRAY: Shape = Shape(&[field(1, "values", Kind::Message(&ANY_VALUE))]);
static OBJECT: Shape = Shape(&[field(1, "values", Kind::Message(&KEY_VALUE))]);

static SPAN: Shape = Shape(&[
    field(1, "traceId", Kind::Id),
    field(2, "spanId", Kind::Id),
    field(4, "parentSpanId", Kind::Id),
    field(5, "name", Kind::Text),
    field(7, "startTimeUnixNano", Kind::Fixed),
    field(8, "endTimeUnixNano", Kind::Fixed),
    field(9, "attributes", Kind::Message(&KEY_VALUE)),
    field(11, "events", Kind::Message(&EVENT)),
    field(13, "links", Kind::Message(&LINK)),
    field(15, "status", Kind::Message(&STATUS)),
]);
static EVENT: Shape = Shape(&[
    field(1, "timeUnixNano", Kind::Fixed),
    field(2, "name", Kind::Text),
    field(3, "attributes", Kind::Message(&KEY_VALUE)),
]);
static LINK: Shape = Shape(&[
    field(1, "traceId", Kind::Id),
    field(2, "spanId", Kind::Id),
    field(4, "attributes", Kind::Message(&KEY_VALUE)),
]);
static STATUS: Shape = Shape(&[field(2, "message", Kind::Text), field(3, "code", Kind::Enum(&STATUS_CODES))]);
static STATUS_CODES: [&str; 3] = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];

static LOG_RECORD: Shape = Shape(&[
    field(1, "timeUnixNano", Kind::Fixed),
    field(2, "severityNumber", Kind::Enum(&SEVERITIES)),
    field(3, "severityText", Kind::Text),
    field(5, "body", Kind::Message(&ANY_VALUE)),
    field(6, "attributes", Kind::Message(&KEY_VALUE)),
    field(9, "traceId", Kind::Id),
    field(10, "spanId", Kind::Id),
    field(11, "observedTimeUnixNano", Kind::Fixed),
    field(12, "eventName", Kind::Text),
]);
static SEVERITIES: [&str; 25] = [
    "SEVERITY_NUMBER_UNSPECIFIED",
    "SEVERITY_NUMBER_TRACE",
    "SEVERITY_NUMBER_TRACE2",
    "SEVERITY_NUMBER_TRACE3",
    "SEVERITY_NUMBER_TRACE4",
    "SEVERITY_NUMBER_DEBUG",
    "SEVERITY_NUMBER_DEBUG2",
    "SEVERITY_NUMBER_DEBUG3",
    "SEVERITY_NUMBER_DEBUG4",
    "SEVERITY_NUMBER_INFO",
    "SEVERITY_NUMBER_INFO2",
    "SEVERITY_NUMBER_INFO3",
    "SEVERITY_NUMBER_INFO4",
    "SEVERITY_NUMBER_WARN",
    "SEVERITY_NUMBER_WARN2",
    "SEVERITY_NUMBER_WARN3",
    "SEVERITY_NUMBER_WARN4",
    "SEVERITY_NUMBER_ERROR",
    "SEVERITY_NUMBER_ERROR2",
    "SEVERITY_NUMBER_ERROR3",
    "SEVERITY_NUMBER_ERROR4",
    "SEVERITY_NUMBER_FATAL",
    "SEVERITY_NUMBER_FATAL2",
    "SEVERITY_NUMBER_FATAL3",
    "SEVERITY_NUMBER_FATAL4",
];

static METRIC: Shape = Shape(&[
    field(1, "name", Kind::Text),
    field(2, "description", Kind::Text),
    field(3, "unit", Kind::Text),
    field(5, "gauge", Kind::Message(&NUMBERS)),
    field(7, "sum", Kind::Message(&NUMBERS)),
    field(9, "histogram", Kind::Message(&HISTOGRAMS)),
    field(10, "exponentialHistogram", Kind::Message(&EXPONENTIALS)),
    field(11, "summary", Kind::Message(&SUMMARIES)),
]);
static NUMBERS: Shape = Shape(&[
    field(1, "dataPoints", Kind::Message(&NUMBER_POINT)),
    field(2, "aggregationTemporality", Kind::Enum(&TEMPORALITIES)),
    field(3, "isMonotonic", Kind::Bool),
]);
static HISTOGRAMS: Shape = Shape(&[
    field(1, "dataPoints", Kind::Message(&HISTOGRAM_POINT)),
    field(2, "aggregationTemporality", Kind::Enum(&TEMPORALITIES)),
]);
static EXPONENTIALS: Shape = Shape(&[
    field(1, "dataPoints", Kind::Message(&EXPONENTIAL_POINT)),
    field(2, "aggregationTemporality", Kind::Enum(&TEMPORALITIES)),
]);
/// Their points are counted only.
static SUMMARIES: Shape = Shape(&[field(1, "dataPoints", Kind::Message(&Shape(&[])))]);
static TEMPORALITIES: [&str; 3] =
    ["AGGREGATION_TEMPORALITY_UNSPECIFIED", "AGGREGATION_TEMPORALITY_DELTA", "AGGREGATION_TEMPORALITY_CUMULATIVE"];

static NUMBER_POINT: Shape = Shape(&[
    field(2, "startTimeUnixNano", Kind::Fixed),
    field(3, "timeUnixNano", Kind::Fixed),
    field(4, "asDouble", Kind::Double),
    field(6, "asInt", Kind::SignedFixed),
    field(7, "attributes", Kind::Message(&KEY_VALUE)),
    field(8, "flags", Kind::Unsigned),
]);
static HISTOGRAM_POINT: Shape = Shape(&[
    field(2, "startTimeUnixNano", Kind::Fixed),
    field(3, "timeUnixNano", Kind::Fixed),
    field(4, "count", Kind::Fixed),
    field(5, "sum", Kind::Double),
    field(6, "bucketCounts", Kind::Fixed),
    field(7, "explicitBounds", Kind::Double),
    field(9, "attributes", Kind::Message(&KEY_VALUE)),
    field(10, "flags", Kind::Unsigned),
    field(11, "min", Kind::Double),
    field(12, "max", Kind::Double),
]);
static EXPONENTIAL_POINT: Shape = Shape(&[
    field(1, "attributes", Kind::Message(&KEY_VALUE)),
    field(2, "startTimeUnixNano", Kind::Fixed),
    field(3, "timeUnixNano", Kind::Fixed),
    field(4, "count", Kind::Fixed),
    field(5, "sum", Kind::Double),
    field(6, "scale", Kind::Zigzag),
    field(7, "zeroCount", Kind::Fixed),
    field(8, "positive", Kind::Message(&BUCKETS)),
    field(9, "negative", Kind::Message(&BUCKETS)),
    field(10, "flags", Kind::Unsigned),
    field(12, "min", Kind::Double),
    field(13, "max", Kind::Double),
    field(14, "zeroThreshold", Kind::Double),
]);
static BUCKETS: Shape = Shape(&[field(1, "offset", Kind::Zigzag), field(2, "bucketCounts", Kind::Unsigned)]);

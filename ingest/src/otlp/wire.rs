//! How much memory a message takes when it is decoded, found without decoding it.
//!
//! An empty span is two bytes on the wire and some three hundred in memory: a body within
//! every limit of length could otherwise take more memory than there is.

use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::encoding::{WireType, decode_key, decode_varint};

/// Messages that nest deeper are refused by prost.
const NESTING_MAX: usize = 100;

/// A message of OTLP: what its fields hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    TracesRequest,
    LogsRequest,
    ResourceSpans,
    ResourceLogs,
    ScopeSpans,
    ScopeLogs,
    Resource,
    EntityRef,
    Scope,
    Span,
    Event,
    Link,
    Status,
    LogRecord,
    KeyValue,
    AnyValue,
    Array,
    Object,
    /// Text, bytes, and whatever we do not know.
    Leaf,
}

impl Shape {
    /// What the length-delimited field `field` holds; the numbers are those of the `.proto` files.
    const fn field(self, field: u32) -> Self {
        match (self, field) {
            (Self::TracesRequest, 1) => Self::ResourceSpans,
            (Self::LogsRequest, 1) => Self::ResourceLogs,
            (Self::ResourceSpans | Self::ResourceLogs, 1) => Self::Resource,
            (Self::ResourceSpans, 2) => Self::ScopeSpans,
            (Self::ResourceLogs, 2) => Self::ScopeLogs,
            (Self::ScopeSpans | Self::ScopeLogs, 1) => Self::Scope,
            (Self::ScopeSpans, 2) => Self::Span,
            (Self::ScopeLogs, 2) => Self::LogRecord,
            (Self::Resource, 3) => Self::EntityRef,
            (Self::Span, 11) => Self::Event,
            (Self::Span, 13) => Self::Link,
            (Self::Span, 15) => Self::Status,
            (Self::Resource, 1)
            | (Self::Scope, 3)
            | (Self::Span, 9)
            | (Self::Event, 3)
            | (Self::Link, 4)
            | (Self::LogRecord, 6)
            | (Self::Object, 1) => Self::KeyValue,
            (Self::LogRecord, 5) | (Self::KeyValue, 2) | (Self::Array, 1) => Self::AnyValue,
            (Self::AnyValue, 5) => Self::Array,
            (Self::AnyValue, 6) => Self::Object,
            (_, _) => Self::Leaf,
        }
    }

    /// Bytes of memory besides what it holds.
    const fn size(self) -> usize {
        match self {
            Self::TracesRequest | Self::LogsRequest => 0,
            Self::ResourceSpans => size_of::<ResourceSpans>(),
            Self::ResourceLogs => size_of::<ResourceLogs>(),
            Self::ScopeSpans => size_of::<ScopeSpans>(),
            Self::ScopeLogs => size_of::<ScopeLogs>(),
            Self::Resource => size_of::<Resource>(),
            Self::EntityRef => size_of::<EntityRef>(),
            Self::Scope => size_of::<InstrumentationScope>(),
            Self::Span => size_of::<Span>(),
            Self::Event => size_of::<Event>(),
            Self::Link => size_of::<Link>(),
            Self::Status => size_of::<Status>(),
            Self::LogRecord => size_of::<LogRecord>(),
            Self::KeyValue => size_of::<KeyValue>(),
            Self::AnyValue => size_of::<AnyValue>(),
            Self::Array => size_of::<ArrayValue>(),
            Self::Object => size_of::<KeyValueList>(),
            Self::Leaf => size_of::<String>(),
        }
    }
}

/// About how many bytes `body` takes when it is decoded as a `shape`.
///
/// Where the bytes are malformed it stops and says what it found so far: the decoder, which
/// goes the same way, stops there too.
pub(super) fn decoded_bytes(body: &[u8], shape: Shape) -> usize {
    let mut total = body.len();
    // Messages that are not read to their end yet.
    let mut open: Vec<(Shape, &[u8])> = vec![(shape, body)];
    while let Some((shape, rest)) = open.last_mut() {
        if rest.is_empty() {
            open.pop();
            continue;
        }
        let Some(next) = next_field(rest) else { break };
        let Some((field, inner)) = next else { continue };
        let held = shape.field(field);
        total = total.saturating_add(held.size());
        if held == Shape::Leaf {
            continue;
        }
        if open.len() > NESTING_MAX {
            break;
        }
        open.push((held, inner));
    }
    total
}

/// Moves `rest` beyond one field: its number and contents when it has a length, `Some(None)` when it
/// is of another type, `None` when the bytes are malformed.
fn next_field<'a>(rest: &mut &'a [u8]) -> Option<Option<(u32, &'a [u8])>> {
    let (field, wire_type) = decode_key(rest).ok()?;
    let width = match wire_type {
        WireType::Varint => {
            decode_varint(rest).ok()?;
            return Some(None);
        }
        // What a group holds is counted as if it stood here.
        WireType::StartGroup | WireType::EndGroup => return Some(None),
        WireType::SixtyFourBit => 8,
        WireType::ThirtyTwoBit => 4,
        WireType::LengthDelimited => usize::try_from(decode_varint(rest).ok()?).ok()?,
    };
    let (inner, after) = rest.split_at_checked(width)?;
    *rest = after;
    Some((wire_type == WireType::LengthDelimited).then_some((field, inner)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    use prost::Message;

    fn request(spans: Vec<Span>) -> Vec<u8> {
        let of_scope = ScopeSpans { spans, ..ScopeSpans::default() };
        let of_resource = ResourceSpans { scope_spans: vec![of_scope], ..ResourceSpans::default() };
        ExportTraceServiceRequest { resource_spans: vec![of_resource] }.encode_to_vec()
    }

    #[test]
    fn empty_messages_are_counted_by_what_they_take_in_memory() {
        let events = vec![Event::default(); 1_000];
        let body = request(vec![Span { events, ..Span::default() }]);
        assert!(body.len() < 2_100);
        let bytes = decoded_bytes(&body, Shape::TracesRequest);
        assert!(bytes > 1_000 * size_of::<Event>(), "{bytes}");
    }

    #[test]
    fn values_are_counted_however_they_nest_and_whatever_groups_are_between() {
        let mut value = AnyValue::default();
        for _ in 0..20 {
            value = AnyValue { value: Some(Value::ArrayValue(ArrayValue { values: vec![value; 1] })) };
        }
        let attribute = KeyValue { key: "k".to_owned(), value: Some(value), ..KeyValue::default() };
        let mut body = request(vec![Span { attributes: vec![attribute], ..Span::default() }]);
        let bytes = decoded_bytes(&body, Shape::TracesRequest);
        assert!(bytes > 20 * (size_of::<AnyValue>() + size_of::<ArrayValue>()), "{bytes}");
        let group = [0xa3, 0x06, 0xa4, 0x06];
        body.splice(0..0, group);
        assert!(decoded_bytes(&body, Shape::TracesRequest) > bytes);
    }

    #[test]
    fn bytes_that_are_cut_off_are_counted_up_to_there() {
        let body = request(vec![Span::default(); 3]);
        for length in 0..body.len() {
            assert!(decoded_bytes(&body[..length], Shape::TracesRequest) >= length);
        }
    }
}

//! A request with spans whose ids and times are put in anew for each sending, without encoding it again.

use std::path::Path;

use anyhow::{Context, ensure};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;

/// What stands for ids and times until they are known; the number of the span follows it.
const TRACE_ID: [u8; 12] = *b"\xf1trace-mark\xf1";
const SPAN_ID: [u8; 4] = *b"\xf2\xf3\xf4\xf5";
/// The upper half of a time; the lower is twice the number of the span, one more for its end.
const TIME: u32 = 0xf6f7_f8f9;
/// How long each span took.
const NANOS: u64 = 1_000_000;

/// See the module.
pub struct Body {
    bytes: Vec<u8>,
    spans: usize,
    /// Where ids of traces (16 bytes), ids of spans (8), beginnings and ends (8) are.
    trace_ids: Vec<usize>,
    span_ids: Vec<usize>,
    starts: Vec<usize>,
    ends: Vec<usize>,
}

impl Body {
    fn of(mut request: ExportTraceServiceRequest) -> Self {
        let spans = request.resource_spans.iter_mut().flat_map(|of| &mut of.scope_spans).flat_map(|of| &mut of.spans);
        let mut count = 0_u32;
        for span in spans {
            span.trace_id = [&TRACE_ID[..], &count.to_le_bytes()].concat();
            span.span_id = [&SPAN_ID[..], &count.to_le_bytes()].concat();
            span.parent_span_id = Vec::new();
            let time = u64::from(TIME) << 32 | u64::from(count) << 1;
            (span.start_time_unix_nano, span.end_time_unix_nano) = (time, time | 1);
            span.events.clear();
            count += 1;
        }
        let bytes = request.encode_to_vec();
        let find = |mark: &[u8]| -> Vec<usize> {
            bytes.windows(mark.len()).enumerate().filter(|(_, at)| *at == mark).map(|(place, _)| place).collect()
        };
        let (trace_ids, span_ids) = (find(&TRACE_ID), find(&SPAN_ID));
        // Little-endian: the upper half comes last.
        let times: Vec<usize> = find(&TIME.to_le_bytes()).into_iter().map(|place| place - 4).collect();
        let (starts, ends) = times.into_iter().partition(|place| bytes[*place] & 1 == 0);
        Self { bytes, spans: count as usize, trace_ids, span_ids, starts, ends }
    }

    /// How many spans it has.
    pub fn spans(&self) -> usize {
        self.spans
    }

    /// How long it is.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The request with spans that end now, under ids of `chance`.
    pub fn with(&self, now_nanos: u64, mut chance: impl FnMut() -> u64) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        let mut put = |place: usize, value: u64| bytes[place..place + 8].copy_from_slice(&value.to_le_bytes());
        for place in &self.trace_ids {
            put(*place, now_nanos);
            put(place + 8, chance());
        }
        self.span_ids.iter().for_each(|place| put(*place, chance()));
        self.starts.iter().for_each(|place| put(*place, now_nanos - NANOS));
        self.ends.iter().for_each(|place| put(*place, now_nanos));
        bytes
    }
}

/// Spans of about 300 bytes.
pub fn synthetic(count: usize) -> Body {
    let spans = (0..count).map(|number| Span {
        name: format!("GET /orders/{}", number % 20),
        kind: 2,
        attributes: vec![
            text("http.request.method", "GET"),
            text("http.route", &format!("/orders/{}", number % 20)),
            number_of("http.response.status_code", if number % 50 == 0 { 500 } else { 200 }),
            text("user.id", &format!("user-{:06}", number * 7919 % 100_000)),
            number_of("bytes", (number * 31 % 10_000) as i64),
            text("region", ["eu-central-1", "us-east-1", "ap-south-1"][number % 3]),
            text("client.address", &format!("10.0.{}.{}", number % 256, number * 7 % 256)),
        ],
        ..Span::default()
    });
    let resource = Resource {
        attributes: vec![
            text("service.name", "orders"),
            text("service.version", "1.2.3"),
            text("deployment.environment.name", "production"),
        ],
        ..Resource::default()
    };
    let scope = InstrumentationScope { name: "bench".to_owned(), ..InstrumentationScope::default() };
    request(resource, scope, spans.collect())
}

fn request(resource: Resource, scope: InstrumentationScope, spans: Vec<Span>) -> Body {
    let scope_spans = ScopeSpans { scope: Some(scope), spans, ..ScopeSpans::default() };
    let of_resource =
        ResourceSpans { resource: Some(resource), scope_spans: vec![scope_spans], ..ResourceSpans::default() };
    Body::of(ExportTraceServiceRequest { resource_spans: vec![of_resource] })
}

/// Spans of agents, as the reference queries ask for them: runs, calls of models and of tools.
pub fn agents(count: usize) -> Body {
    let spans = (0..count).map(|number| {
        let (name, attributes) = match number % 4 {
            0 => ("agent run".to_owned(), tokens(number)),
            1 => (format!("running tool: tool_{}", number % 12), vec![text("tool_arguments", "{\"city\":\"Berlin\"}")]),
            _ => {
                let model = ["gpt-4o", "claude-sonnet-4-5", "inhouse-7b"][number % 3];
                let mut attributes = tokens(number);
                attributes.push(text("gen_ai.request.model", model));
                attributes.push(attribute("operation.cost", Value::DoubleValue((number % 100) as f64 / 10_000.0)));
                (format!("chat {model}"), attributes)
            }
        };
        Span { name, attributes, ..Span::default() }
    });
    let resource = Resource { attributes: vec![text("service.name", "assistant")], ..Resource::default() };
    let scope = InstrumentationScope { name: "pydantic-ai".to_owned(), ..InstrumentationScope::default() };
    request(resource, scope, spans.collect())
}

fn tokens(number: usize) -> Vec<KeyValue> {
    vec![
        number_of("gen_ai.usage.input_tokens", (number * 17 % 4_000) as i64),
        number_of("gen_ai.usage.output_tokens", (number * 7 % 900) as i64),
        text("gen_ai.operation.name", "chat"),
        text("conversation", &format!("conversation-{}", number % 500)),
    ]
}

/// A request with one span of this moment, whose message is `beacon-NUMBER`.
pub fn beacon(number: usize, now_nanos: u64) -> Vec<u8> {
    let span = Span {
        name: format!("beacon-{number}"),
        trace_id: (number as u128 + 1).to_be_bytes().to_vec(),
        span_id: (number as u64 + 1).to_be_bytes().to_vec(),
        start_time_unix_nano: now_nanos,
        end_time_unix_nano: now_nanos,
        ..Span::default()
    };
    let scope_spans = ScopeSpans { spans: vec![span], ..ScopeSpans::default() };
    let of_resource = ResourceSpans { scope_spans: vec![scope_spans], ..ResourceSpans::default() };
    ExportTraceServiceRequest { resource_spans: vec![of_resource] }.encode_to_vec()
}

/// The spans of a captured request, again and again. Pending spans are left out: their ids say whose they are.
///
/// # Errors
/// When the capture cannot be read, or has no spans.
pub fn logfire(capture: &Path, count: usize) -> anyhow::Result<Body> {
    let bytes = std::fs::read(capture).with_context(|| format!("the capture {}", capture.display()))?;
    let mut request = ExportTraceServiceRequest::decode(bytes.as_slice())?;
    for of_scope in request.resource_spans.iter_mut().flat_map(|of| &mut of.scope_spans) {
        of_scope.spans.retain(|span| !span.attributes.iter().any(|of| of.key == "logfire.pending_parent_id"));
        let taken = of_scope.spans.clone();
        of_scope.spans = taken.into_iter().cycle().take(count).collect();
    }
    // One resource and scope hold them all, as in what the SDK sends.
    request.resource_spans.retain(|of| of.scope_spans.iter().any(|of| !of.spans.is_empty()));
    request.resource_spans.truncate(1);
    for of_resource in &mut request.resource_spans {
        of_resource.scope_spans.retain(|of| !of.spans.is_empty());
        of_resource.scope_spans.truncate(1);
    }
    let body = Body::of(request);
    ensure!(body.spans() == count, "the capture has no spans");
    Ok(body)
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.to_owned()))
}

fn number_of(key: &str, value: i64) -> KeyValue {
    attribute(key, Value::IntValue(value))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

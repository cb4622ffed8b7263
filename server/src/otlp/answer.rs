//! What a sender is told whose request was taken.

use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsPartialSuccess, ExportLogsServiceResponse};
use opentelemetry_proto::tonic::collector::metrics::v1::{ExportMetricsPartialSuccess, ExportMetricsServiceResponse};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTracePartialSuccess, ExportTraceServiceResponse};
use prost::Message;
use serde_json::{Value, json};
use watchfire_engine::{Ingested, Signal};

/// The `Export…ServiceResponse` in protobuf; empty unless something was rejected or is to be said.
pub(super) fn protobuf(signal: Signal, ingested: &Ingested) -> Vec<u8> {
    let Some((rejected, error_message)) = partial(ingested) else { return Vec::new() };
    match signal {
        Signal::Traces => {
            let partial_success = Some(ExportTracePartialSuccess { rejected_spans: rejected, error_message });
            ExportTraceServiceResponse { partial_success }.encode_to_vec()
        }
        Signal::Logs => {
            let partial_success = Some(ExportLogsPartialSuccess { rejected_log_records: rejected, error_message });
            ExportLogsServiceResponse { partial_success }.encode_to_vec()
        }
        Signal::Metrics => {
            let partial_success = Some(ExportMetricsPartialSuccess { rejected_data_points: rejected, error_message });
            ExportMetricsServiceResponse { partial_success }.encode_to_vec()
        }
    }
}

/// The same in JSON, where protobuf's 64-bit numbers are texts.
pub(super) fn as_json(signal: Signal, ingested: &Ingested) -> Value {
    let Some((rejected, message)) = partial(ingested) else { return json!({}) };
    let key = match signal {
        Signal::Traces => "rejectedSpans",
        Signal::Logs => "rejectedLogRecords",
        Signal::Metrics => "rejectedDataPoints",
    };
    json!({"partialSuccess": {key: rejected.to_string(), "errorMessage": message}})
}

fn partial(ingested: &Ingested) -> Option<(i64, String)> {
    let message = ingested.message.clone().unwrap_or_default();
    let is_whole = ingested.rejected == 0 && message.is_empty();
    (!is_whole).then(|| (i64::try_from(ingested.rejected).unwrap_or(i64::MAX), message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_whole_is_answered_with_nothing_and_what_was_not_says_how_much() {
        let whole = Ingested::default();
        let cut = Ingested { rejected: 3, message: Some("too old".to_owned()) };
        for (signal, key) in [
            (Signal::Traces, "rejectedSpans"),
            (Signal::Logs, "rejectedLogRecords"),
            (Signal::Metrics, "rejectedDataPoints"),
        ] {
            assert!(protobuf(signal, &whole).is_empty());
            assert_eq!(as_json(signal, &whole), json!({}));
            assert_eq!(protobuf(signal, &cut), b"\x0a\x0b\x08\x03\x12\x07too old");
            assert_eq!(as_json(signal, &cut), json!({"partialSuccess": {key: "3", "errorMessage": "too old"}}));
        }
    }
}

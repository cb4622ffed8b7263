//! Metrics: points in, rows out.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Float64Type;
use arrow::json::LineDelimitedWriter;
use insta::assert_snapshot;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint,
    ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use serde_json::{Value as Json, json};
use watchfire_ingest::table::{Shredding, Table};
use watchfire_ingest::{Arrival, DecodeError, Decoded, Encoding, Signal, decode, limits};

use crate::captures::{arrived_at, bodies_ending_in, folder, project};
use crate::otlp_rules::{attribute, text};

/// 2026-11-20T06:00:00Z in nanoseconds.
const SIX: u64 = 1_795_154_400_000_000_000;

fn request(metrics: Vec<Metric>) -> Vec<u8> {
    let of_scope = ScopeMetrics { metrics, ..ScopeMetrics::default() };
    let resource = Resource { attributes: vec![attribute("service.name", text("shop"))], ..Resource::default() };
    let of_resource =
        ResourceMetrics { resource: Some(resource), scope_metrics: vec![of_scope], ..ResourceMetrics::default() };
    ExportMetricsServiceRequest { resource_metrics: vec![of_resource] }.encode_to_vec()
}

fn metric(name: &str, data: Data) -> Metric {
    Metric { name: name.to_owned(), data: Some(data), ..Metric::default() }
}

fn taken(body: &[u8]) -> Decoded {
    let arrival = Arrival::new(arrived_at(), project());
    decode(Signal::Metrics, Encoding::Protobuf, body, &arrival, &Shredding::default()).unwrap()
}

fn points(body: &[u8]) -> RecordBatch {
    let decoded = taken(body);
    assert_eq!((decoded.rejected, decoded.rows.len(), decoded.rows[0].table), (0, 1, Table::Metrics));
    decoded.rows.into_iter().next().unwrap().batch
}

/// The columns that have a value, a line for each row; those that are everywhere the same are left out.
fn shown(batch: &RecordBatch) -> String {
    let mut writer = LineDelimitedWriter::new(Vec::new());
    writer.write(batch).unwrap();
    writer.finish().unwrap();
    let text = String::from_utf8(writer.into_inner()).unwrap();
    let everywhere =
        [",\"project_id\":\"default\"", ",\"created_at\":\"2026-11-20T06:50:00Z\"", ",\"service_name\":\"shop\""];
    let resource = ",\"otel_resource_attributes\":\"{\\\"service.name\\\":\\\"shop\\\"}\"";
    everywhere.iter().chain([&resource]).fold(text, |text, part| text.replace(part, ""))
}

#[test]
fn every_run_becomes_the_points_that_were_counted_in_the_protobuf() {
    let expected: Json =
        serde_json::from_str(&std::fs::read_to_string(folder().join("expected.json")).unwrap()).unwrap();
    let mut counted: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    for (name, body) in bodies_ending_in(&["-metrics.pb"]) {
        let batch = points(&body);
        let run = counted.entry(name.rsplitn(3, '-').last().unwrap().to_owned()).or_default();
        let column = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().clone();
        for (name, kind) in column("metric_name").iter().zip(&column("metric_type")) {
            *run.entry(format!("{} {}", name.unwrap(), kind.unwrap())).or_default() += 1;
        }
    }
    for (run, facts) in expected["runs"].as_object().unwrap() {
        assert_eq!(json!(counted.remove(run).unwrap_or_default()), facts["metric_points"], "{run}");
    }
    assert!(counted.is_empty(), "{counted:?}");
}

#[test]
fn numbers_have_a_value_unless_nothing_was_recorded() {
    let point = |value| NumberDataPoint {
        start_time_unix_nano: SIX,
        time_unix_nano: SIX + 1_000,
        attributes: vec![attribute("room", text("a"))],
        value: Some(value),
        ..NumberDataPoint::default()
    };
    let empty = NumberDataPoint { flags: 1, start_time_unix_nano: 0, ..point(Number::AsDouble(7.0)) };
    let gauge = Gauge { data_points: vec![point(Number::AsDouble(21.5)), point(Number::AsInt(-3)), empty] };
    let sum = Sum { data_points: vec![point(Number::AsInt(9))], aggregation_temporality: 1, is_monotonic: true };
    let level = Sum { data_points: vec![point(Number::AsInt(2))], aggregation_temporality: 2, is_monotonic: false };
    let described =
        Metric { unit: "1".to_owned(), description: "open carts".to_owned(), ..metric("carts", Data::Sum(level)) };
    let batch = points(&request(vec![metric("room", Data::Gauge(gauge)), metric("orders", Data::Sum(sum)), described]));
    assert_snapshot!(shown(&batch), @r#"
    {"recorded_timestamp":"2026-11-20T06:00:00.000001Z","start_timestamp":"2026-11-20T06:00:00Z","metric_name":"room","metric_type":"gauge","scalar_value":21.5,"attributes":"{\"room\":\"a\"}"}
    {"recorded_timestamp":"2026-11-20T06:00:00.000001Z","start_timestamp":"2026-11-20T06:00:00Z","metric_name":"room","metric_type":"gauge","scalar_value":-3.0,"attributes":"{\"room\":\"a\"}"}
    {"recorded_timestamp":"2026-11-20T06:00:00.000001Z","metric_name":"room","metric_type":"gauge","attributes":"{\"room\":\"a\"}"}
    {"recorded_timestamp":"2026-11-20T06:00:00.000001Z","start_timestamp":"2026-11-20T06:00:00Z","metric_name":"orders","metric_type":"sum","aggregation_temporality":"delta","is_monotonic":true,"scalar_value":9.0,"attributes":"{\"room\":\"a\"}"}
    {"recorded_timestamp":"2026-11-20T06:00:00.000001Z","start_timestamp":"2026-11-20T06:00:00Z","metric_name":"carts","metric_type":"sum","unit":"1","metric_description":"open carts","aggregation_temporality":"cumulative","is_monotonic":false,"scalar_value":2.0,"attributes":"{\"room\":\"a\"}"}
    "#);
}

#[test]
fn histograms_of_both_kinds_have_their_buckets() {
    let point = HistogramDataPoint {
        time_unix_nano: SIX,
        count: 6,
        sum: Some(12.5),
        min: Some(0.5),
        max: Some(9.0),
        bucket_counts: vec![1, 2, 3],
        explicit_bounds: vec![1.0, 2.0],
        ..HistogramDataPoint::default()
    };
    let bare = HistogramDataPoint { time_unix_nano: SIX, count: u64::MAX, ..HistogramDataPoint::default() };
    let histogram = Histogram { data_points: vec![point, bare], aggregation_temporality: 2 };
    let point = ExponentialHistogramDataPoint {
        time_unix_nano: SIX,
        count: 4,
        scale: -2,
        zero_count: 1,
        zero_threshold: 0.25,
        positive: Some(Buckets { offset: -3, bucket_counts: vec![1, 0, 2] }),
        ..ExponentialHistogramDataPoint::default()
    };
    let exponential = ExponentialHistogram { data_points: vec![point], aggregation_temporality: 1 };
    let metrics = vec![
        metric("explicit", Data::Histogram(histogram)),
        metric("exponential", Data::ExponentialHistogram(exponential)),
    ];
    assert_snapshot!(shown(&points(&request(metrics))), @r#"
    {"recorded_timestamp":"2026-11-20T06:00:00Z","metric_name":"explicit","metric_type":"histogram","aggregation_temporality":"cumulative","histogram_min":0.5,"histogram_max":9.0,"histogram_sum":12.5,"histogram_count":6,"histogram_bucket_counts":[1,2,3],"histogram_explicit_bounds":[1.0,2.0],"attributes":"{}"}
    {"recorded_timestamp":"2026-11-20T06:00:00Z","metric_name":"explicit","metric_type":"histogram","aggregation_temporality":"cumulative","histogram_count":9223372036854775807,"histogram_bucket_counts":[],"histogram_explicit_bounds":[],"attributes":"{}"}
    {"recorded_timestamp":"2026-11-20T06:00:00Z","metric_name":"exponential","metric_type":"exponential_histogram","aggregation_temporality":"delta","histogram_count":4,"exp_histogram_scale":-2,"exp_histogram_zero_count":1,"exp_histogram_zero_threshold":0.25,"exp_histogram_positive_bucket_counts":[1,0,2],"exp_histogram_negative_bucket_counts":[],"exp_histogram_positive_bucket_counts_offset":-3,"exp_histogram_negative_bucket_counts_offset":0,"attributes":"{}"}
    "#);
}

#[test]
fn histograms_that_recorded_nothing_have_no_numbers() {
    // What senders write when a series ends; as zeros it would look like a counter that was started anew.
    let plain = HistogramDataPoint { time_unix_nano: SIX, flags: 1, ..HistogramDataPoint::default() };
    let exponential = ExponentialHistogramDataPoint {
        time_unix_nano: SIX,
        flags: 1,
        positive: Some(Buckets { offset: 0, bucket_counts: vec![1] }),
        ..ExponentialHistogramDataPoint::default()
    };
    let histogram = Histogram { data_points: vec![plain], aggregation_temporality: 2 };
    let exponential = ExponentialHistogram { data_points: vec![exponential], aggregation_temporality: 2 };
    let batch = points(&request(vec![
        metric("explicit", Data::Histogram(histogram)),
        metric("exponential", Data::ExponentialHistogram(exponential)),
    ]));
    assert_snapshot!(shown(&batch), @r#"
    {"recorded_timestamp":"2026-11-20T06:00:00Z","metric_name":"explicit","metric_type":"histogram","aggregation_temporality":"cumulative","attributes":"{}"}
    {"recorded_timestamp":"2026-11-20T06:00:00Z","metric_name":"exponential","metric_type":"exponential_histogram","aggregation_temporality":"cumulative","attributes":"{}"}
    "#);
    let json = json!({"resourceMetrics": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
        "scopeMetrics": [{"metrics": [
        {"name": "explicit", "histogram": {"aggregationTemporality": 2,
            "dataPoints": [{"timeUnixNano": SIX.to_string(), "flags": 1}]}},
        {"name": "exponential", "exponentialHistogram": {"aggregationTemporality": 2,
            "dataPoints": [{"timeUnixNano": SIX.to_string(), "flags": 1}]}},
    ]}]}]});
    let arrival = Arrival::new(arrived_at(), project());
    let written = serde_json::to_vec(&json).unwrap();
    let decoded = decode(Signal::Metrics, Encoding::Json, &written, &arrival, &Shredding::default()).unwrap();
    assert_eq!(shown(&decoded.rows[0].batch), shown(&batch));
}

#[test]
fn values_that_are_no_numbers_stay_what_they_are() {
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0];
    let point = |value| NumberDataPoint {
        time_unix_nano: SIX,
        value: Some(Number::AsDouble(value)),
        attributes: vec![attribute("odd", Value::DoubleValue(value))],
        ..NumberDataPoint::default()
    };
    let gauge = Gauge { data_points: odd.map(point).to_vec() };
    let batch = points(&request(vec![metric("odd", Data::Gauge(gauge))]));
    let values = batch.column_by_name("scalar_value").unwrap().as_primitive::<Float64Type>();
    assert_eq!(values.values().iter().map(|value| value.to_bits()).collect::<Vec<_>>(), odd.map(f64::to_bits));
    let attributes = batch.column_by_name("attributes").unwrap().as_string::<i32>();
    assert_eq!(
        attributes.iter().flatten().collect::<Vec<_>>().join(" "),
        "{\"odd\":\"NaN\"} {\"odd\":\"Infinity\"} {\"odd\":\"-Infinity\"} {\"odd\":-0.0}"
    );
}

#[test]
fn summaries_and_points_out_of_time_are_dropped_and_told() {
    let summary = Summary { data_points: vec![SummaryDataPoint::default(); 2] };
    let old = NumberDataPoint { time_unix_nano: 1, ..NumberDataPoint::default() };
    let new = NumberDataPoint { time_unix_nano: SIX, ..NumberDataPoint::default() };
    let gauge = Gauge { data_points: vec![old, new] };
    let decoded = taken(&request(vec![metric("s", Data::Summary(summary)), metric("g", Data::Gauge(gauge))]));
    assert_eq!(decoded.rejected, 3);
    assert_snapshot!(decoded.message.unwrap(), @"1 data point of `shop` dropped: time 1970-01-01T00:00:00Z outside of what is accepted, 2026-11-19T06:50:00Z to 2026-11-20T07:50:00Z; check the clock; 2 data points of summaries dropped: this server keeps gauges, sums and histograms only");
    let tables: Vec<(Table, usize)> = decoded.rows.iter().map(|rows| (rows.table, rows.batch.num_rows())).collect();
    assert_eq!(tables, [(Table::Records, 1), (Table::Metrics, 1)]);
}

#[test]
fn of_a_million_buckets_the_first_are_kept() {
    let point =
        HistogramDataPoint { time_unix_nano: SIX, bucket_counts: vec![1; 1_000_000], ..HistogramDataPoint::default() };
    let histogram = Histogram { data_points: vec![point], ..Histogram::default() };
    let batch = points(&request(vec![metric("h", Data::Histogram(histogram))]));
    let counts = batch.column_by_name("histogram_bucket_counts").unwrap().as_list::<i32>();
    assert_eq!(counts.value(0).len(), limits::BUCKETS_MAX);
}

#[test]
fn what_gives_no_rows_counts_as_well() {
    // Compressed, these are a few hundred bytes to a few kilobytes.
    let within = |number: u8, inner: &[u8]| {
        let mut message = vec![number << 3 | 2];
        prost::encoding::encode_varint(inner.len() as u64, &mut message);
        message.extend(inner);
        message
    };
    let empty_metric = within(2, &[]);
    let scopes = within(2, &empty_metric).repeat(1_500_000);
    let metrics = within(2, &empty_metric.repeat(1_500_000));
    let summary = within(11, &within(1, &[]).repeat(1_500_000));
    let summaries = within(2, &within(2, &summary));
    for of_resource in [scopes, metrics, summaries] {
        let body = within(1, &of_resource);
        let arrival = Arrival::new(arrived_at(), project());
        let refused = decode(Signal::Metrics, Encoding::Protobuf, &body, &arrival, &Shredding::default());
        assert!(matches!(refused, Err(DecodeError::TooLarge { .. })), "{refused:?}");
    }
}

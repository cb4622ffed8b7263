//! Attributes with a column of their own.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue};
use proptest::prelude::*;
use serde_json::value::RawValue;
use watchfire_ingest::table::{Shredding, Table};
use watchfire_ingest::{Arrival, Encoding, Signal, decode};

use crate::captures::{arrived_at, bodies, project};
use crate::otlp_rules::{attribute, span, text, traces};

/// Checks, for every row, that a shredded column holds what stands in `attributes`, to the byte.
fn check(signal: Signal, body: &[u8], keys: &[&str]) -> usize {
    let shredding = Shredding::new(keys.iter().map(|key| (*key).to_owned()));
    let arrival = Arrival::new(arrived_at(), project());
    let decoded = decode(signal, Encoding::Protobuf, body, &arrival, &shredding).unwrap();
    let mut found = 0;
    for rows in decoded.rows.iter().filter(|rows| rows.table == Table::Records) {
        let column = |name: &str| rows.batch.column_by_name(name).unwrap().as_string::<i32>().clone();
        for (row, attributes) in column("attributes").iter().flatten().enumerate() {
            let raw: BTreeMap<String, Box<RawValue>> = serde_json::from_str(attributes).unwrap();
            for key in shredding.keys() {
                let shredded = column(&Shredding::column_of(key));
                let shredded = shredded.is_valid(row).then(|| shredded.value(row).to_owned());
                found += usize::from(shredded.is_some());
                assert_eq!(shredded.as_deref().map(str::trim), raw.get(key).map(|value| value.get()), "{key}");
            }
        }
    }
    found
}

#[test]
fn the_columns_of_captures_hold_what_stands_in_their_attributes() {
    let default = Shredding::default();
    let mut keys: Vec<&str> = default.keys().iter().map(String::as_str).collect();
    keys.extend(["logfire.msg", "logfire.tags", "agent_name", "final_result", "code.lineno", "cart", "no such key"]);
    let signal = |name: &str| if name.ends_with("-traces") { Signal::Traces } else { Signal::Logs };
    let found: usize = bodies().iter().map(|(name, body)| check(signal(name), body, &keys)).sum();
    assert!(found > 500, "{found}");
}

/// Any value that an attribute may have.
fn value() -> impl Strategy<Value = Option<Value>> {
    let leaf = prop_oneof![
        Just(None),
        any::<bool>().prop_map(|truth| Some(Value::BoolValue(truth))),
        any::<i64>().prop_map(|number| Some(Value::IntValue(number))),
        any::<f64>().prop_map(|number| Some(Value::DoubleValue(number))),
        any::<String>().prop_map(|text| Some(Value::StringValue(text))),
        prop::collection::vec(any::<u8>(), 0..9).prop_map(|bytes| Some(Value::BytesValue(bytes))),
    ];
    leaf.prop_recursive(3, 20, 5, |inner| {
        let values = prop::collection::vec(inner.prop_map(|value| AnyValue { value }), 0..5);
        values.prop_map(|values| Some(Value::ArrayValue(ArrayValue { values })))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_columns_of_any_attributes_hold_what_stands_there(entries in prop::collection::vec(("[abc]{1,2}", value()), 0..12)) {
        let entry = |(key, value): (String, Option<Value>)| KeyValue {
            key,
            value: Some(AnyValue { value }),
            ..KeyValue::default()
        };
        let attributes = entries.into_iter().map(entry).collect();
        check(Signal::Traces, &traces(Vec::new(), vec![span(attributes)]), &["a", "b", "ab", "ca"]);
    }
}

#[test]
fn what_was_cut_from_attributes_is_no_column_either() {
    let long = "x".repeat(watchfire_ingest::limits::RECORD_BYTES_MAX);
    let attributes = vec![attribute("a", text(&long)), attribute("b", text("left out"))];
    assert_eq!(check(Signal::Traces, &traces(Vec::new(), vec![span(attributes)]), &["a", "b"]), 1);
}

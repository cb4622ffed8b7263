//! Values of OTLP as JSON and as plain text.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;

use super::attributes::unique;
use super::json::JsonText;
use crate::limits::JSON_DEPTH_MAX;

/// Writes a value as JSON: bytes as base64, numbers that JSON lacks as `"NaN"`, `"Infinity"`, `"-Infinity"`.
pub(super) fn write_json(value: Option<&Value>, json: &mut JsonText) {
    write_nested(value, JSON_DEPTH_MAX, json);
}

fn write_nested(value: Option<&Value>, depth: usize, json: &mut JsonText) {
    match value {
        // A place in the string table of profiles, which traces and logs do not have.
        None | Some(Value::StringValueStrindex(_)) => json.raw("null"),
        Some(Value::StringValue(text)) => json.string(text),
        Some(Value::BoolValue(truth)) => json.raw(if *truth { "true" } else { "false" }),
        Some(Value::IntValue(number)) => json.raw(&number.to_string()),
        Some(Value::DoubleValue(number)) => match non_finite(*number) {
            Some(word) => json.string(word),
            None => json.raw(&finite(*number)),
        },
        Some(Value::BytesValue(bytes)) => json.string(&STANDARD.encode(bytes)),
        Some(Value::ArrayValue(_) | Value::KvlistValue(_)) if depth == 0 => json.raw("null"),
        Some(Value::ArrayValue(list)) => write_list(&list.values, depth - 1, json),
        Some(Value::KvlistValue(list)) => {
            json.raw("{");
            for (index, (key, value)) in unique(&list.values).into_iter().enumerate() {
                if json.is_full() {
                    break;
                }
                json.raw(if index == 0 { "" } else { "," });
                json.string(key);
                json.raw(":");
                write_nested(value, depth - 1, json);
            }
            json.raw("}");
        }
    }
}

fn write_list(values: &[AnyValue], depth: usize, json: &mut JsonText) {
    json.raw("[");
    for (index, item) in values.iter().enumerate() {
        if json.is_full() {
            break;
        }
        json.raw(if index == 0 { "" } else { "," });
        write_nested(item.value.as_ref(), depth, json);
    }
    json.raw("]");
}

const fn non_finite(number: f64) -> Option<&'static str> {
    if number.is_nan() {
        Some("NaN")
    } else if number.is_infinite() {
        Some(if number > 0.0 { "Infinity" } else { "-Infinity" })
    } else {
        None
    }
}

/// The shortest text that is read back as the same number, always with a point or an exponent.
fn finite(number: f64) -> String {
    serde_json::Number::from_f64(number).map_or_else(|| "null".to_owned(), |number| number.to_string())
}

/// A single value as plain text; `None` for lists, objects, bytes and nothing.
pub(super) fn plain_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::StringValue(text) => Some(Cow::Borrowed(text)),
        Value::BoolValue(truth) => Some(Cow::Owned(truth.to_string())),
        Value::IntValue(number) => Some(Cow::Owned(number.to_string())),
        Value::DoubleValue(number) => {
            Some(Cow::Owned(non_finite(*number).map_or_else(|| finite(*number), str::to_owned)))
        }
        Value::ArrayValue(_) | Value::KvlistValue(_) | Value::BytesValue(_) | Value::StringValueStrindex(_) => None,
    }
}

/// A value that is a whole number, also as a text or as a floating number without a fraction.
pub(super) fn whole_number(value: &Value) -> Option<i64> {
    match value {
        Value::IntValue(number) => Some(*number),
        Value::StringValue(text) => text.trim().parse().ok(),
        // Whole numbers of this size are exact.
        Value::DoubleValue(number) if number.fract() == 0.0 && number.abs() < 9e15 => Some(*number as i64),
        Value::DoubleValue(_)
        | Value::BoolValue(_)
        | Value::ArrayValue(_)
        | Value::KvlistValue(_)
        | Value::BytesValue(_)
        | Value::StringValueStrindex(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::common::v1::{ArrayValue, KeyValue, KeyValueList};

    fn json_of(value: Value, bytes_max: usize) -> String {
        let mut json = JsonText::new(bytes_max);
        write_json(Some(&value), &mut json);
        json.into_string()
    }

    fn list(values: Vec<Value>) -> Value {
        let values = values.into_iter().map(|value| AnyValue { value: Some(value) }).collect();
        Value::ArrayValue(ArrayValue { values })
    }

    fn object(entries: Vec<(&str, Option<Value>)>) -> Value {
        let entry = |(key, value): (&str, Option<Value>)| KeyValue {
            key: key.to_owned(),
            value: Some(AnyValue { value }),
            ..KeyValue::default()
        };
        Value::KvlistValue(KeyValueList { values: entries.into_iter().map(entry).collect() })
    }

    #[test]
    fn every_kind_of_value_has_its_json() {
        let value = object(vec![
            ("text", Some(Value::StringValue("a\"b\n\u{1}ü".to_owned()))),
            ("least", Some(Value::IntValue(i64::MIN))),
            ("most", Some(Value::IntValue(i64::MAX))),
            ("float", Some(list(vec![Value::DoubleValue(1.0), Value::DoubleValue(0.1), Value::DoubleValue(1e300)]))),
            ("odd", Some(list(vec![Value::DoubleValue(f64::NAN), Value::DoubleValue(f64::NEG_INFINITY)]))),
            ("bytes", Some(Value::BytesValue(vec![0, 255, 1]))),
            ("none", None),
            ("truth", Some(Value::BoolValue(true))),
            ("empty", Some(list(vec![]))),
            ("twice", Some(Value::IntValue(1))),
            ("twice", Some(Value::IntValue(2))),
        ]);
        insta::assert_snapshot!(json_of(value, 1_000), @r#"{"text":"a\"b\n\u0001ü","least":-9223372036854775808,"most":9223372036854775807,"float":[1.0,0.1,1e+300],"odd":["NaN","-Infinity"],"bytes":"AP8B","none":null,"truth":true,"empty":[],"twice":2}"#);
    }

    #[test]
    fn what_does_not_fit_is_left_out_and_the_rest_is_still_json() {
        let long = object(vec![
            ("a", Some(Value::StringValue("x".repeat(100)))),
            ("b", Some(Value::IntValue(1))),
            ("c", Some(Value::IntValue(2))),
        ]);
        insta::assert_snapshot!(json_of(long, 20), @r#"{"a":"xxxxxxxxxxxxxxx…"}"#);
        let many = list(vec![Value::IntValue(1); 100_000]);
        insta::assert_snapshot!(json_of(many, 8), @"[1,1,1,1]");
    }

    #[test]
    fn what_nests_deeper_than_the_limit_is_null() {
        let mut value = Value::IntValue(1);
        for _ in 0..JSON_DEPTH_MAX {
            value = list(vec![value]);
        }
        assert!(json_of(value.clone(), 1_000).contains('1'));
        let deeper = json_of(list(vec![value]), 1_000);
        assert!(deeper.contains("null") && serde_json::from_str::<serde_json::Value>(&deeper).is_ok(), "{deeper}");
    }
}

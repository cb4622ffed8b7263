//! Values of OTLP as JSON and as plain text.

use std::borrow::Cow;

use super::json::JsonText;
use super::proto::{Malformed, Value, list, object};
use crate::limits::JSON_DEPTH_MAX;

/// Writes a value as JSON: bytes as base64, numbers that JSON lacks as `"NaN"`, `"Infinity"`, `"-Infinity"`.
///
/// What nests deeper than [`JSON_DEPTH_MAX`] is written as null and not looked at.
pub(super) fn write_json(value: Option<&Value<'_>>, json: &mut JsonText) -> Result<(), Malformed> {
    write_nested(value, JSON_DEPTH_MAX, json)
}

fn write_nested(value: Option<&Value<'_>>, depth: usize, json: &mut JsonText) -> Result<(), Malformed> {
    match value {
        None => json.raw("null"),
        Some(Value::Text(text)) => json.string(text),
        Some(Value::Bool(truth)) => json.raw(if *truth { "true" } else { "false" }),
        Some(Value::Int(number)) => json.whole(*number),
        Some(Value::Double(number)) => match non_finite(*number) {
            Some(word) => json.string(word),
            None => json.raw(&finite(*number)),
        },
        Some(Value::Bytes(bytes)) => json.base64(bytes),
        Some(Value::List(_) | Value::Object(_)) if depth == 0 => json.raw("null"),
        Some(Value::List(values)) => return write_list(values, depth - 1, json),
        Some(Value::Object(entries)) => return write_object(entries, depth - 1, json),
    }
    Ok(())
}

fn write_list(values: &[u8], depth: usize, json: &mut JsonText) -> Result<(), Malformed> {
    json.raw("[");
    for (index, item) in list(values).enumerate() {
        if json.is_full() {
            break;
        }
        json.raw(if index == 0 { "" } else { "," });
        write_nested(item?.as_ref(), depth, json)?;
    }
    json.raw("]");
    Ok(())
}

fn write_object(entries: &[u8], depth: usize, json: &mut JsonText) -> Result<(), Malformed> {
    json.raw("{");
    for (index, (key, value)) in object(entries)?.iter().enumerate() {
        if json.is_full() {
            break;
        }
        json.raw(if index == 0 { "" } else { "," });
        json.string(key);
        json.raw(":");
        write_nested(value, depth, json)?;
    }
    json.raw("}");
    Ok(())
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
pub(super) fn plain_text<'v>(value: &'v Value<'_>) -> Option<Cow<'v, str>> {
    match value {
        Value::Text(text) => Some(Cow::Borrowed(text)),
        Value::Bool(truth) => Some(Cow::Borrowed(if *truth { "true" } else { "false" })),
        Value::Int(number) => Some(Cow::Owned(number.to_string())),
        Value::Double(number) => Some(non_finite(*number).map_or_else(|| Cow::Owned(finite(*number)), Cow::Borrowed)),
        Value::List(_) | Value::Object(_) | Value::Bytes(_) => None,
    }
}

/// A value that is a whole number, also as a text or as a floating number without a fraction.
pub(super) fn whole_number(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        Value::Text(text) => text.trim().parse().ok(),
        // Whole numbers of this size are exact.
        Value::Double(number) if number.fract() == 0.0 && number.abs() < 9e15 => Some(*number as i64),
        Value::Double(_) | Value::Bool(_) | Value::List(_) | Value::Object(_) | Value::Bytes(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otlp::proto::any_value;
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};
    use prost::Message;

    fn json_of(value: Value, bytes_max: usize) -> String {
        let message = AnyValue { value: Some(value) }.encode_to_vec();
        let mut json = JsonText::new(bytes_max);
        write_json(any_value(&message).unwrap().as_ref(), &mut json).unwrap();
        json.as_str().to_owned()
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

//! Whether one JSON value contains another, as PostgreSQL's `@>` has it.

use serde_json::{Number, Value};

/// Every member of `inner` is in `outer`, at the same depth: of an object each key with a value that contains its own, of
/// an array each item somewhere. An array contains a plain value that is one of its items, at the top only.
pub(super) fn contains(outer: &Value, inner: &Value) -> bool {
    match (outer, inner) {
        (Value::Array(items), plain) if !plain.is_array() && !plain.is_object() => {
            items.iter().any(|item| holds(item, plain))
        }
        _ => holds(outer, inner),
    }
}

fn holds(outer: &Value, inner: &Value) -> bool {
    match (outer, inner) {
        (Value::Object(outer), Value::Object(inner)) => {
            inner.iter().all(|(key, value)| outer.get(key).is_some_and(|own| holds(own, value)))
        }
        (Value::Array(outer), Value::Array(inner)) => inner.iter().all(|item| outer.iter().any(|own| holds(own, item))),
        (Value::Number(outer), Value::Number(inner)) => is_same(outer, inner),
        (
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_),
            _,
        ) => outer == inner,
    }
}

/// `1` and `1.0` are one number.
fn is_same(left: &Number, right: &Number) -> bool {
    left == right || (left.is_f64() != right.is_f64() && left.as_f64() == right.as_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containment_is_that_of_postgresql() {
        // The examples of PostgreSQL's documentation, and what follows from its rules.
        let table = [
            (r#""foo""#, r#""foo""#, true),
            ("[1, 2, 3]", "[1, 3]", true),
            ("[1, 2, 3]", "[3, 1]", true),
            ("[1, 2, 3]", "[1, 2, 2]", true),
            (r#"{"product": "PG", "version": 9.4, "jsonb": true}"#, r#"{"version": 9.4}"#, true),
            ("[1, 2, [1, 3]]", "[1, 3]", false),
            ("[1, 2, [1, 3]]", "[[1, 3]]", true),
            (r#"{"foo": {"bar": "baz"}}"#, r#"{"bar": "baz"}"#, false),
            (r#"{"foo": {"bar": "baz"}}"#, r#"{"foo": {}}"#, true),
            (r#"["foo", "bar"]"#, r#""bar""#, true),
            (r#""bar""#, r#"["bar"]"#, false),
            (r#"{"a": ["x"]}"#, r#"{"a": "x"}"#, false),
            (r#"{"a": 1}"#, r#"{"a": 1.0}"#, true),
            (r#"{"a": null}"#, r#"{"a": null}"#, true),
            (r#"{"a": 1}"#, "{}", true),
            ("[]", "[]", true),
            ("{}", "[]", false),
            ("[{\"a\": 1, \"b\": 2}]", "[{\"a\": 1}]", true),
        ];
        for (outer, inner, wanted) in table {
            let [left, right] = [outer, inner].map(|text| serde_json::from_str(text).unwrap());
            assert_eq!(contains(&left, &right), wanted, "{outer} @> {inner}");
        }
    }
}

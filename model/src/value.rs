//! Cells of a query result: typed, comparable by value, and never lossy in storage.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use base64::{Engine, prelude::BASE64_STANDARD as BASE64};
use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// The greatest whole number up to which floats, and the numbers of JSON, hold every one exactly.
const EXACT_MAX: u128 = 1 << 53;

/// The type of a result column, as people and scripts see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    /// Text.
    String,
    /// Whole numbers of any width.
    Int,
    /// Floating and decimal numbers.
    Float,
    /// True or false.
    Bool,
    /// Instants and dates, UTC.
    Timestamp,
    /// Spans of time.
    Duration,
    /// JSON values.
    Json,
    /// Lists of values.
    List,
    /// Bytes.
    Binary,
}

impl ColumnType {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::String,
        Self::Int,
        Self::Float,
        Self::Bool,
        Self::Timestamp,
        Self::Duration,
        Self::Json,
        Self::List,
        Self::Binary,
    ];

    /// The word for it in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Int => "int",
            Self::Float => "float",
            Self::Bool => "bool",
            Self::Timestamp => "timestamp",
            Self::Duration => "duration",
            Self::Json => "json",
            Self::List => "list",
            Self::Binary => "binary",
        }
    }

    /// Whether a cell of this type can be a rule's value.
    pub const fn is_numeric(self) -> bool {
        matches!(self, Self::Int | Self::Float)
    }
}

/// A column of a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// The name the query gave it.
    pub name: String,
    /// What its cells are.
    #[serde(rename = "type")]
    pub kind: ColumnType,
}

/// One cell.
///
/// Two values are equal when they mean the same: numbers by value whatever their
/// width (`3` equals `3.0`, `-0.0` equals `0.0`, NaN equals NaN), decimals without
/// trailing zeros, JSON by value and not by text, instants in microseconds, NULL equals NULL.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number of up to 64 bits, signed or not.
    Int(i128),
    /// A floating number; NaN and infinities included.
    Float(#[serde(with = "float_text")] f64),
    /// A decimal number in plain notation, as the query scaled it.
    Decimal(String),
    /// Text.
    String(String),
    /// An instant, UTC.
    Timestamp(Timestamp),
    /// A span of time in microseconds.
    Duration(i64),
    /// A JSON value.
    Json(serde_json::Value),
    /// A list of cells.
    List(Vec<Value>),
    /// Bytes.
    Binary(Vec<u8>),
}

impl Value {
    /// Whether this is SQL NULL.
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The number this cell holds, as a float; `None` when it holds none.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "a float is asked for")]
            Self::Int(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            Self::Decimal(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The JSON that people and scripts see.
    ///
    /// Instants RFC 3339 in UTC with microseconds, whole numbers outside ±2^53 as
    /// strings, NaN and infinities as null, decimals as strings, bytes as base64,
    /// durations as seconds.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match self {
            Self::Null => Json::Null,
            Self::Bool(value) => Json::Bool(*value),
            Self::Int(number) => match i64::try_from(*number) {
                Ok(small) if number.unsigned_abs() <= EXACT_MAX => Json::from(small),
                _ => Json::String(number.to_string()),
            },
            Self::Float(number) => serde_json::Number::from_f64(*number).map_or(Json::Null, Json::Number),
            Self::Decimal(text) | Self::String(text) => Json::String(text.clone()),
            Self::Timestamp(instant) => Json::String(instant.to_rfc3339_micros()),
            #[expect(clippy::cast_precision_loss, reason = "seconds for a reader, not for arithmetic")]
            Self::Duration(micros) => Json::from(*micros as f64 / 1_000_000.0),
            Self::Json(value) => value.clone(),
            Self::List(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Self::Binary(bytes) => Json::String(BASE64.encode(bytes)),
        }
    }

    /// The form by which values are compared and hashed: a tag for the kind, then text.
    fn canonical(&self) -> (u8, String) {
        match self {
            Self::Null => (0, String::new()),
            Self::Bool(value) => (1, value.to_string()),
            Self::Int(number) => (2, number.to_string()),
            Self::Float(number) => (2, float_canonical_text(*number)),
            Self::Decimal(text) => (2, decimal_canonical(text)),
            Self::String(text) => (3, text.clone()),
            Self::Timestamp(instant) => (4, instant.as_micros().to_string()),
            Self::Duration(micros) => (5, micros.to_string()),
            Self::Json(value) => (6, json_canonical(value)),
            Self::List(items) => {
                let parts: Vec<String> = items.iter().map(Self::canonical_text).collect();
                (7, parts.concat())
            }
            Self::Binary(bytes) => (8, BASE64.encode(bytes)),
        }
    }

    /// [`Value::canonical`] as one text whose parts cannot run into each other.
    pub fn canonical_text(&self) -> String {
        let (tag, text) = self.canonical();
        format!("{tag}:{}:{text};", text.len())
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            // Most keys are texts and whole numbers; they need no canonical form to be compared.
            (Self::String(left), Self::String(right)) => left == right,
            (Self::Int(left), Self::Int(right)) => left == right,
            _ => self.canonical() == other.canonical(),
        }
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.canonical().hash(state);
    }
}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A total order that agrees with `==`: by kind, numbers by size, everything else by its canonical text.
impl Ord for Value {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::String(left), Self::String(right)) => return left.cmp(right),
            // Beyond what a float holds exactly, whole numbers sort as they do among floats.
            (Self::Int(left), Self::Int(right)) if left.unsigned_abs().max(right.unsigned_abs()) <= EXACT_MAX => {
                return left.cmp(right);
            }
            _ => {}
        }
        let ((left_tag, left), (right_tag, right)) = (self.canonical(), other.canonical());
        let by_size = match (self.sort_number(), other.sort_number()) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            _ => Ordering::Equal,
        };
        left_tag.cmp(&right_tag).then(by_size).then_with(|| left.cmp(&right))
    }
}

impl Value {
    fn sort_number(&self) -> Option<f64> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "only to sort; equality is decided by the text")]
            Self::Timestamp(instant) => Some(instant.as_micros() as f64),
            #[expect(clippy::cast_precision_loss, reason = "only to sort; equality is decided by the text")]
            Self::Duration(micros) => Some(*micros as f64),
            _ => self.as_f64().map(canonical_float),
        }
    }
}

/// One zero and one NaN.
fn canonical_float(number: f64) -> f64 {
    if number == 0.0 {
        0.0
    } else if number.is_nan() {
        f64::NAN
    } else {
        number
    }
}

fn float_canonical_text(number: f64) -> String {
    canonical_float(number).to_string()
}

fn decimal_canonical(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let trimmed = if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits };
    let trimmed = trimmed.trim_start_matches('0');
    let whole = if trimmed.is_empty() || trimmed.starts_with('.') { format!("0{trimmed}") } else { trimmed.to_owned() };
    if whole == "0" { whole } else { format!("{sign}{whole}") }
}

fn json_canonical(value: &serde_json::Value) -> String {
    use serde_json::Value as Json;
    match value {
        Json::Number(number) => {
            number.as_f64().filter(|_| number.is_f64()).map_or_else(|| number.to_string(), float_canonical_text)
        }
        Json::Array(items) => {
            let parts: Vec<String> = items.iter().map(json_canonical).collect();
            format!("[{}]", parts.join(","))
        }
        Json::Object(map) => {
            let mut parts: Vec<(&String, String)> = map.iter().map(|(key, item)| (key, json_canonical(item))).collect();
            parts.sort();
            let parts: Vec<String> =
                parts.into_iter().map(|(key, item)| format!("{}:{item}", Json::String(key.clone()))).collect();
            format!("{{{}}}", parts.join(","))
        }
        other => other.to_string(),
    }
}

/// Floats in storage are text: exact to the last bit, and NaN and infinities have a word.
mod float_text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
    pub fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&number.to_string())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn values_are_equal_when_they_mean_the_same() {
        for (left, right) in [
            (Value::Int(3), Value::Float(3.0)),
            (Value::Float(-0.0), Value::Float(0.0)),
            (Value::Float(f64::NAN), Value::Float(-f64::NAN)),
            (Value::Decimal("1.50".into()), Value::Decimal("1.5".into())),
            (Value::Decimal("-0.00".into()), Value::Int(0)),
            (Value::Decimal("100".into()), Value::Int(100)),
            (Value::Json(json!({"a": 1, "b": [2.0]})), Value::Json(json!({"b": [2], "a": 1}))),
            (Value::Null, Value::Null),
        ] {
            assert_eq!(left, right);
            assert_eq!(left.cmp(&right), Ordering::Equal);
        }
        for (left, right) in [
            (Value::Int(3), Value::String("3".into())),
            (Value::Null, Value::String(String::new())),
            (Value::Decimal("100".into()), Value::Decimal("1".into())),
            (Value::Decimal("-1.5".into()), Value::Decimal("1.5".into())),
            (Value::Int(i128::from(u64::MAX)), Value::Int(i128::from(u64::MAX) - 1)),
            (Value::List(vec![Value::String("a;".into())]), Value::List(vec![Value::String("a".into())])),
        ] {
            assert_ne!(left, right);
            assert_ne!(left.cmp(&right), Ordering::Equal);
        }
    }

    #[test]
    fn numbers_sort_by_size() {
        assert!(Value::Int(9) < Value::Float(10.5));
        assert!(Value::Float(-1.0) < Value::Decimal("0.5".into()));
        assert!(Value::Null < Value::Bool(false));
    }

    #[test]
    fn json_for_people_keeps_what_json_numbers_cannot() {
        assert_eq!(Value::Int(9_007_199_254_740_992).to_json(), json!(9_007_199_254_740_992_i64));
        assert_eq!(Value::Int(9_007_199_254_740_993).to_json(), json!("9007199254740993"));
        assert_eq!(Value::Float(f64::NAN).to_json(), json!(null));
        assert_eq!(Value::Float(f64::INFINITY).to_json(), json!(null));
        assert_eq!(Value::Decimal("1.50".into()).to_json(), json!("1.50"));
        assert_eq!(Value::Timestamp(Timestamp::EPOCH).to_json(), json!("1970-01-01T00:00:00.000000Z"));
        assert_eq!(Value::Duration(1_500_000).to_json(), json!(1.5));
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            assert_eq!(Value::Binary(bytes.into()).to_json(), json!(text));
        }
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(|n| Value::Int(n.into())),
            any::<u64>().prop_map(|n| Value::Int(n.into())),
            (9_007_199_254_740_985_i64..9_007_199_254_741_000).prop_map(|n| Value::Int(n.into())),
            (9_999_999_999_999_990_i64..10_000_000_000_000_010).prop_map(|n| Value::Int(n.into())),
            Just(Value::Float(1e16)),
            any::<f64>().prop_map(Value::Float),
            Just(Value::Float(f64::NEG_INFINITY)),
            "[0-9]{1,4}\\.[0-9]{0,3}".prop_map(Value::Decimal),
            ".*".prop_map(Value::String),
            any::<i64>().prop_map(|n| Value::Timestamp(Timestamp::from_micros(n))),
            any::<i64>().prop_map(Value::Duration),
            any::<Vec<u8>>().prop_map(Value::Binary),
        ];
        leaf.prop_recursive(2, 8, 4, |inner| proptest::collection::vec(inner, 0..4).prop_map(Value::List))
    }

    proptest! {
        #[test]
        fn storage_loses_nothing(value in any_value()) {
            let text = serde_json::to_string(&value).expect("values are JSON");
            let back: Value = serde_json::from_str(&text).expect("what was written can be read");
            prop_assert_eq!(back.canonical_text(), value.canonical_text());
        }

        #[test]
        fn the_order_is_total_and_agrees_with_equality(a in any_value(), b in any_value(), c in any_value()) {
            prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
            prop_assert_eq!(a == b, a.cmp(&b) == Ordering::Equal);
            if a <= b && b <= c {
                prop_assert!(a <= c);
            }
        }
    }
}

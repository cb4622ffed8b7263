//! `AnyValue`, `ArrayValue`, `KeyValueList`.

use std::borrow::Cow;

use super::{Fields, Malformed};
use crate::otlp::attributes::Attributes;

/// A text of the body; its own where it had to be repaired.
pub(in crate::otlp) type Text<'a> = Cow<'a, str>;

/// A value. Lists and objects are read when somebody asks for them.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::otlp) enum Value<'a> {
    Text(Text<'a>),
    Bool(bool),
    Int(i64),
    Double(f64),
    Bytes(&'a [u8]),
    List(&'a [u8]),
    Object(&'a [u8]),
}

/// Reads an `AnyValue`; `None` when it is empty, which means null.
pub(in crate::otlp) fn any_value(message: &[u8]) -> Result<Option<Value<'_>>, Malformed> {
    let mut value = None;
    for field in Fields::of(message) {
        let field = field?;
        value = match field.number {
            1 => Some(Value::Text(field.text()?)),
            2 => Some(Value::Bool(field.varint()? != 0)),
            3 => Some(Value::Int(field.varint()? as i64)),
            4 => Some(Value::Double(field.double()?)),
            5 => Some(Value::List(field.bytes()?)),
            6 => Some(Value::Object(field.bytes()?)),
            7 => Some(Value::Bytes(field.bytes()?)),
            // A place in the string table of profiles is not here: no other signal has that table.
            _ => value,
        };
    }
    Ok(value)
}

/// The values of an `ArrayValue`.
pub(in crate::otlp) fn list(message: &[u8]) -> impl Iterator<Item = Result<Option<Value<'_>>, Malformed>> {
    let values = Fields::of(message).filter(|field| field.as_ref().map_or(true, |field| field.number == 1));
    values.map(|field| any_value(field?.bytes()?))
}

/// The entries of a `KeyValueList`.
pub(in crate::otlp) fn object(message: &[u8]) -> Result<Attributes<'_>, Malformed> {
    let mut entries = Attributes::default();
    for field in Fields::of(message) {
        let field = field?;
        if field.number == 1 {
            entries.add(field.bytes()?)?;
        }
    }
    entries.keep_each_once();
    Ok(entries)
}

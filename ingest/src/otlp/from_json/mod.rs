//! OTLP's JSON as protobuf, so that there is one way from a request to its rows.
//!
//! The JSON is read as a stream and written field by field: no tree is built, and what comes out is about as large as what
//! came in. It is taken as protobuf's JSON mapping and OTLP say, and a little more kindly: whole numbers as numbers and as
//! texts, ids in hexadecimal digits, bytes in base64, enumerations as numbers and as names, names in lowerCamelCase and in
//! snake_case, null for what is not there. Fields that nobody knows are passed over. An id that is none is none; a text
//! with half of a surrogate pair is repaired where texts are read.

mod number;
mod shapes;
mod written;

use std::fmt;

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::general_purpose::GeneralPurpose;
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};

use self::number::Number;
use self::shapes::{Field, Kind, Shape};
use self::written::Written;
use super::decode::Signal;
use crate::limits::JSON_DEPTH_MAX;

/// Messages that nest deeper are passed over: an object inside of an object is three messages, and the request some more.
const NESTING_MAX: usize = 3 * JSON_DEPTH_MAX + 16;

/// Writes a request that is written in JSON as protobuf.
pub(super) fn to_protobuf(signal: Signal, body: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
    let mut written = Written::default();
    let mut reader = serde_json::Deserializer::from_slice(body);
    // The depth is counted below.
    reader.disable_recursion_limit();
    Message { shape: Shape::request(signal), written: &mut written, depth: NESTING_MAX }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(written.into_bytes())
}

/// The fields of a message.
struct Message<'w> {
    shape: &'static Shape,
    written: &'w mut Written,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Message<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Message<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        write_fields(self.shape, self.written, self.depth, map)
    }
}

fn write_fields<'de, A: MapAccess<'de>>(
    shape: &'static Shape,
    written: &mut Written,
    depth: usize,
    mut map: A,
) -> Result<(), A::Error> {
    while let Some(field) = map.next_key_seed(FieldName(shape))? {
        match field {
            Some(field) => {
                map.next_value_seed(FieldValue { field, written: &mut *written, depth, may_repeat: true })?
            }
            None => {
                map.next_value::<IgnoredAny>()?;
            }
        }
    }
    Ok(())
}

/// The name of a field of this message.
struct FieldName(&'static Shape);

impl<'de> DeserializeSeed<'de> for FieldName {
    type Value = Option<&'static Field>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for FieldName {
    type Value = Option<&'static Field>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.field(name))
    }
}

/// The value of a field, or a list of them.
struct FieldValue<'w> {
    field: &'static Field,
    written: &'w mut Written,
    depth: usize,
    may_repeat: bool,
}

impl<'de> DeserializeSeed<'de> for FieldValue<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.field.kind {
            // As bytes, since a text that is no UTF-8 is to be repaired, not refused.
            Kind::Text | Kind::Id | Kind::Bytes => deserializer.deserialize_option(self),
            Kind::Message(_) if self.depth == 0 => deserializer.deserialize_ignored_any(IgnoredAny).map(|_| ()),
            Kind::Message(_)
            | Kind::Bool
            | Kind::Int
            | Kind::Unsigned
            | Kind::Zigzag
            | Kind::Fixed
            | Kind::SignedFixed
            | Kind::Double
            | Kind::Enum(_) => deserializer.deserialize_any(self),
        }
    }
}

impl FieldValue<'_> {
    fn write_bytes<E: Error>(self, bytes: &[u8]) -> Result<(), E> {
        let number = self.field.number;
        match self.field.kind {
            Kind::Id => {
                if let Some(id) = from_hex(bytes) {
                    self.written.bytes(number, &id);
                }
            }
            Kind::Bytes => {
                let decoded = from_base64(bytes);
                let no_base64 = || E::custom(format_args!("`{}` is not in base64", self.field.name));
                self.written.bytes(number, &decoded.ok_or_else(no_base64)?);
            }
            Kind::Text
            | Kind::Message(_)
            | Kind::Bool
            | Kind::Int
            | Kind::Unsigned
            | Kind::Zigzag
            | Kind::Fixed
            | Kind::SignedFixed
            | Kind::Double
            | Kind::Enum(_) => self.written.bytes(number, bytes),
        }
        Ok(())
    }

    fn write_number<E: Error>(self, number: Number) -> Result<(), E> {
        match self.field.kind {
            Kind::Message(_) | Kind::Text | Kind::Id | Kind::Bytes | Kind::Bool => {
                Err(E::invalid_type(number.unexpected(), &self))
            }
            Kind::Int
            | Kind::Unsigned
            | Kind::Zigzag
            | Kind::Fixed
            | Kind::SignedFixed
            | Kind::Double
            | Kind::Enum(_) => number.write(self.field.kind, self.field.number, self.written),
        }
    }
}

impl<'de> Visitor<'de> for FieldValue<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wanted = match self.field.kind {
            Kind::Message(_) => "an object",
            Kind::Text => "a text",
            Kind::Id => "hexadecimal digits in a text",
            Kind::Bytes => "base64 in a text",
            Kind::Bool => "true or false",
            Kind::Int | Kind::Unsigned | Kind::Zigzag | Kind::Fixed | Kind::SignedFixed => "a whole number",
            Kind::Double => "a number",
            Kind::Enum(_) => "a number or a name",
        };
        write!(f, "{wanted} as `{}`", self.field.name)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_bytes(self)
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<(), E> {
        self.write_bytes(bytes)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<(), E> {
        if !matches!(self.field.kind, Kind::Bool) {
            return Err(E::invalid_type(Unexpected::Bool(truth), &self));
        }
        self.written.varint(self.field.number, u64::from(truth));
        Ok(())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.write_number(Number::Unsigned(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.write_number(Number::Signed(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.write_number(Number::Float(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        let named = || match self.field.kind {
            Kind::Enum(names) => Some(Number::named(text, names)),
            Kind::Message(_)
            | Kind::Text
            | Kind::Id
            | Kind::Bytes
            | Kind::Bool
            | Kind::Int
            | Kind::Unsigned
            | Kind::Zigzag
            | Kind::Fixed
            | Kind::SignedFixed
            | Kind::Double => None,
        };
        match Number::parse(text).or_else(named) {
            Some(number) => self.write_number(number),
            None => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let Kind::Message(shape) = self.field.kind else {
            return Err(A::Error::invalid_type(Unexpected::Map, &self));
        };
        let start = self.written.open(self.field.number);
        write_fields(shape, self.written, self.depth - 1, map)?;
        self.written.close(start);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        if !self.may_repeat {
            return Err(A::Error::invalid_type(Unexpected::Seq, &self));
        }
        let Self { field, written, depth, .. } = self;
        loop {
            let entry = FieldValue { field, written: &mut *written, depth, may_repeat: false };
            if seq.next_element_seed(entry)?.is_none() {
                return Ok(());
            }
        }
    }
}

/// The bytes that hexadecimal digits stand for; `None` when they are none.
fn from_hex(digits: &[u8]) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_chunks::<2>();
    let value = |digit: u8| char::from(digit).to_digit(16).map(|value| value as u8);
    let bytes = pairs.iter().map(|[high, low]| Some(value(*high)? << 4 | value(*low)?));
    rest.is_empty().then(|| bytes.collect()).flatten()
}

/// The bytes that base64 stands for, in either alphabet, padded or not.
fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let decoded = GeneralPurpose::new(&STANDARD, LENIENT).decode(text);
    decoded.or_else(|_| GeneralPurpose::new(&URL_SAFE, LENIENT).decode(text)).ok()
}

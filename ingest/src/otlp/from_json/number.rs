//! Numbers as JSON has them, and as fields want them.

use std::fmt;

use serde::de::{Error, Unexpected};

use super::shapes::Kind;
use super::written::Written;

/// A number in JSON; as a text too, since JSON's own are not exact in every language.
#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
}

/// Beyond these every floating number is whole, but none fits 64 bits.
const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;

impl Number {
    /// A number in a text, also `NaN`, `Infinity` and `-Infinity`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let unsigned = text.parse().map(Self::Unsigned);
        unsigned.or_else(|_| text.parse().map(Self::Signed)).or_else(|_| text.parse().map(Self::Float)).ok()
    }

    /// The name of an entry of an enumeration; one that nobody knows is the first, which means that nothing is said.
    pub fn named(name: &str, names: &[&str]) -> Self {
        let place = names.iter().position(|known| *known == name).unwrap_or_default();
        Self::Unsigned(place as u64)
    }

    /// Writes the number as the kind of field wants it.
    pub fn write<E: Error>(self, kind: Kind, field: u32, written: &mut Written) -> Result<(), E> {
        match kind {
            Kind::Int | Kind::Enum(_) => {
                written.varint(field, self.signed().ok_or_else(|| self.does_not_fit())? as u64);
            }
            Kind::Unsigned => written.varint(field, self.unsigned().ok_or_else(|| self.does_not_fit())?),
            Kind::Zigzag => {
                let number = self.signed().and_then(|number| i32::try_from(number).ok());
                let number = number.ok_or_else(|| self.does_not_fit())?;
                written.varint(field, u64::from((number << 1 ^ number >> 31) as u32));
            }
            Kind::Fixed => written.fixed64(field, self.unsigned().ok_or_else(|| self.does_not_fit())?),
            Kind::SignedFixed => {
                written.fixed64(field, self.signed().ok_or_else(|| self.does_not_fit())? as u64);
            }
            Kind::Double => written.fixed64(field, self.float().to_bits()),
            Kind::Message(_) | Kind::Text | Kind::Id | Kind::Bytes | Kind::Bool => return Err(self.does_not_fit()),
        }
        Ok(())
    }

    fn unsigned(self) -> Option<u64> {
        match self {
            Self::Unsigned(number) => Some(number),
            Self::Signed(number) => u64::try_from(number).ok(),
            Self::Float(number) => {
                (number.fract() == 0.0 && (0.0..2.0 * TWO_TO_63).contains(&number)).then_some(number as u64)
            }
        }
    }

    fn signed(self) -> Option<i64> {
        match self {
            Self::Unsigned(number) => i64::try_from(number).ok(),
            Self::Signed(number) => Some(number),
            Self::Float(number) => {
                (number.fract() == 0.0 && (-TWO_TO_63..TWO_TO_63).contains(&number)).then_some(number as i64)
            }
        }
    }

    /// As errors tell it that wanted something else.
    pub const fn unexpected(self) -> Unexpected<'static> {
        match self {
            Self::Unsigned(number) => Unexpected::Unsigned(number),
            Self::Signed(number) => Unexpected::Signed(number),
            Self::Float(number) => Unexpected::Float(number),
        }
    }

    const fn float(self) -> f64 {
        match self {
            Self::Unsigned(number) => number as f64,
            Self::Signed(number) => number as f64,
            Self::Float(number) => number,
        }
    }

    fn does_not_fit<E: Error>(self) -> E {
        E::custom(format_args!("the number {self} does not fit its field"))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsigned(number) => number.fmt(f),
            Self::Signed(number) => number.fmt(f),
            Self::Float(number) => number.fmt(f),
        }
    }
}

//! The wire format of protobuf: a message is a run of fields, each with a number and a value.
//!
//! Nothing is copied and nothing is kept: values point into the body. A message inside of a message is its bytes, read
//! when somebody asks for it; so a lying length, a million empty messages or endless nesting cost neither memory nor stack.

use std::borrow::Cow;

/// Most bytes of a number.
const VARINT_BYTES_MAX: usize = 10;

/// Why bytes are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::otlp) struct Malformed {
    /// The address of the byte, from which the door finds its place in the body.
    address: usize,
    fault: Fault,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Fault {
    #[error("a number has no end")]
    Number,
    #[error("a field has the number {number} and the wire type {wire_type}, which do not exist")]
    Key { number: u64, wire_type: u64 },
    #[error("a length of {wanted} bytes where {left} are left")]
    Length { wanted: u64, left: usize },
    #[error("a group has no end, or an end has no group")]
    Group,
    #[error("field {number} holds {found} where {wanted} belongs")]
    Type { number: u32, found: &'static str, wanted: &'static str },
}

impl Malformed {
    fn at(rest: &[u8], fault: Fault) -> Self {
        Self { address: rest.as_ptr().addr(), fault }
    }

    /// What is wrong, and at which byte of the body.
    pub fn told(&self, body: &[u8]) -> String {
        format!("{} (at byte {})", self.fault, self.address.wrapping_sub(body.as_ptr().addr()))
    }
}

/// The value of a field, as far as the wire says what it is.
#[derive(Debug, Clone, Copy)]
enum Raw<'a> {
    Varint(u64),
    Fixed64(u64),
    Fixed32,
    /// A text, bytes, a message, or packed numbers.
    Bytes(&'a [u8]),
}

impl Raw<'_> {
    const fn word(self) -> &'static str {
        match self {
            Self::Varint(_) => "a number",
            Self::Fixed64(_) => "8 bytes",
            Self::Fixed32 => "4 bytes",
            Self::Bytes(_) => "a text or a message",
        }
    }
}

/// One field of a message.
#[derive(Debug, Clone, Copy)]
pub(in crate::otlp) struct Field<'a> {
    /// As in the `.proto` file.
    pub number: u32,
    raw: Raw<'a>,
    address: usize,
}

impl<'a> Field<'a> {
    /// Bytes, or a message.
    pub fn bytes(self) -> Result<&'a [u8], Malformed> {
        match self.raw {
            Raw::Bytes(bytes) => Ok(bytes),
            Raw::Varint(_) | Raw::Fixed64(_) | Raw::Fixed32 => Err(self.is_not("a text or a message")),
        }
    }

    /// A text. What is not UTF-8 in it becomes `U+FFFD`: one bad byte must not cost a batch of good rows.
    pub fn text(self) -> Result<Cow<'a, str>, Malformed> {
        self.bytes().map(String::from_utf8_lossy)
    }

    /// A whole number of variable length.
    pub fn varint(self) -> Result<u64, Malformed> {
        match self.raw {
            Raw::Varint(number) => Ok(number),
            Raw::Fixed64(_) | Raw::Fixed32 | Raw::Bytes(_) => Err(self.is_not("a number")),
        }
    }

    /// `int32` and enumerations: longer numbers are cut, as everybody does.
    pub fn int32(self) -> Result<i32, Malformed> {
        self.varint().map(|number| number as i32)
    }

    /// `sint32`: the sign is the last bit.
    pub fn sint32(self) -> Result<i32, Malformed> {
        self.varint().map(|number| (number as u32 >> 1) as i32 ^ -((number & 1) as i32))
    }

    /// A number of eight bytes.
    pub fn fixed64(self) -> Result<u64, Malformed> {
        match self.raw {
            Raw::Fixed64(number) => Ok(number),
            Raw::Varint(_) | Raw::Fixed32 | Raw::Bytes(_) => Err(self.is_not("a number of 8 bytes")),
        }
    }

    /// A floating number.
    pub fn double(self) -> Result<f64, Malformed> {
        self.fixed64().map(f64::from_bits)
    }

    /// Numbers of eight bytes each, packed or one by one: calls `each` for every one.
    pub fn fixed64s(self, mut each: impl FnMut(u64)) -> Result<(), Malformed> {
        let Raw::Bytes(packed) = self.raw else { return self.fixed64().map(each) };
        let (numbers, rest) = packed.as_chunks::<8>();
        numbers.iter().for_each(|number| each(u64::from_le_bytes(*number)));
        match rest {
            [] => Ok(()),
            _ => Err(Malformed::at(rest, Fault::Length { wanted: 8, left: rest.len() })),
        }
    }

    /// Numbers of variable length, packed or one by one: calls `each` for every one.
    pub fn varints(self, mut each: impl FnMut(u64)) -> Result<(), Malformed> {
        let Raw::Bytes(mut packed) = self.raw else { return self.varint().map(each) };
        while !packed.is_empty() {
            each(take_varint(&mut packed)?);
        }
        Ok(())
    }

    fn is_not(self, wanted: &'static str) -> Malformed {
        let fault = Fault::Type { number: self.number, found: self.raw.word(), wanted };
        Malformed { address: self.address, fault }
    }
}

/// The fields of a message, in the order of the wire. Ends behind the first error.
#[derive(Debug, Clone)]
pub(in crate::otlp) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub const fn of(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    fn take(&mut self) -> Result<Option<Field<'a>>, Malformed> {
        // Groups are a form that OTLP does not have: they are passed over, with what they hold.
        let mut open_groups = 0_usize;
        while !self.rest.is_empty() {
            let start = self.rest;
            let key = take_varint(&mut self.rest)?;
            let number = u32::try_from(key >> 3).ok().filter(|number| (1..1 << 29).contains(number));
            let number = number.ok_or_else(|| unknown_key(start, key))?;
            let raw = match key & 7 {
                0 => Raw::Varint(take_varint(&mut self.rest)?),
                1 => Raw::Fixed64(u64::from_le_bytes(*take_array(&mut self.rest)?)),
                2 => {
                    let length = take_varint(&mut self.rest)?;
                    Raw::Bytes(take(&mut self.rest, length)?)
                }
                3 => {
                    open_groups += 1;
                    continue;
                }
                4 => {
                    open_groups = open_groups.checked_sub(1).ok_or_else(|| Malformed::at(start, Fault::Group))?;
                    continue;
                }
                5 => {
                    take_array::<4>(&mut self.rest)?;
                    Raw::Fixed32
                }
                _ => return Err(unknown_key(start, key)),
            };
            if open_groups == 0 {
                return Ok(Some(Field { number, raw, address: start.as_ptr().addr() }));
            }
        }
        if open_groups == 0 { Ok(None) } else { Err(Malformed::at(self.rest, Fault::Group)) }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Malformed>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let taken = self.take();
        if taken.is_err() {
            self.rest = &[];
        }
        taken.transpose()
    }
}

fn unknown_key(start: &[u8], key: u64) -> Malformed {
    Malformed::at(start, Fault::Key { number: key >> 3, wire_type: key & 7 })
}

#[inline]
fn take_varint(rest: &mut &[u8]) -> Result<u64, Malformed> {
    if let [byte @ 0..0x80, after @ ..] = *rest {
        *rest = after;
        return Ok(u64::from(*byte));
    }
    take_long_varint(rest)
}

fn take_long_varint(rest: &mut &[u8]) -> Result<u64, Malformed> {
    let mut number = 0_u64;
    for (place, byte) in rest.iter().take(VARINT_BYTES_MAX).enumerate() {
        // What the last byte has beyond 64 bits is lost, as everybody does.
        number |= u64::from(byte & 0x7f) << (7 * place);
        if *byte < 0x80 {
            *rest = &rest[place + 1..];
            return Ok(number);
        }
    }
    Err(Malformed::at(rest, Fault::Number))
}

#[inline]
fn take<'a>(rest: &mut &'a [u8], length: u64) -> Result<&'a [u8], Malformed> {
    let parts = usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length));
    let too_long = || Malformed::at(rest, Fault::Length { wanted: length, left: rest.len() });
    let (taken, after) = parts.ok_or_else(too_long)?;
    *rest = after;
    Ok(taken)
}

#[inline]
fn take_array<'a, const N: usize>(rest: &mut &'a [u8]) -> Result<&'a [u8; N], Malformed> {
    let Some((taken, after)) = rest.split_first_chunk::<N>() else {
        return Err(Malformed::at(rest, Fault::Length { wanted: N as u64, left: rest.len() }));
    };
    *rest = after;
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(body: &[u8]) -> String {
        let shown = Fields::of(body).map(|field| match field {
            Ok(Field { number, raw: Raw::Bytes(bytes), .. }) => format!("{number}={bytes:?}"),
            Ok(Field { number, raw: Raw::Varint(value) | Raw::Fixed64(value), .. }) => format!("{number}={value}"),
            Ok(Field { number, raw: Raw::Fixed32, .. }) => format!("{number}=4 bytes"),
            Err(error) => error.told(body),
        });
        shown.collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn fields_are_read_one_after_the_other_and_groups_are_passed_over() {
        let cases: [&[u8]; 6] = [
            b"",
            b"\x08\x96\x01\x12\x02hi\x1d\x01\x02\x03\x04\x19\x01\0\0\0\0\0\0\0",
            b"\xa3\x06\x08\x01\xa3\x06\xa4\x06\xa4\x06\x08\x02",
            b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            b"\x12\x82\x80\x00hi",
            b"\x12\x00\x12\x00",
        ];
        insta::assert_snapshot!(cases.map(shown).join("\n"), @r#"
    1=150; 2=[104, 105]; 3=4 bytes; 3=1
    1=2
    1=18446744073709551615
    2=[104, 105]
    2=[]; 2=[]
    "#);
    }

    #[test]
    fn what_is_malformed_is_named_with_its_place() {
        let cases: [&[u8]; 9] = [
            b"\x08\x01\x08",
            b"\x08\x01\x08\xff",
            b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            b"\x12\x05hi",
            b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xffhi",
            b"\x19\x01\x02",
            b"\x0e\x01",
            b"\x02\x00",
            b"\xa3\x06\x08\x01",
        ];
        insta::assert_snapshot!(cases.map(shown).join("\n"), @r#"
    1=1; a number has no end (at byte 3)
    1=1; a number has no end (at byte 3)
    a number has no end (at byte 1)
    a length of 5 bytes where 2 are left (at byte 2)
    a length of 9223372036854775807 bytes where 1 are left (at byte 11)
    a length of 8 bytes where 2 are left (at byte 1)
    a field has the number 1 and the wire type 6, which do not exist (at byte 0)
    a field has the number 0 and the wire type 2, which do not exist (at byte 0)
    a group has no end, or an end has no group (at byte 4)
    "#);
        let field = Fields::of(b"\x08\x01").next().unwrap().unwrap();
        insta::assert_snapshot!(field.text().unwrap_err().fault, @"field 1 holds a number where a text or a message belongs");
        assert!(field.fixed64().is_err() && field.varint().is_ok());
    }

    #[test]
    fn a_text_with_a_bad_byte_is_repaired() {
        let field = Fields::of(b"\x12\x05ab\xffcd").next().unwrap().unwrap();
        assert_eq!(field.text().unwrap(), "ab\u{fffd}cd");
    }

    proptest! {
        #[test]
        fn numbers_are_read_as_they_are_written(number in any::<u64>(), small in any::<i32>(), after in any::<u8>()) {
            let mut bytes = Vec::new();
            prost::encoding::uint64::encode(1, &number, &mut bytes);
            prost::encoding::sint32::encode(2, &small, &mut bytes);
            prost::encoding::fixed64::encode(3, &number, &mut bytes);
            prost::encoding::int32::encode(4, &small, &mut bytes);
            prost::encoding::uint64::encode_packed(5, &[number, 1], &mut bytes);
            prost::encoding::fixed64::encode_packed(6, &[number, 2], &mut bytes);
            bytes.push(after & 0x7f);
            let fields: Vec<_> = Fields::of(&bytes).take(6).map(Result::unwrap).collect();
            let mut packed = Vec::new();
            fields[4].varints(|number| packed.push(number)).unwrap();
            fields[5].fixed64s(|number| packed.push(number)).unwrap();
            prop_assert_eq!(fields[0].varint().unwrap(), number);
            prop_assert_eq!(fields[1].sint32().unwrap(), small);
            prop_assert_eq!(fields[2].fixed64().unwrap(), number);
            prop_assert_eq!(fields[3].int32().unwrap(), small);
            prop_assert_eq!(packed, [number, 1, number, 2]);
        }

        #[test]
        fn any_bytes_come_to_an_end(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Fields::of(&bytes).count() <= bytes.len());
        }
    }
}

//! Ids in hexadecimal digits, and ids for what has none.

use std::str;

/// Bytes of a trace id.
const TRACE_BYTES: usize = 16;
/// Bytes of a span id.
const SPAN_BYTES: usize = 8;
const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Hexadecimal digits, in small letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hex<const N: usize>([u8; N]);

/// 32 digits.
pub(super) type TraceId = Hex<{ 2 * TRACE_BYTES }>;
/// 16 digits.
pub(super) type SpanId = Hex<{ 2 * SPAN_BYTES }>;

impl<const N: usize> Hex<N> {
    /// The digits of half as many bytes; `None` when they are not so many, or all zero.
    fn of(bytes: &[u8]) -> Option<Self> {
        if 2 * bytes.len() != N || bytes.iter().all(|byte| *byte == 0) {
            return None;
        }
        let mut digits = [b'0'; N];
        for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
            *pair = [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
        }
        Some(Self(digits))
    }

    pub(super) fn as_str(&self) -> &str {
        str::from_utf8(&self.0).expect("digits are ASCII")
    }
}

/// A trace id; `None` when it is not there, zero, or not 16 bytes long.
pub(super) fn trace_id(bytes: &[u8]) -> Option<TraceId> {
    Hex::of(bytes)
}

/// A span id; `None` when it is not there, zero, or not 8 bytes long.
pub(super) fn span_id(bytes: &[u8]) -> Option<SpanId> {
    Hex::of(bytes)
}

/// A span id that was written out, in large or small letters; `None` when it is zero or no id.
pub(super) fn written_span_id(text: &str) -> Option<SpanId> {
    let digits: [u8; 2 * SPAN_BYTES] = text.as_bytes().try_into().ok()?;
    let is_id = digits.iter().all(u8::is_ascii_hexdigit) && digits.iter().any(|digit| *digit != b'0');
    is_id.then(|| Hex(digits.map(|digit| digit.to_ascii_lowercase())))
}

/// The trace id of a row that belongs to no trace: its own, which nobody else has and everybody can tell.
pub(super) fn lone_trace_id(span_id: &SpanId) -> TraceId {
    let mut digits = [b'0'; 2 * TRACE_BYTES];
    digits[2 * (TRACE_BYTES - SPAN_BYTES)..].copy_from_slice(&span_id.0);
    Hex(digits)
}

/// Makes an id of what a row says, so that a batch that is sent twice gets the same ids twice.
///
/// FNV-1a: ids need no secrecy, and other versions of this program must find the same ones.
#[derive(Debug, Clone, Copy)]
pub(super) struct Derived(u64);

impl Derived {
    pub(super) const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Takes in one part; parts do not run into each other.
    pub(super) fn with(mut self, part: &[u8]) -> Self {
        let length = (part.len() as u64).to_le_bytes();
        for byte in length.iter().chain(part) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        self
    }

    /// Never all zeros.
    pub(super) fn span_id(self) -> SpanId {
        span_id(&self.0.max(1).to_be_bytes()).expect("eight bytes, not all of them zero")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown<const N: usize>(id: Option<Hex<N>>) -> String {
        id.map_or_else(|| "none".to_owned(), |id| id.as_str().to_owned())
    }

    #[test]
    fn zero_and_misshapen_ids_are_none() {
        assert_eq!(shown(span_id(&[0, 0, 0, 0, 0, 0, 0, 10])), "000000000000000a");
        assert_eq!(shown(trace_id(&[0xab; 16])), "abababababababababababababababab");
        for bytes in [&[0; 8][..], &[], &[1; 9], &[1; 7], &[1; 16]] {
            assert_eq!(span_id(bytes), None);
        }
        assert_eq!(shown(written_span_id("00000000000000AF")), "00000000000000af");
        for text in ["0000000000000000", "not an id at all", "", "af", "é23456789012345"] {
            assert_eq!(written_span_id(text), None);
        }
    }

    #[test]
    fn a_lone_row_has_a_trace_of_its_own() {
        let id = Derived::new().with(b"a").with(b"b").span_id();
        assert_ne!(id, Derived::new().with(b"ab").span_id());
        assert_eq!(lone_trace_id(&id).as_str(), format!("0000000000000000{}", id.as_str()));
    }
}

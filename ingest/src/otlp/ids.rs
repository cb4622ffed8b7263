//! Ids in hexadecimal digits, and ids for what has none.

use std::fmt::Write;

/// Bytes of a trace id.
const TRACE_BYTES: usize = 16;
/// Bytes of a span id.
const SPAN_BYTES: usize = 8;

/// A trace id as 32 hexadecimal digits; `None` when it is not there, zero, or not 16 bytes long.
pub(super) fn trace_id(bytes: &[u8]) -> Option<String> {
    hex(bytes, TRACE_BYTES)
}

/// A span id as 16 hexadecimal digits; `None` when it is not there, zero, or not 8 bytes long.
pub(super) fn span_id(bytes: &[u8]) -> Option<String> {
    hex(bytes, SPAN_BYTES)
}

/// A span id that was written out, in small letters; `None` when it is zero or no id.
pub(super) fn written_span_id(text: &str) -> Option<String> {
    let is_id = text.len() == 2 * SPAN_BYTES && text.bytes().all(|digit| digit.is_ascii_hexdigit());
    (is_id && text.bytes().any(|digit| digit != b'0')).then(|| text.to_ascii_lowercase())
}

/// The trace id of a row that belongs to no trace: its own, which nobody else has and everybody can tell.
pub(super) fn lone_trace_id(span_id: &str) -> String {
    format!("{:0>32}", span_id)
}

fn hex(bytes: &[u8], expected: usize) -> Option<String> {
    if bytes.len() != expected || bytes.iter().all(|byte| *byte == 0) {
        return None;
    }
    let mut text = String::with_capacity(2 * expected);
    for byte in bytes {
        write!(text, "{byte:02x}").expect("writing into a String does not fail");
    }
    Some(text)
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

    /// 16 hexadecimal digits, never all zeros.
    pub(super) fn span_id(self) -> String {
        format!("{:016x}", self.0.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_and_misshapen_ids_are_none() {
        assert_eq!(span_id(&[0, 0, 0, 0, 0, 0, 0, 10]).as_deref(), Some("000000000000000a"));
        assert_eq!(span_id(&[0; 8]), None);
        assert_eq!(span_id(&[]), None);
        assert_eq!(span_id(&[1; 9]), None);
        assert_eq!(trace_id(&[0xab; 16]).as_deref(), Some("abababababababababababababababab"));
        assert_eq!(written_span_id("0000000000000000"), None);
        assert_eq!(written_span_id("00000000000000AF").as_deref(), Some("00000000000000af"));
        assert_eq!(written_span_id("not an id at all"), None);
    }

    #[test]
    fn a_lone_row_has_a_trace_of_its_own() {
        let id = Derived::new().with(b"a").with(b"b").span_id();
        assert_ne!(id, Derived::new().with(b"ab").span_id());
        assert_eq!(lone_trace_id(&id), format!("0000000000000000{id}"));
    }
}

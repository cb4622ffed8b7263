//! JSON text of bounded length: written directly, without a tree in between.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::text::cut;

/// What a text that was cut ends with.
const CUT_MARK: &str = "…";
/// Most bytes that one byte takes when it is escaped: `\u0000`.
const ESCAPED_BYTES_MAX: usize = 6;

/// JSON text under construction. Its length stays near its limit whatever is written.
///
/// A text that does not fit is cut; whoever writes lists and objects asks [`JsonText::is_full`]
/// before each entry. What is written is always whole.
#[derive(Debug)]
pub(super) struct JsonText {
    text: String,
    bytes_max: usize,
}

impl JsonText {
    pub(super) const fn new(bytes_max: usize) -> Self {
        Self { text: String::new(), bytes_max }
    }

    /// Begins anew in the same memory.
    pub(super) fn restart(&mut self, bytes_max: usize) -> &mut Self {
        self.text.clear();
        self.bytes_max = bytes_max;
        self
    }

    /// Bytes so far.
    pub(super) const fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether nothing more should be begun.
    pub(super) fn is_full(&self) -> bool {
        self.text.len() >= self.bytes_max
    }

    /// Writes punctuation, a number or a word of JSON.
    pub(super) fn raw(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Writes a text, cut when it does not fit.
    pub(super) fn string(&mut self, text: &str) {
        let room = self.bytes_max.saturating_sub(self.text.len());
        let kept = fitting(text, room);
        self.text.push('"');
        escape(kept, &mut self.text);
        if kept.len() < text.len() {
            self.text.push_str(CUT_MARK);
        }
        self.text.push('"');
    }

    /// Writes a whole number.
    pub(super) fn whole(&mut self, number: i64) {
        write!(self.text, "{number}").expect("writing into a String does not fail");
    }

    /// Writes bytes as a text in base64, cut when they do not fit.
    pub(super) fn base64(&mut self, bytes: &[u8]) {
        let room = self.bytes_max.saturating_sub(self.text.len());
        // What is cut anyway need not be encoded.
        let kept = &bytes[..bytes.len().min(room)];
        self.string(&STANDARD.encode(kept));
    }

    /// Writes a text that is JSON already, or as a cut text when it does not fit.
    pub(super) fn embedded(&mut self, json: &str) {
        if json.len() <= self.bytes_max.saturating_sub(self.text.len()) {
            self.text.push_str(json);
        } else {
            self.string(json);
        }
    }

    pub(super) const fn as_str(&self) -> &str {
        self.text.as_str()
    }
}

/// The longest beginning of `text` that takes at most `room` bytes when it is escaped.
fn fitting(text: &str, room: usize) -> &str {
    if text.len().saturating_mul(ESCAPED_BYTES_MAX) <= room {
        return text;
    }
    let mut used = 0;
    let fits = text.bytes().take_while(|byte| {
        used += escaped_bytes(*byte);
        used <= room
    });
    let bytes = fits.count();
    cut(text, bytes)
}

const fn escaped_bytes(byte: u8) -> usize {
    match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0..0x20 => ESCAPED_BYTES_MAX,
        0x20.. => 1,
    }
}

fn escape(text: &str, into: &mut String) {
    let mut rest = text;
    loop {
        let (plain, after) = rest.split_at(plain_bytes(rest.as_bytes()));
        into.push_str(plain);
        let Some(byte) = after.bytes().next() else { return };
        match byte {
            b'"' => into.push_str("\\\""),
            b'\\' => into.push_str("\\\\"),
            b'\n' => into.push_str("\\n"),
            b'\r' => into.push_str("\\r"),
            b'\t' => into.push_str("\\t"),
            0x08 => into.push_str("\\b"),
            0x0c => into.push_str("\\f"),
            other => write!(into, "\\u{other:04x}").expect("writing into a String does not fail"),
        }
        rest = &after[1..];
    }
}

/// How many bytes there are before the first that is escaped.
///
/// Whole blocks are looked at without stopping inside of one: that is what the compiler makes vectors of.
fn plain_bytes(text: &[u8]) -> usize {
    const BLOCK: usize = 16;
    let is_escaped = |byte: u8| (byte < 0x20) | (byte == b'"') | (byte == b'\\');
    let (blocks, _) = text.as_chunks::<BLOCK>();
    let is_plain = |block: &&[u8; BLOCK]| !block.iter().fold(false, |found, byte| found | is_escaped(*byte));
    let plain = blocks.iter().take_while(is_plain).count() * BLOCK;
    plain + text[plain..].iter().take_while(|byte| !is_escaped(**byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn written(text: &str, bytes_max: usize) -> String {
        let mut json = JsonText::new(bytes_max);
        json.string(text);
        json.as_str().to_owned()
    }

    proptest! {
        #[test]
        fn any_text_that_fits_is_read_back(text in any::<String>()) {
            let json = written(&text, 100_000);
            prop_assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), Value::String(text));
        }

        #[test]
        fn any_text_that_does_not_fit_is_cut_and_still_json(text in any::<String>(), room in 0_usize..20) {
            let json = written(&text, room);
            prop_assert!(json.len() <= room + 2 + CUT_MARK.len());
            let read = serde_json::from_str::<Value>(&json).unwrap();
            let read = read.as_str().unwrap();
            prop_assert!(read == text || text.starts_with(read.strip_suffix(CUT_MARK).unwrap()));
        }
    }
}

//! Protobuf as it is written.

/// Bytes of a length whose message is not written yet.
const OPEN_LENGTH_BYTES: usize = 5;

/// A body in protobuf under construction.
#[derive(Debug, Default)]
pub(super) struct Written(Vec<u8>);

impl Written {
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub fn varint(&mut self, field: u32, number: u64) {
        self.key(field, 0);
        self.bare_varint(number);
    }

    pub fn fixed64(&mut self, field: u32, number: u64) {
        self.key(field, 1);
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    pub fn bytes(&mut self, field: u32, bytes: &[u8]) {
        self.key(field, 2);
        self.bare_varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    /// Begins a message; [`Written::close`] takes what this returns.
    ///
    /// Its length is written with leading zeros, so that nothing has to be moved when it is known.
    pub fn open(&mut self, field: u32) -> usize {
        self.key(field, 2);
        self.0.extend_from_slice(&[0; OPEN_LENGTH_BYTES]);
        self.0.len()
    }

    /// Ends the message that began at `start`.
    pub fn close(&mut self, start: usize) {
        let length = self.0.len() - start;
        for (place, byte) in self.0[start - OPEN_LENGTH_BYTES..start].iter_mut().enumerate() {
            let has_more = if place + 1 < OPEN_LENGTH_BYTES { 0x80 } else { 0 };
            *byte = (length >> (7 * place)) as u8 & 0x7f | has_more;
        }
    }

    fn key(&mut self, field: u32, wire_type: u32) {
        self.bare_varint(u64::from(field << 3 | wire_type));
    }

    fn bare_varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }
}

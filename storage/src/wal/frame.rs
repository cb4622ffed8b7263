//! The head of a frame.
//!
//! ```text
//!  0 length u32 | 4 checksum of the body u32 | 8 sequence u64 | 16 synced_to u64 | 24 checksum of the head u32 | 28 zero
//! ```

use crc32fast::Hasher;

/// Bytes of a head; a multiple of eight, so that bodies are aligned.
pub(super) const HEAD_BYTES: usize = 32;

/// A head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// Bytes of the body behind it.
    pub length: u32,
    /// CRC-32 of the body.
    pub body_checksum: u32,
    /// The number of the append.
    pub sequence: u64,
    /// How much of the segment was durable when this frame was written: a bad frame before this place was good once.
    pub synced_to: u64,
}

impl Head {
    /// Its bytes. The segment's salt makes sure that bytes which a client sent are never taken for a frame.
    pub(super) fn to_bytes(self, salt: u32) -> [u8; HEAD_BYTES] {
        let mut bytes = [0; HEAD_BYTES];
        bytes[0..4].copy_from_slice(&self.length.to_le_bytes());
        bytes[4..8].copy_from_slice(&self.body_checksum.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.sequence.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.synced_to.to_le_bytes());
        let checksum = head_checksum(&bytes[..24], salt);
        bytes[24..28].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// Reads what [`Head::to_bytes`] wrote; `None` when it is anything else.
    pub(super) fn parse(bytes: &[u8], salt: u32) -> Option<Self> {
        let bytes: &[u8; HEAD_BYTES] = bytes.get(..HEAD_BYTES)?.try_into().ok()?;
        let u32_at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        let u64_at = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
        let is_ours = u32_at(24) == head_checksum(&bytes[..24], salt) && u32_at(28) == 0;
        is_ours.then(|| Self {
            length: u32_at(0),
            body_checksum: u32_at(4),
            sequence: u64_at(8),
            synced_to: u64_at(16),
        })
    }
}

fn head_checksum(bytes: &[u8], salt: u32) -> u32 {
    let mut hasher = Hasher::new();
    hasher.update(&salt.to_le_bytes());
    hasher.update(bytes);
    hasher.finalize()
}

/// The body of one append with room for its head in front.
#[derive(Debug)]
pub(crate) struct Frame {
    bytes: Vec<u8>,
    body_checksum: u32,
}

impl Frame {
    /// Takes bytes of which the first [`HEAD_BYTES`] are free.
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        let body_checksum = crc32fast::hash(&bytes[HEAD_BYTES..]);
        Self { bytes, body_checksum }
    }

    /// Head and body.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Fills the head in, and gives head and body.
    pub(super) fn seal(&mut self, sequence: u64, synced_to: u64, salt: u32) -> &[u8] {
        let length = u32::try_from(self.bytes.len() - HEAD_BYTES).expect("`encode` refuses longer bodies");
        let head = Head { length, body_checksum: self.body_checksum, sequence, synced_to };
        self.bytes[..HEAD_BYTES].copy_from_slice(&head.to_bytes(salt));
        &self.bytes
    }
}

//! Where an answer is written: memory, up to a limit.

use std::io;

/// Takes everything, and keeps nothing more once it is longer than its limit: a few rows can be very long in JSON.
#[derive(Debug)]
pub(super) struct Out {
    bytes: Vec<u8>,
    limit: usize,
    /// How much was written, what was not kept too.
    written: usize,
}

impl Out {
    pub(super) const fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit, written: 0 }
    }

    /// An `Out` that keeps as much as this one still does.
    pub(super) const fn rest(&self) -> Self {
        Self::new(self.limit.saturating_sub(self.written))
    }

    pub(super) fn push(&mut self, byte: u8) {
        self.extend_from_slice(&[byte]);
    }

    pub(super) fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.written = self.written.saturating_add(bytes.len());
        if self.is_over() {
            // What is there is of no use any more.
            self.bytes = Vec::new();
        } else {
            self.make_room(bytes.len());
            self.bytes.extend_from_slice(bytes);
        }
    }

    /// Counts what is too much anyway.
    pub(super) fn pass(&mut self, bytes: usize) {
        self.written = self.written.saturating_add(bytes);
        if self.is_over() {
            self.bytes = Vec::new();
        }
    }

    /// Twice the room when it is full, as usual, but never more than the limit.
    fn make_room(&mut self, more: usize) {
        let needed = self.bytes.len() + more;
        if needed > self.bytes.capacity() {
            let room = self.bytes.capacity().saturating_mul(2).max(4 << 10).min(self.limit).max(needed);
            self.bytes.reserve_exact(room - self.bytes.len());
        }
    }

    pub(super) fn last(&self) -> Option<&u8> {
        self.bytes.last()
    }

    /// Whether more was written than is kept: no use to go on.
    pub(super) const fn is_over(&self) -> bool {
        self.written > self.limit
    }

    /// How much was written.
    pub(super) const fn written(&self) -> usize {
        self.written
    }

    /// What was written; nothing when it was too much.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

impl io::Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_kept_and_what_does_not_takes_no_memory() {
        let mut out = Out::new(5);
        out.extend_from_slice(b"abcd");
        out.push(b'e');
        assert_eq!((out.last(), out.is_over(), out.bytes.capacity()), (Some(&b'e'), false, 5));
        assert_eq!(out.rest().limit, 0);
        out.extend_from_slice(&[0; 1000]);
        assert_eq!((out.is_over(), out.written(), out.bytes.capacity()), (true, 1005, 0));
        out.push(b'f');
        assert!(out.into_bytes().is_empty());
    }
}

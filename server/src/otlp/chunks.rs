//! The bytes of a body in the order in which they came, in few pieces.

use std::collections::VecDeque;
use std::io::{self, Read};

use axum::body::Bytes;

/// Bytes of a piece into which small ones are joined.
const BLOCK_BYTES: usize = 64 << 10;
/// The first of these pieces: a small body takes a small one.
const FIRST_BLOCK_BYTES: usize = 4 << 10;
/// From this size on a piece stays as it came.
const LARGE_BYTES: usize = BLOCK_BYTES / 2;

/// A body. What it takes is about what it has, however small the pieces were in which it came.
#[derive(Debug, Default)]
pub(crate) struct Chunks {
    pieces: VecDeque<Bytes>,
    /// What came last, joined; stands behind the pieces.
    block: Vec<u8>,
    size_bytes: usize,
}

impl Chunks {
    /// Puts a piece behind the others.
    pub(crate) fn push(&mut self, mut piece: Bytes) {
        // A body that comes in one piece stays as it is.
        if self.size_bytes == 0 {
            self.size_bytes = piece.len();
            self.pieces.extend((!piece.is_empty()).then_some(piece));
            return;
        }
        while !piece.is_empty() {
            if self.block.len() == self.block.capacity() {
                self.seal();
                if piece.len() >= LARGE_BYTES {
                    self.size_bytes += piece.len();
                    self.pieces.push_back(piece);
                    return;
                }
                self.block = Vec::with_capacity(self.size_bytes.clamp(FIRST_BLOCK_BYTES, BLOCK_BYTES));
            }
            let part = piece.split_to(piece.len().min(self.block.capacity() - self.block.len()));
            self.size_bytes += part.len();
            self.block.extend_from_slice(&part);
        }
    }

    /// Makes a piece of what was joined; to be called before anything is taken.
    pub(crate) fn seal(&mut self) {
        if !self.block.is_empty() {
            self.pieces.push_back(std::mem::take(&mut self.block).into());
        }
    }

    /// All bytes together.
    pub(crate) const fn size_bytes(&self) -> usize {
        self.size_bytes
    }

    /// All of it in one piece, which costs nothing if it came in one.
    pub(crate) fn into_bytes(mut self) -> Bytes {
        if self.pieces.len() <= 1 {
            return self.pieces.pop_front().unwrap_or_default();
        }
        let mut whole = Vec::with_capacity(self.size_bytes);
        // Each piece goes as soon as it is copied.
        while let Some(piece) = self.pieces.pop_front() {
            whole.extend_from_slice(&piece);
        }
        whole.into()
    }

    /// Cuts the first bytes off; `None`: there are fewer.
    pub(crate) fn split_off<const N: usize>(&mut self) -> Option<[u8; N]> {
        let mut first = [0; N];
        self.read_exact(&mut first).ok()?;
        Some(first)
    }

    /// The first bytes, as many as there are up to `N`, without taking them.
    pub(crate) fn starts_with<const N: usize>(&self) -> Vec<u8> {
        self.pieces.iter().flat_map(|piece| piece.iter().copied()).take(N).collect()
    }
}

impl From<Bytes> for Chunks {
    fn from(whole: Bytes) -> Self {
        Self { size_bytes: whole.len(), pieces: VecDeque::from([whole]), block: Vec::new() }
    }
}

impl Read for Chunks {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while let Some(piece) = self.pieces.front_mut() {
            let count = piece.len().min(into.len());
            into[..count].copy_from_slice(&piece[..count]);
            drop(piece.split_to(count));
            self.size_bytes -= count;
            if piece.is_empty() {
                self.pieces.pop_front();
            }
            if count > 0 || into.is_empty() {
                return Ok(count);
            }
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_small_the_pieces_are_they_take_about_what_they_have() {
        for (pieces, sizes) in [(1_000_000, [1, 1]), (1000, [1, 1000]), (40, [100_000, 1]), (100, [LARGE_BYTES - 1, 3])]
        {
            let (mut chunks, mut whole) = (Chunks::default(), Vec::new());
            for number in 0..pieces {
                let piece = vec![u8::try_from(number % 251).unwrap(); sizes[number % 2]];
                whole.extend_from_slice(&piece);
                chunks.push(piece.into());
            }
            let taken = chunks.size_bytes() + chunks.block.capacity() - chunks.block.len();
            assert!(taken <= 2 * whole.len() + FIRST_BLOCK_BYTES, "{sizes:?}: {taken} of {}", whole.len());
            assert!(
                chunks.pieces.len() <= 40 + 2 * whole.len() / FIRST_BLOCK_BYTES,
                "{sizes:?}: {}",
                chunks.pieces.len()
            );
            chunks.seal();
            assert_eq!(chunks.size_bytes(), whole.len());
            assert!(chunks.into_bytes() == whole, "{sizes:?}");
        }
    }
}

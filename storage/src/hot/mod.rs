//! The newest rows, in memory, and the list of files beside them: together what a snapshot is made of.
//!
//! ```text
//!  push ─► unflushed ──(flush: the list has their files)──► flushed ──(old, or no room)──► evicted
//!             └── joined into larger batches, never across the border of a flush that is under way
//! ```
//!
//! Everything is under one lock that is held for moments; sorting and joining happen outside of it. Each batch knows
//! the numbers of the appends it came with, so "flushed" is one comparison, and a snapshot takes each row from memory or
//! from a file, never from both.
//!
//! Start reading at `tier.rs`, then `group.rs` for what a snapshot takes.

mod batches;
mod flush;
mod group;
#[cfg(test)]
mod tests;
mod tier;

pub(crate) use flush::{FlushWork, TableRows};
pub(crate) use tier::{Hot, Reservation};

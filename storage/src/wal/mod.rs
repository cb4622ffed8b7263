//! The write-ahead log: what was acknowledged and is not yet in files.
//!
//! ```text
//!  wal/00000007.wal:  header (salt, where the one before it ends, schemas) | frame | frame | …
//!  frame:             head (length, checksums, sequence, how far the segment was synced) | parts as Arrow IPC
//! ```
//!
//! One frame is one append: it is there whole or not at all. A thread takes all appends that wait, writes them, and
//! makes one fsync for all of them (`writer.rs`). A segment is never written again after the process that made it has
//! ended, or after an fsync of it has failed: the next one says in its header up to where its predecessor counts, so
//! that what was refused stays away. Numbers of frames only rise; those of refused appends are never given again.
//!
//! A bad frame at the end is the trace of a crash when nothing behind it says that it had been synced before; else the
//! disk has lost something that was acknowledged, which is told loudly and kept aside (`read.rs`).
//!
//! Two logs on one folder are forbidden: the lock on the data folder, which the store holds, prevents them.

mod body;
mod disk;
mod frame;
mod header;
mod log;
mod queue;
mod read;
mod replay;
#[cfg(test)]
mod tests;
mod writer;

pub(crate) use body::encode;
pub(crate) use disk::{Disk, LocalDisk};
pub(crate) use frame::Frame;
pub(crate) use replay::replay;
pub(crate) use writer::{Gauges, Writer};

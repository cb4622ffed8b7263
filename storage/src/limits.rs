//! Numbers of storage, each with its unit.

use std::time::Duration;

/// Most rows of a batch in memory that was joined from smaller ones: as many as the query engine takes at once.
pub const HOT_BATCH_ROWS: usize = 8_192;
/// Most bytes of memory of a batch that was joined from smaller ones: rows with huge attributes are not copied around.
pub const HOT_BATCH_BYTES: usize = 16 << 20;
/// A segment of the log that has reached this many bytes is followed by a new one.
pub const SEGMENT_BYTES: u64 = 64 << 20;
/// Most bytes of appends that wait for the disk; an append beyond is refused, and the sender tries again later.
/// One append is always taken when none waits.
pub const QUEUE_BYTES: usize = 128 << 20;
/// Most bytes that one fsync covers; one append is always taken.
pub const GROUP_BYTES: usize = 32 << 20;
/// Most bytes of one append in the log.
pub const APPEND_BYTES: usize = 1 << 30;
/// Rows that are not yet in files are flushed when they take this many bytes of memory, or a quarter of `hot_bytes`.
pub const FLUSH_BYTES: usize = 64 << 20;
/// Rows that are not yet in files are flushed once the oldest of them arrived so long ago.
pub const FLUSH_AGE: Duration = Duration::from_secs(60);
/// Rows that take more bytes than this are encoded away from the threads that serve requests.
pub const INLINE_BYTES: usize = 256 << 10;
/// How often reading a log beside a server that flushes begins again before it gives up.
pub const READ_ATTEMPTS: usize = 10;
/// Files whose join failed are left alone for so long: one of them may be damaged, and the others wait meanwhile.
pub const JOIN_AGAIN_AFTER: Duration = Duration::from_secs(3 * 60 * 60);

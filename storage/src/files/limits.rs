//! How large files and their parts become, and how long things are left alone.

use std::time::Duration;

/// Most rows of one row group.
pub(super) const ROW_GROUP_ROWS_MAX: usize = 131_072;
/// Most bytes of one row group as it is encoded. Whoever reads a file holds about one row group of it.
pub(super) const ROW_GROUP_BYTES_MAX: usize = 16 << 20;
/// Most rows of one page: what a window can be narrowed to inside of a row group.
pub(super) const PAGE_ROWS_MAX: usize = 8_192;
/// Most rows that are handed to the encoder, or read from a file, at once.
pub(super) const BATCH_ROWS_MAX: usize = 8_192;
/// Bytes in memory that such a batch should not pass.
pub(super) const BATCH_BYTES: usize = 8 << 20;
/// Rows so long as to be rare still make batches of this many.
pub(super) const BATCH_ROWS_MIN: usize = 16;
/// Level of zstd: 1 is twice as fast as 3 and costs a few percent of size.
pub(super) const ZSTD_LEVEL: i32 = 1;
/// Share of false answers of the bloom filters.
pub(super) const BLOOM_FALSE_SHARE: f64 = 0.01;
/// Bytes of one part of an upload; S3 wants 5 MiB at least.
pub(super) const UPLOAD_PART_BYTES: usize = 8 << 20;
/// Parts that are under way at once.
pub(super) const UPLOADS_AT_ONCE: usize = 2;

/// Most files that a flush of one table of one project makes: rows of more days share the last of them.
pub(super) const FILES_PER_FLUSH_MAX: usize = 32;

/// What compaction aims at. Files of half of it and more are left alone.
pub(super) const FILE_BYTES_TARGET: u64 = 128 << 20;
/// So many files of one tier are joined, not fewer, while their day is not over.
pub(super) const JOIN_MIN: usize = 8;
/// Most files that are joined at once.
pub(super) const JOIN_MAX: usize = 64;
/// Bounds between the tiers of sizes, each eight times the one before.
pub(super) const TIERS: [u64; 2] = [1 << 20, 8 << 20];
/// A day is taken for over so long after its end: late rows still come for a while.
pub(super) const DAY_SETTLES_AFTER: Duration = Duration::from_secs(60 * 60);
/// A file of a day that is over is joined with smaller ones only when it is at most so many times as large as they are
/// together: otherwise a few late rows would have the whole day written again and again.
pub(super) const GROWTH_MAX: u64 = 4;

/// Doomed files are left so long, for readers in other processes.
pub(super) const DOOM_GRACE: Duration = Duration::from_secs(10 * 60);
/// Files in no list are left so long: they may be on their way into it.
pub(super) const ORPHAN_AGE_MIN: Duration = Duration::from_secs(60 * 60);
/// Footers that are read at once.
pub(super) const FOOTERS_AT_ONCE: usize = 8;
/// Bytes read from the end of a file in the hope that its footer is in them.
pub(super) const FOOTER_HINT_BYTES: usize = 64 << 10;

//! Reading a whole log, at the start or beside a server that writes it.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use tracing::{error, info, warn};
use watchfire_ingest::table::Shredding;

use super::disk::Disk;
use super::header::{Header, HeaderError};
use super::log::{Log, Sealed, UNNAMED, number_of};
use super::read::{SegmentError, read_header, read_segment};
use super::writer::Gauges;
use crate::kill_point::KillPoint;
use crate::limits;
use crate::part::Part;

/// What a log had.
#[derive(Debug, Default)]
pub(crate) struct Replayed {
    /// The segments, oldest first.
    pub(super) segments: Vec<Sealed>,
    /// The newest segment that counts, and how many of its bytes do.
    pub(super) previous: Option<(u64, u64)>,
    /// The number of the newest file, whatever is in it.
    pub(super) last_number: u64,
    /// The greatest number of a frame.
    pub(super) last_sequence: u64,
    /// What the disk has lost, as sentences for people.
    pub(crate) damaged: Vec<String>,
}

/// Reads the frames after `after`, oldest first. With `mends` a torn end is cut off and damage kept aside; without, nothing is
/// touched, and a file that has gone in between is an error of kind `NotFound`.
///
/// `progress` hears how many bytes of how many are read.
pub(crate) fn replay(
    folder: &Path,
    after: u64,
    mends: bool,
    each: &mut dyn FnMut(u64, Vec<Part>),
    progress: &mut dyn FnMut(u64, u64),
) -> io::Result<Replayed> {
    let found = segments(folder, mends)?;
    let all_bytes: u64 = found.values().map(|(_, bytes)| bytes).sum();
    let ends = ends(&found)?;
    let mut done_bytes = 0;
    let mut told_bytes = 0;
    let mut passed = |bytes: u64| {
        done_bytes += bytes;
        if done_bytes - told_bytes >= 1 << 20 || done_bytes == all_bytes {
            told_bytes = done_bytes;
            progress(done_bytes.min(all_bytes), all_bytes);
        }
    };
    let mut each = |sequence: u64, parts: Vec<Part>| {
        each(sequence, parts);
        KillPoint::Replay.pass();
    };
    let mut replayed = Replayed { last_number: found.keys().next_back().copied().unwrap_or(0), ..Replayed::default() };
    for (number, (path, size_bytes)) in &found {
        let end = ends.get(number).copied();
        match read_segment(path, end, after.max(replayed.last_sequence), &mut each, &mut passed) {
            Ok(segment) => {
                let last = segment.last_sequence.unwrap_or(0);
                replayed.last_sequence = replayed.last_sequence.max(last);
                replayed.previous = Some((*number, segment.good_bytes));
                replayed.segments.push(Sealed { path: path.clone(), last_sequence: last, size_bytes: *size_bytes });
                if !segment.damaged.is_empty() {
                    keep_aside(path, mends);
                }
                for (at, bytes) in segment.damaged {
                    let sentence = format!(
                        "{}: {bytes} bytes at {at} are damaged, and the rows in them are lost; a copy of the segment is \
                         kept beside it",
                        path.display()
                    );
                    error!(wal.path = %path.display(), wal.offset = at, size_bytes = bytes, "{sentence}");
                    replayed.damaged.push(sentence);
                }
                if segment.torn_bytes > 0 && mends {
                    info!(
                        wal.path = %path.display(), wal.offset = segment.good_bytes, size_bytes = segment.torn_bytes,
                        "The end of the log was being written when the server stopped; nobody was told that it is kept"
                    );
                    cut(path, segment.good_bytes);
                }
            }
            Err(SegmentError::Header(header @ HeaderError::Damaged)) => {
                keep_aside(path, mends);
                let sentence =
                    format!("{}: {header}, and its rows are lost; a copy of it is kept beside it", path.display());
                error!(wal.path = %path.display(), size_bytes, "{sentence}");
                replayed.damaged.push(sentence);
                passed(*size_bytes);
                replayed.segments.push(Sealed { path: path.clone(), last_sequence: 0, size_bytes: *size_bytes });
            }
            Err(SegmentError::Header(header @ HeaderError::Version { .. })) => {
                return Err(io::Error::other(format!("{}: {header}", path.display())));
            }
            Err(SegmentError::Io(error)) => return Err(error),
        }
    }
    Ok(replayed)
}

impl Replayed {
    /// Where new frames go: always a segment of its own.
    pub(crate) fn into_log(
        self,
        folder: PathBuf,
        disk: Arc<dyn Disk>,
        writer: String,
        shredding: &Shredding,
        flushed_through: u64,
    ) -> Log {
        let gauges = Gauges::default();
        let size_bytes = self.segments.iter().map(|segment| segment.size_bytes).sum();
        gauges.size_bytes.store(size_bytes, Ordering::Relaxed);
        Log {
            folder,
            disk,
            writer,
            tables: Header::tables(shredding),
            segment_bytes: limits::SEGMENT_BYTES,
            sealed: Arc::new(Mutex::new(self.segments)),
            gauges: Arc::new(gauges),
            next_number: self.last_number + 1,
            next_sequence: self.last_sequence.max(flushed_through) + 1,
            previous: self.previous,
            current: None,
        }
    }
}

/// The files of segments by their numbers, with their sizes.
fn segments(folder: &Path, mends: bool) -> io::Result<BTreeMap<u64, (PathBuf, u64)>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if let Some(number) = number_of(&path) {
            found.insert(number, (path, entry.metadata()?.len()));
        } else if mends && path.to_string_lossy().ends_with(UNNAMED) {
            // A segment that was being made; it has no rows.
            let _ = std::fs::remove_file(path);
        }
    }
    Ok(found)
}

/// How many bytes of a segment count, as a later one says.
fn ends(found: &BTreeMap<u64, (PathBuf, u64)>) -> io::Result<BTreeMap<u64, u64>> {
    let mut ends = BTreeMap::new();
    for (path, _) in found.values() {
        match read_header(path) {
            Ok((Header { previous, .. }, _)) => ends.extend(previous),
            // It is told when its turn comes.
            Err(SegmentError::Header(_)) => {}
            Err(SegmentError::Io(error)) => return Err(error),
        }
    }
    Ok(ends)
}

/// A second name for the file: it stays when the log forgets the segment.
fn keep_aside(path: &Path, mends: bool) {
    if !mends {
        return;
    }
    let aside = path.with_extension("wal.damaged");
    let kept = if aside.exists() { Ok(()) } else { std::fs::hard_link(path, &aside) };
    if let Err(error) = kept.or_else(|_| std::fs::copy(path, &aside).map(drop)) {
        warn!(wal.path = %aside.display(), %error, "The damaged segment could not be kept aside");
    }
}

fn cut(path: &Path, length: u64) {
    let cut = OpenOptions::new().write(true).open(path).and_then(|file| file.set_len(length));
    if let Err(error) = cut {
        // Harmless: the next segment's header bounds this one.
        warn!(wal.path = %path.display(), %error, "The torn end of the log could not be cut off");
    }
}

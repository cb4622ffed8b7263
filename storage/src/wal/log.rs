//! The segments that this process writes.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::SchemaRef;
use watchfire_ingest::table::Table;

use super::disk::{Disk, WalFile};
use super::frame::Frame;
use super::header::Header;
use super::writer::Gauges;
use crate::kill_point::KillPoint;

/// What a segment is called while its header is written.
pub(super) const UNNAMED: &str = "wal.new";
/// Small frames are gathered into writes of about this many bytes.
const WRITE_BYTES: usize = 1 << 20;

/// A segment that is not written any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sealed {
    pub path: PathBuf,
    pub last_sequence: u64,
    pub size_bytes: u64,
}

/// Where new frames go.
pub(crate) struct Log {
    pub(super) folder: PathBuf,
    pub(super) disk: Arc<dyn Disk>,
    pub(super) writer: String,
    pub(super) tables: Vec<(Table, SchemaRef)>,
    pub(super) segment_bytes: u64,
    pub(super) sealed: Arc<Mutex<Vec<Sealed>>>,
    pub(super) gauges: Arc<Gauges>,
    pub(super) next_number: u64,
    pub(super) next_sequence: u64,
    /// The newest segment that counts, and how many of its bytes do.
    pub(super) previous: Option<(u64, u64)>,
    pub(super) current: Option<Current>,
}

/// The segment that is written.
pub(super) struct Current {
    number: u64,
    path: PathBuf,
    file: Box<dyn WalFile>,
    salt: u32,
    /// How much is durable: the header, and each frame that was acknowledged.
    synced_bytes: u64,
    last_sequence: u64,
}

/// The name of a segment's file.
pub(super) fn file_name(number: u64) -> String {
    format!("{number:08}.wal")
}

/// The number of a segment's file; `None` for other files.
pub(super) fn number_of(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    let number = name.strip_suffix(".wal")?.parse().ok()?;
    (file_name(number) == name).then_some(number)
}

impl Log {
    /// Makes these frames durable, all of them or none, and gives them numbers. Refused ones are cut off again.
    ///
    /// The error is a sentence for people.
    pub(super) fn write(&mut self, frames: &mut [&mut Frame]) -> Result<Vec<u64>, String> {
        let first = self.next_sequence;
        // Numbers are given once: what is left of refused frames on the disk is told from those that follow.
        self.next_sequence += frames.len() as u64;
        let last = self.next_sequence - 1;
        let bytes: u64 = frames.iter().map(|frame| frame.len() as u64).sum();
        let is_full = |it: &Current| it.last_sequence > 0 && it.synced_bytes + bytes > self.segment_bytes;
        if self.current.as_ref().is_some_and(is_full) {
            self.seal();
        }
        if self.current.is_none() {
            self.current = Some(self.begin().map_err(|error| self.sentence("created", &error))?);
        }
        let current = self.current.as_mut().expect("it was made above");
        if let Err(error) = current.put(frames, first) {
            let sentence = self.sentence("written", &error);
            self.cut();
            return Err(sentence);
        }
        KillPoint::WalAfterWrite.pass();
        if let Err(error) = current.file.sync() {
            // What the kernel has dropped after a failed fsync, it never tells again: this segment is done.
            let sentence = self.sentence("made durable", &error);
            self.abandon();
            return Err(sentence);
        }
        KillPoint::WalAfterSync.pass();
        current.synced_bytes += bytes;
        current.last_sequence = last;
        self.gauges.size_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.gauges.syncs.fetch_add(1, Ordering::Relaxed);
        Ok((first..=last).collect())
    }

    /// A new segment. It has its name only once its header is durable: a segment without a header is damage.
    fn begin(&mut self) -> io::Result<Current> {
        let number = self.next_number;
        self.next_number += 1;
        let salt = salt(&self.writer, number);
        let header = Header { salt, previous: self.previous, writer: self.writer.clone(), tables: self.tables.clone() }
            .to_bytes();
        let path = self.folder.join(file_name(number));
        let unnamed = path.with_extension(UNNAMED);
        let file = self.write_header(&unnamed, &path, &header).inspect_err(|_| {
            // Whichever of them is there has no rows, so it does not matter when it stays.
            let _ = self.disk.remove(&unnamed);
            let _ = self.disk.remove(&path);
        })?;
        let synced_bytes = header.len() as u64;
        self.gauges.size_bytes.fetch_add(synced_bytes, Ordering::Relaxed);
        Ok(Current { number, path, file, salt, synced_bytes, last_sequence: 0 })
    }

    fn write_header(&self, unnamed: &Path, path: &Path, header: &[u8]) -> io::Result<Box<dyn WalFile>> {
        let mut file = self.disk.create(unnamed)?;
        file.write_at(header, 0)?;
        file.sync()?;
        self.disk.rename(unnamed, path)?;
        self.disk.sync_folder(&self.folder)?;
        Ok(file)
    }

    /// Takes back what was not made durable, so that the segment can go on.
    fn cut(&mut self) {
        let Some(current) = self.current.as_mut() else { return };
        if current.file.cut(current.synced_bytes).is_err() {
            self.abandon();
        }
    }

    /// Never writes the present segment again. What was not durable in it does not count: the next header says so.
    fn abandon(&mut self) {
        if let Some(current) = self.current.as_mut() {
            // Only tidiness: the next header bounds it, and until then what was refused may be there or not.
            let _ = current.file.cut(current.synced_bytes);
        }
        self.seal();
    }

    fn seal(&mut self) {
        let Some(current) = self.current.take() else { return };
        self.previous = Some((current.number, current.synced_bytes));
        let sealed =
            Sealed { path: current.path, last_sequence: current.last_sequence, size_bytes: current.synced_bytes };
        self.sealed.lock().unwrap_or_else(PoisonError::into_inner).push(sealed);
    }

    /// What is wrong, where, and how to mend it.
    fn sentence(&self, what: &str, error: &io::Error) -> String {
        let folder = self.folder.display();
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                let free = self.disk.free_bytes(&self.folder);
                let free = free.map_or_else(String::new, |free| format!(" ({} MiB free)", free >> 20));
                format!("the disk of {folder} is full{free}: {error}; make room there, nothing else is needed")
            }
            _ => format!("the log in {folder} cannot be {what}: {error}; check that disk"),
        }
    }
}

impl Current {
    fn put(&mut self, frames: &mut [&mut Frame], first: u64) -> io::Result<()> {
        let mut at = self.synced_bytes;
        let mut gathered: Vec<u8> = Vec::new();
        for (frame, sequence) in frames.iter_mut().zip(first..) {
            let bytes = frame.seal(sequence, self.synced_bytes, self.salt);
            if gathered.is_empty() && bytes.len() >= WRITE_BYTES {
                self.file.write_at(bytes, at)?;
                at += bytes.len() as u64;
                continue;
            }
            gathered.extend_from_slice(bytes);
            if gathered.len() >= WRITE_BYTES {
                self.file.write_at(&gathered, at)?;
                at += gathered.len() as u64;
                gathered.clear();
            }
        }
        if gathered.is_empty() { Ok(()) } else { self.file.write_at(&gathered, at) }
    }
}

/// A number that nobody who sends telemetry can know.
fn salt(writer: &str, number: u64) -> u32 {
    use std::hash::{BuildHasher, RandomState};
    // Each `RandomState` has keys of its own, from the system's randomness.
    RandomState::new().hash_one((writer, number)) as u32
}

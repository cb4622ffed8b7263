//! What the log asks of the operating system: a seam for tests that need a disk with faults.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use nix::sys::statvfs::statvfs;

/// A folder's operations.
pub(crate) trait Disk: Send + Sync + 'static {
    /// An empty file to write.
    fn create(&self, path: &Path) -> io::Result<Box<dyn WalFile>>;

    /// Gives a file its final name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Forgets a file.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes creations and removals in a folder durable.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;

    /// Bytes that we may still write there; `None` when the system does not say.
    fn free_bytes(&self, folder: &Path) -> Option<u64>;
}

/// A file of the log while it is written.
pub(crate) trait WalFile: Send {
    /// Writes all the bytes at a place.
    fn write_at(&mut self, bytes: &[u8], at: u64) -> io::Result<()>;

    /// Makes everything written durable.
    fn sync(&mut self) -> io::Result<()>;

    /// Ends the file at a length.
    fn cut(&mut self, length: u64) -> io::Result<()>;
}

/// The real one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LocalDisk;

impl Disk for LocalDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn WalFile>> {
        let file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
        Ok(Box::new(file))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    fn free_bytes(&self, folder: &Path) -> Option<u64> {
        let facts = statvfs(folder).ok()?;
        Some(facts.blocks_available().saturating_mul(facts.fragment_size()))
    }
}

impl WalFile for File {
    fn write_at(&mut self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.write_all_at(bytes, at)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }
}

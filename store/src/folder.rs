//! The data folder: who owns it, and under which name this owner claims work.

use std::collections::hash_map::RandomState;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, Hasher};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::sync::Mutex;

use crate::error::Error;

const LOCK_FILE: &str = "watchfire.lock";
const CLAIMANT_FILE: &str = "watchfire.claimant";

/// The proof that nobody else works on a data folder. It ends with the process, whatever ends that.
#[derive(Debug)]
pub(crate) struct FolderLock {
    file: Mutex<Option<File>>,
}

impl FolderLock {
    /// Takes the lock at once, or says who has it. Makes the folder when it is not there.
    pub(crate) fn take(folder: &Path) -> Result<Self, Error> {
        fs::create_dir_all(folder).map_err(|source| Error::Folder { path: folder.to_owned(), source })?;
        let path = folder.join(LOCK_FILE);
        let refused = |source| Error::Folder { path: path.clone(), source };
        // Not truncated: until we own it, its text is the owner's.
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(refused)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::FolderInUse { folder: folder.to_owned(), pid: written_pid(&mut file) });
            }
            Err(TryLockError::Error(source)) => return Err(refused(source)),
        }
        write_pid(&mut file).map_err(refused)?;
        Ok(Self { file: Mutex::new(Some(file)) })
    }

    /// Gives the folder back before this value is dropped.
    pub(crate) fn release(&self) {
        let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *file = None;
    }
}

fn written_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn write_pid(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())?;
    file.flush()
}

/// The name under which the owner of this folder claims work. It outlives the process, so that a
/// restart knows its own leases; the folder lock proves that their holder is dead.
pub(crate) fn claimant_id(folder: &Path) -> Result<String, Error> {
    if let Some(known) = known_claimant_id(folder)? {
        return Ok(known);
    }
    let path = folder.join(CLAIMANT_FILE);
    let id = format!("cl_{:016x}{:016x}", random(), random());
    write_durably(&path, &id).map_err(|source| Error::Folder { path: path.clone(), source })?;
    Ok(id)
}

/// The name under which the owner of this folder claims work, when it ever had one.
pub(crate) fn known_claimant_id(folder: &Path) -> Result<Option<String>, Error> {
    let path = folder.join(CLAIMANT_FILE);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Folder { path, source }),
    }
}

/// Files and leases belong to this name: one that a power cut took away would leave them without an owner.
fn write_durably(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Sixty-four random bits: the seed of the standard library's hash maps.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_owner_and_says_who() {
        let folder = tempfile::tempdir().unwrap();
        let lock = FolderLock::take(folder.path()).unwrap();
        match FolderLock::take(folder.path()) {
            Err(Error::FolderInUse { pid, .. }) => assert_eq!(pid, Some(std::process::id())),
            other => panic!("{other:?}"),
        }
        lock.release();
        FolderLock::take(folder.path()).unwrap();
    }

    #[test]
    fn a_claimant_keeps_its_name_and_shares_it_with_nobody() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        assert_eq!(claimant_id(one.path()).unwrap(), claimant_id(one.path()).unwrap());
        assert_ne!(claimant_id(one.path()).unwrap(), claimant_id(two.path()).unwrap());
    }
}

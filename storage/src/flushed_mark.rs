//! How much of a telemetry folder was flushed, as the folder itself knows it.
//!
//! The list of files is in the store, which may be put back from a backup or lost while the telemetry stays. Then its
//! `flushed_through` is less than what the log was cut by, and going on from there would give sequence numbers twice and
//! take listed files for orphans. So the number is also kept here, durably, before the log is cut.
//!
//! The file has two lines, each in a block of its own, and the greater whole one counts. They are overwritten in turn, in
//! place: cutting the log makes room on a disk that is full, and must not need room for that.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::error::Error;
use crate::files::Known;
use crate::log_begin::log_begins_at;
use crate::open::blocking;

const NAME: &str = "flushed_through";
/// What the file is called while it is written.
const UNNAMED: &str = "flushed_through.new";
/// Where the two lines begin, in bytes.
const PLACES: [usize; 2] = [0, 4_096];

/// The number; `None` when none was ever kept here. One that cannot be understood is an error of kind `InvalidData`.
pub(crate) fn read(folder: &Path) -> io::Result<Option<u64>> {
    let path = folder.join(NAME);
    match std::fs::read(&path) {
        Ok(bytes) => {
            PLACES.map(|place| number_at(&bytes, place)).into_iter().max().flatten().map(Some).ok_or_else(|| {
                let sentence = format!("{} has no whole number in it; run `watchfire repair`", path.display());
                io::Error::new(io::ErrorKind::InvalidData, sentence)
            })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn line(through: u64) -> String {
    let number = format!("{through:020}");
    format!("{number} {:08x}\n", crc32fast::hash(number.as_bytes()))
}

fn number_at(bytes: &[u8], place: usize) -> Option<u64> {
    let number = std::str::from_utf8(bytes.get(place..place + 20)?).ok()?.parse().ok()?;
    bytes[place..].starts_with(line(number).as_bytes()).then_some(number)
}

/// Keeps the number, in place of the one before. It is durable when this returns.
pub(crate) fn write(folder: &Path, through: u64) -> io::Result<()> {
    let path = folder.join(NAME);
    if let Ok(bytes) = std::fs::read(&path) {
        let [first, second] = PLACES.map(|place| number_at(&bytes, place));
        if first.max(second).is_some_and(|known| known <= through) {
            let place = if first < second { PLACES[0] } else { PLACES[1] };
            let file = OpenOptions::new().write(true).open(&path)?;
            file.write_all_at(line(through).as_bytes(), place as u64)?;
            return file.sync_all();
        }
    }
    let unnamed = folder.join(UNNAMED);
    let file = File::create(&unnamed)?;
    for place in PLACES {
        file.write_all_at(line(through).as_bytes(), place as u64)?;
    }
    file.sync_all()?;
    std::fs::rename(&unnamed, path)?;
    File::open(folder)?.sync_all()
}

/// What a repair of the list needs to know of the telemetry in `folder` besides its files; `listed_through` is what the
/// old list says to be flushed, 0 when it is gone. Nothing is changed.
///
/// # Errors
/// [`Error::Io`] when the folder cannot be read.
pub async fn known_of(folder: &Path, listed_through: u64) -> Result<Known, Error> {
    let log_begins_at = log_begins_at(folder).await?;
    let ours = folder.to_owned();
    let marked = blocking(folder, "reading how much was flushed", move || match read(&ours) {
        // The files say it too.
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(None),
        known => known,
    });
    let flushed_through = marked.await?.unwrap_or(0).max(listed_through);
    Ok(Known { log_begins_at, flushed_through })
}

/// Keeps in `folder` that everything up to this number is in files that the list has: the last step of a repair.
///
/// # Errors
/// [`Error::Io`] when the folder cannot be written.
pub async fn mark_flushed(folder: &Path, through: u64) -> Result<(), Error> {
    let ours = folder.to_owned();
    blocking(folder, "keeping how much was flushed", move || write(&ours, through)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_that_was_kept_last_is_read() {
        let folder = tempfile::TempDir::new().unwrap();
        assert_eq!(read(folder.path()).unwrap(), None);
        for through in [0, 7, 8, 9, u64::MAX, 5] {
            write(folder.path(), through).unwrap();
            assert_eq!(read(folder.path()).unwrap(), Some(through));
        }
        std::fs::write(folder.path().join(NAME), "a lot").unwrap();
        let error = read(folder.path()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(error.to_string().ends_with("has no whole number in it; run `watchfire repair`"), "{error}");
    }

    #[test]
    fn a_line_that_was_torn_leaves_the_number_before() {
        let folder = tempfile::TempDir::new().unwrap();
        for through in [3, 4, 5] {
            write(folder.path(), through).unwrap();
        }
        let path = folder.path().join(NAME);
        let whole = std::fs::read(&path).unwrap();
        let newest = PLACES.into_iter().find(|place| number_at(&whole, *place) == Some(5)).unwrap();
        for at in newest..newest + line(5).len() {
            let mut torn = whole.clone();
            torn[at] = b'#';
            std::fs::write(&path, torn).unwrap();
            assert_eq!(read(folder.path()).unwrap(), Some(4), "{at}");
        }
        write(folder.path(), 6).unwrap();
        assert_eq!(read(folder.path()).unwrap(), Some(6));
    }

    #[tokio::test]
    async fn a_repair_goes_by_what_is_greater_and_passes_over_a_number_that_is_none() {
        let folder = tempfile::TempDir::new().unwrap();
        write(folder.path(), 7).unwrap();
        assert_eq!(known_of(folder.path(), 3).await.unwrap().flushed_through, 7);
        assert_eq!(known_of(folder.path(), 9).await.unwrap().flushed_through, 9);
        std::fs::write(folder.path().join(NAME), "a lot").unwrap();
        assert_eq!(known_of(folder.path(), 3).await.unwrap().flushed_through, 3);
        mark_flushed(folder.path(), 5).await.unwrap();
        assert_eq!(read(folder.path()).unwrap(), Some(5));
    }
}

//! The log against crashes, damage and disks that fail.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use object_store::memory::InMemory;
use proptest::prelude::*;
use tempfile::TempDir;
use watchfire_ingest::table::{Shredding, Table};

use super::disk::{Disk, LocalDisk, WalFile};
use super::frame::Frame;
use super::log::Log;
use super::replay::{Replayed, replay};
use super::{encode, writer::Writer};
use crate::conform::Columns;
use crate::hot::Hot;
use crate::limits;
use crate::part::prepare;
use crate::snapshot::Reach;
use crate::storage::{Keeping, Storage, StorageOptions};
use crate::testing::{MemoryList, Row, names, project, row, rows, rows_of};

fn shredding() -> Shredding {
    Shredding::new(["http.route".to_owned()])
}

fn frame(of: &[Row]) -> Frame {
    encode(&prepare(vec![rows("default", of)], &Columns::of(&shredding())), limits::APPEND_BYTES).unwrap()
}

fn log(folder: &Path, disk: impl Disk) -> Log {
    let replayed = replay(folder, 0, true, &mut |_, _| {}, &mut |_, _| {}).unwrap();
    replayed.into_log(folder.to_owned(), Arc::new(disk), "test".to_owned(), &shredding(), 0)
}

/// Appends rows of these names, each by itself, and says which were taken.
fn append(log: &mut Log, names: &[&str]) -> Vec<bool> {
    names.iter().map(|name| log.write(&mut [&mut frame(&[row(name, 1)])]).is_ok()).collect()
}

/// The names of the rows that the log has after number `after`, and what else there is to say.
fn read_after(folder: &Path, after: u64) -> (String, Replayed) {
    let mut found = Vec::new();
    let mut each =
        |_, parts: Vec<crate::part::Part>| found.extend(parts.iter().flat_map(|part| rows_of(&part.batch.rows)));
    let replayed = replay(folder, after, false, &mut each, &mut |_, _| {}).unwrap();
    (names(&found), replayed)
}

fn read(folder: &Path) -> String {
    read_after(folder, 0).0
}

/// The only segment of a log with three appends, and where each of its frames ends.
fn three_frames() -> (TempDir, PathBuf, Vec<usize>) {
    let folder = TempDir::new().unwrap();
    let mut log = log(folder.path(), LocalDisk);
    let path = folder.path().join("00000001.wal");
    let mut ends = Vec::new();
    for name in ["a", "b", "c"] {
        assert_eq!(append(&mut log, &[name]), [true]);
        ends.push(fs::metadata(&path).unwrap().len() as usize);
    }
    (folder, path, ends)
}

#[test]
fn what_was_appended_is_read_back_as_it_was() {
    let folder = TempDir::new().unwrap();
    let pending = Row { is_pending: true, arrival: 9, ..row("p", 2) };
    let given = [row("late", 7), row("early", 3), pending.clone()];
    let parts = prepare(vec![rows("ä b", &given), rows("other", &[row("x", 1)])], &Columns::of(&shredding()));
    let mut log = log(folder.path(), LocalDisk);
    log.write(&mut [&mut encode(&parts, limits::APPEND_BYTES).unwrap()]).unwrap();
    let mut found = Vec::new();
    replay(folder.path(), 0, false, &mut |sequence, parts| found.push((sequence, parts)), &mut |_, _| {}).unwrap();
    let [(1, read)] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(read.len(), 3);
    for (read, given) in read.iter().zip(&parts) {
        assert_eq!((&read.project, read.table, &read.batch.rows), (&given.project, given.table, &given.batch.rows));
        assert_eq!((read.batch.is_pending, read.batch.is_sorted), (given.batch.is_pending, true));
    }
    assert_eq!(rows_of(&read[2].batch.rows), [pending]);
}

#[test]
fn rows_that_are_all_the_same_are_as_many_as_they_were() {
    let folder = TempDir::new().unwrap();
    let mut log = log(folder.path(), LocalDisk);
    log.write(&mut [&mut frame(&vec![row("x", 1); 5])]).unwrap();
    assert_eq!(read(folder.path()), "x x x x x");
}

#[test]
fn a_log_that_was_cut_anywhere_has_exactly_its_whole_frames() {
    let (_folder, path, ends) = three_frames();
    let bytes = fs::read(&path).unwrap();
    let header_bytes = ends[0] - (ends[1] - ends[0]);
    let elsewhere = TempDir::new().unwrap();
    for length in header_bytes..=bytes.len() {
        fs::write(elsewhere.path().join("00000001.wal"), &bytes[..length]).unwrap();
        let whole = ends.iter().filter(|end| **end <= length).count();
        let (found, replayed) = read_after(elsewhere.path(), 0);
        assert_eq!(found, ["", "a", "a b", "a b c"][whole], "{length}");
        assert!(replayed.damaged.is_empty(), "{length}: {:?}", replayed.damaged);
    }
}

#[test]
fn a_torn_end_is_cut_off_and_new_frames_follow() {
    let (folder, path, ends) = three_frames();
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let mut log = log(folder.path(), LocalDisk);
    assert_eq!(fs::metadata(&path).unwrap().len() as usize, ends[1]);
    assert_eq!(append(&mut log, &["d"]), [true]);
    assert_eq!(read(folder.path()), "a b d");
}

#[test]
fn a_bit_that_flips_costs_its_frame_alone_and_is_told() {
    let (_folder, path, ends) = three_frames();
    let bytes = fs::read(&path).unwrap();
    let header_bytes = ends[0] - (ends[1] - ends[0]);
    let elsewhere = TempDir::new().unwrap();
    // Every byte of the heads, and some of the bodies.
    let places = (header_bytes..bytes.len()).filter(|at| {
        let frame = ends.iter().take_while(|end| **end <= *at).last().copied().unwrap_or(header_bytes);
        at - frame < 40 || at % 17 == 0
    });
    for at in places {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        fs::write(elsewhere.path().join("00000001.wal"), &flipped).unwrap();
        let (found, replayed) = read_after(elsewhere.path(), 0);
        let hit = ends.iter().filter(|end| **end <= at).count();
        assert_eq!(found, ["b c", "a c", "a b"][hit], "{at}");
        // Of the last frame nothing says that it was ever durable.
        assert_eq!(replayed.damaged.len(), usize::from(hit < 2), "{at}: {:?}", replayed.damaged);
    }
}

#[test]
fn damage_anywhere_in_a_group_costs_its_frames_alone_when_a_later_group_follows() {
    let folder = TempDir::new().unwrap();
    let mut log = log(folder.path(), LocalDisk);
    let path = folder.path().join("00000001.wal");
    let mut group = |names: &[&str]| {
        let mut frames: Vec<Frame> = names.iter().map(|name| frame(&[row(name, 1)])).collect();
        log.write(&mut frames.iter_mut().collect::<Vec<_>>()).unwrap();
        fs::metadata(&path).unwrap().len() as usize
    };
    let first_end = group(&["a"]);
    let length = frame(&[row("a", 1)]).len();
    group(&["b", "c", "d"]);
    group(&["e", "f"]);
    let bytes = fs::read(&path).unwrap();
    assert_eq!(bytes.len(), first_end + 5 * length);
    let elsewhere = TempDir::new().unwrap();
    // The frames that are hit, by their places; of the last group nothing says that it was ever durable.
    let cases: [(&[usize], &str, usize); 7] = [
        (&[0], "a c d e f", 1),
        (&[1], "a b d e f", 1),
        (&[2], "a b c e f", 1),
        (&[0, 1], "a d e f", 1),
        (&[0, 2], "a c e f", 2),
        (&[0, 1, 2], "a e f", 1),
        (&[3], "a b c d", 0),
    ];
    for (hit, expected, damages) in cases {
        for at in [3, 20, 40, length - 1] {
            let mut flipped = bytes.clone();
            for frame in hit {
                flipped[first_end + frame * length + at] ^= 1;
            }
            fs::write(elsewhere.path().join("00000001.wal"), &flipped).unwrap();
            let (found, replayed) = read_after(elsewhere.path(), 0);
            assert_eq!(found, expected, "{hit:?} at {at}");
            assert_eq!(replayed.damaged.len(), damages, "{hit:?} at {at}: {:?}", replayed.damaged);
        }
    }
}

#[test]
fn damage_is_kept_aside_and_later_segments_are_read() {
    let (folder, path, ends) = three_frames();
    append(&mut log(folder.path(), LocalDisk), &["d"]);
    let mut bytes = fs::read(&path).unwrap();
    // Even in the last frame: the next segment says that it was durable.
    bytes[ends[2] - 9] ^= 4;
    fs::write(&path, &bytes).unwrap();
    let mut found = Vec::new();
    let mut each =
        |_, parts: Vec<crate::part::Part>| found.extend(parts.iter().flat_map(|part| rows_of(&part.batch.rows)));
    let replayed = replay(folder.path(), 0, true, &mut each, &mut |_, _| {}).unwrap();
    assert_eq!(names(&found), "a b d");
    let told = replayed.damaged.join("\n");
    assert!(told.contains(&format!("00000001.wal: {} bytes at {} are damaged", ends[2] - ends[1], ends[1])), "{told}");
    assert_eq!(fs::read(folder.path().join("00000001.wal.damaged")).unwrap(), bytes);
}

#[test]
fn a_segment_whose_header_is_damaged_is_told_and_the_others_are_read() {
    let (folder, path, _) = three_frames();
    append(&mut log(folder.path(), LocalDisk), &["d"]);
    let mut bytes = fs::read(&path).unwrap();
    bytes[30] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let (found, replayed) = read_after(folder.path(), 0);
    assert_eq!((found.as_str(), replayed.damaged.len()), ("d", 1));
}

#[test]
fn flushed_frames_are_passed_over_and_numbers_go_on() {
    let (folder, _, _) = three_frames();
    let (found, replayed) = read_after(folder.path(), 2);
    assert_eq!(found, "c");
    let mut log = replayed.into_log(folder.path().to_owned(), Arc::new(LocalDisk), "test".to_owned(), &shredding(), 2);
    assert_eq!(log.write(&mut [&mut frame(&[row("d", 1)]), &mut frame(&[row("e", 1)])]), Ok(vec![4, 5]));
}

#[test]
fn segments_are_bounded_and_removed_once_all_of_them_is_flushed() {
    let folder = TempDir::new().unwrap();
    let mut log = log(folder.path(), LocalDisk);
    log.segment_bytes = 10 << 10;
    let names: Vec<String> = (0..40).map(|number| number.to_string()).collect();
    append(&mut log, &names.iter().map(String::as_str).collect::<Vec<_>>());
    let files = || {
        let files = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len());
        files.collect::<Vec<u64>>()
    };
    assert!(files().len() > 2, "{:?}", files());
    assert!(files().iter().all(|size| *size <= 10 << 10), "{:?}", files());
    assert_eq!(read(folder.path()), names.join(" "));
    let writer = Writer::start(log, Arc::new(Hot::new(usize::MAX))).unwrap();
    writer.remove_through(20).unwrap();
    let left = read(folder.path());
    assert!(left.ends_with("21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39"), "{left}");
    assert!(left.len() < names.join(" ").len(), "{left}");
    writer.remove_through(40).unwrap();
    assert_eq!(files().len(), 1, "the one that is written stays");
}

#[test]
fn one_row_takes_little_more_than_its_values() {
    let one = frame(&[row("0123456789abcdef", 1)]).len();
    assert!(one < 700, "{one} bytes");
    let many: Vec<Row> = (0..1_000).map(|number| row(number, number)).collect();
    let each = frame(&many).len() / 1_000;
    assert!(each < 60, "{each} bytes");
}

/// What the disk refuses next.
#[derive(Debug, Default, Clone)]
struct Faults {
    /// How many more bytes fit.
    room: Option<u64>,
    syncs_fail: bool,
    cuts_fail: bool,
    creations_fail: bool,
    syncs_panic: bool,
}

/// A real folder that refuses what it is told to.
#[derive(Clone, Default)]
struct FaultyDisk(Arc<Mutex<Faults>>);

struct FaultyFile {
    file: Box<dyn WalFile>,
    faults: Arc<Mutex<Faults>>,
}

fn full() -> io::Error {
    io::Error::from(io::ErrorKind::StorageFull)
}

impl Disk for FaultyDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn WalFile>> {
        if self.0.lock().unwrap().creations_fail {
            return Err(full());
        }
        Ok(Box::new(FaultyFile { file: LocalDisk.create(path)?, faults: Arc::clone(&self.0) }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        LocalDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        LocalDisk.remove(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        LocalDisk.sync_folder(folder)
    }

    fn free_bytes(&self, _folder: &Path) -> Option<u64> {
        Some(3 << 20)
    }
}

impl WalFile for FaultyFile {
    fn write_at(&mut self, bytes: &[u8], at: u64) -> io::Result<()> {
        let room = self.faults.lock().unwrap().room.map_or(bytes.len(), |room| bytes.len().min(room as usize));
        self.file.write_at(&bytes[..room], at)?;
        if room < bytes.len() { Err(full()) } else { Ok(()) }
    }

    fn sync(&mut self) -> io::Result<()> {
        let panics = self.faults.lock().unwrap().syncs_panic;
        assert!(!panics, "a fault of ours");
        if self.faults.lock().unwrap().syncs_fail {
            Err(io::Error::other("the disk is gone"))
        } else {
            self.file.sync()
        }
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        if self.faults.lock().unwrap().cuts_fail { Err(io::Error::other("no")) } else { self.file.cut(length) }
    }
}

#[test]
fn a_full_disk_is_told_with_what_to_do_and_needs_nothing_but_room() {
    let folder = TempDir::new().unwrap();
    let disk = FaultyDisk::default();
    let mut log = log(folder.path(), disk.clone());
    append(&mut log, &["a"]);
    disk.0.lock().unwrap().room = Some(100);
    let refused = log.write(&mut [&mut frame(&[row("b", 1)])]).unwrap_err();
    let shown = refused.replace(&folder.path().display().to_string(), "DATA/wal");
    insta::assert_snapshot!(shown, @"the disk of DATA/wal is full (3 MiB free): no storage space; make room there, nothing else is needed");
    disk.0.lock().unwrap().room = None;
    assert_eq!(append(&mut log, &["c"]), [true]);
    assert_eq!(read(folder.path()), "a c");
}

#[test]
fn after_a_failed_fsync_the_segment_is_never_written_again() {
    let folder = TempDir::new().unwrap();
    let disk = FaultyDisk::default();
    let mut log = log(folder.path(), disk.clone());
    append(&mut log, &["a"]);
    *disk.0.lock().unwrap() = Faults { syncs_fail: true, cuts_fail: true, ..Faults::default() };
    assert_eq!(append(&mut log, &["b"]), [false]);
    *disk.0.lock().unwrap() = Faults::default();
    let before = fs::metadata(folder.path().join("00000001.wal")).unwrap().len();
    assert_eq!(append(&mut log, &["c"]), [true]);
    assert_eq!(fs::metadata(folder.path().join("00000001.wal")).unwrap().len(), before);
    // What was refused is whole in the first segment; the second one says that it does not count.
    assert_eq!(read(folder.path()), "a c");
}

#[tokio::test]
async fn what_the_disk_refuses_is_never_seen_and_the_failure_is_shown_until_it_is_over() {
    let folder = TempDir::new().unwrap();
    let disk = FaultyDisk::default();
    let (objects, list) = (Arc::new(InMemory::new()), Arc::new(MemoryList::default()));
    let options = StorageOptions::default();
    let storage =
        Storage::open_on(Arc::new(disk.clone()), folder.path(), objects, list, options, |_| {}).await.unwrap();
    let append = async |name: &str| storage.append(vec![rows("default", &[row(name, 1)])]).await;
    let seen = || {
        let snapshot = storage.snapshot(&project("default"), Table::Records, Reach::default());
        let found: Vec<Row> = snapshot.hot.iter().flat_map(|batch| rows_of(&batch.rows)).collect();
        names(&found)
    };
    append("a").await.unwrap();
    *disk.0.lock().unwrap() = Faults { syncs_fail: true, ..Faults::default() };
    let refused = append("b").await.unwrap_err().to_string();
    assert!(refused.starts_with("telemetry cannot be taken now: the log in "), "{refused}");
    assert!(refused.ends_with("cannot be made durable: the disk is gone; check that disk"), "{refused}");
    assert_eq!(seen(), "a");
    assert!(storage.status().append_failure.is_some());
    *disk.0.lock().unwrap() = Faults::default();
    append("c").await.unwrap();
    assert_eq!(seen(), "a c");
    assert_eq!((storage.status().append_failure, storage.status().hot_rows), (None, 2));
}

#[tokio::test]
async fn a_thread_that_broke_is_told_as_such_until_the_restart() {
    let folder = TempDir::new().unwrap();
    let disk = FaultyDisk::default();
    let (objects, list) = (Arc::new(InMemory::new()), Arc::new(MemoryList::default()));
    let options = StorageOptions::default();
    let storage =
        Storage::open_on(Arc::new(disk.clone()), folder.path(), objects, list, options, |_| {}).await.unwrap();
    let append = async |name: &str| storage.append(vec![rows("default", &[row(name, 1)])]).await;
    append("a").await.unwrap();
    assert!(!storage.status().log_is_broken);
    disk.0.lock().unwrap().syncs_panic = true;
    append("b").await.unwrap_err();
    disk.0.lock().unwrap().syncs_panic = false;
    // The one above is answered while the thread ends.
    match &storage.inner.keeping {
        Keeping::Durable(durable) => durable.wal.join(),
        Keeping::Memory | Keeping::ReadOnly => unreachable!(),
    }
    let refused = append("c").await.unwrap_err().to_string();
    assert!(refused.contains("ended by a fault of Watchfire") && refused.ends_with("restart the server"), "{refused}");
    let status = storage.status();
    assert!(status.log_is_broken);
    assert!(status.append_failure.unwrap().contains("ended by a fault"), "{refused}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_the_disk_refuses_exactly_the_acknowledged_frames_are_there(
        steps in proptest::collection::vec((0..6_u8, 0..3_000_u64, any::<bool>(), any::<bool>()), 1..20),
    ) {
        let folder = TempDir::new().unwrap();
        let disk = FaultyDisk::default();
        let mut log = log(folder.path(), disk.clone());
        log.segment_bytes = 12 << 10;
        let mut taken = Vec::new();
        for (number, (fault, room, cuts_fail, restarts)) in steps.into_iter().enumerate() {
            let name = number.to_string();
            *disk.0.lock().unwrap() = match fault {
                0 => Faults { room: Some(room), cuts_fail, ..Faults::default() },
                1 => Faults { syncs_fail: true, cuts_fail, ..Faults::default() },
                2 => Faults { creations_fail: true, ..Faults::default() },
                _ => Faults::default(),
            };
            if append(&mut log, &[name.as_str()]) == [true] {
                taken.push(name);
            } else if restarts {
                // A refused frame may be there after a crash, until a later one says that it does not count.
                *disk.0.lock().unwrap() = Faults::default();
                let end = format!("end-{number}");
                prop_assert_eq!(append(&mut log, &[end.as_str()]), [true]);
                taken.push(end);
                log = self::log(folder.path(), disk.clone());
                log.segment_bytes = 12 << 10;
            }
        }
        *disk.0.lock().unwrap() = Faults::default();
        prop_assert_eq!(append(&mut log, &["end"]), [true]);
        taken.push("end".to_owned());
        let (found, replayed) = read_after(folder.path(), 0);
        prop_assert_eq!(found, taken.join(" "));
        prop_assert!(replayed.damaged.is_empty(), "{:?}", replayed.damaged);
    }
}

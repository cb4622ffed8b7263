//! Snapshots under everything that can happen, against a plain list of rows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use watchfire_ingest::table::{Shredding, Table};
use watchfire_model::Timestamp;

use super::flush::TableRows;
use super::tier::Hot;
use crate::conform::Columns;
use crate::file_list::{DataFile, FileChange, ListedFiles};
use crate::part::prepare;
use crate::rows::TimeRange;
use crate::snapshot::{Reach, Snapshot, TimeAxis};
use crate::testing::{Row, names, project, row, rows, rows_of, window};

/// Memory, with files that are lists of rows.
struct World {
    hot: Hot,
    files: BTreeMap<String, Vec<Row>>,
    all: Vec<Row>,
    next_sequence: u64,
    next_file: u64,
    bytes_max: usize,
}

fn shredding() -> Shredding {
    Shredding::new([])
}

impl World {
    fn new(bytes_max: usize) -> Self {
        let hot = Hot::new(bytes_max);
        Self { hot, files: BTreeMap::new(), all: Vec::new(), next_sequence: 1, next_file: 0, bytes_max }
    }

    /// Rows at these times, by name.
    fn push(&mut self, given: &[Row]) {
        let parts = prepare(vec![rows("default", given)], &Columns::of(&shredding()));
        self.hot.push(self.next_sequence, parts, None);
        self.next_sequence += 1;
        self.all.extend_from_slice(given);
    }

    fn file(&mut self, rows: Vec<Row>, sequences: (u64, u64)) -> DataFile {
        self.next_file += 1;
        let path = format!("file-{:03}", self.next_file);
        let range = |of: fn(&Row) -> i64| TimeRange {
            first: Timestamp::from_micros(rows.iter().map(of).min().unwrap()),
            last: Timestamp::from_micros(rows.iter().map(of).max().unwrap()),
        };
        let file = DataFile {
            path: path.clone(),
            project: project("default"),
            table: Table::Records,
            rows: rows.len() as u64,
            size_bytes: 1,
            time: range(|row| row.time),
            arrival: range(|row| row.arrival),
            sequences,
            shredded: Vec::new(),
        };
        self.files.insert(path, rows);
        file
    }

    /// A flush, with a file for each hundred of time; `None` when there is nothing to do.
    fn written(&mut self) -> Option<FileChange> {
        let work = self.hot.begin_flush()?;
        let mut added = Vec::new();
        for TableRows { sequences, rows: batches, .. } in work.tables {
            let mut days: BTreeMap<i64, Vec<Row>> = BTreeMap::new();
            for row in batches.iter().flat_map(rows_of) {
                days.entry(row.time.div_euclid(100)).or_default().push(row);
            }
            for rows in days.into_values() {
                added.push(self.file(rows, sequences));
            }
        }
        Some(FileChange { added, flushed_through: Some(work.through), ..FileChange::default() })
    }

    fn flush(&mut self) {
        if let Some(change) = self.written() {
            self.hot.apply(&change);
            self.hot.end_flush(None);
        }
    }

    /// Joins all files of the same hundred of time.
    fn compact(&mut self) {
        let mut days: BTreeMap<i64, Vec<Arc<DataFile>>> = BTreeMap::new();
        for file in self.hot.files() {
            days.entry(file.time.first.as_micros().div_euclid(100)).or_default().push(file);
        }
        for files in days.into_values().filter(|files| files.len() > 1) {
            let rows = files.iter().flat_map(|file| self.files[&file.path].clone()).collect();
            let first = files.iter().map(|file| file.sequences.0).min().unwrap();
            let last = files.iter().map(|file| file.sequences.1).max().unwrap();
            let added = vec![self.file(rows, (first, last))];
            let removed = files.iter().map(|file| file.path.clone()).collect();
            self.hot.apply(&FileChange { added, removed, ..FileChange::default() });
        }
    }

    /// As after a crash: the list is what it was, and the log has the rest.
    fn restart(&mut self) {
        let files = self.hot.files().iter().map(|file| DataFile::clone(file)).collect();
        let (flushed_through, last) = self.hot.sequences();
        let work = self.hot.begin_flush();
        let hot = Hot::new(self.bytes_max);
        hot.load(ListedFiles { files, flushed_through, doomed: Vec::new() });
        let unflushed = work.into_iter().flat_map(|work| work.tables).flat_map(|table| table.rows);
        let unflushed: Vec<Row> = unflushed.flat_map(|batch| rows_of(&batch)).collect();
        if !unflushed.is_empty() {
            hot.push(last, prepare(vec![rows("default", &unflushed)], &Columns::of(&shredding())), None);
            hot.tidy();
        }
        self.next_sequence = last + 1;
        self.hot = hot;
    }

    fn snapshot(&self, reach: Reach) -> Snapshot {
        self.hot.snapshot(&project("default"), Table::Records, reach)
    }

    /// The rows that a query would find.
    fn found(&self, reach: Reach) -> Vec<Row> {
        let snapshot = self.snapshot(reach);
        let hot = snapshot.hot.iter().flat_map(|batch| rows_of(&batch.rows));
        let cold = snapshot.files.iter().flat_map(|file| self.files[&file.path].clone());
        let mut found: Vec<Row> = hot.chain(cold).filter(|row| is_inside(row, reach)).collect();
        found.sort();
        found
    }

    fn expected(&self, reach: Reach) -> Vec<Row> {
        let mut expected: Vec<Row> = self.all.iter().filter(|row| is_inside(row, reach)).cloned().collect();
        expected.sort();
        expected
    }
}

fn is_inside(row: &Row, reach: Reach) -> bool {
    let at = match reach.on {
        TimeAxis::Time => row.time,
        TimeAxis::Arrival => row.arrival,
    };
    reach.window.is_none_or(|window| at >= window.start.as_micros() && at < window.end.as_micros())
}

fn from(start: i64) -> Reach {
    Reach { window: Some(window(start, 1_000)), on: TimeAxis::Time }
}

/// Where the rows of a reach come from: how many of memory, how many files.
fn places(world: &World, reach: Reach) -> (usize, usize) {
    let snapshot = world.snapshot(reach);
    (snapshot.hot.iter().map(|batch| batch.rows.num_rows()).sum(), snapshot.files.len())
}

#[test]
fn flushed_rows_are_served_from_memory_until_they_are_evicted() {
    let mut world = World::new(usize::MAX);
    world.push(&[row("a", 10)]);
    world.flush();
    world.push(&[row("b", 20)]);
    world.flush();
    world.push(&[row("c", 30)]);
    assert_eq!(places(&world, Reach::default()), (3, 0));
    world.hot.evict(Timestamp::from_micros(15));
    assert_eq!(places(&world, from(11)), (2, 0), "above everything that has left");
    assert_eq!(places(&world, from(10)), (1, 2), "else files, and what is in none");
    assert_eq!(places(&world, Reach::default()), (1, 2));
    assert_eq!(names(&world.found(Reach::default())), "a b c");
}

#[test]
fn after_a_restart_only_a_window_above_all_files_is_served_from_memory() {
    let mut world = World::new(usize::MAX);
    world.push(&[row("a", 10), row("b", 20)]);
    world.flush();
    world.push(&[row("c", 30)]);
    world.restart();
    assert_eq!(places(&world, from(21)), (1, 0));
    assert_eq!(places(&world, from(20)), (1, 1));
    assert_eq!(names(&world.found(Reach::default())), "a b c");
}

#[test]
fn a_row_from_the_future_does_not_send_other_windows_to_its_file() {
    let mut world = World::new(usize::MAX);
    world.push(&[row("now", 10), row("future", 90_000)]);
    world.flush();
    world.push(&[row("later", 110)]);
    world.restart();
    assert_eq!(places(&world, from(100)), (1, 0));
    assert_eq!(places(&world, from(10)), (1, 1));
}

#[test]
fn a_row_that_came_late_stays_for_as_long_as_it_is_new_on_either_axis() {
    let mut world = World::new(usize::MAX);
    world.push(&[Row { arrival: 50, ..row("late", 10) }]);
    world.flush();
    world.hot.evict(Timestamp::from_micros(40));
    assert_eq!(places(&world, Reach::default()), (1, 0));
    world.hot.evict(Timestamp::from_micros(51));
    assert_eq!(places(&world, Reach::default()), (0, 1));
    let by_arrival = |start| Reach { window: Some(window(start, 100)), on: TimeAxis::Arrival };
    assert_eq!(places(&world, by_arrival(51)), (0, 0));
    assert_eq!(places(&world, by_arrival(50)), (0, 1));
}

#[test]
fn rows_are_never_evicted_before_they_are_in_files() {
    let mut world = World::new(usize::MAX);
    world.push(&[row("a", 10)]);
    world.hot.evict(Timestamp::from_micros(i64::MAX));
    assert_eq!(names(&world.found(Reach::default())), "a");
}

#[test]
fn a_compacted_file_is_served_from_memory_like_those_it_is_made_of() {
    let mut world = World::new(usize::MAX);
    for (name, time) in [("a", 10), ("b", 20)] {
        world.push(&[row(name, time)]);
        world.flush();
    }
    world.compact();
    assert_eq!(places(&world, Reach::default()), (2, 0));
    world.hot.evict(Timestamp::from_micros(15));
    assert_eq!(places(&world, from(11)), (1, 0));
    assert_eq!(places(&world, from(10)), (0, 1));
}

#[test]
fn small_appends_become_few_sorted_batches() {
    let mut world = World::new(usize::MAX);
    for number in 0..1_000 {
        world.push(&[row(number, (number * 7_919) % 1_000)]);
        world.hot.tidy();
    }
    let snapshot = world.snapshot(Reach::default());
    assert!(snapshot.hot.len() <= 16, "{} batches", snapshot.hot.len());
    assert!(snapshot.hot.iter().all(|batch| batch.is_sorted));
    assert_eq!(world.found(Reach::default()).len(), 1_000);
    assert_eq!(world.hot.totals().rows, 1_000);
}

#[test]
fn large_appends_are_kept_in_slices_and_many_at_once_are_joined() {
    let mut world = World::new(usize::MAX);
    let many: Vec<Row> = (0..20_000).map(|number| row(number, number)).collect();
    world.push(&many);
    world.hot.tidy();
    let rows = |world: &World| {
        let snapshot = world.snapshot(Reach::default());
        snapshot.hot.iter().map(|batch| batch.rows.num_rows()).collect::<Vec<_>>()
    };
    assert_eq!(rows(&world), [8_192, 8_192, 3_616]);
    let reach = Reach { window: Some(window(8_192, 8_193)), on: TimeAxis::Time };
    assert_eq!(places(&world, reach), (8_192, 0));
}

#[test]
fn pending_spans_are_in_batches_of_their_own() {
    let mut world = World::new(usize::MAX);
    for number in 0..10 {
        world.push(&[row(number, number), Row { is_pending: true, ..row(number, number) }]);
        world.hot.tidy();
    }
    let snapshot = world.snapshot(Reach::default());
    for batch in &snapshot.hot {
        assert!(rows_of(&batch.rows).iter().all(|row| row.is_pending == batch.is_pending));
    }
    assert!(snapshot.hot.iter().filter(|batch| batch.is_pending).count() < 8);
}

#[test]
fn memory_that_is_full_of_unflushed_rows_takes_no_more_and_says_why() {
    let hot = Arc::new(Hot::new(1_000));
    let first = hot.reserve(900).unwrap();
    hot.end_flush(Some("the bucket is gone".to_owned()));
    insta::assert_snapshot!(hot.reserve(200).unwrap_err(), @"telemetry cannot be taken now: memory for telemetry is full: 900 bytes are in no file yet, 200 more would pass the limit of 1000 bytes; flushing to files fails: the bucket is gone");
    hot.end_flush(None);
    insta::assert_snapshot!(hot.reserve(200).unwrap_err(), @"telemetry cannot be taken now: memory for telemetry is full: 900 bytes are in no file yet, 200 more would pass the limit of 1000 bytes; flushing to files does not keep up");
    drop(first);
    insta::assert_snapshot!(hot.reserve(2_000).unwrap_err(), @"telemetry cannot be taken at once: the rows take 2000 bytes of memory, and the limit for all telemetry in memory is 1000 bytes; send fewer at once, or raise `telemetry.hot_memory`");
    assert!(hot.reserve(200).is_ok());
}

#[test]
fn when_memory_is_full_flushed_rows_go_the_oldest_first() {
    let many = |from: i64| -> Vec<Row> { (from..from + 100).map(|time| row(time, time)).collect() };
    let mut probe = World::new(usize::MAX);
    probe.push(&many(0));
    let of_hundred = probe.hot.totals().size_bytes;
    let mut world = World::new(of_hundred * 3);
    for from in [100, 0, 200] {
        world.push(&many(from));
        world.flush();
    }
    world.push(&many(300));
    assert!(world.hot.totals().size_bytes <= of_hundred * 3);
    assert_eq!(places(&world, from(200)).1, 0);
    assert!(places(&world, from(0)).1 > 0);
    assert_eq!(world.found(Reach::default()).len(), 400);
}

#[test]
fn a_flush_is_due_when_rows_have_waited_or_are_many() {
    let mut world = World::new(usize::MAX);
    let age = Duration::from_micros(60);
    let due = |world: &World, now| world.hot.flush_is_due(Timestamp::from_micros(now), age);
    assert!(!due(&world, i64::MAX));
    world.push(&[row("a", 10)]);
    assert!(!due(&world, 69));
    assert!(due(&world, 70));
    world.flush();
    assert!(!due(&world, i64::MAX));
    let mut small = World::new(1_000);
    small.push(&[row("a", 10)]);
    assert!(due(&small, 10));
}

#[test]
fn a_file_that_a_snapshot_has_is_held() {
    let mut world = World::new(usize::MAX);
    world.push(&[row("a", 10)]);
    world.flush();
    world.restart();
    let snapshot = world.snapshot(Reach::default());
    let path = snapshot.files[0].path.clone();
    world.hot.apply(&FileChange { removed: vec![path.clone()], ..FileChange::default() });
    assert_eq!(world.hot.doomed(), std::slice::from_ref(&path));
    assert!(world.hot.is_held(&path));
    drop(snapshot);
    assert!(!world.hot.is_held(&path));
    world.hot.apply(&FileChange { deleted: vec![path], ..FileChange::default() });
    assert_eq!(world.hot.doomed(), [] as [String; 0]);
}

/// What may happen.
#[derive(Debug, Clone)]
enum Step {
    Push(Vec<(i64, i64, bool)>),
    Tidy,
    Flush,
    /// A flush that writes files, while rows come, and is then lost.
    FlushIsLost(i64),
    /// A flush during which rows come.
    SlowFlush(i64),
    Compact,
    Evict(i64),
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let row = (0..400_i64, 0..400_i64, any::<bool>());
    let step = prop_oneof![
        6 => proptest::collection::vec(row, 1..6).prop_map(Step::Push),
        3 => Just(Step::Tidy),
        3 => Just(Step::Flush),
        1 => (0..400_i64).prop_map(Step::FlushIsLost),
        1 => (0..400_i64).prop_map(Step::SlowFlush),
        1 => Just(Step::Compact),
        3 => (0..450_i64).prop_map(Step::Evict),
        1 => Just(Step::Restart),
    ];
    proptest::collection::vec(step, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn every_snapshot_has_every_row_of_its_window_exactly_once(
        steps in steps(), starts in proptest::collection::vec(0..400_i64, 4), is_small: bool,
    ) {
        // A bound that few rows reach, so that flushed ones are evicted early too.
        let mut world = World::new(if is_small { 6_000 } else { usize::MAX });
        let mut number = 0;
        for step in steps {
            match step {
                Step::Push(given) => {
                    let given: Vec<Row> = given.into_iter().map(|(time, arrival, is_pending)| {
                        number += 1;
                        Row { name: number.to_string(), time, arrival, is_pending }
                    }).collect();
                    world.push(&given);
                }
                Step::Tidy => world.hot.tidy(),
                Step::Flush => world.flush(),
                Step::FlushIsLost(time) => {
                    let lost = world.written();
                    number += 1;
                    world.push(&[row(number, time)]);
                    world.hot.tidy();
                    world.hot.end_flush(lost.map(|_| "lost".to_owned()));
                }
                Step::SlowFlush(time) => {
                    let written = world.written();
                    number += 1;
                    world.push(&[row(number, time)]);
                    world.hot.tidy();
                    if let Some(change) = written {
                        world.hot.apply(&change);
                        // A change that is told twice is the same as once.
                        world.hot.apply(&change);
                    }
                    world.hot.end_flush(None);
                }
                Step::Compact => world.compact(),
                Step::Evict(before) => world.hot.evict(Timestamp::from_micros(before)),
                Step::Restart => world.restart(),
            }
            let totals = world.hot.totals();
            let hot: BTreeSet<String> = world.snapshot(Reach::default()).hot.iter()
                .flat_map(|batch| rows_of(&batch.rows)).map(|row| row.name).collect();
            prop_assert!(hot.len() as u64 <= totals.rows);
            prop_assert_eq!(world.found(Reach::default()), world.expected(Reach::default()));
            for on in [TimeAxis::Time, TimeAxis::Arrival] {
                for start in &starts {
                    for length in [1, 50, 1_000] {
                        let reach = Reach { window: Some(window(*start, start + length)), on };
                        prop_assert_eq!(world.found(reach), world.expected(reach), "{:?}", reach);
                    }
                }
            }
        }
    }
}

//! Makes the list of files again, from the files.
//!
//! Every row that was acknowledged is in a file or in the log; after crashes some are in several. A file that was
//! joined from others names the parts in it, and each part names the attempt to flush that wrote it and what was
//! flushed before. So of files with the same parts the one that was written last counts, since its writer worked from a
//! list in which the others were not; of attempts to flush the same rows likewise the last one, unless a file was
//! joined from another. What came last is seen from how much was flushed, since that never becomes less; clocks are
//! asked last. Only of the very last attempt can nobody tell whether it was listed: if the log still has all its rows
//! its files are left out, else it was, since the log is cut after the listing.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use object_store::ObjectStore;

use super::footer::{Footer, Part};
use super::sweep;
use crate::error::Error;
use crate::file_list::ListedFiles;

/// What else is known besides the files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Known {
    /// The first sequence number in the log, which has all from there on; `None`: the log is empty.
    pub log_begins_at: Option<u64>,
    /// What was flushed, as the old list or the folder says; 0 when neither does.
    pub flushed_through: u64,
}

/// A list that was made again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// The list. Its doomed files have rows that others, or the log, have too.
    pub list: ListedFiles,
    /// Files that cannot be read, with what is wrong. They are left where they are, and in no list.
    pub damaged: Vec<(String, String)>,
}

/// Reads the footers of all files and makes the list of them.
///
/// Not to be called while anybody works on the files.
///
/// # Errors
/// [`Error::Io`] when the object store does not answer. A file that cannot be read is none.
pub async fn rebuild(objects: &Arc<dyn ObjectStore>, known: Known) -> Result<Rebuilt, Error> {
    let found = sweep::ours(objects).await?;
    let mut rebuilt = Rebuilt::default();
    let mut files = Vec::with_capacity(found.len());
    for (object, footer) in sweep::footers(objects, found).await? {
        let path = object.location.to_string();
        match footer.and_then(|footer| footer.file(&path, object.size).map(|file| (file, footer))) {
            Ok((file, footer)) => files.push((file, footer)),
            Err(reason) => rebuilt.damaged.push((path, reason)),
        }
    }
    let chosen = choose(&files.iter().map(|(file, footer)| (file.path.as_str(), footer)).collect::<Vec<_>>(), known);
    rebuilt.list.flushed_through = chosen.flushed_through;
    for (file, _) in files {
        match chosen.kept.contains(&file.path) {
            true => rebuilt.list.files.push(file),
            false => rebuilt.list.doomed.push(file.path),
        }
    }
    Ok(rebuilt)
}

#[derive(Debug, PartialEq, Eq)]
struct Chosen {
    kept: HashSet<String>,
    flushed_through: u64,
}

fn choose(files: &[(&str, &Footer)], known: Known) -> Chosen {
    let flushed = files.iter().map(|(_, footer)| footer.flushed_through).max().unwrap_or(0).max(known.flushed_through);
    let attempts = last_attempts(files);
    // Numbers of refused appends are nobody's, so the first row's number counts and not the one behind `flushed`.
    let of_the_last =
        files.iter().filter(|(_, footer)| flushed_part(footer).is_some_and(|(part, _)| part.after >= flushed));
    let first_row = of_the_last.map(|(_, footer)| footer.sequences.0).min();
    let log_has_the_rest = known.log_begins_at.zip(first_row).is_some_and(|(begin, first)| begin <= first);
    let mut flushed_through = flushed;
    let mut candidates: Vec<&(&str, &Footer)> = Vec::with_capacity(files.len());
    for file in files {
        if let Some((part, through)) = flushed_part(file.1) {
            let is_last_of_all = part.after >= flushed;
            if !attempts.contains(part.attempt.as_str()) || (is_last_of_all && log_has_the_rest) {
                continue;
            }
            flushed_through = flushed_through.max(through);
        }
        candidates.push(file);
    }
    // The one that knew of more flushes is the later one; of those that knew the same, the one with more parts has at
    // least the rows of the other.
    candidates.sort_by_key(|(path, footer)| {
        std::cmp::Reverse((footer.flushed_through, footer.parts.len(), footer.written_at, *path))
    });
    let (mut covered, mut kept) = (HashSet::new(), HashSet::new());
    for (path, footer) in candidates {
        if footer.parts.iter().any(|part| covered.contains(part)) {
            continue;
        }
        covered.extend(&footer.parts);
        kept.insert((*path).to_owned());
    }
    Chosen { kept, flushed_through }
}

/// The names of the attempts that count: the last one of each writer's that began after the same sequence number. A folder
/// that lost its name has two writers, each with appends of its own.
fn last_attempts<'a>(files: &[(&'a str, &'a Footer)]) -> HashSet<&'a str> {
    let mut attempts: BTreeMap<(u64, &'a str), Attempt<'a>> = BTreeMap::new();
    for (_, footer) in files {
        let flushed = flushed_part(footer);
        for part in &footer.parts {
            let attempt = attempts.entry((part.after, &part.attempt)).or_default();
            // What files were joined from was listed.
            attempt.was_listed |= flushed.is_none();
            attempt.written_at = attempt.written_at.max(footer.written_at);
            if let Some((_, through)) = flushed {
                attempt.writer = Some(&footer.writer);
                attempt.through = through;
                attempt.rows += footer.rows;
            }
        }
    }
    // Whose attempt it was cannot be told when all that is left of it is in joined files; then it may be anybody's.
    let is_rival =
        |one: &Attempt<'_>, other: &Attempt<'_>| one.writer.zip(other.writer).is_none_or(|(one, other)| one == other);
    let is_last = |((after, name), attempt): &(&(u64, &'a str), &Attempt<'a>)| {
        let same_start = attempts.range((*after, "")..).take_while(|((other, _), _)| other == after);
        let mut rivals = same_start.filter(|(_, other)| is_rival(attempt, other));
        rivals.all(|((_, other_name), other)| (other.rank(), *other_name) <= (attempt.rank(), *name))
    };
    attempts.iter().filter(is_last).map(|((_, name), _)| *name).collect()
}

/// What is known of an attempt, in the order of what tells that it came last: a later attempt flushes at least as much,
/// and one that was broken off has written less.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Attempt<'a> {
    writer: Option<&'a str>,
    was_listed: bool,
    through: u64,
    rows: u64,
    written_at: i64,
}

impl Attempt<'_> {
    const fn rank(&self) -> (bool, u64, u64, i64) {
        (self.was_listed, self.through, self.rows, self.written_at)
    }
}

/// The part that a file is, and up to where everything is flushed with it; `None` when it was joined from others.
fn flushed_part(footer: &Footer) -> Option<(&Part, u64)> {
    footer.parts.first().zip(footer.flushes_through)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use object_store::ObjectStoreExt;
    use object_store::memory::InMemory;
    use proptest::prelude::*;
    use watchfire_ingest::table::Table;

    use super::super::merge::merge;
    use super::super::plan::Compaction;
    use super::super::testing::{at, flush, project, read_rows, records, shredding, span};
    use super::super::write::write;
    use super::*;
    use crate::file_list::{DataFile, FileChange};

    /// A data folder: what was appended, what the list says, and what the log still has.
    struct Folder {
        objects: Arc<dyn ObjectStore>,
        list: Mutex<ListedFiles>,
        appended: u64,
        log_begins_at: u64,
        /// What the folder knows to be flushed.
        marked: u64,
        clock: i64,
    }

    impl Folder {
        fn new() -> Self {
            let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
            Self { objects, list: Mutex::default(), appended: 0, log_begins_at: 1, marked: 0, clock: 0 }
        }

        /// Clocks are wrong at times, and go back.
        fn tick(&mut self) {
            self.clock = (self.clock * 7_919 + 13) % 101;
        }

        fn list(&self) -> ListedFiles {
            self.list.lock().unwrap().clone()
        }

        fn commit(&self, change: FileChange) {
            let mut list = self.list.lock().unwrap();
            list.files.retain(|file| !change.removed.contains(&file.path));
            list.doomed.extend(change.removed);
            list.files.extend(change.added);
            list.flushed_through = change.flushed_through.unwrap_or(list.flushed_through);
        }

        /// Flushes everything that was appended, of two projects; only the files of `written` of them are written
        /// before it crashes, and only with `is_listed` are they listed.
        async fn flush(&mut self, written: usize, is_listed: bool) {
            self.tick();
            let (after, through) = (self.list().flushed_through, self.appended);
            let attempt = flush(after, through, self.clock);
            let mut added = Vec::new();
            for name in ["even", "odd"].into_iter().take(written) {
                let mine = |row: &u64| row.is_multiple_of(2) == (name == "even");
                let spans: Vec<_> = (after + 1..=through).filter(mine).map(|row| span(&row.to_string(), 5)).collect();
                if !spans.is_empty() {
                    let rows = vec![records(&spans)];
                    let place = (after + 1, through);
                    let files = write(&self.objects, &attempt, &project(name), Table::Records, place, rows).await;
                    added.extend(files.unwrap());
                }
            }
            if is_listed && written == 2 {
                self.commit(FileChange { added, flushed_through: Some(through), ..FileChange::default() });
            }
        }

        async fn join(&mut self, name: &str, is_listed: bool) {
            self.tick();
            let list = self.list();
            let files: Vec<_> = list.files.iter().filter(|file| file.project.as_str() == name).take(3).collect();
            let files: Vec<Arc<DataFile>> = files.into_iter().map(|file| Arc::new(file.clone())).collect();
            if files.len() > 1 {
                let plan = Compaction { files };
                let shredding = shredding();
                let change = merge(&self.objects, &plan, &shredding, "writer", list.flushed_through, at(self.clock));
                let change = change.await.unwrap();
                if is_listed {
                    self.commit(change);
                }
            }
        }

        async fn delete_doomed(&self) {
            let doomed = std::mem::take(&mut self.list.lock().unwrap().doomed);
            for path in doomed {
                self.objects.delete(&path.as_str().into()).await.unwrap();
            }
        }

        /// Every row, from the list that was made again and from what is replayed after it.
        async fn rows_after_repair(&self, known: u64) -> Vec<u64> {
            let log_begins_at = (self.log_begins_at <= self.appended).then_some(self.log_begins_at);
            let rebuilt = rebuild(&self.objects, Known { log_begins_at, flushed_through: known }).await.unwrap();
            assert_eq!(rebuilt.damaged, []);
            let mut rows: Vec<u64> = Vec::new();
            for file in &rebuilt.list.files {
                rows.extend(read_rows(&self.objects, file).await.iter().map(|row| row.parse::<u64>().unwrap()));
            }
            rows.extend(self.log_begins_at.max(rebuilt.list.flushed_through + 1)..=self.appended);
            rows.sort_unstable();
            rows
        }
    }

    #[tokio::test]
    async fn the_list_of_a_folder_that_nothing_happened_to_comes_back_as_it_was() {
        let mut folder = Folder::new();
        for round in 0..4 {
            folder.appended += 3;
            folder.flush(2, true).await;
            folder.log_begins_at = folder.appended + 1;
            if round == 2 {
                folder.join("even", true).await;
            }
        }
        let rebuilt = rebuild(&folder.objects, Known::default()).await.unwrap();
        let by_path = |mut list: ListedFiles| {
            list.files.sort_by(|one, other| one.path.cmp(&other.path));
            list.doomed.sort();
            list
        };
        assert_eq!(by_path(rebuilt.list), by_path(folder.list()));
    }

    #[tokio::test]
    async fn a_broken_file_is_told_and_does_not_stop_it() {
        let mut folder = Folder::new();
        folder.appended = 2;
        folder.flush(2, true).await;
        let path = folder.list().files[0].path.clone();
        let whole = folder.objects.get(&path.as_str().into()).await.unwrap().bytes().await.unwrap();
        let torn = whole.slice(..whole.len() - 9);
        folder.objects.put(&path.as_str().into(), torn.into()).await.unwrap();
        let rebuilt = rebuild(&folder.objects, Known::default()).await.unwrap();
        assert_eq!((rebuilt.list.files.len(), rebuilt.damaged.len()), (1, 1));
        assert_eq!(rebuilt.damaged[0].0, path);
    }

    #[tokio::test]
    async fn attempts_of_two_writers_that_began_at_the_same_place_both_count() {
        let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        for (writer, row, sequence) in [("one", "1", 1), ("two", "2", 2)] {
            let attempt = super::super::write::Flush::begin(writer, 0, sequence, at(0));
            let rows = vec![records(&[span(row, 5)])];
            write(&objects, &attempt, &project("even"), Table::Records, (sequence, sequence), rows).await.unwrap();
        }
        let rebuilt = rebuild(&objects, Known::default()).await.unwrap();
        assert_eq!((rebuilt.list.files.len(), rebuilt.list.flushed_through), (2, 2));
    }

    #[tokio::test]
    async fn a_flush_that_was_not_listed_is_left_to_the_log_also_when_numbers_were_refused_before_it() {
        let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let attempt = flush(4, 9, 0);
        let rows = vec![records(&[span("7", 5)])];
        // Appends 5 and 6 were refused by the disk.
        write(&objects, &attempt, &project("even"), Table::Records, (7, 9), rows).await.unwrap();
        let known = |log_begins_at| Known { log_begins_at: Some(log_begins_at), flushed_through: 4 };
        let rebuilt = rebuild(&objects, known(7)).await.unwrap();
        assert_eq!((rebuilt.list.files.len(), rebuilt.list.flushed_through), (0, 4));
        let rebuilt = rebuild(&objects, known(10)).await.unwrap();
        assert_eq!((rebuilt.list.files.len(), rebuilt.list.flushed_through), (1, 9));
    }

    #[derive(Debug, Clone)]
    enum Step {
        Append(u64),
        Flush { written: usize, is_listed: bool },
        CutLog,
        Join { name: &'static str, is_listed: bool },
        DeleteDoomed,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => (1_u64..5).prop_map(Step::Append),
            4 => (0_usize..3, any::<bool>()).prop_map(|(written, is_listed)| Step::Flush { written, is_listed }),
            2 => Just(Step::Flush { written: 2, is_listed: true }),
            2 => Just(Step::CutLog),
            3 => (prop_oneof![Just("even"), Just("odd")], any::<bool>())
                .prop_map(|(name, is_listed)| Step::Join { name, is_listed }),
            1 => Just(Step::DeleteDoomed),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn whatever_crashed_every_row_is_there_once_after_a_repair(
            steps in proptest::collection::vec(step(), 1..25), list_is_known: bool, mark_is_known: bool,
        ) {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let (rows, appended) = runtime.block_on(async {
                let mut folder = Folder::new();
                for step in steps {
                    match step {
                        Step::Append(rows) => folder.appended += rows,
                        Step::Flush { written, is_listed } => folder.flush(written, is_listed).await,
                        // Segments go as a whole: at times something that is flushed stays.
                        Step::CutLog => {
                            let flushed = folder.list().flushed_through;
                            folder.marked = flushed;
                            folder.log_begins_at = folder.log_begins_at.max((flushed + 1).saturating_sub(flushed % 3));
                        }
                        Step::Join { name, is_listed } => folder.join(name, is_listed).await,
                        Step::DeleteDoomed => folder.delete_doomed().await,
                    }
                }
                // A list that was put back from a backup says less than the folder.
                let listed = if list_is_known { folder.list().flushed_through } else { 0 };
                let known = if mark_is_known { folder.marked.max(listed) } else { listed };
                (folder.rows_after_repair(known).await, folder.appended)
            });
            prop_assert_eq!(rows, (1..=appended).collect::<Vec<u64>>());
        }
    }
}

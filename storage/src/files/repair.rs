//! Makes the list of files again, from the files.
//!
//! Every row that was acknowledged is in a file or in the log; after crashes some are in several. A file that was
//! joined from others names the parts in it, and each part names the attempt to flush that wrote it and what was
//! flushed before. So of files with the same parts the one that was written last counts, since its writer worked from a
//! list in which the others were not; of attempts to flush the same rows likewise the last one, unless a file was
//! joined from another. Only of the very last attempt can nobody tell whether it was listed: if the log still has all
//! its rows its files are left out, else it was, since the log is cut after the listing.

use std::collections::{BTreeMap, HashMap, HashSet};
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
    /// What the old list said to be flushed; 0 when it is gone.
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
    let log_has_the_rest = known.log_begins_at.is_some_and(|begin| begin <= flushed.saturating_add(1));
    let mut flushed_through = flushed;
    let mut candidates: Vec<&(&str, &Footer)> = Vec::with_capacity(files.len());
    for file in files {
        if let Some((part, through)) = flushed_part(file.1) {
            let is_last_of_all = part.after >= flushed;
            if attempts.get(&part.after) != Some(&part.attempt.as_str()) || (is_last_of_all && log_has_the_rest) {
                continue;
            }
            flushed_through = flushed_through.max(through);
        }
        candidates.push(file);
    }
    candidates.sort_by_key(|(path, footer)| std::cmp::Reverse((footer.written_at, *path)));
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

/// The attempt that counts of those that began after the same sequence number.
fn last_attempts<'a>(files: &[(&'a str, &'a Footer)]) -> BTreeMap<u64, &'a str> {
    let mut last: HashMap<u64, (bool, i64, u64, &str)> = HashMap::new();
    for (_, footer) in files {
        let flushed = flushed_part(footer);
        // What files were joined from was listed.
        let was_listed = flushed.is_none();
        let through = flushed.map_or(0, |(_, through)| through);
        for part in &footer.parts {
            let attempt = (was_listed, footer.written_at, through, part.attempt.as_str());
            let known = last.entry(part.after).or_insert(attempt);
            *known = (*known).max(attempt);
        }
    }
    last.into_iter().map(|(after, (.., attempt))| (after, attempt)).collect()
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
        clock: i64,
    }

    impl Folder {
        fn new() -> Self {
            let objects: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
            Self { objects, list: Mutex::default(), appended: 0, log_begins_at: 1, clock: 0 }
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
            self.clock += 1;
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
            self.clock += 1;
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
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn whatever_crashed_every_row_is_there_once_after_a_repair(
            steps in proptest::collection::vec(step(), 1..25), list_is_known: bool,
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
                            folder.log_begins_at = folder.log_begins_at.max((flushed + 1).saturating_sub(flushed % 3));
                        }
                        Step::Join { name, is_listed } => folder.join(name, is_listed).await,
                        Step::DeleteDoomed => folder.delete_doomed().await,
                    }
                }
                let known = if list_is_known { folder.list().flushed_through } else { 0 };
                (folder.rows_after_repair(known).await, folder.appended)
            });
            prop_assert_eq!(rows, (1..=appended).collect::<Vec<u64>>());
        }
    }
}

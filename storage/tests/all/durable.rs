//! Appends, flushes and restarts.

use std::sync::Arc;

use tempfile::TempDir;
use watchfire_ingest::table::Table;
use watchfire_model::{ProjectName, Timestamp, Window};
use watchfire_storage::files::rebuild;
use watchfire_storage::limits::JOIN_AGAIN_AFTER;
use watchfire_storage::{AppendError, Error, Reach, Storage, StorageOptions, TimeAxis, Upkeep, known_of};

use super::list_in_file::{ListInFile, Mood};
use super::rows::{all, names, objects, row, rows};

/// A folder with what stands for the store.
struct Data {
    folder: TempDir,
    list: Arc<ListInFile>,
    options: StorageOptions,
}

impl Data {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let list = Arc::new(ListInFile::new(folder.path()));
        Self { folder, list, options: StorageOptions::default() }
    }

    async fn open(&self) -> Storage {
        let list = Arc::new(ListInFile::new(self.folder.path()));
        self.open_with(list).await
    }

    async fn open_with(&self, list: Arc<ListInFile>) -> Storage {
        let objects = objects(self.folder.path());
        Storage::open(self.folder.path(), objects, list, self.options.clone(), |_| {}).await.unwrap()
    }

    fn all(&self, storage: &Storage) -> String {
        all(storage, self.folder.path(), "default").join(" ")
    }

    fn wal_files(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("wal")).unwrap().count()
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart() {
    let data = Data::new();
    let storage = data.open().await;
    storage.append(row("a", 1)).await.unwrap();
    storage.append(row("b", 2)).await.unwrap();
    assert_eq!(data.all(&storage), "a b");
    storage.shutdown().await;
    let refused = storage.append(row("c", 3)).await.unwrap_err();
    assert!(matches!(refused, AppendError::Unavailable { .. }), "{refused}");
    let storage = data.open().await;
    assert_eq!(data.all(&storage), "a b");
    storage.append(row("c", 3)).await.unwrap();
    assert_eq!(data.all(&storage), "a b c");
}

#[tokio::test]
async fn many_appends_share_an_fsync() {
    let data = Data::new();
    let storage = data.open().await;
    let appends = (0..200).map(|number| storage.append(row(&format!("{number:03}"), number)));
    futures::future::try_join_all(appends).await.unwrap();
    let status = storage.status();
    assert_eq!((status.hot_rows, status.last_sequence), (200, 200));
    assert!(status.wal_syncs < 100, "{} fsyncs", status.wal_syncs);
}

#[tokio::test]
async fn a_flush_moves_rows_to_files_and_forgets_the_log_after_a_restart_too() {
    let data = Data::new();
    let storage = data.open().await;
    storage.append(row("a", 1)).await.unwrap();
    storage.append(vec![rows("other", &["x".to_owned()], 5)]).await.unwrap();
    assert!(storage.flush_is_due(at(100)));
    let flushed = storage.flush(at(100)).await.unwrap();
    assert_eq!((flushed.rows, flushed.files), (2, 2));
    assert!(!storage.flush_is_due(at(1_000)));
    storage.append(row("b", 2)).await.unwrap();
    assert_eq!(data.all(&storage), "a b");
    assert_eq!(all(&storage, data.folder.path(), "other"), ["x"]);
    storage.evict(at(10_000));
    let status = storage.status();
    assert_eq!((status.hot_rows, status.unflushed_rows, status.files, status.flushed_through), (1, 1, 2, 2));
    assert_eq!(data.all(&storage), "a b");
    drop(storage);

    let storage = data.open().await;
    assert_eq!(data.all(&storage), "a b");
    assert_eq!(storage.status().hot_rows, 1);
    storage.flush(at(200)).await.unwrap();
    assert_eq!(data.wal_files(), 0, "segments of the process before are gone");
    let storage = data.open().await;
    assert_eq!(data.all(&storage), "a b");
    storage.append(row("c", 3)).await.unwrap();
    assert_eq!(storage.status().last_sequence, 4);
}

#[tokio::test]
async fn a_window_above_what_has_left_memory_needs_no_file() {
    let data = Data::new();
    let storage = data.open().await;
    storage.append(row("a", 1_000_000)).await.unwrap();
    storage.flush(at(2)).await.unwrap();
    drop(storage);
    let storage = data.open().await;
    storage.append(row("b", 5_000_000)).await.unwrap();
    let snapshot = |start: i64| {
        let window = Some(Window { start: at(start), end: at(9) });
        storage.snapshot(&ProjectName::new("default"), Table::Records, Reach { window, on: TimeAxis::Time })
    };
    assert_eq!(snapshot(2).files.len(), 0);
    assert_eq!(names(&snapshot(2), data.folder.path()), ["b"]);
    assert_eq!(names(&snapshot(1), data.folder.path()), ["a", "b"]);
}

#[tokio::test]
async fn a_flush_whose_list_refuses_leaves_everything_where_it_was() {
    let data = Data::new();
    let storage = data.open_with(Arc::clone(&data.list)).await;
    storage.append(row("a", 1)).await.unwrap();
    data.list.is(Mood::Refuses);
    let error = storage.flush(at(1)).await.unwrap_err();
    assert_eq!(error.to_string(), "the list of telemetry files: the store refuses it");
    assert_eq!(storage.status().flush_failure.as_deref(), Some("the list of telemetry files: the store refuses it"));
    storage.append(row("b", 2)).await.unwrap();
    assert_eq!(data.all(&storage), "a b");
    data.list.is(Mood::Works);
    assert_eq!(storage.flush(at(2)).await.unwrap().rows, 2);
    assert_eq!(storage.status().flush_failure, None);
    storage.evict(at(10_000));
    assert_eq!(data.all(&storage), "a b");
}

/// How many files there are, whatever the list says.
fn files_in(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files_in(&path) } else { 1 }).sum()
}

#[tokio::test]
async fn a_flush_that_fails_leaves_no_file_behind() {
    let data = Data::new();
    let storage = data.open_with(Arc::clone(&data.list)).await;
    let projects = ["a", "b", "c", "d", "e", "f", "g", "broken"];
    storage.append(projects.map(|project| rows(project, &["x".to_owned()], 1)).into()).await.unwrap();
    data.list.is(Mood::Refuses);
    storage.flush(at(1)).await.unwrap_err();
    let files = data.folder.path().join("files");
    assert_eq!(files_in(&files), 0, "the list refuses");
    data.list.is(Mood::Works);
    // Where the folder of a project should be, there is a file.
    let in_the_way = files.join("records/broken");
    std::fs::remove_dir_all(&in_the_way).ok();
    std::fs::create_dir_all(files.join("records")).unwrap();
    std::fs::write(&in_the_way, "mine").unwrap();
    for _ in 0..3 {
        storage.flush(at(2)).await.unwrap_err();
        assert_eq!(files_in(&files), 1, "one table cannot be written");
    }
    std::fs::remove_file(&in_the_way).unwrap();
    assert_eq!(storage.flush(at(3)).await.unwrap().files, 8);
}

#[tokio::test]
async fn a_damaged_file_keeps_no_others_from_being_joined() {
    let data = Data::new();
    let storage = data.open().await;
    for (number, project) in ["bad", "bad", "bad", "good", "good"].into_iter().enumerate() {
        storage.append(vec![rows(project, &[number.to_string()], 1)]).await.unwrap();
        storage.flush(at(number as i64)).await.unwrap();
    }
    let files = storage.files();
    let damaged = files.iter().find(|file| file.project.as_str() == "bad").unwrap();
    std::fs::write(data.folder.path().join("files").join(&damaged.path), "PAR1 and then nothing").unwrap();
    let mut upkeep = Upkeep::new(storage.clone());
    // Days later: the day of the rows is over.
    let later = at(1_000_000);
    upkeep.join(later).await.unwrap_err();
    assert_eq!(upkeep.join(later).await.unwrap().map(|joined| joined.files), Some(2));
    assert_eq!(upkeep.join(later).await.unwrap(), None);
    upkeep.join(later.plus(JOIN_AGAIN_AFTER)).await.unwrap_err();
}

#[tokio::test]
async fn rows_that_can_never_be_taken_at_once_are_told_so() {
    let mut data = Data::new();
    data.options.hot_bytes = 20_000;
    let storage = data.open().await;
    let names: Vec<String> = (0..1_000).map(|number| format!("{number:0100}")).collect();
    let refused = storage.append(vec![rows("default", &names, 1)]).await.unwrap_err();
    assert!(matches!(refused, AppendError::TooLarge { .. }), "{refused}");
    storage.append(row("a", 1)).await.unwrap();
}

#[tokio::test]
async fn a_flush_whose_answer_was_lost_is_not_made_twice() {
    let data = Data::new();
    let storage = data.open_with(Arc::clone(&data.list)).await;
    storage.append(row("a", 1)).await.unwrap();
    data.list.is(Mood::LosesAnswers);
    storage.flush(at(1)).await.unwrap_err();
    data.list.is(Mood::IsAway);
    storage.append(row("b", 2)).await.unwrap();
    storage.flush(at(2)).await.unwrap_err();
    assert_eq!(data.all(&storage), "a b");
    data.list.is(Mood::Works);
    assert_eq!(storage.flush(at(3)).await.unwrap().rows, 1, "only the one that came since");
    storage.evict(at(10_000));
    assert_eq!(storage.status().hot_rows, 0);
    assert_eq!(data.all(&storage), "a b");
    assert_eq!(data.all(&data.open().await), "a b");
}

#[tokio::test]
async fn a_list_that_is_older_than_the_telemetry_is_refused_until_it_is_repaired() {
    let data = Data::new();
    let mut old = vec![data.list.read()];
    for (number, name) in ["a", "b", "c"].into_iter().enumerate() {
        // Sessions of their own: the log has nothing of those before.
        let storage = data.open().await;
        storage.append(row(name, number as i64)).await.unwrap();
        storage.flush(at(number as i64)).await.unwrap();
        storage.shutdown().await;
        old.push(data.list.read());
    }
    data.open().await.shutdown().await;
    let mark = data.folder.path().join("flushed_through");
    // Put back as it was at any time before; also where nothing but the files says that there was more.
    for (old, has_mark) in old[..3].iter().flat_map(|old| [(old, true), (old, false)]) {
        let situation = format!("{} files, mark: {has_mark}", old.files.len());
        data.list.replace(old);
        if !has_mark {
            std::fs::remove_file(&mark).unwrap();
        }
        let (folder, files) = (data.folder.path(), objects(data.folder.path()));
        let list = Arc::new(ListInFile::new(folder));
        let opened = Storage::open(folder, Arc::clone(&files), list, data.options.clone(), |_| {}).await;
        let refused = opened.unwrap_err().to_string();
        assert!(
            refused.contains("is older than the telemetry in") && refused.contains("run `watchfire repair`"),
            "{refused}"
        );
        if has_mark {
            let list = Arc::new(ListInFile::new(folder));
            let read = Storage::open_read_only(folder, Arc::clone(&files), list, data.options.clone()).await;
            assert!(matches!(read, Err(Error::OldList { .. })), "{situation}");
        }
        let known = known_of(folder, old.flushed_through).await.unwrap();
        data.list.replace(&rebuild(&files, known).await.unwrap().list);
        let storage = data.open().await;
        assert_eq!(data.all(&storage), "a b c", "{situation}");
        storage.shutdown().await;
    }
    let storage = data.open().await;
    storage.append(row("d", 9)).await.unwrap();
    storage.flush(at(9)).await.unwrap();
    assert_eq!(data.all(&storage), "a b c d");
}

#[tokio::test]
async fn rows_are_given_the_columns_of_the_shredding_of_today() {
    let mut data = Data::new();
    let storage = data.open().await;
    storage.append(row("a", 1)).await.unwrap();
    drop(storage);
    data.options.shredding = watchfire_ingest::table::Shredding::new(["new".to_owned(), "http.route".to_owned()]);
    let storage = data.open().await;
    let snapshot = storage.snapshot(&ProjectName::new("default"), Table::Records, Reach::default());
    assert_eq!(snapshot.hot[0].rows.schema(), Table::Records.stored_schema(&data.options.shredding));
    assert_eq!(data.all(&storage), "a");
}

#[tokio::test]
async fn memory_that_is_full_refuses_and_takes_again_after_a_flush() {
    let mut data = Data::new();
    data.options.hot_bytes = 200_000;
    let storage = data.open().await;
    let names: Vec<String> = (0..100).map(|number| format!("{number:03}")).collect();
    let mut taken = 0;
    let refused = loop {
        match storage.append(vec![rows("default", &names, 1)]).await {
            Ok(()) => taken += 1,
            Err(refused) => break refused,
        }
    };
    assert!(refused.to_string().contains("limit of 200000 bytes; flushing to files does not keep up"), "{refused}");
    storage.flush_wanted().await;
    storage.flush(at(1)).await.unwrap();
    storage.append(vec![rows("default", &names, 1)]).await.unwrap();
    assert!(storage.status().hot_bytes <= 200_000);
    assert_eq!(all(&storage, data.folder.path(), "default").len(), (taken + 1) * 100);
}

#[tokio::test]
async fn reading_the_log_tells_how_far_it_is() {
    let data = Data::new();
    let storage = data.open().await;
    let names: Vec<String> = (0..20_000).map(|number| format!("{number:0100}")).collect();
    storage.append(vec![rows("default", &names, 1)]).await.unwrap();
    drop(storage);
    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let theirs = Arc::clone(&told);
    let list = Arc::new(ListInFile::new(data.folder.path()));
    let progress = move |progress| theirs.lock().unwrap().push(progress);
    Storage::open(data.folder.path(), objects(data.folder.path()), list, data.options.clone(), progress).await.unwrap();
    let told = told.lock().unwrap();
    let last = told.last().unwrap();
    assert_eq!(last.done_bytes, last.all_bytes);
    assert!(last.all_bytes > 2_000_000);
}

#[tokio::test]
async fn rows_in_memory_alone_are_never_evicted() {
    let storage = Storage::in_memory(StorageOptions { hot_bytes: 100_000, ..StorageOptions::default() });
    storage.append(row("a", 1)).await.unwrap();
    storage.evict(at(1_000_000));
    assert!(storage.flush(at(1)).await.is_err());
    assert_eq!(storage.status().hot_rows, 1);
    let mut refused = None;
    for number in 0..1_000 {
        if let Err(error) = storage.append(row(&number.to_string(), 1)).await {
            refused = Some(error);
            break;
        }
    }
    assert!(refused.is_some());
}

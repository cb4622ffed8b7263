//! Reading beside a server that writes.

use std::sync::Arc;

use tempfile::TempDir;
use watchfire_model::Timestamp;
use watchfire_storage::{Storage, StorageOptions};

use super::list_in_file::ListInFile;
use super::rows::{all, objects, row};

#[tokio::test]
async fn a_reader_sees_everything_that_was_acknowledged_and_changes_nothing() {
    let folder = TempDir::new().unwrap();
    let list = || Arc::new(ListInFile::new(folder.path()));
    let read = || async {
        let storage = Storage::open_read_only(folder.path(), objects(folder.path()), list(), StorageOptions::default())
            .await
            .unwrap();
        assert!(storage.append(row("no", 1)).await.is_err());
        all(&storage, folder.path(), "default").join(" ")
    };
    assert_eq!(read().await, "", "there is nothing yet, not even a folder");
    let options = StorageOptions::default();
    let storage = Storage::open(folder.path(), objects(folder.path()), list(), options, |_| {}).await.unwrap();
    storage.append(row("a", 1)).await.unwrap();
    assert_eq!(read().await, "a");
    storage.flush(Timestamp::from_seconds(1)).await.unwrap();
    storage.append(row("b", 2)).await.unwrap();
    assert_eq!(read().await, "a b");
    // A frame that is being written is no frame yet, and stays for its writer.
    let segment = folder.path().join("wal/00000001.wal");
    let mut bytes = std::fs::read(&segment).unwrap();
    let whole = bytes.len();
    bytes.extend([7; 100]);
    std::fs::write(&segment, &bytes).unwrap();
    assert_eq!(read().await, "a b");
    assert_eq!(std::fs::metadata(&segment).unwrap().len() as usize, whole + 100);
}

#[tokio::test]
async fn a_log_of_which_a_segment_has_gone_is_never_taken_for_the_whole() {
    let folder = TempDir::new().unwrap();
    let list = || Arc::new(ListInFile::new(folder.path()));
    let options = StorageOptions::default;
    let storage = Storage::open(folder.path(), objects(folder.path()), list(), options(), |_| {}).await.unwrap();
    storage.append(row("a", 1)).await.unwrap();
    let gone = folder.path().join("wal/00000000.wal");
    std::os::unix::fs::symlink("nowhere", &gone).unwrap();
    let read = || Storage::open_read_only(folder.path(), objects(folder.path()), list(), options());
    let refused = read().await.unwrap_err().to_string();
    assert!(refused.ends_with("try again"), "{refused}");
    std::fs::remove_file(&gone).unwrap();
    assert_eq!(all(&read().await.unwrap(), folder.path(), "default"), ["a"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_beside_appends_and_flushes_sees_each_row_once() {
    let folder = TempDir::new().unwrap();
    let list = || Arc::new(ListInFile::new(folder.path()));
    let options = StorageOptions::default();
    let storage = Storage::open(folder.path(), objects(folder.path()), list(), options, |_| {}).await.unwrap();
    let writing = async {
        for number in 0..200 {
            storage.append(row(&format!("{number:03}"), number)).await.unwrap();
            if number % 20 == 19 {
                storage.flush(Timestamp::from_micros(number)).await.unwrap();
            }
        }
    };
    let reading = async {
        for _ in 0..20 {
            let before = storage.status().last_sequence;
            let reader =
                Storage::open_read_only(folder.path(), objects(folder.path()), list(), StorageOptions::default())
                    .await
                    .unwrap();
            let names = all(&reader, folder.path(), "default");
            let expected: Vec<String> = (0..names.len()).map(|number| format!("{number:03}")).collect();
            assert_eq!(names, expected);
            assert!(names.len() as u64 >= before);
        }
    };
    tokio::join!(writing, reading);
}

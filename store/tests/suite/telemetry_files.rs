//! The list of telemetry's files: whole changes, each once, for each data folder its own.

use std::time::Duration;

use watchfire_model::ProjectName;
use watchfire_store::{Error, Store, TelemetryFile, TelemetryFileChange, TelemetryFileList};

use crate::support::{TestDatabase, at, on_both};

fn file(path: &str, sequences: (u64, u64)) -> TelemetryFile {
    TelemetryFile {
        path: path.into(),
        project: ProjectName::new("Ärger & Söhne"),
        table: "records".into(),
        rows: 7,
        size_bytes: 4_096,
        time: (at(10), at(20).plus(Duration::from_micros(1))),
        arrival: (at(11), at(21)),
        sequences,
        shredded: vec!["http.route".into(), "a \"quoted\" key".into()],
    }
}

fn flush(files: &[TelemetryFile], through: u64) -> TelemetryFileChange {
    TelemetryFileChange { added: files.to_vec(), flushed_through: Some(through), ..TelemetryFileChange::default() }
}

fn join(new: &TelemetryFile, old: &[&str]) -> TelemetryFileChange {
    let removed = old.iter().map(|path| (*path).to_owned()).collect();
    TelemetryFileChange { added: vec![new.clone()], removed, ..TelemetryFileChange::default() }
}

/// Paths that are listed, up to where everything is flushed, paths that are doomed.
async fn shown(store: &Store) -> (Vec<String>, u64, Vec<String>) {
    let TelemetryFileList { files, flushed_through, doomed } = store.telemetry_files().await.unwrap();
    (files.into_iter().map(|file| file.path).collect(), flushed_through, doomed)
}

fn paths(paths: &[&str]) -> Vec<String> {
    paths.iter().map(|path| (*path).to_owned()).collect()
}

on_both! {
    async fn files_come_back_as_they_were_listed(db: TestDatabase) {
        let store = db.open().await;
        assert_eq!(store.telemetry_files().await.unwrap(), TelemetryFileList::default());
        let files = [file("a", (1, 5)), TelemetryFile { table: "metrics".into(), ..file("b", (2, 5)) }];
        store.commit_telemetry_files(&flush(&files, 5)).await.unwrap();
        let listed = TelemetryFileList { files: files.to_vec(), flushed_through: 5, doomed: vec![] };
        assert_eq!(store.telemetry_files().await.unwrap(), listed);
        let reader = Store::open_read_only(&db.target).await.unwrap();
        assert_eq!(reader.telemetry_files().await.unwrap(), listed, "also beside the server");
        store.close().await;
        assert_eq!(db.open().await.telemetry_files().await.unwrap(), listed, "also after a restart");
    }
}

on_both! {
    async fn the_same_change_twice_is_the_same_as_once(db: TestDatabase) {
        let store = db.open().await;
        let changes = [
            flush(&[file("a", (1, 5)), file("b", (1, 5))], 5),
            flush(&[file("c", (6, 9))], 9),
            join(&file("d", (1, 9)), &["a", "c"]),
            TelemetryFileChange { removed: paths(&["b"]), ..TelemetryFileChange::default() },
            TelemetryFileChange { deleted: paths(&["a"]), ..TelemetryFileChange::default() },
        ];
        for change in &changes {
            store.commit_telemetry_files(change).await.unwrap();
            let once = shown(&store).await;
            store.commit_telemetry_files(change).await.unwrap();
            assert_eq!(shown(&store).await, once, "{change:?}");
        }
        assert_eq!(shown(&store).await, (paths(&["d"]), 9, paths(&["b", "c"])));
    }
}

on_both! {
    async fn rows_are_never_listed_twice_and_a_refused_change_changes_nothing(db: TestDatabase) {
        let store = db.open().await;
        store.commit_telemetry_files(&flush(&[file("a", (1, 5)), file("b", (1, 5))], 5)).await.unwrap();
        store.commit_telemetry_files(&join(&file("c", (1, 5)), &["a", "b"])).await.unwrap();
        let before = shown(&store).await;
        let refused = [
            ("a join of files that were joined already", join(&file("d", (1, 5)), &["a", "b"])),
            ("a join of a file that never was", join(&file("d", (1, 5)), &["c", "x"])),
            ("a flush of batches that are in files", flush(&[file("e", (4, 8))], 8)),
        ];
        for (what, change) in refused {
            let answer = store.commit_telemetry_files(&change).await;
            assert!(matches!(answer, Err(Error::Refused { .. })), "{what}: {answer:?}");
            assert_eq!(shown(&store).await, before, "{what}");
        }
        store.commit_telemetry_files(&flush(&[file("e", (6, 8))], 8)).await.unwrap();
        assert_eq!(shown(&store).await, (paths(&["c", "e"]), 8, paths(&["a", "b"])));
    }
}

on_both! {
    async fn what_is_flushed_never_becomes_less(db: TestDatabase) {
        let store = db.open().await;
        store.commit_telemetry_files(&flush(&[], 9)).await.unwrap();
        store.commit_telemetry_files(&flush(&[], 4)).await.unwrap();
        assert_eq!(shown(&store).await.1, 9);
    }
}

on_both! {
    async fn a_list_that_was_made_again_takes_the_place_of_the_old_one(db: TestDatabase) {
        let store = db.open().await;
        store.commit_telemetry_files(&flush(&[file("a", (1, 5)), file("b", (1, 5))], 9)).await.unwrap();
        store.commit_telemetry_files(&join(&file("c", (1, 5)), &["b"])).await.unwrap();
        let list = TelemetryFileList { files: vec![file("d", (1, 4))], flushed_through: 4, doomed: paths(&["a"]) };
        store.replace_telemetry_files(&list).await.unwrap();
        assert_eq!(store.telemetry_files().await.unwrap(), list);
        store.replace_telemetry_files(&TelemetryFileList::default()).await.unwrap();
        assert_eq!(store.telemetry_files().await.unwrap(), TelemetryFileList::default());
    }
}

on_both! {
    async fn a_reader_of_the_list_cannot_change_it(db: TestDatabase) {
        db.open().await.close().await;
        let reader = Store::open_read_only(&db.target).await.unwrap();
        let refused = reader.commit_telemetry_files(&flush(&[], 1)).await;
        assert!(matches!(refused, Err(Error::ReadOnly)), "{refused:?}");
    }
}

on_both! {
    async fn the_database_refuses_lies_about_files(db: TestDatabase) {
        let store = db.open().await;
        store.commit_telemetry_files(&flush(&[file("a", (1, 5))], 5)).await.unwrap();
        let lies = [
            ("times_have_an_order", "UPDATE telemetry_files SET time_first = time_last + 1"),
            ("arrivals_have_an_order", "UPDATE telemetry_files SET arrival_first = arrival_last + 1"),
            ("sequences_have_an_order", "UPDATE telemetry_files SET sequence_first = sequence_last + 1"),
            ("a table that is none", "UPDATE telemetry_files SET table_name = 'spans'"),
            ("a file without rows", "UPDATE telemetry_files SET row_count = 0"),
            ("a negative progress", "UPDATE telemetry_progress SET flushed_through = -1"),
        ];
        for (what, lie) in lies {
            let refused = db.sql(lie).await.expect_err(what);
            let refused = refused.as_database_error().unwrap();
            assert!(what.contains(' ') || refused.message().contains(what), "{what}: {refused}");
        }
    }
}

#[tokio::test]
async fn servers_that_share_a_database_have_files_of_their_own() {
    let Some(db) = TestDatabase::postgres().await else { return };
    let (here, there) = (db.open().await, Store::open(&db.elsewhere("there")).await.unwrap());
    assert_ne!(here.telemetry_writer(), there.telemetry_writer());
    here.commit_telemetry_files(&flush(&[file("a", (1, 5))], 5)).await.unwrap();
    assert_eq!(there.telemetry_files().await.unwrap(), TelemetryFileList::default());
    there.commit_telemetry_files(&flush(&[file("a", (1, 2))], 2)).await.unwrap();
    there.replace_telemetry_files(&TelemetryFileList::default()).await.unwrap();
    assert_eq!(shown(&here).await, (paths(&["a"]), 5, vec![]));
    let (name, reader) = (db.name(), Store::open_read_only(&db.target).await.unwrap());
    assert_eq!(reader.telemetry_writer(), here.telemetry_writer());
    drop((here, there, reader));
    crate::support::drop_database(&name).await;
}

//! Opening: one owner, the right tables, readers beside it.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use watchfire_store::{CommitOutcome, Error, Store, StoreTarget};

use crate::support::{TestDatabase, at, channel, claim, decided, drop_database, notice, on_both, rule, save};

/// The number of the newest migration: how many files there are.
fn newest() -> i64 {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite");
    i64::try_from(std::fs::read_dir(folder).unwrap().count()).unwrap()
}

on_both! {
    async fn a_second_owner_of_a_folder_is_refused_at_once_and_told_who_has_it(db: TestDatabase) {
        let store = db.open().await;
        match Store::open(&db.target).await {
            Err(Error::FolderInUse { pid, folder }) => {
                assert_eq!(pid, Some(std::process::id()));
                assert_eq!(folder, db.target.folder());
            }
            other => panic!("{other:?}"),
        }
        store.close().await;
        db.open().await;
    }
}

on_both! {
    async fn migrating_twice_applies_nothing_twice(db: TestDatabase) {
        let first = Store::migrate(&db.target).await.unwrap();
        let versions: Vec<i64> = first.iter().map(|migration| migration.version).collect();
        assert_eq!(versions, (1..=newest()).collect::<Vec<_>>());
        assert_eq!(Store::migrate(&db.target).await.unwrap(), []);
        let store = db.open().await;
        store.ping().await.unwrap();
    }
}

on_both! {
    async fn a_store_of_a_newer_program_is_left_alone(db: TestDatabase) {
        db.open().await.close().await;
        db.sql("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
            SELECT 99, 'later', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1").await.unwrap();
        for refused in [Store::open(&db.target).await, Store::open_read_only(&db.target).await] {
            assert!(matches!(refused, Err(Error::SchemaMismatch { found: 99, expected }) if expected == newest()), "{refused:?}");
        }
    }
}

on_both! {
    async fn a_reader_refuses_a_store_of_an_older_program(db: TestDatabase) {
        db.open().await.close().await;
        db.sql(&format!("DELETE FROM _sqlx_migrations WHERE version = {}", newest())).await.unwrap();
        let refused = Store::open_read_only(&db.target).await;
        let is_older = |found, expected| expected == newest() && found == newest() - 1;
        assert!(matches!(refused, Err(Error::SchemaMismatch { found, expected }) if is_older(found, expected)));
    }
}

on_both! {
    async fn a_reader_says_so_when_there_is_no_store(db: TestDatabase) {
        let refused = Store::open_read_only(&db.target).await;
        assert!(matches!(refused, Err(Error::NoStore { .. })), "{refused:?}");
    }
}

on_both! {
    async fn a_reader_sees_what_a_writer_beside_it_commits_and_writes_nothing(db: TestDatabase) {
        let store = db.open().await;
        let reader = Store::open_read_only(&db.target).await.unwrap();
        assert_eq!(reader.stored_rules().await.unwrap(), []);
        save(&store, &["a"]).await;
        assert_eq!(reader.stored_rules().await.unwrap(), [rule("a")]);
        assert!(matches!(reader.save_rules(&[rule("b")], &[], at(0)).await, Err(Error::ReadOnly)));
        assert!(matches!(reader.claim_rules(at(60), 1).await, Err(Error::ReadOnly)));
        assert!(matches!(reader.heartbeat().await, Err(Error::ReadOnly)));
        reader.close().await;
        save(&store, &["c"]).await;
    }
}

on_both! {
    async fn a_reader_needs_no_running_server(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a"]).await;
        store.close().await;
        let reader = Store::open_read_only(&db.target).await.unwrap();
        assert_eq!(reader.stored_rules().await.unwrap().len(), 1);
    }
}

on_both! {
    async fn a_restart_frees_what_was_claimed_and_fences_the_old_claims(db: TestDatabase) {
        let store = db.open().await;
        save(&store, &["a"]).await;
        store.insert_notice(&notice("n", &["hook"], "l")).await.unwrap();
        let old_rule = claim(&store, 60).await.remove(0);
        let capacity = [(channel("hook"), 5)];
        let old = store.claim_deliveries(at(1), &capacity, Duration::from_secs(600)).await.unwrap().remove(0);
        store.close().await;

        let store = db.open().await;
        let new_rule = claim(&store, 60).await.remove(0);
        assert!(new_rule.epoch > old_rule.epoch);
        assert_eq!(
            store.commit_evaluations(&[decided(&old_rule, 60), decided(&new_rule, 60)]).await.unwrap(),
            [CommitOutcome::LeaseLost, CommitOutcome::Committed]
        );
        let new = store.claim_deliveries(at(1), &capacity, Duration::from_secs(600)).await.unwrap().remove(0);
        assert!(new.epoch > old.epoch);
        assert_eq!((old.attempts, new.attempts), (0, 1), "the attempt that was under way counts");
        assert_eq!(
            store.still_leased(&[(old.id, old.epoch), (new.id, new.epoch)]).await.unwrap(),
            [false, true]
        );
    }
}

#[tokio::test]
async fn servers_that_start_together_make_the_tables_once() {
    let Some(db) = TestDatabase::postgres().await else { return };
    let targets = ["one", "two", "three", "four"].map(|machine| db.elsewhere(machine));
    let [one, two, three, four] = &targets;
    let opened = tokio::join!(Store::open(one), Store::open(two), Store::open(three), Store::open(four));
    for store in [opened.0, opened.1, opened.2, opened.3] {
        store.unwrap().close().await;
    }
    drop_database(&db.name()).await;
}

#[tokio::test]
async fn a_locked_sqlite_file_is_a_passing_trouble() {
    use sqlx::Connection;
    let db = TestDatabase::sqlite();
    let store = db.open().await;
    save(&store, &["a"]).await;
    let file = db.target.folder().join("watchfire.sqlite");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let mut shell = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut shell).await.unwrap();
    let refused = store.claim_rules(at(60), 1).await.unwrap_err();
    assert!(refused.is_transient(), "{refused:?}");
    sqlx::raw_sql("ROLLBACK").execute(&mut shell).await.unwrap();
    assert_eq!(claim(&store, 60).await.len(), 1);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_damage_and_not_a_passing_trouble() {
    let db = TestDatabase::sqlite();
    std::fs::create_dir_all(db.target.folder()).unwrap();
    std::fs::write(db.target.folder().join("watchfire.sqlite"), "this is a diary, dear reader".repeat(99)).unwrap();
    let refused = Store::open(&db.target).await.unwrap_err();
    assert!(matches!(refused, Error::Corrupt { .. }), "{refused:?}");
}

#[tokio::test]
async fn errors_never_show_the_address() {
    let folder = tempfile::tempdir().unwrap();
    for url in ["postgres://joe:hunter2@127.0.0.1:1/x", "nonsense://joe:hunter2@h", "postgres://joe:hunter2@:99999/"] {
        let target = StoreTarget::Postgres { url: url.into(), folder: folder.path().into() };
        let refused = tokio::time::timeout(Duration::from_secs(60), Store::open(&target)).await.unwrap().unwrap_err();
        let shown = format!("{refused} {refused:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("joe"), "{shown}");
    }
}

/// Not a test of its own: the other process of the test below, which starts this program again.
#[tokio::test]
async fn hold_a_folder_until_killed() {
    let Ok(folder) = std::env::var("WATCHFIRE_TEST_HOLD") else { return };
    let store = Store::open(&StoreTarget::Sqlite { folder: folder.into() }).await.unwrap();
    save(&store, &["a"]).await;
    assert_eq!(claim(&store, 60).await.len(), 1);
    println!("\nholding");
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_killed_process_leaves_a_folder_that_opens_at_once() {
    let db = TestDatabase::sqlite();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "opening::hold_a_folder_until_killed", "--nocapture"])
        .env("WATCHFIRE_TEST_HOLD", db.target.folder())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stdout.take().unwrap());
    assert!(said.lines().any(|line| line.unwrap() == "holding"));

    match Store::open(&db.target).await {
        Err(Error::FolderInUse { pid, .. }) => assert_eq!(pid, Some(child.id())),
        other => panic!("{other:?}"),
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let store = db.open().await;
    assert_eq!(claim(&store, 60).await[0].row.uid, rule("a").uid, "its lease is free");
}

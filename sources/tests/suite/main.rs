//! Real databases, read.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, TimestampMicrosecondType};
use chrono::{DateTime, FixedOffset};
use futures::{StreamExt, TryStreamExt};
use harness::postgres::{FreshDatabase, fresh_database};
use harness::sqlite;
use watchfire_model::{DatabaseAddress, DatabaseUrl};
use watchfire_sources::{Database, Error};

fn file(path: &Path) -> Database {
    Database::new(&DatabaseAddress::Sqlite { path: path.to_owned() })
}

fn server(database: &FreshDatabase) -> Database {
    Database::new(&DatabaseAddress::Postgres { url: DatabaseUrl::new(database.url()) })
}

fn columns(types: &[(&str, DataType)]) -> SchemaRef {
    let fields = types.iter().map(|(name, data_type)| Field::new(*name, data_type.clone(), true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

async fn all(database: &Database, sql: &str, schema: SchemaRef) -> Result<Vec<RecordBatch>, Error> {
    database.rows(sql.to_owned(), schema).try_collect().await
}

/// The numbers of the first column of a statement.
async fn numbers(database: &Database, sql: &str) -> Vec<i64> {
    let batches = all(database, sql, columns(&[("n", DataType::Int64)])).await.unwrap();
    batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec()).collect()
}

#[tokio::test]
async fn rows_come_in_batches_of_bounded_length() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.sqlite");
    let numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i FROM n";
    sqlite::run(&path, &format!("CREATE TABLE many (n INTEGER); INSERT INTO many {numbers}")).await;
    let batches = all(&file(&path), "SELECT n FROM many", columns(&[("n", DataType::Int64)])).await.unwrap();
    let lengths: Vec<usize> = batches.iter().map(RecordBatch::num_rows).collect();
    assert_eq!(lengths, [8192, 8192, 3616]);
    // Long texts end a batch sooner.
    let wide = "SELECT hex(zeroblob(500000)) FROM many LIMIT 10";
    let batches = all(&file(&path), wide, columns(&[("t", DataType::Utf8)])).await.unwrap();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).collect::<Vec<_>>(), [5, 5]);
}

#[tokio::test]
async fn a_database_is_only_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.sqlite");
    sqlite::run(&path, "CREATE TABLE t (n INTEGER); INSERT INTO t VALUES (1)").await;
    let refused = all(&file(&path), "DELETE FROM t RETURNING n", columns(&[("n", DataType::Int64)])).await;
    assert!(matches!(refused, Err(Error::Statement { .. })), "{refused:?}");
    assert_eq!(numbers(&file(&path), "SELECT count(*) FROM t").await, [1]);
    let Some(fresh) = fresh_database().await else { return };
    fresh.run("CREATE TABLE t (n bigint); INSERT INTO t VALUES (1)").await;
    let database = server(&fresh);
    let refused = all(&database, "DELETE FROM t RETURNING n", columns(&[("n", DataType::Int64)])).await;
    assert!(matches!(&refused, Err(Error::Statement { reason, .. }) if reason.contains("read-only")), "{refused:?}");
    assert_eq!(numbers(&database, "SELECT count(*) FROM t").await, [1]);
}

#[tokio::test]
async fn a_file_is_read_while_somebody_writes_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.sqlite");
    sqlite::run(&path, "PRAGMA journal_mode = WAL; CREATE TABLE t (n INTEGER)").await;
    let database = file(&path);
    for count in 0..3 {
        assert_eq!(numbers(&database, "SELECT count(*) FROM t").await, [count]);
        sqlite::run(&path, "INSERT INTO t VALUES (1)").await;
    }
}

#[tokio::test]
async fn a_statement_whose_answer_is_dropped_ends_in_the_server() {
    let Some(fresh) = fresh_database().await else { return };
    let (database, observer) = (server(&fresh), server(&fresh));
    let running =
        "SELECT count(*)::int8 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(600)%' AND state = 'active'";
    let mut rows = database.rows("SELECT pg_sleep(600)::text".to_owned(), columns(&[("t", DataType::Utf8)]));
    let observed = async {
        // The server itself waits between two looks.
        while numbers(&observer, running).await == [0] {
            numbers(&observer, "SELECT 1::int8 FROM pg_sleep(0.02)").await;
        }
    };
    tokio::select! {
        row = rows.next() => panic!("it answered: {row:?}"),
        () = observed => {}
    }
    drop(rows);
    let ended = async {
        while numbers(&observer, running).await != [0] {
            numbers(&observer, "SELECT 1::int8 FROM pg_sleep(0.02)").await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), ended).await.expect("the server noticed");
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_waited_for_once_and_then_left_alone() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("postgres://joe:secret@{}/shop", silent.local_addr().unwrap());
    let database = Database::new(&DatabaseAddress::Postgres { url: DatabaseUrl::new(url) });
    let error = database.table("orders", None).await.unwrap_err();
    assert!(error.is_transient() && error.to_string().ends_with("no answer within 5 s"), "{error}");
    let asked_at = Instant::now();
    assert_eq!(database.table("orders", None).await.unwrap_err(), error);
    assert!(asked_at.elapsed() < Duration::from_secs(1));
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[tokio::test]
async fn wrong_passwords_and_missing_rights_are_told_as_refusals() {
    let Some(fresh) = fresh_database().await else { return };
    fresh.run("CREATE TABLE t (n bigint)").await;
    let role = format!("reader_{}", std::process::id());
    fresh.run(&format!("CREATE ROLE {role} LOGIN")).await;
    let url = fresh.url().replacen("postgres@", &format!("{role}@"), 1);
    let database = Database::new(&DatabaseAddress::Postgres { url: DatabaseUrl::new(url) });
    let refused = all(&database, "SELECT n FROM t", columns(&[("n", DataType::Int64)])).await;
    assert!(
        matches!(&refused, Err(Error::Refused { reason, .. }) if reason.contains("permission denied")),
        "{refused:?}"
    );
    fresh.run(&format!("DROP ROLE {role}")).await;
    let nobody = fresh.url().replacen("postgres@", "nobody_at_all@", 1);
    let database = Database::new(&DatabaseAddress::Postgres { url: DatabaseUrl::new(nobody) });
    let refused = database.table("t", None).await;
    assert!(matches!(&refused, Err(Error::Refused { .. })), "{refused:?}");
}

#[tokio::test]
async fn times_of_sqlite_are_read_to_the_microsecond_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("times.sqlite");
    let mut texts = Vec::new();
    for day in ["2026-11-20", "1969-12-31", "2000-02-29", "0001-01-01", "9999-12-30"] {
        for clock in ["00:00:00", "23:59:59", "12:34:56.7", "12:34:56.000001", "23:59:59.999999", "01:02:03.123456789"]
        {
            for zone in ["Z", "+00:00", "+05:30", "-11:00"] {
                texts.extend(["T", " "].map(|between| format!("{day}{between}{clock}{zone}")));
            }
        }
    }
    let values: Vec<String> = texts.iter().enumerate().map(|(id, text)| format!("({id}, '{text}')")).collect();
    sqlite::run(
        &path,
        &format!("CREATE TABLE times (id INTEGER PRIMARY KEY, at TEXT); INSERT INTO times VALUES {}", values.join(",")),
    )
    .await;
    let database = file(&path);
    let table = database.table("times", Some("at")).await.unwrap();
    let value = table.columns[1].value("t");
    let schema = Arc::new(table.schema.project(&[1]).unwrap());
    let sql = format!("SELECT {value} FROM {} AS t ORDER BY t.id", table.name);
    let batches = all(&database, &sql, schema).await.unwrap();
    let found: Vec<i64> = batches
        .iter()
        .flat_map(|batch| batch.column(0).as_primitive::<TimestampMicrosecondType>().values().to_vec())
        .collect();
    let expected = texts.iter().map(|text| {
        let at: DateTime<FixedOffset> = DateTime::parse_from_rfc3339(&text.replacen(' ', "T", 1)).unwrap();
        at.timestamp_micros()
    });
    for ((found, expected), text) in found.iter().zip(expected).zip(&texts) {
        assert_eq!(*found, expected, "{text}");
    }
    assert_eq!(found.len(), texts.len());
    assert!(batches[0].column(0).null_count() == 0);
}

#[tokio::test]
async fn no_text_that_is_no_time_is_taken_for_one() {
    let folder = tempfile::tempdir().unwrap();
    for (index, text) in ["now", "2459000.5", "12:00:00", "", "2026-13-01 00:00:00", "tomorrow", "2026-11-20 25:00:00"]
        .iter()
        .enumerate()
    {
        let path = folder.path().join(format!("{index}.sqlite"));
        sqlite::run(
            &path,
            &format!("CREATE TABLE t (id INTEGER PRIMARY KEY, at TEXT); INSERT INTO t VALUES (7, '{text}')"),
        )
        .await;
        let database = file(&path);
        let table = database.table("t", Some("at")).await.unwrap();
        let schema = Arc::new(table.schema.project(&[1]).unwrap());
        let read = all(&database, &format!("SELECT {} FROM t", table.columns[1].value("t")), schema).await;
        assert!(matches!(&read, Err(Error::Value(what)) if what.contains("in row 7")), "{text}: {read:?}");
    }
}

#[tokio::test]
async fn the_columns_of_a_view_are_read_after_a_statement_and_by_their_own_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("views.sqlite");
    let heavy = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
                 SELECT count(*) AS many, 'x' AS word, 0.5 AS half FROM n";
    sqlite::run(&path, &format!("CREATE TABLE t (n INTEGER); CREATE VIEW heavy AS {heavy}")).await;
    let database = file(&path);
    // Whoever has read everything leaves a connection that nobody stops any more.
    for _ in 0..2 {
        assert_eq!(numbers(&database, "SELECT count(*) FROM t").await, [0]);
        let table = database.table("heavy", None).await.unwrap();
        let types: Vec<&DataType> = table.columns.iter().map(|column| &column.data_type).collect();
        assert_eq!(types, [&DataType::Int64, &DataType::Utf8, &DataType::Float64]);
    }
}

#[tokio::test]
async fn a_view_whose_columns_nobody_waits_for_is_read_no_longer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("endless.sqlite");
    let endless =
        "WITH RECURSIVE n(i) AS (SELECT count(*) FROM t UNION ALL SELECT i + 1 FROM n) SELECT max(i) AS m FROM n";
    sqlite::run(&path, &format!("CREATE TABLE t (n INTEGER); CREATE VIEW endless AS {endless}")).await;
    let database = file(&path);
    let asked = tokio::time::timeout(Duration::from_millis(300), database.table("endless", None)).await;
    assert!(asked.is_err(), "{asked:?}");
    // Who reads keeps the file from being written to.
    sqlite::run(&path, "INSERT INTO t VALUES (1)").await;
    assert_eq!(numbers(&database, "SELECT count(*) FROM t").await, [1]);
}

#[tokio::test]
async fn what_a_password_tore_apart_is_not_shown() {
    let url = DatabaseUrl::new("postgres://joe:2024/s3cret@db.example.com/shop");
    let shown = Database::new(&DatabaseAddress::Postgres { url }).to_string();
    assert!(!shown.contains("s3cret"), "{shown}");
}

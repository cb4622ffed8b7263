//! The database is locked, ends its connections or goes away for a while. The server keeps running,
//! and when the database is back every slot gets its decision and every message is sent.

use std::path::PathBuf;
use std::time::Duration;

use harness::{Arrival, Exit, Launch, Product, http, postgres, slots};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};

use crate::scene::{SOON, Scene};

/// How long the trouble lasts: several slots, and longer than a usual busy timeout.
const TROUBLE: Duration = Duration::from_secs(8);

/// The rule fires during the trouble and is told after it; then it ends, and no slot is missing.
async fn recovers(scene: &Scene, launch: &Launch, product: &mut Product) {
    let started = scene.told("alert.started", "high").await;
    assert_eq!(started.body["episode"], 1);
    assert!(product.is_running(), "the server ended");
    scene.level(0);
    scene.told("alert.resolved", "high").await;
    assert_eq!(scene.count("alert.started", "high"), 1);
    product.terminate();
    assert_eq!(product.exit(SOON).await, Exit::code(0));
    let runs = launch.runs().await;
    assert_eq!(slots::mistakes(&runs, "high", Duration::from_secs(1)), Vec::<String>::new());
}

/// Waits out the trouble: nothing can have been decided in it, so nothing may be told.
async fn nothing_is_told(scene: &Scene) {
    let told = |all: &[Arrival]| !all.is_empty();
    assert_eq!(scene.receiver.within(TROUBLE, told).await, None, "something was told that cannot have been remembered");
}

#[tokio::test]
async fn a_locked_sqlite_database_only_delays() {
    let scene = Scene::with_one_rule().await;
    let launch = scene.launch();
    let mut product = launch.start().await;
    let mut holder = open(&scene).await;
    sqlx::raw_sql("BEGIN EXCLUSIVE").execute(&mut holder).await.expect("the lock is free within the busy timeout");
    scene.level(1);
    nothing_is_told(&scene).await;
    sqlx::raw_sql("ROLLBACK").execute(&mut holder).await.unwrap();
    holder.close().await.unwrap();
    recovers(&scene, &launch, &mut product).await;
}

#[tokio::test]
async fn ended_postgres_connections_are_made_again() {
    let Some(database) = postgres::fresh_database().await else { return };
    let scene = Scene::with_one_rule().await;
    let launch = scene.launch().database_url(Some(database.url()));
    let mut product = launch.start().await;
    for _ in 0..3 {
        database.disconnect_everybody().await;
    }
    scene.level(1);
    recovers(&scene, &launch, &mut product).await;
}

#[tokio::test]
async fn a_postgres_database_that_goes_away_only_delays() {
    let Some(database) = postgres::fresh_database().await else { return };
    let scene = Scene::with_one_rule().await;
    let launch = scene.launch().database_url(Some(database.url()));
    let mut product = launch.start().await;
    database.vanish().await;
    scene.level(1);
    // Whoever looks now is told so at once, and still sees the figures.
    let readiness = tokio::time::timeout(TROUBLE, http::get(&format!("{}/readyz", product.url()))).await;
    assert_eq!(readiness.expect("an answer in time").0, 503);
    let figures = tokio::time::timeout(TROUBLE, http::get(&format!("{}/metrics", product.url()))).await;
    assert_eq!(figures.expect("figures in time").0, 200);
    nothing_is_told(&scene).await;
    database.come_back().await;
    recovers(&scene, &launch, &mut product).await;
}

#[tokio::test]
async fn a_start_without_its_database_ends_with_its_name_and_without_its_password() {
    let scene = Scene::with_one_rule().await;
    let url = "postgres://watchfire:pa55word@127.0.0.1:1/watchfire";
    let mut product = scene.launch().database_url(Some(url)).spawn();
    assert!(!product.listens().await, "it started without a database");
    assert!(product.exit(SOON).await.code.is_some_and(|code| code != 0));
    product.wait_for_line(0, "127.0.0.1", Duration::from_secs(5)).await;
    assert!(!product.log().lines().join("\n").contains("pa55word"), "the password is shown");
}

/// Opens the product's own database file beside it.
async fn open(scene: &Scene) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(database_file(&scene.dir.data())).busy_timeout(SOON);
    options.connect().await.expect("the database of the product can be opened beside it")
}

/// The file in the data folder that is a SQLite database.
fn database_file(data: &std::path::Path) -> PathBuf {
    let is_database = |path: &PathBuf| std::fs::read(path).is_ok_and(|bytes| bytes.starts_with(b"SQLite format 3\0"));
    let mut files = std::fs::read_dir(data).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    files.find(is_database).expect("the data folder holds a SQLite database")
}

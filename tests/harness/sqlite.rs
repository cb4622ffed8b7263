//! Files of SQLite, for sources.

use std::path::Path;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection};

/// Runs statements in a file, which is made when it is not there.
///
/// # Panics
/// When a statement is not sound.
pub async fn run(path: &Path, sql: &str) {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await.expect("the file can be opened");
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.expect("the statements are sound");
    connection.close().await.expect("a connection closes");
}

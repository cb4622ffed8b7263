//! A fresh PostgreSQL database for each test, in the cluster that `WATCHFIRE_TEST_POSTGRES` names.

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

/// The variable with the address of a cluster in which databases may be made,
/// for example `postgres://postgres@127.0.0.1:5433/postgres`.
pub const VARIABLE: &str = "WATCHFIRE_TEST_POSTGRES";

/// A database that only this test uses. It stays when the test ends: the cluster is thrown away.
pub struct FreshDatabase {
    name: String,
    cluster: PgConnectOptions,
    url: String,
}

/// Makes a database; `None`, and a line that says so, when no cluster is given.
pub async fn fresh_database() -> Option<FreshDatabase> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let Ok(url) = std::env::var(VARIABLE) else {
        println!("skipped: {VARIABLE} is not set, so there is no PostgreSQL to test against");
        return None;
    };
    let cluster: PgConnectOptions = url.parse().expect("WATCHFIRE_TEST_POSTGRES is the URL of a cluster");
    let name = format!("watchfire_test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
    let url = cluster.clone().database(&name).to_url_lossy().to_string();
    let database = FreshDatabase { name, cluster, url };
    database.as_administrator(&format!("CREATE DATABASE {}", database.name)).await;
    Some(database)
}

impl FreshDatabase {
    /// Its address, for `--database-url`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs statements inside the database.
    pub async fn run(&self, sql: &str) {
        let mut connection = PgConnection::connect(&self.url).await.expect("the test database takes connections");
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.expect("the statements are sound");
        connection.close().await.expect("a connection closes");
    }

    /// Refuses new connections and ends those that are open, as a database that went away does.
    pub async fn vanish(&self) {
        self.as_administrator(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", self.name)).await;
        self.disconnect_everybody().await;
    }

    /// Ends every open connection; new ones are welcome.
    pub async fn disconnect_everybody(&self) {
        let sql = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'", self.name);
        self.as_administrator(&sql).await;
    }

    /// Takes connections again.
    pub async fn come_back(&self) {
        self.as_administrator(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", self.name)).await;
    }

    /// Runs a statement from outside the database.
    async fn as_administrator(&self, sql: &str) {
        let mut connection: PgConnection = self.cluster.connect().await.expect("the test cluster takes connections");
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.expect("the statement is sound");
        connection.close().await.expect("a connection closes");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn connects(database: &FreshDatabase) -> bool {
        match PgConnection::connect(database.url()).await {
            Ok(connection) => connection.close().await.is_ok(),
            Err(_) => false,
        }
    }

    #[tokio::test]
    async fn a_database_vanishes_with_its_connections_and_comes_back() {
        let Some(database) = fresh_database().await else { return };
        let mut open = PgConnection::connect(database.url()).await.unwrap();
        database.vanish().await;
        assert!(open.ping().await.is_err(), "an open connection survived");
        assert!(!connects(&database).await, "a new connection was taken");
        database.come_back().await;
        assert!(connects(&database).await, "it did not come back");
    }

    #[tokio::test]
    async fn each_test_has_a_database_of_its_own() {
        let (Some(one), Some(other)) = (fresh_database().await, fresh_database().await) else { return };
        assert_ne!(one.url(), other.url());
    }
}

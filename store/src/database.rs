//! One way to ask either database. Each statement is written once and runs on both.
//!
//! Statements that concern many rows take them as one JSON object (`{"0": {…}, "1": {…}}`)
//! and unfold it with `json_each` and `->>`, which SQLite and PostgreSQL spell alike. So every
//! statement is a constant text, prepared once, and one round trip, however many rows it carries.

mod params;
mod row;

use std::time::Duration;

use sqlx::pool::PoolOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqliteSynchronous};
use sqlx::{Connection, Executor, Postgres, Sqlite};

pub(crate) use params::{Param, given, int, micros, without_nul};
pub(crate) use row::Row;

use crate::error::Error;
use crate::target::StoreTarget;

/// How long a statement waits for another writer of the SQLite file. The folder lock keeps other
/// servers away, so this is only ever a person's shell or a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// How long to wait for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// Connections that read a SQLite file.
const SQLITE_READERS: u32 = 4;
/// Connections to PostgreSQL.
const POSTGRES_CONNECTIONS: u32 = 8;
/// A plan made while the outbox was empty would be kept while it grows to thousands of rows.
const PLAN_AFRESH: &str = "SET plan_cache_mode = force_custom_plan";
/// Prepared statements kept per connection; more than this room has.
const STATEMENTS_KEPT: usize = 200;

/// The pools of one open database.
#[derive(Debug, Clone)]
pub(crate) enum Database {
    /// One connection that writes, some that read.
    Sqlite { writer: Option<SqlitePool>, readers: SqlitePool },
    /// Connections that do both.
    Postgres { pool: PgPool, read_only: bool },
}

/// A transaction that may write. Dropped without [`Transaction::commit`], it changes nothing.
pub(crate) enum Transaction {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

/// A statement whose two texts differ: only reading the clock and claiming need this.
pub(crate) struct PerDatabase {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

/// A claim: on PostgreSQL the chosen rows are locked and locked ones are passed over;
/// on SQLite `BEGIN IMMEDIATE` has already kept every other writer out.
macro_rules! claiming {
    ($choose:expr, $take:expr) => {
        $crate::database::PerDatabase {
            sqlite: concat!($choose, $take),
            postgres: concat!($choose, " FOR UPDATE SKIP LOCKED", $take),
        }
    };
}
pub(crate) use claiming;

/// Microseconds since 1970 by the database's clock, which all claimants share.
const CLOCK: PerDatabase = PerDatabase {
    sqlite: "SELECT CAST(unixepoch('subsec') * 1000000 AS INTEGER) AS now",
    postgres: "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) AS now",
};

impl Database {
    /// Connects; with `create`, a SQLite file that is not there is made.
    pub(crate) async fn connect(target: &StoreTarget, read_only: bool) -> Result<Self, Error> {
        match target {
            StoreTarget::Sqlite { .. } => {
                let options = sqlite_options(target);
                let writer = match read_only {
                    true => None,
                    false => Some(sqlite_pool(1).connect_with(options.clone().create_if_missing(true)).await?),
                };
                // Readers are kept from writing by a pragma and not by the open mode: a file
                // opened read-only cannot be recovered when its last writer was killed.
                let readers = sqlite_pool(SQLITE_READERS).connect_with(options.pragma("query_only", "ON")).await?;
                Ok(Self::Sqlite { writer, readers })
            }
            StoreTarget::Postgres { url, .. } => {
                let options: PgConnectOptions = url.parse()?;
                let options = options.application_name("watchfire").statement_cache_capacity(STATEMENTS_KEPT);
                let pool = PoolOptions::new()
                    .max_connections(POSTGRES_CONNECTIONS)
                    .acquire_timeout(ACQUIRE_TIMEOUT)
                    .after_connect(|connection: &mut PgConnection, _| {
                        Box::pin(async { connection.execute(PLAN_AFRESH).await.map(|_| ()) })
                    })
                    .connect_with(options.clone())
                    .await;
                let pool = match pool {
                    // The pool does not say what kept it waiting; one more try does.
                    Err(sqlx::Error::PoolTimedOut) => {
                        let why = PgConnection::connect_with(&options).await.err();
                        return Err(why.unwrap_or(sqlx::Error::PoolTimedOut).into());
                    }
                    other => other?,
                };
                Ok(Self::Postgres { pool, read_only })
            }
        }
    }

    /// Begins to write. On SQLite this waits for its turn at once, so that nothing inside can meet a lock.
    pub(crate) async fn begin(&self) -> Result<Transaction, Error> {
        match self {
            Self::Sqlite { writer: Some(pool), .. } => {
                Ok(Transaction::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await?))
            }
            Self::Postgres { pool, read_only: false } => Ok(Transaction::Postgres(pool.begin().await?)),
            Self::Sqlite { writer: None, .. } | Self::Postgres { read_only: true, .. } => Err(Error::ReadOnly),
        }
    }

    /// Reads outside of any transaction.
    pub(crate) async fn read(&self, sql: &'static str, params: &[Param<'_>]) -> Result<Vec<Row>, Error> {
        match self {
            Self::Sqlite { readers, .. } => {
                let rows = params::for_sqlite(sql, params).fetch_all(readers).await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres { pool, .. } => {
                let rows = params::for_postgres(sql, params).fetch_all(pool).await?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    /// The database's own clock, in microseconds since 1970.
    pub(crate) async fn clock(&self) -> Result<i64, Error> {
        let sql = self.choose(&CLOCK);
        first(self.read(sql, &[]).await?)?.int("now")
    }

    /// Closes all connections. SQLite's last one moves the write-ahead log into the file.
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                if let Some(pool) = writer {
                    pool.close().await;
                }
            }
            Self::Postgres { pool, .. } => pool.close().await,
        }
    }

    const fn choose(&self, statement: &PerDatabase) -> &'static str {
        match self {
            Self::Sqlite { .. } => statement.sqlite,
            Self::Postgres { .. } => statement.postgres,
        }
    }
}

impl Transaction {
    /// Runs a statement; the number of rows it changed.
    pub(crate) async fn execute(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<u64, Error> {
        Ok(match self {
            Self::Sqlite(inner) => params::for_sqlite(sql, params).execute(&mut **inner).await?.rows_affected(),
            Self::Postgres(inner) => params::for_postgres(sql, params).execute(&mut **inner).await?.rows_affected(),
        })
    }

    /// Runs a statement and takes the rows it gives.
    pub(crate) async fn fetch(&mut self, sql: &'static str, params: &[Param<'_>]) -> Result<Vec<Row>, Error> {
        Ok(match self {
            Self::Sqlite(inner) => {
                let rows = params::for_sqlite(sql, params).fetch_all(&mut **inner).await?;
                rows.into_iter().map(Row::Sqlite).collect()
            }
            Self::Postgres(inner) => {
                let rows = params::for_postgres(sql, params).fetch_all(&mut **inner).await?;
                rows.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    /// [`Transaction::fetch`] of a statement whose two texts differ.
    pub(crate) async fn fetch_claim(
        &mut self,
        statement: &PerDatabase,
        params: &[Param<'_>],
    ) -> Result<Vec<Row>, Error> {
        let sql = match self {
            Self::Sqlite(_) => statement.sqlite,
            Self::Postgres(_) => statement.postgres,
        };
        self.fetch(sql, params).await
    }

    /// The database's own clock, in microseconds since 1970.
    pub(crate) async fn clock(&mut self) -> Result<i64, Error> {
        first(self.fetch_claim(&CLOCK, &[]).await?)?.int("now")
    }

    /// Makes it durable.
    pub(crate) async fn commit(self) -> Result<(), Error> {
        match self {
            Self::Sqlite(inner) => inner.commit().await?,
            Self::Postgres(inner) => inner.commit().await?,
        }
        Ok(())
    }
}

/// The only row of a statement that always gives one.
pub(crate) fn first(rows: Vec<Row>) -> Result<Row, Error> {
    rows.into_iter().next().ok_or_else(|| Error::corrupt("a statement that always gives a row gave none"))
}

fn sqlite_options(target: &StoreTarget) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(target.sqlite_file())
        .journal_mode(SqliteJournalMode::Wal)
        // FULL: a committed decision survives a power cut.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        .statement_cache_capacity(STATEMENTS_KEPT)
}

/// The file does not move and does not break, so connections are kept for ever and not tested.
fn sqlite_pool(connections: u32) -> PoolOptions<Sqlite> {
    PoolOptions::new()
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .after_release(|connection, _| Box::pin(is_out_of_transactions(connection)))
}

/// A commit that a full disk refuses leaves a connection that believes to be in a transaction for ever:
/// SQLite has rolled it back by itself, and the roll-back that follows fails. Such a one is replaced.
async fn is_out_of_transactions(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    // The roll-back of a dropped transaction is still queued; a ping waits behind it.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

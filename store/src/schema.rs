//! The tables: brought up to date by whoever may write, checked by whoever may not.

use sqlx::Connection;
use sqlx::migrate::{Migrate, Migrator};

use crate::database::{Database, first};
use crate::error::Error;

static SQLITE: Migrator = sqlx::migrate!("./migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("./migrations/postgres");

/// A migration that was applied just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedMigration {
    /// Its number.
    pub version: i64,
    /// Its name.
    pub name: String,
}

/// The newest migration of this program.
pub(crate) fn expected_version() -> i64 {
    newest(&SQLITE)
}

/// Applies what is not applied yet, oldest first. A store from a newer program is left alone.
pub(crate) async fn migrate(database: &Database) -> Result<Vec<AppliedMigration>, Error> {
    match database {
        Database::Sqlite { writer: Some(pool), .. } => run(&SQLITE, &mut *pool.acquire().await?).await,
        Database::Postgres { pool, read_only: false } => run(&POSTGRES, &mut *pool.acquire().await?).await,
        Database::Sqlite { writer: None, .. } | Database::Postgres { read_only: true, .. } => Err(Error::ReadOnly),
    }
}

async fn run<C: Connection + Migrate>(migrator: &Migrator, connection: &mut C) -> Result<Vec<AppliedMigration>, Error> {
    // Held around everything: two servers that start together must not both make the first table.
    connection.lock().await?;
    let applied = run_locked(migrator, connection).await;
    connection.unlock().await?;
    applied
}

async fn run_locked<C: Connection + Migrate>(
    migrator: &Migrator,
    connection: &mut C,
) -> Result<Vec<AppliedMigration>, Error> {
    connection.ensure_migrations_table(&migrator.table_name).await?;
    let before = connection.list_applied_migrations(&migrator.table_name).await?;
    let found = before.iter().map(|migration| migration.version).max().unwrap_or(0);
    if found > newest(migrator) {
        return Err(Error::SchemaMismatch { found, expected: newest(migrator) });
    }
    migrator.run_direct(None, connection, false).await?;
    let is_new = |version| before.iter().all(|migration| migration.version != version);
    let applied = migrator.iter().filter(|migration| is_new(migration.version));
    Ok(applied
        .map(|migration| AppliedMigration {
            version: migration.version,
            name: migration.description.clone().into_owned(),
        })
        .collect())
}

/// Refuses a store whose tables are not those of this program.
pub(crate) async fn check(database: &Database) -> Result<(), Error> {
    let expected = expected_version();
    let found = match database.read("SELECT CAST(MAX(version) AS BIGINT) AS version FROM _sqlx_migrations", &[]).await {
        Ok(rows) => first(rows)?.maybe_int("version")?.unwrap_or(0),
        // The table itself is missing: an empty database, or one of somebody else.
        Err(Error::Corrupt { .. }) => 0,
        Err(other) => return Err(other),
    };
    if found == expected { Ok(()) } else { Err(Error::SchemaMismatch { found, expected }) }
}

fn newest(migrator: &Migrator) -> i64 {
    migrator.iter().map(|migration| migration.version).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_databases_have_the_same_migrations() {
        let names = |migrator: &Migrator| -> Vec<(i64, String)> {
            migrator.iter().map(|migration| (migration.version, migration.description.to_string())).collect()
        };
        assert_eq!(names(&SQLITE), names(&POSTGRES));
        assert!(!names(&SQLITE).is_empty());
    }

    #[test]
    fn both_databases_have_the_same_tables_but_for_the_names_of_types() {
        for (one, other) in SQLITE.iter().zip(POSTGRES.iter()) {
            let spelled_for_postgres = one
                .sql
                .as_str()
                .replace("INTEGER PRIMARY KEY AUTOINCREMENT", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY")
                .replace("INTEGER", "BIGINT")
                .replace("BLOB", "BYTEA")
                .replace("TEXT PRIMARY KEY NOT NULL", "TEXT PRIMARY KEY")
                .replace(") STRICT;", ");");
            let words = |sql: &str| sql.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(words(&spelled_for_postgres), words(other.sql.as_str()), "{}", one.description);
        }
    }
}

//! Where a store is.

use std::fmt;
use std::path::{Path, PathBuf};

use sqlx::postgres::PgConnectOptions;

/// The file that holds a SQLite store, in its folder.
const SQLITE_FILE: &str = "watchfire.sqlite";

/// Where a store is.
#[derive(Clone)]
pub enum StoreTarget {
    /// The file `watchfire.sqlite` in a data folder.
    Sqlite {
        /// The data folder.
        folder: PathBuf,
    },
    /// A PostgreSQL database.
    Postgres {
        /// Its address; a secret, since it may hold a password.
        url: String,
        /// The data folder of this process; two processes never share one.
        folder: PathBuf,
    },
}

impl StoreTarget {
    /// The data folder.
    pub fn folder(&self) -> &Path {
        match self {
            Self::Sqlite { folder } | Self::Postgres { folder, .. } => folder,
        }
    }

    /// Whether there is a SQLite store; never for PostgreSQL, which is not asked.
    pub fn has_sqlite_store(&self) -> bool {
        match self {
            Self::Sqlite { .. } => self.sqlite_file().is_file(),
            Self::Postgres { .. } => false,
        }
    }

    /// The SQLite file; it means nothing for PostgreSQL.
    pub(crate) fn sqlite_file(&self) -> PathBuf {
        self.folder().join(SQLITE_FILE)
    }
}

/// Where it is, for people: without user and password.
impl fmt::Display for StoreTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { folder } => write!(f, "SQLite in {}", folder.display()),
            Self::Postgres { url, .. } => match url.parse::<PgConnectOptions>() {
                Ok(options) => {
                    let database = options.get_database().unwrap_or("of the user's name");
                    write!(f, "PostgreSQL at {}:{}, database {database}", options.get_host(), options.get_port())
                }
                Err(_) => f.write_str("PostgreSQL at an address that cannot be read"),
            },
        }
    }
}

/// Shows everything but the address.
impl fmt::Debug for StoreTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite { folder } => f.debug_struct("Sqlite").field("folder", folder).finish(),
            Self::Postgres { folder, .. } => {
                f.debug_struct("Postgres").field("url", &"[redacted]").field("folder", folder).finish()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_never_shown() {
        let target =
            StoreTarget::Postgres { url: "postgres://joe:secret@db.internal/watch".into(), folder: "data".into() };
        let shown = format!("{target:?}");
        assert!(!shown.contains("secret") && !shown.contains("db.internal"), "{shown}");
    }

    #[test]
    fn people_see_where_it_is_and_no_password() {
        let target =
            StoreTarget::Postgres { url: "postgres://joe:secret@db.internal:5433/watch".into(), folder: "data".into() };
        assert_eq!(target.to_string(), "PostgreSQL at db.internal:5433, database watch");
        assert_eq!(StoreTarget::Sqlite { folder: "data".into() }.to_string(), "SQLite in data");
    }
}

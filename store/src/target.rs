//! Where a store is.

use std::fmt;
use std::path::{Path, PathBuf};

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

    /// The SQLite file; it means nothing for PostgreSQL.
    pub(crate) fn sqlite_file(&self) -> PathBuf {
        self.folder().join(SQLITE_FILE)
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
}

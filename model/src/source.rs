//! Tables that are read where they lie: which they are, and how to get at them.

use std::fmt;
use std::path::PathBuf;

use crate::ids::ProjectName;

/// A table that is read where it lies.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SourceSpec {
    /// The table's name in SQL.
    pub name: String,
    /// Whose queries see it.
    pub project: ProjectName,
    /// Where its rows are.
    pub kind: SourceKind,
    /// The column that the window cuts; `None` for a table that is no stream.
    pub time_column: Option<String>,
}

/// Where the rows of a source are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SourceKind {
    /// In files.
    Files {
        /// How they are written.
        format: SourceFormat,
        /// A file, a folder or a glob; absolute.
        path: PathBuf,
    },
    /// In a table or view of a database.
    Table {
        /// The database.
        database: DatabaseAddress,
        /// Its name there as SQL writes it: `orders`, `public.orders`, `"Odd name"`.
        table: String,
    },
}

/// File formats of sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourceFormat {
    /// Apache Parquet.
    Parquet,
    /// Comma-separated values with a header line.
    Csv,
    /// One JSON object a line.
    Ndjson,
}

/// A database that sources are read from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DatabaseAddress {
    /// A PostgreSQL server.
    Postgres {
        /// `postgres://user:password@host:port/database`.
        url: DatabaseUrl,
    },
    /// A SQLite file.
    Sqlite {
        /// The file; absolute.
        path: PathBuf,
    },
}

/// The address of a database server. It may hold a password, and so is never printed.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// Takes the text as it is; whoever parses it has checked it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for who connects with it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_database_is_never_printed() {
        let address = DatabaseAddress::Postgres { url: DatabaseUrl::new("postgres://joe:secret@db.internal/shop") };
        let printed = format!("{address:?}");
        assert!(!printed.contains("secret") && !printed.contains("db.internal"), "{printed}");
    }
}

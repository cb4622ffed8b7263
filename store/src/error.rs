//! What can go wrong, by what the caller can do about it.

use std::path::PathBuf;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process owns the data folder: stop it, or choose another folder.
    #[error("the data folder {} is in use by {}", folder.display(), holder(*.pid))]
    FolderInUse {
        /// The folder.
        folder: PathBuf,
        /// The process that holds it, when its lock file could be read.
        pid: Option<u32>,
    },
    /// The data folder cannot be created, read or written: mend its path or its rights.
    #[error("cannot use {}: {source}", path.display())]
    Folder {
        /// The folder, or the file in it.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Nothing has been stored here yet: start the server once, or name another folder.
    #[error("there is no store at {place} yet; `watchfire serve` makes one, `--data DIR` names another folder")]
    NoStore {
        /// The folder, or "the database" for PostgreSQL, whose address is a secret.
        place: String,
    },
    /// The database's address or the rights of its user are wrong. Its text is never part of this.
    #[error("the database does not let us in: {detail}")]
    Access {
        /// What is wrong.
        detail: String,
    },
    /// The database was written by another version of this program: use that version, or migrate.
    #[error("the store has schema version {found}, this program works with version {expected}")]
    SchemaMismatch {
        /// The newest migration in the database; 0 for none.
        found: i64,
        /// The newest migration of this program.
        expected: i64,
    },
    /// The database is locked, full, restarting or out of reach: ask again later.
    #[error("the store cannot be used now: {detail}")]
    Unavailable {
        /// What the database said.
        detail: String,
    },
    /// The database refused a value that breaks an invariant: a fault of ours. Asking again does not help.
    #[error("the store refused a value: {detail}")]
    Refused {
        /// The constraint and what the database said.
        detail: String,
    },
    /// What is stored cannot be read or is not what this program writes.
    #[error("the store is damaged: {detail}")]
    Corrupt {
        /// What was found.
        detail: String,
    },
    /// This store was opened for reading.
    #[error("the store is open for reading only")]
    ReadOnly,
}

impl Error {
    /// Whether asking again later may succeed without anybody mending anything.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable { .. } => true,
            Self::FolderInUse { .. }
            | Self::Folder { .. }
            | Self::NoStore { .. }
            | Self::Access { .. }
            | Self::SchemaMismatch { .. }
            | Self::Refused { .. }
            | Self::Corrupt { .. }
            | Self::ReadOnly => false,
        }
    }

    /// A stored value that this program would not have written.
    pub(crate) fn corrupt(detail: impl Into<String>) -> Self {
        Self::Corrupt { detail: detail.into() }
    }
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(refusal) => of_database(refusal.as_ref()),
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed
            | sqlx::Error::BeginFailed => Self::Unavailable { detail: error.to_string() },
            // The text of a configuration error may quote the address, and with it a password.
            sqlx::Error::Configuration(_) => Self::Access { detail: "its address is not valid".to_owned() },
            _ => Self::Corrupt { detail: error.to_string() },
        }
    }
}

impl From<sqlx::migrate::MigrateError> for Error {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        use sqlx::migrate::MigrateError;
        match error {
            MigrateError::Execute(inner) | MigrateError::ExecuteMigration(inner, _) => inner.into(),
            other => Self::Corrupt { detail: other.to_string() },
        }
    }
}

fn of_database(refusal: &dyn sqlx::error::DatabaseError) -> Error {
    let detail = refusal.message().to_owned();
    let code = refusal.code().unwrap_or_default();
    // SQLSTATEs have five characters and may be all digits; SQLite's codes are
    // numbers whose low byte names the kind. Only PostgreSQL has this type.
    if refusal.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some() {
        match code.get(..2) {
            Some("08" | "53" | "55" | "57" | "58" | "40" | "25") => Error::Unavailable { detail },
            Some("23" | "22") => Error::Refused { detail },
            Some("28" | "3D" | "42") if !code.starts_with("42") || code == "42501" => Error::Access { detail },
            _ => Error::Corrupt { detail },
        }
    } else {
        match code.parse::<u32>().unwrap_or(0) & 0xff {
            // BUSY, LOCKED, NOMEM, READONLY, INTERRUPT, IOERR, FULL, CANTOPEN, PROTOCOL, SCHEMA
            5 | 6 | 7 | 8 | 9 | 10 | 13 | 14 | 15 | 17 => Error::Unavailable { detail },
            // TOOBIG, CONSTRAINT, MISMATCH
            18..=20 => Error::Refused { detail },
            // PERM, AUTH
            3 | 23 => Error::Access { detail },
            _ => Error::Corrupt { detail },
        }
    }
}

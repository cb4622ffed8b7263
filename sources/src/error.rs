//! Why a table could not be read. No variant holds an address with a password.

use std::time::Duration;

/// Why a table could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The database is not there, or went away; it may be back soon.
    #[error("cannot reach {place}: {reason}")]
    Unreachable {
        /// Which database, for people.
        place: String,
        /// What happened.
        reason: String,
    },
    /// The database does not let us in, or not to this table.
    #[error("{place} refuses: {reason}")]
    Refused {
        /// Which database, for people.
        place: String,
        /// What it said.
        reason: String,
    },
    /// The address cannot be read.
    #[error("the address of the database cannot be read; write postgres://user:password@host:5432/database")]
    Address,
    /// There is no such table.
    #[error("{place} has no table `{table}`{hint}")]
    NoTable {
        /// Which database, for people.
        place: String,
        /// The name that was asked for.
        table: String,
        /// `; did you mean …?`, or nothing.
        hint: String,
    },
    /// The column that should hold the time cannot.
    #[error("its `time_column` `{column}` {reason}")]
    TimeColumn {
        /// Its name.
        column: String,
        /// Why not, and what to do.
        reason: String,
    },
    /// The database stopped the statement.
    #[error("{place} says: {reason}")]
    Statement {
        /// Which database, for people.
        place: String,
        /// What it said.
        reason: String,
        /// Whether a column or table of the statement is not there any more.
        is_outdated: bool,
    },
    /// The database worked on the statement for too long.
    #[error("{place} worked on the statement for more than {} s", limit.as_secs())]
    TooLong {
        /// Which database, for people.
        place: String,
        /// How long it may.
        limit: Duration,
    },
    /// A value is not of the type that its column declares.
    #[error("{0}")]
    Value(String),
    /// A fault of ours.
    #[error("reading from {place} broke: {reason}; please report it")]
    Internal {
        /// Which database, for people.
        place: String,
        /// What happened.
        reason: String,
    },
}

impl Error {
    /// Whether asking again soon may help.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }

    /// Whether the database answers, and has nothing of the name that the source gives.
    pub const fn is_wrong_name(&self) -> bool {
        matches!(self, Self::NoTable { .. } | Self::TimeColumn { .. })
    }

    /// What an error of the driver means, while connected to `place`.
    pub(crate) fn of(place: &str, error: sqlx::Error) -> Self {
        let place = place.to_owned();
        match error {
            sqlx::Error::Database(error) => {
                let code = error.code().unwrap_or_default().into_owned();
                let reason = error.message().to_owned();
                Self::of_database(place, &code, reason)
            }
            sqlx::Error::Io(error) => Self::Unreachable { place, reason: error.to_string() },
            sqlx::Error::Tls(error) => Self::Unreachable { place, reason: format!("no secure connection: {error}") },
            sqlx::Error::Protocol(reason) => Self::Unreachable { place, reason },
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
                Self::Unreachable { place, reason: error.to_string() }
            }
            sqlx::Error::Configuration(_) => Self::Address,
            other => Self::Internal { place, reason: other.to_string() },
        }
    }

    /// By the code of PostgreSQL (five characters) or SQLite (a number).
    fn of_database(place: String, code: &str, reason: String) -> Self {
        if let Some(text) = reason.split(VALUE_MARK).nth(1) {
            return Self::Value(text.trim_end_matches('\'').to_owned());
        }
        match code {
            // 57014: the statement timeout. 9: the progress handler of SQLite said stop.
            "57014" | "9" => Self::TooLong { place, limit: crate::limits::STATEMENT_TIMEOUT },
            // Shutting down, starting, too many connections, the disk; busy and locked.
            "57P01" | "57P02" | "57P03" | "53300" | "5" | "6" | "261" | "517" | "10" => {
                Self::Unreachable { place, reason }
            }
            // No such file: somebody may put it there.
            "14" => Self::Unreachable { place, reason },
            "42501" | "3D000" | "23" | "26" => Self::Refused { place, reason },
            code if code.starts_with("28") => Self::Refused { place, reason },
            code if code.starts_with("08") => Self::Unreachable { place, reason },
            code => {
                let is_sqlite_name = reason.starts_with("no such column") || reason.starts_with("no such table");
                let is_outdated = is_sqlite_name || matches!(code, "42703" | "42P01" | "42804" | "42883");
                Self::Statement { place, reason, is_outdated }
            }
        }
    }
}

/// Begins our own words in an error that a statement for SQLite raises by itself.
pub(crate) const VALUE_MARK: &str = "watchfire: ";

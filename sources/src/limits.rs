//! What reading from one database may use.

use std::time::Duration;

/// How long connecting to a database may take.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a database may work on one statement. A rule's own timeout is usually shorter: this one
/// ends what a lost connection left behind.
pub const STATEMENT_TIMEOUT: Duration = Duration::from_secs(900);

/// How long a file of SQLite that somebody writes to is waited for.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Most connections to one database; further queries wait for their turn.
pub const CONNECTIONS_MAX: usize = 4;

/// Connections that nobody used for so long are closed instead of used again.
pub const IDLE_MAX: Duration = Duration::from_secs(300);

/// An attempt to connect that failed after this long was a wait in vain: for [`DOWN_FOR`] nobody else tries.
pub const SLOW_FAILURE: Duration = Duration::from_secs(1);

/// How long a database that did not answer counts as unreachable without another attempt.
pub const DOWN_FOR: Duration = Duration::from_secs(5);

/// Most rows of one batch: as many as the query engine takes at once.
pub const BATCH_ROWS: usize = 8_192;

/// A batch is handed over once its rows take so many bytes.
pub const BATCH_BYTES: usize = 4 << 20;

/// Rows of a column without a declared type that are looked at to find one.
pub const SNIFFED_ROWS: usize = 100;

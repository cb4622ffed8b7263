//! Statements that end once nobody waits for them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use sqlx::sqlite::SqliteConnection;

use crate::limits::STATEMENT_TIMEOUT;

/// How many of its own steps SQLite takes between two looks at whether anybody still waits.
const STEPS: i32 = 10_000;

/// The statements of a connection are stopped when this is dropped, also while they have found no row yet, and when
/// [`STATEMENT_TIMEOUT`] is over.
pub(super) struct Watched(Arc<AtomicBool>);

impl Watched {
    pub(super) async fn begin(connection: &mut SqliteConnection) -> Result<Self, sqlx::Error> {
        let watched = Self(Arc::default());
        let (stopped, started) = (Arc::clone(&watched.0), Instant::now());
        let mut handle = connection.lock_handle().await?;
        handle.set_progress_handler(STEPS, move || {
            !stopped.load(Ordering::Relaxed) && started.elapsed() < STATEMENT_TIMEOUT
        });
        Ok(watched)
    }

    /// Takes the watch off again, so that who uses the connection next is not stopped in its stead.
    pub(super) async fn end(self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        connection.lock_handle().await?.remove_progress_handler();
        Ok(())
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

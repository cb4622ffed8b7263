//! Every try of one delivery, for people who ask why a message did not arrive.

use watchfire_model::Timestamp;

use crate::database::{Param, Row};
use crate::error::Error;
use crate::outbox::DeliveryId;
use crate::store::Store;

/// One try, as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptRow {
    /// Its number, from 1. A try whose end was never recorded leaves a gap.
    pub number: u64,
    /// When it started, by the wall clock.
    pub started_at: Timestamp,
    /// When its outcome was known, by the wall clock.
    pub finished_at: Timestamp,
    /// The answer in one word: `sent`, `throttled`, `transient`, …
    pub outcome: String,
    /// What the receiver said; never a secret.
    pub detail: Option<String>,
}

impl Store {
    /// The newest `limit` tries of a delivery, oldest first; none when there is no such delivery.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be asked now.
    pub async fn attempts(&self, id: &DeliveryId, limit: usize) -> Result<Vec<AttemptRow>, Error> {
        let limit = crate::database::int(limit as u64);
        let params = [Param::Text(id.notification.as_str()), Param::Text(id.channel.as_str()), Param::Int(limit)];
        let rows = self.database().read(ATTEMPTS, &params).await?;
        rows.iter().rev().map(attempt_row).collect()
    }
}

fn attempt_row(row: &Row) -> Result<AttemptRow, Error> {
    Ok(AttemptRow {
        number: row.count("number")?,
        started_at: row.instant("started_at")?,
        finished_at: row.instant("finished_at")?,
        outcome: row.text("outcome")?,
        detail: row.maybe_text("detail")?,
    })
}

const ATTEMPTS: &str = "
    SELECT number, started_at, finished_at, outcome, detail
    FROM attempts WHERE position = (SELECT position FROM outbox WHERE notification_id = $1 AND channel = $2)
    ORDER BY number DESC LIMIT $3";

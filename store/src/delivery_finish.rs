//! How a claimed delivery ends: guarded by its claim, many in one transaction.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Serialize;
use watchfire_model::Timestamp;

use crate::database::{Param, given, without_nul};
use crate::delivery::{GivenClaim, claim_of};
use crate::error::Error;
use crate::evaluation::CommitOutcome;
use crate::outbox::DeliveryId;
use crate::store::Store;

/// What became of a claimed delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryFinish {
    /// Which one.
    pub id: DeliveryId,
    /// The number of the claim.
    pub epoch: u64,
    /// How it ended.
    pub end: DeliveryEnd,
    /// When, by the wall clock.
    pub finished_at: Timestamp,
    /// What was tried; `None` when nothing was. Not looked at when it is postponed.
    pub attempt: Option<Attempt>,
}

/// How a claim of a delivery ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryEnd {
    /// The receiver has it.
    Done {
        /// The receiver's own id of the message.
        remote: Option<String>,
    },
    /// It is tried again.
    Retry {
        /// When.
        at: Timestamp,
        /// Why it did not arrive this time.
        reason: String,
        /// The plainer form it gets from then on (`mono`, `plain`); `None`: the one it has.
        form: Option<String>,
    },
    /// It will never arrive.
    Dead {
        /// Why.
        reason: String,
    },
    /// It was not tried (the channel is paused, we are stopping) and keeps its number of attempts.
    Postponed {
        /// When it is due again.
        at: Timestamp,
    },
}

/// One try, for people who ask why a message did not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// When it started, by the wall clock.
    pub started_at: Timestamp,
    /// The answer in one word: `sent`, `throttled`, `transient`, …
    pub outcome: String,
    /// What the receiver said; never a secret.
    pub detail: Option<String>,
}

impl Store {
    /// Ends claims, each only if it is still ours, in one transaction; the answers are in the order of the batch.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be asked now; finishing again is safe.
    pub async fn finish_deliveries(&self, batch: &[DeliveryFinish]) -> Result<Vec<CommitOutcome>, Error> {
        let rows: Vec<GivenFinish<'_>> = batch.iter().map(GivenFinish::of).collect();
        let mut work = self.database().begin().await?;
        let moved = work.fetch(FINISH, &[Param::Rows(&given(&rows)), Param::Text(self.claimant())]).await?;
        let mut finished: HashMap<(DeliveryId, u64), (i64, i64)> = HashMap::new();
        for row in &moved {
            finished.insert(claim_of(row)?, (row.int("position")?, row.int("attempts")?));
        }
        let place = |item: &DeliveryFinish| finished.get(&(item.id.clone(), item.epoch));
        let attempts: Vec<GivenAttempt<'_>> = batch
            .iter()
            .filter(|item| !matches!(item.end, DeliveryEnd::Postponed { .. }))
            .filter_map(|item| Some(GivenAttempt::of(item, item.attempt.as_ref()?, place(item)?)))
            .collect();
        if !attempts.is_empty() {
            work.execute(INSERT_ATTEMPTS, &[Param::Rows(&given(&attempts))]).await?;
        }
        work.commit().await?;
        let outcome = |item: &DeliveryFinish| match place(item) {
            Some(_) => CommitOutcome::Committed,
            None => CommitOutcome::LeaseLost,
        };
        Ok(batch.iter().map(outcome).collect())
    }
}

#[derive(Serialize)]
struct GivenFinish<'a> {
    #[serde(flatten)]
    claim: GivenClaim<'a>,
    state: &'static str,
    next_at: Option<Timestamp>,
    tried: i64,
    reason: Option<Cow<'a, str>>,
    remote_id: Option<Cow<'a, str>>,
    form: Option<&'a str>,
    done_at: Option<Timestamp>,
}

impl<'a> GivenFinish<'a> {
    fn of(item: &'a DeliveryFinish) -> Self {
        let claim = GivenClaim::of(&item.id, item.epoch);
        let base = Self {
            claim,
            state: "pending",
            next_at: None,
            tried: 1,
            reason: None,
            remote_id: None,
            form: None,
            done_at: None,
        };
        match &item.end {
            DeliveryEnd::Done { remote } => Self {
                state: "done",
                remote_id: remote.as_deref().map(without_nul),
                done_at: Some(item.finished_at),
                ..base
            },
            DeliveryEnd::Retry { at, reason, form } => {
                Self { next_at: Some(*at), reason: Some(without_nul(reason)), form: form.as_deref(), ..base }
            }
            // Nobody was asked when it ends without an attempt: it expired, or its channel is gone.
            DeliveryEnd::Dead { reason } => {
                Self { state: "dead", reason: Some(without_nul(reason)), tried: item.attempt.is_some().into(), ..base }
            }
            DeliveryEnd::Postponed { at } => Self { next_at: Some(*at), tried: 0, ..base },
        }
    }
}

#[derive(Serialize)]
struct GivenAttempt<'a> {
    position: i64,
    number: i64,
    started_at: Timestamp,
    finished_at: Timestamp,
    outcome: Cow<'a, str>,
    detail: Option<Cow<'a, str>>,
}

impl<'a> GivenAttempt<'a> {
    fn of(item: &DeliveryFinish, attempt: &'a Attempt, (position, number): &(i64, i64)) -> Self {
        Self {
            position: *position,
            number: *number,
            started_at: attempt.started_at,
            finished_at: item.finished_at,
            outcome: without_nul(&attempt.outcome),
            detail: attempt.detail.as_deref().map(without_nul),
        }
    }
}

// A lease that ended but that nobody took is still ours to finish: the epoch decides, not the clock.
const FINISH: &str = "
    WITH given AS (
        SELECT value ->> 'notification_id' AS notification_id, value ->> 'channel' AS channel,
            CAST(value ->> 'epoch' AS BIGINT) AS epoch, value ->> 'state' AS state,
            CAST(value ->> 'next_at' AS BIGINT) AS next_at,
            CAST(value ->> 'tried' AS BIGINT) AS tried, value ->> 'reason' AS reason,
            value ->> 'remote_id' AS remote_id, value ->> 'form' AS form, CAST(value ->> 'done_at' AS BIGINT) AS done_at
        FROM json_each($1))
    UPDATE outbox SET
        state = given.state,
        next_at = COALESCE(given.next_at, outbox.next_at),
        attempts = outbox.attempts + given.tried,
        last_error = COALESCE(given.reason, outbox.last_error),
        remote_id = COALESCE(given.remote_id, outbox.remote_id),
        form = COALESCE(given.form, outbox.form),
        done_at = given.done_at,
        claimed_by = NULL,
        lease_until = NULL
    FROM given
    WHERE outbox.notification_id = given.notification_id AND outbox.channel = given.channel
        AND outbox.state = 'sending' AND outbox.lease_epoch = given.epoch AND outbox.claimed_by = $2
    RETURNING outbox.notification_id AS notification_id, outbox.channel AS channel, outbox.position AS position,
        outbox.attempts AS attempts, lease_epoch";

const INSERT_ATTEMPTS: &str = "
    INSERT INTO attempts (position, number, started_at, finished_at, outcome, detail)
    SELECT CAST(value ->> 'position' AS BIGINT), CAST(value ->> 'number' AS BIGINT),
        CAST(value ->> 'started_at' AS BIGINT), CAST(value ->> 'finished_at' AS BIGINT), value ->> 'outcome',
        value ->> 'detail'
    FROM json_each($1) WHERE true
    ON CONFLICT (position, number) DO NOTHING";

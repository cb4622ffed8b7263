//! How a message leaves: claimed from the head of its lane, sent by somebody else, finished under a guard.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use serde::Serialize;
use watchfire_model::{ChannelName, Notification, NotificationId, Timestamp};

use crate::database::{Param, PerDatabase, Row, Transaction, claiming, given, int, micros, without_nul};
use crate::error::Error;
use crate::evaluation::CommitOutcome;
use crate::outbox::DeliveryId;
use crate::store::{Store, silent_before};

/// How often a claim is tried again when another claimant took the same lane in the same moment.
const CLAIM_TRIES: usize = 3;

/// A delivery that is ours to send until its lease ends.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimedDelivery {
    /// Which one.
    pub id: DeliveryId,
    /// The number of this claim; it guards the finish.
    pub epoch: u64,
    /// The receiver.
    pub channel: ChannelName,
    /// The fact, as it was decided.
    pub notification: Notification,
    /// Attempts made before this one.
    pub attempts: u32,
    /// From then on it is not worth telling.
    pub expires_at: Timestamp,
    /// When it was decided.
    pub created_at: Timestamp,
    /// Its lane in the channel.
    pub lane: String,
    /// The receiver's own id of this message, from an earlier attempt.
    pub remote_id: Option<String>,
}

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
    /// What was tried; `None` when nothing was.
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
    /// Claims, per channel, up to its capacity of the oldest due deliveries that head their lane.
    ///
    /// A lane whose head waits for a retry, or is being sent, gives nothing. What has expired ends dead here,
    /// in all channels. A claim ends `lease_for` from now on the database's clock; then anybody may take it again.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be asked now; then nothing is claimed.
    pub async fn claim_deliveries(
        &self,
        now: Timestamp,
        capacity: &[(ChannelName, usize)],
        lease_for: Duration,
    ) -> Result<Vec<ClaimedDelivery>, Error> {
        let mut tries = 1;
        loop {
            match self.try_claim(now, capacity, lease_for).await {
                // The index `one_sending_per_lane` refused: somebody else has just taken a row of that lane.
                Err(Error::Refused { .. }) if tries < CLAIM_TRIES => tries += 1,
                Err(Error::Refused { detail }) => return Err(Error::Unavailable { detail }),
                other => return other,
            }
        }
    }

    async fn try_claim(
        &self,
        now: Timestamp,
        capacity: &[(ChannelName, usize)],
        lease_for: Duration,
    ) -> Result<Vec<ClaimedDelivery>, Error> {
        let mut work = self.database().begin().await?;
        let clock = work.clock().await?;
        work.execute(
            FREE_ENDED_LEASES,
            &[Param::Int(clock), Param::Int(silent_before(clock)), Param::Text(self.claimant())],
        )
        .await?;
        let expired = work.execute(EXPIRE, &[Param::Int(now.as_micros())]).await?;
        let mut rows = Vec::new();
        for (channel, most) in capacity.iter().filter(|(_, most)| *most > 0) {
            let params = [
                Param::Text(channel.as_str()),
                Param::Int(now.as_micros()),
                Param::Int(int(*most as u64)),
                Param::Text(self.claimant()),
                Param::Int(clock.saturating_add(micros(lease_for))),
            ];
            rows.append(&mut work.fetch_claim(&CLAIM_HEADS, &params).await?);
        }
        let claimed = with_bodies(&mut work, &rows).await?;
        work.commit().await?;
        if expired > 0 {
            tracing::warn!(deliveries = expired, "Deliveries expired before their channel took them");
        }
        Ok(claimed)
    }

    /// Whether these claims are still ours, in their order; to be asked right before sending.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be asked now.
    pub async fn still_leased(&self, claims: &[(DeliveryId, u64)]) -> Result<Vec<bool>, Error> {
        let clock = self.database().clock().await?;
        let rows: Vec<GivenClaim<'_>> = claims.iter().map(|(id, epoch)| GivenClaim::of(id, *epoch)).collect();
        let params = [Param::Rows(&given(&rows)), Param::Text(self.claimant()), Param::Int(clock)];
        let held = self.database().read(STILL_LEASED, &params).await?;
        let held: HashSet<(DeliveryId, u64)> = held.iter().map(claim_of).collect::<Result<_, _>>()?;
        Ok(claims.iter().map(|claim| held.contains(claim)).collect())
    }

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

    /// When the next delivery that heads its lane is due; `None` when nothing waits.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be asked now.
    pub async fn next_delivery_at(&self) -> Result<Option<Timestamp>, Error> {
        let mut rows = self.database().read(SOON_DUE, &[]).await?;
        if rows.is_empty() {
            // Nothing waits, or all that is due first stands behind the head of its lane.
            rows = self.database().read(NEXT_DUE, &[]).await?;
        }
        rows.first().map(|row| row.instant("next_at")).transpose()
    }

    /// Makes pending deliveries due in `most` that wait longer: after the clock went back, what was to be
    /// tried again in a minute must not wait for hours. The number of rows moved.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be asked now.
    pub async fn clamp_delays(&self, now: Timestamp, most: Duration) -> Result<u64, Error> {
        let mut work = self.database().begin().await?;
        let moved = work.execute(CLAMP, &[Param::Int(now.plus(most).as_micros())]).await?;
        work.commit().await?;
        Ok(moved)
    }
}

/// Claimed rows, in the order of the outbox, with the facts that they tell.
async fn with_bodies(work: &mut Transaction, rows: &[Row]) -> Result<Vec<ClaimedDelivery>, Error> {
    #[derive(Serialize)]
    struct GivenId<'a> {
        id: &'a str,
    }
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut claimed =
        rows.iter().map(|row| Ok((row.int("position")?, delivery_id(row)?, row))).collect::<Result<Vec<_>, Error>>()?;
    claimed.sort_by_key(|(position, _, _)| *position);
    let ids: HashSet<&str> = claimed.iter().map(|(_, id, _)| id.notification.as_str()).collect();
    let ids = given(&ids.into_iter().map(|id| GivenId { id }).collect::<Vec<_>>());
    let mut bodies: HashMap<NotificationId, Notification> = HashMap::new();
    for row in work.fetch(BODIES, &[Param::Rows(&ids)]).await? {
        bodies.insert(NotificationId::new(row.text("id")?), row.json("body")?);
    }
    claimed
        .into_iter()
        .map(|(_, id, row)| {
            let notification = bodies.get(&id.notification).cloned();
            Ok(ClaimedDelivery {
                epoch: row.count("lease_epoch")?,
                channel: id.channel.clone(),
                notification: notification.ok_or_else(|| Error::corrupt(format!("delivery {id} has no body")))?,
                attempts: u32::try_from(row.int("attempts")?).unwrap_or(u32::MAX),
                expires_at: row.instant("expires_at")?,
                created_at: row.instant("created_at")?,
                lane: row.text("lane")?,
                remote_id: row.maybe_text("remote_id")?,
                id,
            })
        })
        .collect()
}

pub(crate) fn delivery_id(row: &Row) -> Result<DeliveryId, Error> {
    Ok(DeliveryId {
        notification: NotificationId::new(row.text("notification_id")?),
        channel: ChannelName::new(row.text("channel")?),
    })
}

fn claim_of(row: &Row) -> Result<(DeliveryId, u64), Error> {
    Ok((delivery_id(row)?, row.count("lease_epoch")?))
}

#[derive(Serialize)]
struct GivenClaim<'a> {
    notification_id: &'a str,
    channel: &'a str,
    epoch: i64,
}

impl<'a> GivenClaim<'a> {
    fn of(id: &'a DeliveryId, epoch: u64) -> Self {
        Self { notification_id: id.notification.as_str(), channel: id.channel.as_str(), epoch: int(epoch) }
    }
}

#[derive(Serialize)]
struct GivenFinish<'a> {
    #[serde(flatten)]
    claim: GivenClaim<'a>,
    state: &'static str,
    next_at: Option<Timestamp>,
    tried: i64,
    reason: Option<std::borrow::Cow<'a, str>>,
    remote_id: Option<std::borrow::Cow<'a, str>>,
    done_at: Option<Timestamp>,
}

impl<'a> GivenFinish<'a> {
    fn of(item: &'a DeliveryFinish) -> Self {
        let claim = GivenClaim::of(&item.id, item.epoch);
        let base =
            Self { claim, state: "pending", next_at: None, tried: 1, reason: None, remote_id: None, done_at: None };
        match &item.end {
            DeliveryEnd::Done { remote } => Self {
                state: "done",
                remote_id: remote.as_deref().map(without_nul),
                done_at: Some(item.finished_at),
                ..base
            },
            DeliveryEnd::Retry { at, reason } => Self { next_at: Some(*at), reason: Some(without_nul(reason)), ..base },
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
    outcome: std::borrow::Cow<'a, str>,
    detail: Option<std::borrow::Cow<'a, str>>,
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

// Whether the message arrived is unknown, so it counts as an attempt.
const FREE_ENDED_LEASES: &str = "
    UPDATE outbox SET state = 'pending', claimed_by = NULL, lease_until = NULL, lease_epoch = lease_epoch + 1,
        attempts = attempts + 1, last_error = 'the lease ended before the answer was recorded'
    WHERE state = 'sending' AND (lease_until < $1
        OR (claimed_by <> $3 AND claimed_by IN (SELECT id FROM claimants WHERE heartbeat_at < $2)))";

const EXPIRE: &str = "
    UPDATE outbox SET state = 'dead',
        last_error = CASE WHEN last_error IS NULL THEN 'expired' ELSE 'expired; before that: ' || last_error END
    WHERE state = 'pending' AND expires_at <= $1";

// The head of a lane: nothing older of the lane waits, and nothing of it is under way. Both are single
// look-ups in an index, and as scalars they stay that: as an anti-join, PostgreSQL would read the whole
// backlog for each claim.
macro_rules! heads_its_lane {
    () => {
        "outbox.position = (
            SELECT MIN(lane.position) FROM outbox AS lane
            WHERE lane.channel = outbox.channel AND lane.lane = outbox.lane AND lane.state IN ('pending', 'sending'))
        AND (
            SELECT COUNT(*) FROM outbox AS lane
            WHERE lane.channel = outbox.channel AND lane.lane = outbox.lane AND lane.state = 'sending') = 0"
    };
}

// Walking by position finds the oldest first and stops at the limit.
const CLAIM_HEADS: PerDatabase = claiming!(
    concat!(
        "WITH head AS MATERIALIZED (
            SELECT position FROM outbox
            WHERE channel = $1 AND state = 'pending' AND next_at <= $2 AND ",
        heads_its_lane!(),
        " ORDER BY position LIMIT $3"
    ),
    ")
    UPDATE outbox SET state = 'sending', claimed_by = $4, lease_until = $5, lease_epoch = lease_epoch + 1
    FROM head WHERE outbox.position = head.position
    RETURNING outbox.position AS position, notification_id, channel, lane, attempts, expires_at, lease_epoch,
        remote_id, created_at"
);

const BODIES: &str = "
    SELECT id, body FROM notifications WHERE id IN (SELECT value ->> 'id' FROM json_each($1))";

macro_rules! given_claims {
    ($more:literal) => {
        concat!(
            "WITH given AS (
                SELECT value ->> 'notification_id' AS notification_id, value ->> 'channel' AS channel,
                    CAST(value ->> 'epoch' AS BIGINT) AS epoch",
            $more,
            " FROM json_each($1)) "
        )
    };
}

const STILL_LEASED: &str = concat!(
    given_claims!(""),
    "SELECT outbox.notification_id AS notification_id, outbox.channel AS channel, lease_epoch
    FROM given JOIN outbox ON outbox.notification_id = given.notification_id AND outbox.channel = given.channel
    WHERE outbox.state = 'sending' AND outbox.lease_epoch = given.epoch AND outbox.claimed_by = $2
        AND outbox.lease_until > $3"
);

// A lease that ended but that nobody took is still ours to finish: the epoch decides, not the clock.
const FINISH: &str = concat!(
    given_claims!(
        ", value ->> 'state' AS state, CAST(value ->> 'next_at' AS BIGINT) AS next_at,
            CAST(value ->> 'tried' AS BIGINT) AS tried, value ->> 'reason' AS reason,
            value ->> 'remote_id' AS remote_id, CAST(value ->> 'done_at' AS BIGINT) AS done_at"
    ),
    "UPDATE outbox SET
        state = given.state,
        next_at = COALESCE(given.next_at, outbox.next_at),
        attempts = outbox.attempts + given.tried,
        last_error = COALESCE(given.reason, outbox.last_error),
        remote_id = COALESCE(given.remote_id, outbox.remote_id),
        done_at = given.done_at,
        claimed_by = NULL,
        lease_until = NULL
    FROM given
    WHERE outbox.notification_id = given.notification_id AND outbox.channel = given.channel
        AND outbox.state = 'sending' AND outbox.lease_epoch = given.epoch AND outbox.claimed_by = $2
    RETURNING outbox.notification_id AS notification_id, outbox.channel AS channel, outbox.position AS position,
        outbox.attempts AS attempts, lease_epoch"
);

const INSERT_ATTEMPTS: &str = "
    INSERT INTO attempts (position, number, started_at, finished_at, outcome, detail)
    SELECT CAST(value ->> 'position' AS BIGINT), CAST(value ->> 'number' AS BIGINT),
        CAST(value ->> 'started_at' AS BIGINT), CAST(value ->> 'finished_at' AS BIGINT), value ->> 'outcome',
        value ->> 'detail'
    FROM json_each($1) WHERE true
    ON CONFLICT (position, number) DO NOTHING";

// A head is nearly always among the first that are due; asking for those first keeps a database that has
// no statistics yet from looking at the whole backlog.
const SOON_DUE: &str = concat!(
    "WITH soon AS MATERIALIZED (
        SELECT position, channel, lane, next_at FROM outbox WHERE state = 'pending' ORDER BY next_at LIMIT 100)
    SELECT next_at FROM soon AS outbox WHERE ",
    heads_its_lane!(),
    " ORDER BY next_at LIMIT 1"
);

const NEXT_DUE: &str =
    concat!("SELECT next_at FROM outbox WHERE state = 'pending' AND ", heads_its_lane!(), " ORDER BY next_at LIMIT 1");

const CLAMP: &str = "UPDATE outbox SET next_at = $1 WHERE state = 'pending' AND next_at > $1";

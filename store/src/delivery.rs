//! How a message leaves: claimed from the head of its lane, under a lease that somebody else sends it in.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use serde::Serialize;
use watchfire_model::{ChannelName, Notification, NotificationId, Timestamp};

use crate::database::{Param, PerDatabase, Row, Transaction, claiming, given, int, micros};
use crate::error::Error;
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
    /// The receiver's own id of the first message of the same thread that arrived in this channel.
    pub root_remote_id: Option<String>,
    /// How plainly it is to be written, as the last attempt left it: `native`, `mono` or `plain`.
    pub form: String,
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

    /// Makes due now what waits because its channel is broken: the channel may have been mended.
    ///
    /// `words` begin the reasons that mean so, as they were given with [`DeliveryEnd::Retry`]. Returns how many.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be asked now.
    pub async fn retry_broken(&self, words: [&str; 2], now: Timestamp) -> Result<u64, Error> {
        let patterns = words.map(|word| format!("{word}%"));
        let mut work = self.database().begin().await?;
        let params = [Param::Int(now.as_micros()), Param::Text(&patterns[0]), Param::Text(&patterns[1])];
        let hurried = work.execute(RETRY_BROKEN, &params).await?;
        work.commit().await?;
        Ok(hurried)
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
    let roots = roots(work, rows).await?;
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
                root_remote_id: roots.get(&id).cloned(),
                form: row.text("form")?,
                id,
            })
        })
        .collect()
}

/// Where messages of a thread have arrived before, the receiver's id of the first.
async fn roots(work: &mut Transaction, rows: &[Row]) -> Result<HashMap<DeliveryId, String>, Error> {
    #[derive(Serialize)]
    struct GivenMember {
        notification_id: String,
        channel: String,
        thread: String,
        position: i64,
    }
    let mut members = Vec::new();
    for row in rows {
        if let Some(thread) = row.maybe_text("thread")? {
            members.push(GivenMember {
                notification_id: row.text("notification_id")?,
                channel: row.text("channel")?,
                thread,
                position: row.int("position")?,
            });
        }
    }
    if members.is_empty() {
        return Ok(HashMap::new());
    }
    let mut roots = HashMap::new();
    for row in work.fetch(ROOTS, &[Param::Rows(&given(&members))]).await? {
        if let Some(remote) = row.maybe_text("remote_id")? {
            roots.insert(delivery_id(&row)?, remote);
        }
    }
    Ok(roots)
}

pub(crate) fn delivery_id(row: &Row) -> Result<DeliveryId, Error> {
    Ok(DeliveryId {
        notification: NotificationId::new(row.text("notification_id")?),
        channel: ChannelName::new(row.text("channel")?),
    })
}

/// A row's delivery and the number of its claim.
pub(crate) fn claim_of(row: &Row) -> Result<(DeliveryId, u64), Error> {
    Ok((delivery_id(row)?, row.count("lease_epoch")?))
}

/// A claim as statements unfold it.
#[derive(Serialize)]
pub(crate) struct GivenClaim<'a> {
    notification_id: &'a str,
    channel: &'a str,
    epoch: i64,
}

impl<'a> GivenClaim<'a> {
    pub(crate) fn of(id: &'a DeliveryId, epoch: u64) -> Self {
        Self { notification_id: id.notification.as_str(), channel: id.channel.as_str(), epoch: int(epoch) }
    }
}

// Whether the message arrived is unknown, so it counts as an attempt.
const FREE_ENDED_LEASES: &str = "
    UPDATE outbox SET state = 'pending', claimed_by = NULL, lease_until = NULL, lease_epoch = lease_epoch + 1,
        attempts = attempts + 1, last_error = 'the lease ended before the answer was recorded'
    WHERE state = 'sending' AND (lease_until <= $1
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
        remote_id, created_at, form, thread"
);

const BODIES: &str = "
    SELECT id, body FROM notifications WHERE id IN (SELECT value ->> 'id' FROM json_each($1))";

// The index of threads holds what has arrived, in order, so the first is found without reading the others.
const ROOTS: &str = "
    WITH given AS (
        SELECT value ->> 'notification_id' AS notification_id, value ->> 'channel' AS channel,
            value ->> 'thread' AS thread, CAST(value ->> 'position' AS BIGINT) AS position
        FROM json_each($1))
    SELECT given.notification_id AS notification_id, given.channel AS channel, (
        SELECT first.remote_id FROM outbox AS first
        WHERE first.channel = given.channel AND first.thread = given.thread AND first.state = 'done'
            AND first.position < given.position AND first.remote_id IS NOT NULL
        ORDER BY first.position LIMIT 1) AS remote_id
    FROM given";

const STILL_LEASED: &str = "
    WITH given AS (
        SELECT value ->> 'notification_id' AS notification_id, value ->> 'channel' AS channel,
            CAST(value ->> 'epoch' AS BIGINT) AS epoch
        FROM json_each($1))
    SELECT outbox.notification_id AS notification_id, outbox.channel AS channel, lease_epoch
    FROM given JOIN outbox ON outbox.notification_id = given.notification_id AND outbox.channel = given.channel
    WHERE outbox.state = 'sending' AND outbox.lease_epoch = given.epoch AND outbox.claimed_by = $2
        AND outbox.lease_until > $3";

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

const RETRY_BROKEN: &str = "
    UPDATE outbox SET next_at = $1
    WHERE state = 'pending' AND next_at > $1 AND (last_error LIKE $2 OR last_error LIKE $3)";

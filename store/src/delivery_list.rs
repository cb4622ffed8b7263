//! The outbox as people see it, and what they may do to it.

use std::time::Duration;

use watchfire_model::{ChannelName, NotificationKind, ProjectName, RuleName, Timestamp};

use crate::database::{Param, Row, int, micros};
use crate::delivery::delivery_id;
use crate::error::Error;
use crate::outbox::DeliveryId;
use crate::store::Store;

/// A delivery that a person tries again is worth telling for at least so long, whatever it was before.
const RETRIED_LIVES_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeliveryState {
    /// Waits for its turn or its next try.
    Pending,
    /// Somebody is sending it.
    Sending,
    /// The receiver has it.
    Done,
    /// It will not be tried again.
    Dead,
    /// Something newer is told instead.
    Superseded,
}

impl DeliveryState {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Pending, Self::Sending, Self::Done, Self::Dead, Self::Superseded];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sending => "sending",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Superseded => "superseded",
        }
    }

    /// Reads the word; `None` for any other.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// Which deliveries to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Only this one.
    pub id: Option<DeliveryId>,
    /// Only to this channel.
    pub channel: Option<ChannelName>,
    /// Only of rules of this name.
    pub rule: Option<RuleName>,
    /// Only of rules of this project.
    pub project: Option<ProjectName>,
    /// Only those that stand here.
    pub state: Option<DeliveryState>,
    /// Most rows.
    pub limit: usize,
}

/// All channels, the newest hundred.
impl Default for DeliveryFilter {
    fn default() -> Self {
        Self { id: None, channel: None, rule: None, project: None, state: None, limit: 100 }
    }
}

/// A delivery as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRow {
    /// Which one.
    pub id: DeliveryId,
    /// The receiver.
    pub channel: ChannelName,
    /// The rule that it is about.
    pub rule: Option<RuleName>,
    /// What kind of message it is (`type` in JSON).
    pub kind: NotificationKind,
    /// Where it stands.
    pub state: DeliveryState,
    /// Attempts made so far.
    pub attempts: u32,
    /// When it is tried next; only while it is pending.
    pub next_at: Option<Timestamp>,
    /// Why the last attempt failed, or why it is dead.
    pub last_error: Option<String>,
    /// When it was decided.
    pub created_at: Timestamp,
    /// When the receiver took it.
    pub done_at: Option<Timestamp>,
}

impl Store {
    /// Deliveries, newest first.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be asked now.
    pub async fn deliveries(&self, filter: &DeliveryFilter) -> Result<Vec<DeliveryRow>, Error> {
        Ok(self.deliveries_after(filter, None).await?.into_iter().map(|(_, delivery)| delivery).collect())
    }

    /// Deliveries that were decided before the one at a place, newest first, each with its own place: its number in
    /// the order in which they were decided, which never changes.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be asked now.
    pub async fn deliveries_after(
        &self,
        filter: &DeliveryFilter,
        after: Option<i64>,
    ) -> Result<Vec<(i64, DeliveryRow)>, Error> {
        let id = filter.id.as_ref();
        let params = [
            Param::MaybeText(id.map(|id| id.notification.as_str())),
            Param::MaybeText(id.map(|id| &id.channel).or(filter.channel.as_ref()).map(ChannelName::as_str)),
            Param::MaybeText(filter.rule.as_ref().map(RuleName::as_str)),
            Param::MaybeText(filter.state.map(DeliveryState::as_str)),
            Param::Int(int(filter.limit as u64)),
            Param::MaybeInt(after),
            Param::MaybeText(filter.project.as_ref().map(ProjectName::as_str)),
        ];
        // One delivery, and the facts about a rule, are found in an index; the list itself is read from its end.
        let sql = match (&filter.id, &filter.rule) {
            (Some(_), None) => ONE_DELIVERY,
            (_, Some(_)) => DELIVERIES_OF_A_RULE,
            (None, None) => DELIVERIES,
        };
        let rows = self.database().read(sql, &params).await?;
        rows.iter().map(|row| Ok((row.int("position")?, delivery_row(row)?))).collect()
    }

    /// Makes a dead or waiting delivery due now, under its old id. `false` when there is none to retry:
    /// it is done, being sent, superseded or unknown.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be asked now.
    pub async fn retry_delivery(&self, id: &DeliveryId, now: Timestamp) -> Result<bool, Error> {
        let params = [
            Param::Text(id.notification.as_str()),
            Param::Text(id.channel.as_str()),
            Param::Int(now.as_micros()),
            Param::Int(now.as_micros().saturating_add(micros(RETRIED_LIVES_FOR))),
        ];
        let mut work = self.database().begin().await?;
        let changed = work.execute(RETRY, &params).await?;
        work.commit().await?;
        Ok(changed > 0)
    }

    /// How many deliveries stand where, per channel.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be asked now.
    pub async fn outbox_depth(&self) -> Result<Vec<(ChannelName, DeliveryState, u64)>, Error> {
        let rows = self.database().read(DEPTH, &[]).await?;
        rows.iter()
            .map(|row| {
                let state = row.word("state", DeliveryState::parse)?;
                Ok((ChannelName::new(row.text("channel")?), state, row.count("depth")?))
            })
            .collect()
    }

    /// Forgets deliveries that were done before `done_before` or that ended otherwise and were decided
    /// before it, with their attempts, and facts that nobody waits for any more. The number of deliveries.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be asked now.
    pub async fn prune_deliveries(&self, done_before: Timestamp) -> Result<u64, Error> {
        let before = [Param::Int(done_before.as_micros())];
        let mut work = self.database().begin().await?;
        work.execute(PRUNE_ATTEMPTS, &before).await?;
        let pruned = work.execute(PRUNE_DELIVERIES, &before).await?;
        work.execute(PRUNE_NOTIFICATIONS, &before).await?;
        work.commit().await?;
        Ok(pruned)
    }
}

pub(crate) fn delivery_row(row: &Row) -> Result<DeliveryRow, Error> {
    let id = delivery_id(row)?;
    let state = row.word("state", DeliveryState::parse)?;
    let next_at = row.instant("next_at")?;
    Ok(DeliveryRow {
        channel: id.channel.clone(),
        id,
        rule: row.maybe_text("rule_name")?.map(RuleName::new),
        kind: row.word("kind", NotificationKind::parse)?,
        state,
        attempts: u32::try_from(row.int("attempts")?).unwrap_or(u32::MAX),
        next_at: (state == DeliveryState::Pending).then_some(next_at),
        last_error: row.maybe_text("last_error")?,
        created_at: row.instant("created_at")?,
        done_at: row.maybe_instant("done_at")?,
    })
}

macro_rules! select_deliveries {
    ($filter:literal) => {
        concat!(
            "SELECT position, notification_id, channel, rule_name, kind, state, attempts, next_at, last_error,
                outbox.created_at AS created_at, done_at
            FROM outbox JOIN notifications ON notifications.id = outbox.notification_id
            WHERE ",
            $filter,
            " AND ($1 IS NULL OR notification_id = $1) AND ($2 IS NULL OR channel = $2)
                AND ($4 IS NULL OR state = $4) AND position < COALESCE($6, 9223372036854775807)
                AND ($7 IS NULL OR rule_uid IN (SELECT uid FROM rules WHERE project = $7))
            ORDER BY position DESC LIMIT $5"
        )
    };
}

const DELIVERIES: &str = select_deliveries!("$3 IS NULL");

const ONE_DELIVERY: &str = select_deliveries!("$3 IS NULL AND notification_id = $1");

const DELIVERIES_OF_A_RULE: &str =
    select_deliveries!("notification_id IN (SELECT id FROM notifications WHERE rule_name = $3)");

const RETRY: &str = "
    UPDATE outbox SET state = 'pending', form = 'native', next_at = $3,
        expires_at = CASE WHEN expires_at < $4 THEN $4 ELSE expires_at END
    WHERE notification_id = $1 AND channel = $2 AND state IN ('dead', 'pending')";

const DEPTH: &str = "
    SELECT channel, state, COUNT(*) AS depth FROM outbox GROUP BY channel, state ORDER BY channel, state";

macro_rules! ended_before {
    () => {
        "(state = 'done' AND done_at < $1) OR (state IN ('dead', 'superseded') AND created_at < $1)"
    };
}

const PRUNE_ATTEMPTS: &str =
    concat!("DELETE FROM attempts WHERE position IN (SELECT position FROM outbox WHERE ", ended_before!(), ")");

const PRUNE_DELIVERIES: &str = concat!("DELETE FROM outbox WHERE ", ended_before!());

const PRUNE_NOTIFICATIONS: &str = "
    DELETE FROM notifications WHERE created_at < $1
        AND NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.notification_id = notifications.id)";

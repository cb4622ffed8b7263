//! What is to be told: one row per notification and channel, in the order in which it was decided.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;
use watchfire_model::{ChannelName, Notification, NotificationId, RuleUid, ThreadKey, Timestamp};

use crate::database::{Param, Transaction, given, without_nul};
use crate::error::Error;
use crate::store::Store;

/// The identity of a delivery: a notification and the channel that hears it. Shown as `nt_…:channel`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId {
    /// The fact.
    pub notification: NotificationId,
    /// The receiver.
    pub channel: ChannelName,
}

impl DeliveryId {
    /// Reads `nt_…:channel`; `None` when there is no colon. The id of a notification holds none.
    pub fn parse(text: &str) -> Option<Self> {
        let (notification, channel) = text.split_once(':')?;
        Some(Self { notification: NotificationId::new(notification), channel: ChannelName::new(channel) })
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.notification, self.channel)
    }
}

/// A notification and everybody who hears it.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxNotice {
    /// The fact; stored as it is.
    pub notification: Notification,
    /// The rule that it is about, when it is about one.
    pub rule_uid: Option<RuleUid>,
    /// Who hears it, each once.
    pub receivers: Vec<OutboxReceiver>,
    /// When it was decided, by the wall clock. It is due at once.
    pub created_at: Timestamp,
    /// From then on it is not worth telling: it ends dead, with that reason.
    pub expires_at: Timestamp,
}

/// One channel that hears a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxReceiver {
    /// The channel.
    pub channel: ChannelName,
    /// What must be read in order, inside the channel: an instance, a rule, a group.
    pub lane: String,
}

impl Store {
    /// Stores a notification that no rule decided: a test message, a broken channel. Again: nothing new.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be asked now.
    pub async fn insert_notice(&self, notice: &OutboxNotice) -> Result<(), Error> {
        let mut work = self.database().begin().await?;
        insert(&mut work, &[notice]).await?;
        work.commit().await
    }
}

/// Writes notices in their order. What is there already stays as it is.
pub(crate) async fn insert(work: &mut Transaction, notices: &[&OutboxNotice]) -> Result<(), Error> {
    if notices.is_empty() {
        return Ok(());
    }
    let facts: Vec<GivenNotification<'_>> = notices.iter().map(|notice| GivenNotification::of(notice)).collect();
    work.execute(INSERT_NOTIFICATIONS, &[Param::Rows(&given(&facts))]).await?;
    let rows: Vec<GivenDelivery<'_>> = notices
        .iter()
        .flat_map(|notice| notice.receivers.iter().map(|receiver| GivenDelivery::of(notice, receiver)))
        .collect();
    if !rows.is_empty() {
        work.execute(INSERT_DELIVERIES, &[Param::Rows(&given(&rows))]).await?;
    }
    Ok(())
}

#[derive(Serialize)]
struct GivenNotification<'a> {
    id: &'a str,
    kind: &'static str,
    rule_uid: Option<&'a str>,
    rule_name: Option<Cow<'a, str>>,
    body: String,
    created_at: Timestamp,
}

impl<'a> GivenNotification<'a> {
    fn of(notice: &'a OutboxNotice) -> Self {
        let notification = &notice.notification;
        Self {
            id: notification.id.as_str(),
            kind: notification.kind.as_str(),
            rule_uid: notice.rule_uid.as_ref().map(RuleUid::as_str),
            rule_name: notification.rule.as_ref().map(|rule| without_nul(rule.name.as_str())),
            body: serde_json::to_string(notification).expect("the maps of a notification have texts as keys"),
            created_at: notice.created_at,
        }
    }
}

#[derive(Serialize)]
struct GivenDelivery<'a> {
    notification_id: &'a str,
    channel: &'a str,
    lane: &'a str,
    thread: Option<&'a str>,
    next_at: Timestamp,
    expires_at: Timestamp,
}

impl<'a> GivenDelivery<'a> {
    fn of(notice: &'a OutboxNotice, receiver: &'a OutboxReceiver) -> Self {
        Self {
            notification_id: notice.notification.id.as_str(),
            channel: receiver.channel.as_str(),
            lane: &receiver.lane,
            thread: notice.notification.thread.as_ref().map(ThreadKey::as_str),
            next_at: notice.created_at,
            expires_at: notice.expires_at,
        }
    }
}

const INSERT_NOTIFICATIONS: &str = "
    INSERT INTO notifications (id, kind, rule_uid, rule_name, body, created_at)
    SELECT value ->> 'id', value ->> 'kind', value ->> 'rule_uid', value ->> 'rule_name', value ->> 'body',
        CAST(value ->> 'created_at' AS BIGINT)
    FROM json_each($1) WHERE true
    ON CONFLICT (id) DO NOTHING";

const INSERT_DELIVERIES: &str = "
    INSERT INTO outbox (notification_id, channel, lane, thread, next_at, expires_at, created_at)
    SELECT value ->> 'notification_id', value ->> 'channel', value ->> 'lane', value ->> 'thread',
        CAST(value ->> 'next_at' AS BIGINT),
        CAST(value ->> 'expires_at' AS BIGINT), CAST(value ->> 'next_at' AS BIGINT)
    FROM json_each($1) WHERE true ORDER BY CAST(key AS BIGINT)
    ON CONFLICT (notification_id, channel) DO NOTHING";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_shown() {
        let id = DeliveryId::parse("nt_0a:team: ops").unwrap();
        assert_eq!((id.notification.as_str(), id.channel.as_str()), ("nt_0a", "team: ops"));
        assert_eq!(id.to_string(), "nt_0a:team: ops");
        assert_eq!(DeliveryId::parse("nt_0a"), None);
    }
}

//! From what was decided to what is stored for delivery.

use std::collections::BTreeMap;
use std::time::Duration;

use watchfire_alerts::{Change, FirstRun, Hold, Missing, Mode, NoData, Notice, OnError, Repeat, Rule, SeveritySource};
use watchfire_channels::{delivery, lane};
use watchfire_model::{ChannelClass, ChannelName, Fingerprint, RuleKind, Severity, Timestamp};
use watchfire_store::{OutboxNotice, OutboxReceiver, RuleRow};

use crate::links;

/// The outbox rows of a decision.
pub(crate) fn notices(
    rule: &Rule,
    decided: Vec<Notice>,
    public_url: Option<&str>,
    created_at: Timestamp,
) -> Vec<OutboxNotice> {
    decided
        .into_iter()
        .filter(|notice| !notice.channels.is_empty())
        .map(|notice| {
            let Notice { mut notification, channels } = notice;
            links::fill(&mut notification, public_url);
            let receivers = channels
                .into_iter()
                .map(|channel| {
                    let lane = lane::lane(class_of(rule, &channel), rule.uid.as_str(), &notification);
                    OutboxReceiver { channel, lane }
                })
                .collect();
            let expires_at = delivery::expires_at(notification.kind, created_at);
            OutboxNotice { rule_uid: Some(rule.uid.clone()), notification, receivers, created_at, expires_at }
        })
        .collect()
}

/// What kind of receiver a channel is for this rule. Channels that a rule does not
/// name itself (owner, fallback) get their messages in the order of the rule.
fn class_of(rule: &Rule, channel: &ChannelName) -> ChannelClass {
    rule.notify
        .iter()
        .find(|assignment| assignment.channel == *channel)
        .map_or(ChannelClass::Webhook, |assignment| assignment.class)
}

/// A rule whose definition is gone, as far as the store still knows it: enough to end its episodes.
pub(crate) fn stand_in(row: &RuleRow) -> Rule {
    Rule {
        uid: row.uid.clone(),
        name: row.name.clone(),
        project: row.project.clone(),
        kind: RuleKind::Alert,
        description: None,
        labels: BTreeMap::new(),
        runbook: None,
        query: String::new(),
        per: Vec::new(),
        has_when: false,
        notify_when: Mode::Transitions,
        hold_for: Hold::Time(Duration::ZERO),
        keep_firing_for: Hold::Time(Duration::ZERO),
        missing: Missing::Recovers,
        no_data: NoData::Keep,
        on_error: OnError::Keep,
        repeat: Repeat::Never,
        severity: SeveritySource::Fixed(Severity::Warning),
        tell_lowered_severity: false,
        change: Change {
            ignore: Default::default(),
            report: Default::default(),
            first_run: FirstRun::Silent,
            max_rows: 0,
            tolerance: None,
        },
        notify: Vec::new(),
        owner_channel: None,
        fallback_channel: None,
        max_instances: usize::MAX,
        max_rows: 0,
        interval: Duration::ZERO,
        semantic_hash: Fingerprint::builder("gone").finish(),
    }
}

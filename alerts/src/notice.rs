//! Facts become notifications: every field of the message about a rule, and the derived id.

use std::collections::BTreeMap;

use watchfire_model::{
    ConditionName, ErrorFacts, InstanceKey, Notification, NotificationId, NotificationKind, Reason, RuleFacts,
    Severity, ThreadKey, Timestamp, Topic, Value,
};

use crate::audience::Hearers;
use crate::decision::{Notice, RunContext};
use crate::instances::Evidence;
use crate::rule::{Rule, SeveritySource};

/// One fact about one instance (or the whole rule) and who hears it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fact {
    /// The instance; no parts when the rule has no `per` or the fact is about all of it.
    pub key: InstanceKey,
    /// What the id is derived from instead of `key`, when one message stands for several instances.
    pub members: Option<InstanceKey>,
    /// What kind of message it is.
    pub kind: NotificationKind,
    /// Why it is told.
    pub reason: Reason,
    /// The slot that decided it.
    pub at: Timestamp,
    /// Episode and transition, if it belongs to one.
    pub place: Option<Place>,
    /// The condition it leads to.
    pub state: Option<ConditionName>,
    /// Its level.
    pub severity: Option<Severity>,
    /// Start of firing, or since when the trouble lasts.
    pub since: Option<Timestamp>,
    /// The deciding value.
    pub value: Option<Value>,
    /// The clearing value.
    pub last_value: Option<Value>,
    /// The breaching value that lay farthest from the clearing one.
    pub peak: Option<Value>,
    /// The rows that prove it.
    pub evidence: Evidence,
    /// Who hears it.
    pub hearers: Hearers,
}

/// Where in the life of an instance something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Number of the episode.
    pub episode: u64,
    /// Number of the transition inside the episode.
    pub seq: u64,
}

impl Fact {
    /// A fact about the whole rule.
    pub(crate) fn of_rule(kind: NotificationKind, reason: Reason, at: Timestamp, hearers: Hearers) -> Self {
        Self {
            key: InstanceKey::new(Vec::new()),
            members: None,
            kind,
            reason,
            at,
            place: None,
            state: None,
            severity: None,
            since: None,
            value: None,
            last_value: None,
            peak: None,
            evidence: Evidence::default(),
            hearers,
        }
    }

    /// Whether there is anything to tell: somebody hears it, or the rule names no channel at all
    /// and its history shall still be complete.
    pub(crate) fn is_told(&self, rule: &Rule) -> bool {
        !self.hearers.is_empty() || rule.notify.is_empty()
    }
}

/// The message about one fact.
pub(crate) fn notice(rule: &Rule, incarnation: u64, fact: Fact, context: &RunContext) -> Notice {
    let instance = (!fact.key.parts().is_empty()).then(|| fact.key.clone());
    let identity = fact.members.as_ref().or(instance.as_ref());
    let id = NotificationId::derive(&rule.uid, incarnation, identity, fact.at, fact.reason);
    let thread = thread(rule, incarnation, &fact, instance.as_ref());
    let truncated = fact.evidence.truncated();
    let notification = Notification {
        id,
        kind: fact.kind,
        occurred_at: fact.at,
        project: rule.project.clone(),
        rule: Some(rule_facts(rule)),
        instance,
        episode: fact.place.map(|place| place.episode),
        seq: fact.place.map(|place| place.seq),
        thread,
        state: fact.state,
        severity: fact.severity,
        since: fact.since,
        value: fact.value,
        last_value: fact.last_value,
        peak: fact.peak,
        scheduled_for: Some(fact.at),
        window: context.window,
        reason: fact.reason,
        rule_end: None,
        columns: fact.evidence.columns,
        rows: fact.evidence.rows,
        row_count: fact.evidence.row_count,
        truncated,
        totals: BTreeMap::new(),
        changes: Vec::new(),
        change_count: 0,
        error: None,
        query: Some(rule.query.clone()),
        links: rule.runbook.iter().map(|address| ("runbook".to_owned(), address.clone())).collect::<BTreeMap<_, _>>(),
    };
    Notice { notification, channels: fact.hearers.into_iter().collect() }
}

/// What a message shares with the others of its episode, or of the same trouble.
///
/// A message that stands for several instances has no thread: each of them has its own.
fn thread(rule: &Rule, incarnation: u64, fact: &Fact, instance: Option<&InstanceKey>) -> Option<ThreadKey> {
    if fact.members.is_some() {
        return None;
    }
    let topic = match fact.kind {
        NotificationKind::AlertMatches
        | NotificationKind::AlertStarted
        | NotificationKind::AlertRepeated
        | NotificationKind::AlertUpdated
        | NotificationKind::AlertResolved
        | NotificationKind::AlertSummary => Topic::Episode(fact.place?.episode),
        NotificationKind::AlertFailed | NotificationKind::AlertRecovered => Topic::Failure(fact.since?),
        NotificationKind::AlertNoData => Topic::NoData(fact.since?),
        NotificationKind::AlertChanged
        | NotificationKind::ReportReady
        | NotificationKind::IssueNew
        | NotificationKind::IssueRegressed
        | NotificationKind::IssueEscalating
        | NotificationKind::IssueDigest
        | NotificationKind::ChannelBroken
        | NotificationKind::Test => return None,
    };
    Some(ThreadKey::derive(&rule.uid, incarnation, instance, topic))
}

/// The message about one fact that says what failed.
pub(crate) fn notice_of_trouble(
    rule: &Rule,
    incarnation: u64,
    fact: Fact,
    error: ErrorFacts,
    context: &RunContext,
) -> Notice {
    let mut notice = notice(rule, incarnation, fact, context);
    notice.notification.error = Some(error);
    notice
}

fn rule_facts(rule: &Rule) -> RuleFacts {
    RuleFacts {
        name: rule.name.clone(),
        kind: rule.kind,
        description: rule.description.clone(),
        severity: match rule.severity {
            SeveritySource::Fixed(level) => Some(level),
            SeveritySource::Conditions | SeveritySource::Column => None,
        },
        labels: rule.labels.clone(),
    }
}

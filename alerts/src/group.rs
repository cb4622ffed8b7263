//! Chat channels read one message per (rule, slot) and fact, listing its instances; all others one per instance.

use std::collections::{BTreeMap, BTreeSet};

use watchfire_model::{ChannelName, InstanceKey, NotificationKind, Reason, Timestamp, Value};

use crate::audience::{self, Hearers};
use crate::instances::Evidence;
use crate::notice::Fact;
use crate::rule::Rule;
use crate::state::{Condition, Instance};

/// What one chat channel reads in one message: a reason, a slot, and the facts by their place in the list.
type Group = (Reason, NotificationKind, Timestamp, BTreeSet<usize>);

/// Splits the facts of one slot: as they are for most channels, grouped for chat channels.
///
/// A rule without `per` has one instance, so that there is nothing to group.
pub(crate) fn group(
    rule: &Rule,
    before: &BTreeMap<InstanceKey, Instance>,
    after: &BTreeMap<InstanceKey, Instance>,
    facts: Vec<Fact>,
) -> Vec<Fact> {
    if rule.per.is_empty() {
        return facts;
    }
    let mut groups: BTreeMap<Group, Hearers> = BTreeMap::new();
    for channel in chat_channels(rule, &facts) {
        for (reason, kind, at, members) in groups_of(rule, before, after, &facts, &channel) {
            groups.entry((reason, kind, at, members)).or_default().insert(channel.clone());
        }
    }
    let mut told: Vec<Fact> = facts.iter().map(|fact| without_chat(rule, fact)).collect();
    for (group, hearers) in groups {
        match (group.0, group.3.first(), group.3.len()) {
            // A message that is the same for all is one message.
            (reason, Some(only), 1) if facts[*only].reason == reason => told[*only].hearers.extend(hearers),
            _ => told.push(merge(rule, group, hearers, &facts)),
        }
    }
    told.retain(|fact| fact.is_told(rule));
    told
}

fn chat_channels(rule: &Rule, facts: &[Fact]) -> BTreeSet<ChannelName> {
    let hearers = facts.iter().flat_map(|fact| fact.hearers.iter());
    hearers.filter(|channel| audience::is_chat(rule, channel)).cloned().collect()
}

fn without_chat(rule: &Rule, fact: &Fact) -> Fact {
    let hearers = fact.hearers.iter().filter(|channel| !audience::is_chat(rule, channel)).cloned().collect();
    Fact { hearers, ..fact.clone() }
}

/// What the channel reads in this slot.
fn groups_of(
    rule: &Rule,
    before: &BTreeMap<InstanceKey, Instance>,
    after: &BTreeMap<InstanceKey, Instance>,
    facts: &[Fact],
    channel: &ChannelName,
) -> Vec<Group> {
    let mut groups: BTreeMap<(Reason, NotificationKind, Timestamp), BTreeSet<usize>> = BTreeMap::new();
    for (place, fact) in facts.iter().enumerate().filter(|(_, fact)| fact.hearers.contains(channel)) {
        let reason = if fact.reason == Reason::StartedFiring {
            if fires_for(before, channel) { Reason::NewInstances } else { Reason::FirstFiring }
        } else if fact.reason == Reason::Resolved {
            if fires_for(after, channel) { Reason::SomeResolved } else { Reason::AllResolved }
        } else {
            fact.reason
        };
        groups.entry((reason, fact.kind, fact.at)).or_default().insert(place);
    }
    let wanted = groups.into_iter().filter(|((reason, ..), _)| wants(rule, channel, *reason));
    wanted.map(|((reason, kind, at), members)| (reason, kind, at, members)).collect()
}

/// `on: [all_resolved]` hears a resolve only as part of the last ones. Everything else was decided with the fact.
fn wants(rule: &Rule, channel: &ChannelName, reason: Reason) -> bool {
    let words = [Reason::FirstFiring, Reason::NewInstances, Reason::SomeResolved, Reason::AllResolved];
    !words.contains(&reason) || audience::channel_hears_reason(rule, channel, reason)
}

/// Whether the channel was told of an instance that fires.
fn fires_for(instances: &BTreeMap<InstanceKey, Instance>, channel: &ChannelName) -> bool {
    let fires = |instance: &Instance| matches!(instance.condition, Condition::Firing { .. });
    instances.values().any(|instance| fires(instance) && instance.told.contains(channel))
}

/// One message for all members.
fn merge(rule: &Rule, (reason, kind, at, members): Group, hearers: Hearers, facts: &[Fact]) -> Fact {
    let members: Vec<&Fact> = members.into_iter().map(|place| &facts[place]).collect();
    if let [only] = members.as_slice() {
        return Fact { reason, hearers, ..(*only).clone() };
    }
    let identity = members.iter().map(|fact| Value::String(fact.key.fingerprint().as_str().to_owned())).collect();
    Fact {
        members: Some(InstanceKey::new(vec![("members".to_owned(), Value::List(identity))])),
        state: members.first().and_then(|fact| fact.state),
        severity: members.iter().filter_map(|fact| fact.severity).max(),
        since: members.iter().filter_map(|fact| fact.since).min(),
        evidence: all_evidence(rule, &members),
        ..Fact::of_rule(kind, reason, at, hearers)
    }
}

fn all_evidence(rule: &Rule, members: &[&Fact]) -> Evidence {
    let columns = members.iter().map(|fact| &fact.evidence.columns).find(|columns| !columns.is_empty());
    let rows = members.iter().flat_map(|fact| fact.evidence.rows.iter());
    Evidence {
        columns: columns.cloned().unwrap_or_default(),
        rows: rows.take(rule.max_rows).cloned().collect(),
        row_count: members.iter().map(|fact| fact.evidence.row_count).sum(),
    }
}

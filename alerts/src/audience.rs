//! Who hears what. Only channels' assignments and what they were told count here, never the wire.

use std::collections::BTreeSet;

use watchfire_model::{ChannelClass, ChannelName, Reason, Severity, Timestamp};

use crate::rule::{Assignment, Mode, Repeat, Rule};
use crate::state::Instance;

/// Channels in a stable order, each once.
pub(crate) type Hearers = BTreeSet<ChannelName>;

/// Channels that hear a fact of this level, whether or not they were told anything before.
pub(crate) fn hearers(rule: &Rule, reason: Reason, severity: Severity) -> Hearers {
    let hears = |assignment: &&Assignment| hears_level(assignment, severity) && hears_reason(assignment, reason);
    names(rule.notify.iter().filter(hears))
}

/// Channels that hear that the level of a firing instance changed.
///
/// To a channel that was told nothing because of its levels, a raise is the start.
pub(crate) fn hearers_of_level(rule: &Rule, instance: &Instance, reason: Reason) -> Hearers {
    let hears = |assignment: &&Assignment| {
        let is_start = reason == Reason::SeverityRaised && !instance.told.contains(&assignment.channel);
        hears_level(assignment, instance.severity)
            && (hears_reason(assignment, reason) || (is_start && hears_reason(assignment, Reason::StartedFiring)))
    };
    names(rule.notify.iter().filter(hears))
}

/// Channels that hear of an onset only now, because its level rose to one that they hear.
///
/// An onset tells its start alone. For a channel that was told nothing because of its levels, this is it:
/// else the pager of a rule that begins as a warning would never ring.
pub(crate) fn hearers_of_late_onset(rule: &Rule, instance: &Instance, before: Severity) -> Hearers {
    let hears = |assignment: &&Assignment| {
        !instance.told.contains(&assignment.channel)
            && !hears_level(assignment, before)
            && hears_level(assignment, instance.severity)
            && (hears_reason(assignment, Reason::SeverityRaised) || hears_reason(assignment, Reason::StartedFiring))
    };
    names(rule.notify.iter().filter(hears))
}

/// Channels whose reminder of a firing instance is due.
pub(crate) fn hearers_of_repeat(rule: &Rule, instance: &Instance, at: Timestamp) -> Hearers {
    let due = |assignment: &&Assignment| match assignment.repeat.unwrap_or(rule.repeat) {
        Repeat::Never => false,
        Repeat::Every(_) => {
            instance.told.contains(&assignment.channel) && distance_kept(rule, assignment, instance, at)
        }
    };
    let hears = |assignment: &&Assignment| {
        hears_level(assignment, instance.severity) && hears_reason(assignment, Reason::Repeat)
    };
    names(rule.notify.iter().filter(hears).filter(due))
}

/// Channels that hear of the matches of one run: all whose last message is far enough away.
pub(crate) fn hearers_of_matches(rule: &Rule, instance: &Instance, at: Timestamp) -> Hearers {
    let hears = |assignment: &&Assignment| {
        hears_level(assignment, instance.severity) && hears_reason(assignment, Reason::Matches)
    };
    let due = |assignment: &&Assignment| distance_kept(rule, assignment, instance, at);
    names(rule.notify.iter().filter(hears).filter(due))
}

/// Channels that hear the end of what they were told, whatever its level is by now.
///
/// Under `any_results` and `onset` nobody asked for the end; but a pager keeps an incident
/// open until somebody closes it, so that ours are closed there.
pub(crate) fn hearers_of_end(rule: &Rule, instance: &Instance, reason: Reason) -> Hearers {
    let told = instance.told.iter();
    let hears = |channel: &&ChannelName| {
        let mut assigned = rule.notify.iter().filter(|assignment| assignment.channel == **channel).peekable();
        match rule.notify_when {
            // A channel that is no longer assigned still holds what it was told.
            Mode::Transitions => assigned.peek().is_none() || assigned.any(|one| hears_end(one, reason)),
            Mode::AnyResults | Mode::Onset => assigned.any(|one| one.class == ChannelClass::Paging),
            Mode::DataChange | Mode::Always => true,
        }
    };
    told.filter(hears).cloned().collect()
}

/// Channels that hear of the rule as a whole: empty input, too many instances.
///
/// When every channel of the rule waits for another level, all of them hear it: such a fact has no
/// level of its own, and a rule that watches nothing must not be a secret.
pub(crate) fn hearers_of_rule(rule: &Rule, reason: Reason, severity: Severity) -> Hearers {
    let at_level = hearers(rule, reason, severity);
    let wants = |assignment: &&Assignment| hears_reason(assignment, reason);
    if at_level.is_empty() { names(rule.notify.iter().filter(wants)) } else { at_level }
}

/// Channels that hear that the query fails or works again: the owner, else the fallback, else the rule's own.
pub(crate) fn hearers_of_trouble(rule: &Rule, reason: Reason, severity: Severity) -> Hearers {
    match rule.owner_channel.as_ref().or(rule.fallback_channel.as_ref()) {
        Some(channel) => BTreeSet::from([channel.clone()]),
        None => hearers_of_rule(rule, reason, severity),
    }
}

/// Whether the channel reads many instances in one message.
pub(crate) fn is_chat(rule: &Rule, channel: &ChannelName) -> bool {
    rule.notify.iter().any(|assignment| assignment.channel == *channel && assignment.class == ChannelClass::Chat)
}

/// Whether some assignment of the channel wants this word or one that stands for it.
pub(crate) fn channel_hears_reason(rule: &Rule, channel: &ChannelName, reason: Reason) -> bool {
    rule.notify.iter().any(|assignment| assignment.channel == *channel && hears_reason(assignment, reason))
}

fn hears_level(assignment: &Assignment, severity: Severity) -> bool {
    assignment.severity.as_ref().is_none_or(|levels| levels.contains(&severity))
}

fn hears_reason(assignment: &Assignment, reason: Reason) -> bool {
    let Some(wanted) = &assignment.on else { return true };
    wanted.contains(&reason) || stand_ins(assignment.class, reason).iter().any(|word| wanted.contains(word))
}

/// Who wants the end wants it also when it comes from absence.
fn hears_end(assignment: &Assignment, reason: Reason) -> bool {
    hears_reason(assignment, reason) || hears_reason(assignment, Reason::Resolved)
}

/// Words in `on` that also ask for a reason.
fn stand_ins(class: ChannelClass, reason: Reason) -> &'static [Reason] {
    const STARTS: &[Reason] = &[Reason::FirstFiring, Reason::NewInstances];
    const ENDS: &[Reason] = &[Reason::SomeResolved, Reason::AllResolved];
    let is_chat = class == ChannelClass::Chat;
    if is_chat && reason == Reason::StartedFiring {
        STARTS
    } else if is_chat && reason == Reason::Resolved {
        ENDS
    } else if reason == Reason::CaughtUp {
        // Who wants starts or matches wants the summary that takes their place.
        &[Reason::StartedFiring, Reason::Matches]
    } else if is_chat && STARTS.contains(&reason) {
        &[Reason::StartedFiring]
    } else if is_chat && ENDS.contains(&reason) {
        &[Reason::Resolved]
    } else {
        &[]
    }
}

fn distance_kept(rule: &Rule, assignment: &Assignment, instance: &Instance, at: Timestamp) -> bool {
    let last = instance.last_told_at.get(&assignment.channel);
    match (assignment.repeat.unwrap_or(rule.repeat), last) {
        (Repeat::Never, _) | (Repeat::Every(_), None) => true,
        (Repeat::Every(distance), Some(last)) => at.since(*last) >= distance,
    }
}

fn names<'a>(assignments: impl Iterator<Item = &'a Assignment>) -> Hearers {
    assignments.map(|assignment| assignment.channel.clone()).collect()
}

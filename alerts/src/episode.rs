//! One instance in one slot: its next state, and the facts about it.

use std::collections::{BTreeMap, BTreeSet};

use watchfire_model::{ConditionName, InstanceKey, NotificationKind, Reason, Severity, Timestamp, Value};

use crate::audience::{self, Hearers};
use crate::condition::{self, Transition};
use crate::decision::RunContext;
use crate::instances::{Evidence, Sighting, default_severity};
use crate::missing::{News, Presence};
use crate::notice::{Fact, Place};
use crate::rule::{Mode, Rule};
use crate::state::{Condition, Instance};

/// An instance that nobody has seen before.
pub(crate) fn unknown(rule: &Rule) -> Instance {
    Instance {
        condition: Condition::Inactive,
        episode: 0,
        seq: 0,
        severity: default_severity(rule),
        value: None,
        peak: None,
        trough: None,
        told: BTreeSet::new(),
        last_told_at: BTreeMap::new(),
        untold: false,
        absence: None,
        last_seen_at: None,
    }
}

/// Takes an instance through one slot.
///
/// `sighting` is what the result shows of it, `presence` what that, or its absence, means.
pub(crate) fn advance(
    rule: &Rule,
    key: &InstanceKey,
    previous: &Instance,
    sighting: Option<&Sighting>,
    presence: Presence,
    context: &RunContext,
) -> (Instance, Vec<Fact>) {
    let mut telling = Telling { rule, key, sighting, slot: context.slot.scheduled_for, facts: Vec::new() };
    let mut next = previous.clone();
    next.absence = presence.absence;
    if sighting.is_some() {
        next.last_seen_at = Some(telling.slot);
    }
    telling.absence(&mut next, presence.news);

    let (condition, transition) = condition::step(rule, &previous.condition, presence.sight, telling.slot);
    next.condition = condition;
    let catching_up = context.slot.catching_up;
    match transition {
        None => telling.stays(&mut next, catching_up),
        Some(Transition::Opened) => telling.opens(&mut next),
        Some(Transition::Fired { opened }) => {
            if opened {
                telling.opens(&mut next);
            }
            telling.fires(&mut next, catching_up);
        }
        Some(Transition::Withdrawn) => {}
        Some(Transition::Resolved { since }) => telling.resolves(&mut next, since, presence.resolve_reason),
    }
    (next, telling.facts)
}

/// The end of what is open of an instance whose rule ends.
pub(crate) fn end(rule: &Rule, key: &InstanceKey, previous: &Instance, at: Timestamp) -> Vec<Fact> {
    // What remains of it is forgotten; only what is told counts.
    let mut next = previous.clone();
    let mut telling = Telling { rule, key, sighting: None, slot: at, facts: Vec::new() };
    if let Some(absence) = previous.absence.filter(|absence| absence.told_at.is_some()) {
        // Whoever was told that it is missing has something open that nobody else would close.
        telling.absence(&mut next, Some(News::Back { since: absence.since }));
    }
    if let Condition::Firing { since, .. } = previous.condition
        && !next.untold
    {
        telling.resolves(&mut next, since, Reason::Resolved);
    }
    telling.facts
}

/// Collects the facts about one instance in one slot.
struct Telling<'a> {
    rule: &'a Rule,
    key: &'a InstanceKey,
    sighting: Option<&'a Sighting>,
    slot: Timestamp,
    facts: Vec<Fact>,
}

impl Telling<'_> {
    /// The row of this run, if it breaches.
    fn breach(&self) -> Option<&Sighting> {
        self.sighting.filter(|sighting| sighting.breaches)
    }

    fn absence(&mut self, next: &mut Instance, news: Option<News>) {
        let (reason, since) = match news {
            None => return,
            Some(News::Missing { since }) => (Reason::Missing, since),
            Some(News::Back { since }) => (Reason::DataBack, since),
        };
        let hearers = audience::hearers(self.rule, reason, next.severity);
        let fact = Fact { since: Some(since), ..self.fact(next, NotificationKind::AlertNoData, reason, hearers) };
        self.tell(next, fact);
    }

    fn opens(&self, next: &mut Instance) {
        next.episode = next.episode.saturating_add(1);
        next.seq = 0;
        next.peak = None;
        next.trough = None;
        self.takes_breach(next);
    }

    /// Value and level of the row of this run.
    fn takes_breach(&self, next: &mut Instance) {
        if let Some(breach) = self.breach() {
            next.value.clone_from(&breach.value);
            next.severity = breach.severity;
            if greater(breach.value.as_ref(), next.peak.as_ref()) {
                next.peak.clone_from(&breach.value);
            }
            if next.trough.is_none() || greater(next.trough.as_ref(), breach.value.as_ref()) {
                next.trough.clone_from(&breach.value);
            }
        }
    }

    fn fires(&mut self, next: &mut Instance, catching_up: bool) {
        next.seq = next.seq.saturating_add(1);
        self.takes_breach(next);
        match self.rule.notify_when {
            // Nobody is told what may be over by the time we are back in the present.
            Mode::Transitions | Mode::Onset | Mode::AnyResults if catching_up => next.untold = true,
            Mode::Transitions | Mode::Onset => self.starts(next, self.slot),
            Mode::AnyResults => self.matches(next),
            Mode::DataChange | Mode::Always => {}
        }
    }

    /// No transition: it fires on, waits on, or is at rest.
    fn stays(&mut self, next: &mut Instance, catching_up: bool) {
        let Condition::Firing { since, .. } = next.condition else {
            self.takes_breach(next);
            // The hold counts every breach; nothing is told before it ends.
            return;
        };
        let told_level = next.severity;
        self.takes_breach(next);
        match self.rule.notify_when {
            Mode::Transitions | Mode::Onset if next.untold => {
                if !catching_up {
                    next.untold = false;
                    self.starts(next, since);
                }
            }
            // The level waits too, so that the first slot in the present still sees it rise.
            Mode::Transitions if catching_up => next.severity = told_level,
            Mode::Transitions => {
                self.level(next, told_level);
                self.repeats(next);
            }
            // Runs of the past are not told one by one; an episode that passes among them is, at its end.
            Mode::AnyResults if catching_up => {}
            Mode::AnyResults => self.matches(next),
            Mode::Onset if catching_up => next.severity = told_level,
            Mode::Onset => self.late_onset(next, told_level),
            Mode::DataChange | Mode::Always => {}
        }
    }

    /// Tells the start; `at` is the slot in which it started to fire, also when it is told later,
    /// so that the id does not depend on when we came back.
    fn starts(&mut self, next: &mut Instance, at: Timestamp) {
        let hearers = audience::hearers(self.rule, Reason::StartedFiring, next.severity);
        let fact = Fact { at, ..self.fact(next, NotificationKind::AlertStarted, Reason::StartedFiring, hearers) };
        self.tell_of_episode(next, fact);
    }

    fn matches(&mut self, next: &mut Instance) {
        if self.breach().is_none() {
            return;
        }
        next.untold = false;
        let hearers = audience::hearers_of_matches(self.rule, next, self.slot);
        let fact = self.fact(next, NotificationKind::AlertMatches, Reason::Matches, hearers);
        self.tell_of_episode(next, fact);
    }

    fn level(&mut self, next: &mut Instance, before: Severity) {
        let reason = match next.severity.cmp(&before) {
            std::cmp::Ordering::Greater => Reason::SeverityRaised,
            std::cmp::Ordering::Less if self.rule.tell_lowered_severity => Reason::SeverityLowered,
            std::cmp::Ordering::Less | std::cmp::Ordering::Equal => return,
        };
        next.seq = next.seq.saturating_add(1);
        let hearers = audience::hearers_of_level(self.rule, next, reason);
        let fact = self.fact(next, NotificationKind::AlertUpdated, reason, hearers);
        self.tell_of_episode(next, fact);
    }

    /// Under `onset` a raise is told only to those for whom it is the start.
    fn late_onset(&mut self, next: &mut Instance, before: Severity) {
        if next.severity <= before {
            return;
        }
        let hearers = audience::hearers_of_late_onset(self.rule, next, before);
        if !hearers.is_empty() {
            next.seq = next.seq.saturating_add(1);
            let fact = self.fact(next, NotificationKind::AlertUpdated, Reason::SeverityRaised, hearers);
            self.tell_of_episode(next, fact);
        }
    }

    fn repeats(&mut self, next: &mut Instance) {
        if self.breach().is_none() {
            return;
        }
        let hearers = audience::hearers_of_repeat(self.rule, next, self.slot);
        // Without somebody whose clock has run down there is no reminder, not even for the history.
        if !hearers.is_empty() {
            let fact = self.fact(next, NotificationKind::AlertRepeated, Reason::Repeat, hearers);
            self.tell_of_episode(next, fact);
        }
    }

    fn resolves(&mut self, next: &mut Instance, since: Timestamp, reason: Reason) {
        next.seq = next.seq.saturating_add(1);
        let (kind, reason, hearers) = match self.rule.notify_when {
            Mode::Transitions | Mode::Onset | Mode::AnyResults if next.untold => {
                let hearers = audience::hearers(self.rule, Reason::CaughtUp, next.severity);
                (NotificationKind::AlertSummary, Reason::CaughtUp, hearers)
            }
            Mode::Transitions | Mode::Onset | Mode::AnyResults | Mode::DataChange | Mode::Always => {
                (NotificationKind::AlertResolved, reason, audience::hearers_of_end(self.rule, next, reason))
            }
        };
        let last_value: Option<Value> = self.sighting.and_then(|sighting| sighting.value.clone());
        let peak = farthest(next, last_value.as_ref());
        let fact = Fact { since: Some(since), last_value, peak, ..self.fact(next, kind, reason, hearers) };
        if self.rule.notify_when == Mode::Transitions || next.untold || !fact.hearers.is_empty() {
            self.tell(next, fact);
        }
        next.told.clear();
        next.untold = false;
    }

    /// A fact about the instance as it is now.
    fn fact(&self, next: &Instance, kind: NotificationKind, reason: Reason, hearers: Hearers) -> Fact {
        let (state, since) = match next.condition {
            Condition::Inactive => (ConditionName::Inactive, None),
            Condition::Pending { breached_since, .. } => (ConditionName::Pending, Some(breached_since)),
            Condition::Firing { since, .. } => (ConditionName::Firing, Some(since)),
            Condition::Resolved { .. } => (ConditionName::Resolved, None),
        };
        Fact {
            key: self.key.clone(),
            members: None,
            kind,
            reason,
            at: self.slot,
            place: (next.episode > 0).then_some(Place { episode: next.episode, seq: next.seq }),
            state: Some(state),
            severity: Some(next.severity),
            since,
            value: next.value.clone(),
            last_value: None,
            peak: None,
            evidence: self.sighting.map_or_else(Evidence::default, |sighting| sighting.evidence.clone()),
            hearers,
        }
    }

    /// Tells a fact after which its hearers expect the end of the episode.
    fn tell_of_episode(&mut self, next: &mut Instance, fact: Fact) {
        next.told.extend(fact.hearers.iter().cloned());
        self.tell(next, fact);
    }

    fn tell(&mut self, next: &mut Instance, fact: Fact) {
        if !fact.is_told(self.rule) {
            return;
        }
        next.last_told_at.extend(fact.hearers.iter().map(|channel| (channel.clone(), self.slot)));
        self.facts.push(fact);
    }
}

/// Whether a value is a greater number than another; any number is greater than none.
fn greater(value: Option<&Value>, than: Option<&Value>) -> bool {
    match (value.and_then(Value::as_f64), than.and_then(Value::as_f64)) {
        (Some(value), Some(than)) => value > than,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// The breaching value that lies farthest from the clearing one, where that is beyond them all. A rule may watch for
/// too much or too little; without a clearing value beside them nobody can tell which.
fn farthest(instance: &Instance, clearing: Option<&Value>) -> Option<Value> {
    let number = |value: Option<&Value>| value.and_then(Value::as_f64);
    let (clearing, peak, trough) =
        (number(clearing)?, number(instance.peak.as_ref())?, number(instance.trough.as_ref())?);
    if clearing < trough {
        instance.peak.clone()
    } else if clearing > peak {
        instance.trough.clone()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::rule;

    #[test]
    fn the_worst_value_lies_farthest_from_the_clearing_one() {
        let number = |value: i64| Some(Value::Int(value.into()));
        let seen = Instance { trough: number(2), peak: number(9), ..unknown(&rule("")) };
        for (clearing, worst) in [
            (number(1), number(9)),
            (number(10), number(2)),
            (number(5), None),
            (None, None),
            (Some(Value::Null), None),
        ] {
            assert_eq!(farthest(&seen, clearing.as_ref()), worst, "{clearing:?}");
        }
        assert_eq!(farthest(&unknown(&rule("")), number(1).as_ref()), None);
    }
}

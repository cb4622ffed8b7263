//! One evaluation: from the previous state and what the query saw to the next state and who is told.

use std::collections::BTreeMap;

use watchfire_model::{
    ErrorFacts, Failure, InstanceKey, NotificationKind, Observation, Outcome, Reason, RuleKind, Timestamp,
};

use crate::condition::Sight;
use crate::decision::{Decision, Notice, RunContext, Verdict};
use crate::instances::{self, Admission, Evidence, Sighting};
use crate::missing::{self, Presence};
use crate::notice::{Fact, notice, notice_of_trouble};
use crate::rule::{Mode, NoData, Rule};
use crate::state::{Condition, Instance, RuleState};
use crate::{audience, change, episode, forget, group, health};

/// Decides one slot of one rule.
///
/// `previous` is the state after the slot before, `outcome` what the query saw. A failed query and,
/// unless the rule says otherwise, empty input leave every instance as it is.
pub fn evaluate(rule: &Rule, previous: &RuleState, outcome: &Outcome, context: &RunContext) -> Decision {
    match outcome {
        Outcome::Rows(observation) => observed(rule, previous, observation, context),
        Outcome::Failed(failure) => failed(rule, previous, failure, context),
        Outcome::NoData => match (subject(rule), rule.no_data) {
            (Subject::Instances, NoData::Ok) => observed(rule, previous, &Observation::default(), context),
            (Subject::Instances, NoData::Resolve) => emptied(rule, previous, context),
            (Subject::Instances | Subject::Rows, NoData::Keep | NoData::Alert(_)) => empty(rule, previous, context),
            // An empty input is not "everything was removed": there is nothing to compare.
            (Subject::Rows, NoData::Ok | NoData::Resolve) => empty(rule, previous, context),
            (Subject::Report, _) => reported_empty(rule, previous, context),
        },
    }
}

/// The rule is deleted, disabled or its `per` changed: open episodes end, and channels that were told of
/// them hear `resolved`, as far as the rule's mode tells ends at all.
///
/// What remains is an empty state of the same incarnation. `at` stands in for the slot.
pub fn end(rule: &Rule, previous: &RuleState, at: Timestamp) -> Decision {
    let context = RunContext { slot: watchfire_model::Slot::on_time(at), window: None, next_run_at: None };
    let notices = end_episodes(rule, previous, &context);
    let state = RuleState { incarnation: previous.incarnation, ..RuleState::default() };
    Decision { state, notices, verdict: Verdict::Clear }
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    /// Instances, each with a condition.
    Instances,
    /// The rows themselves, against those of the last run.
    Rows,
    /// The result of this run alone.
    Report,
}

const fn subject(rule: &Rule) -> Subject {
    match (rule.notify_when, rule.kind) {
        (Mode::DataChange, _) => Subject::Rows,
        (Mode::Always, _) => Subject::Report,
        (Mode::AnyResults | Mode::Transitions | Mode::Onset, RuleKind::Report) => Subject::Report,
        (Mode::AnyResults | Mode::Transitions | Mode::Onset, RuleKind::Alert | RuleKind::Issue) => Subject::Instances,
    }
}

/// The query ran to its end.
fn observed(rule: &Rule, previous: &RuleState, observation: &Observation, context: &RunContext) -> Decision {
    match subject(rule) {
        Subject::Report => reported(rule, previous, observation, context),
        Subject::Rows => match change::compare(rule, previous, observation, context) {
            Ok(compared) => after_rows(rule, previous, observation, compared, context),
            Err(failure) => failed(rule, previous, &failure, context),
        },
        Subject::Instances => match instances::sightings(rule, observation) {
            Ok(sightings) => watched(rule, previous, observation, &sightings, context),
            Err(failure) => failed(rule, previous, &failure, context),
        },
    }
}

fn failed(rule: &Rule, previous: &RuleState, failure: &Failure, context: &RunContext) -> Decision {
    let (health, notices) = health::failed(rule, previous, failure, context);
    Decision { state: RuleState { health, ..previous.clone() }, notices, verdict: Verdict::Failed }
}

fn empty(rule: &Rule, previous: &RuleState, context: &RunContext) -> Decision {
    let (health, notices) = health::empty(rule, previous, context);
    let last_success_at = Some(context.slot.scheduled_for);
    let state = RuleState { health, last_success_at, ..previous.clone() };
    Decision { state, notices, verdict: Verdict::NoData }
}

/// `no_data: resolve`: nothing breaches any more.
fn emptied(rule: &Rule, previous: &RuleState, context: &RunContext) -> Decision {
    let mut decision = empty(rule, previous, context);
    let cleared = |instance: &Instance| Presence {
        sight: Sight::Clear { recovered: true },
        absence: instance.absence,
        news: None,
        resolve_reason: Reason::Resolved,
    };
    let mut walk = Walk::default();
    for (key, instance) in &previous.instances {
        walk.step(rule, key, instance, None, cleared(instance), context);
    }
    decision.notices.extend(walk.finish(rule, previous, context, &mut decision.state));
    decision
}

/// A report has no state: an empty input is an empty report.
fn reported_empty(rule: &Rule, previous: &RuleState, context: &RunContext) -> Decision {
    let mut decision = empty(rule, previous, context);
    decision.notices.extend(report(rule, previous, &Observation::default(), context));
    decision.notices.extend(end_episodes(rule, previous, context));
    decision.state.instances.clear();
    Decision { verdict: Verdict::Clear, ..decision }
}

fn reported(rule: &Rule, previous: &RuleState, observation: &Observation, context: &RunContext) -> Decision {
    let (health, mut notices) = health::fine(rule, previous, context);
    notices.extend(end_episodes(rule, previous, context));
    notices.extend(report(rule, previous, observation, context));
    let state = RuleState {
        incarnation: previous.incarnation,
        health,
        last_success_at: Some(context.slot.scheduled_for),
        ..RuleState::default()
    };
    Decision { state, notices, verdict: verdict(observation) }
}

/// The report of this run; none about an empty result, unless it is sent always.
fn report(rule: &Rule, previous: &RuleState, observation: &Observation, context: &RunContext) -> Option<Notice> {
    let is_sent = match rule.notify_when {
        Mode::Always => true,
        Mode::AnyResults | Mode::Transitions | Mode::Onset | Mode::DataChange => observation.breaching_count > 0,
    };
    let hearers = audience::hearers(rule, Reason::Report, instances::severity_of_all(rule, observation));
    let at = context.slot.scheduled_for;
    let fact = Fact {
        evidence: Evidence::breaching(rule, observation),
        ..Fact::of_rule(NotificationKind::ReportReady, Reason::Report, at, hearers)
    };
    (is_sent && fact.is_told(rule)).then(|| notice(rule, previous.incarnation, fact, context))
}

/// `data_change`: no instances, only a baseline.
fn after_rows(
    rule: &Rule,
    previous: &RuleState,
    observation: &Observation,
    compared: change::Compared,
    context: &RunContext,
) -> Decision {
    let (health, mut notices) = health::fine(rule, previous, context);
    notices.extend(end_episodes(rule, previous, context));
    let at = context.slot.scheduled_for;
    let watched = usize::try_from(observation.breaching_count).unwrap_or(usize::MAX);
    let (overflow_since, overflow) = overflow(rule, previous, watched, context);
    notices.extend(overflow);
    notices.extend(compared.notice);
    let state = RuleState {
        incarnation: previous.incarnation,
        health,
        last_success_at: Some(at),
        baseline: compared.baseline,
        overflow_since,
        instances: BTreeMap::new(),
    };
    Decision { state, notices, verdict: verdict(observation) }
}

/// The rows as instances, each with its condition.
fn watched(
    rule: &Rule,
    previous: &RuleState,
    observation: &Observation,
    sightings: &BTreeMap<InstanceKey, Sighting>,
    context: &RunContext,
) -> Decision {
    let (health, mut notices) = health::fine(rule, previous, context);
    let admission = instances::admit(rule, sightings, &previous.instances);
    let is_complete = observation.rows.len() as u64 >= observation.row_count;
    let mut walk = Walk::default();
    for (key, sighting) in sightings {
        let known = previous.instances.get(key);
        // What does not breach and is not known is nothing to remember, unless its absence would be news.
        if known.is_none() && !sighting.breaches && !instances::watches_healthy(rule) {
            continue;
        }
        if admission.refused.contains(key) {
            if let Some(known) = known {
                walk.step(rule, key, known, None, refused(known), context);
            }
            continue;
        }
        let presence = missing::present(known, sighting);
        let unknown = episode::unknown(rule);
        walk.step(rule, key, known.unwrap_or(&unknown), Some(sighting), presence, context);
    }
    for (key, known) in previous.instances.iter().filter(|(key, _)| !sightings.contains_key(*key)) {
        let presence = if is_complete { unseen(rule, known, context) } else { missing::unproven(known) };
        walk.step(rule, key, known, None, presence, context);
    }
    let mut state = RuleState {
        incarnation: previous.incarnation,
        health,
        last_success_at: Some(context.slot.scheduled_for),
        ..RuleState::default()
    };
    notices.extend(walk.finish(rule, previous, context, &mut state));
    let Admission { total, .. } = admission;
    let (overflow_since, overflow) = overflow(rule, previous, total, context);
    state.overflow_since = overflow_since;
    notices.extend(overflow);
    Decision { state, notices, verdict: verdict(observation) }
}

/// A known instance beyond the cap does not wait to fire any more; whatever else it is, it stays.
fn refused(known: &Instance) -> Presence {
    let sight = match known.condition {
        Condition::Pending { .. } => Sight::Clear { recovered: true },
        Condition::Inactive | Condition::Firing { .. } | Condition::Resolved { .. } => Sight::Unknown,
    };
    Presence { sight, ..missing::unproven(known) }
}

/// The absence of an instance at rest matters only when it would be told; counting it would be
/// a write per run for nothing.
fn unseen(rule: &Rule, known: &Instance, context: &RunContext) -> Presence {
    let at = context.slot.scheduled_for;
    match known.condition {
        Condition::Inactive | Condition::Resolved { .. } if !instances::watches_healthy(rule) => {
            Presence { absence: None, ..missing::unproven(known) }
        }
        Condition::Inactive | Condition::Resolved { .. } | Condition::Pending { .. } | Condition::Firing { .. } => {
            missing::absent(rule, known, at, context.slot.catching_up)
        }
    }
}

/// Tells once that there are more instances (under `data_change`: rows) than `max_instances`.
fn overflow(
    rule: &Rule,
    previous: &RuleState,
    total: usize,
    context: &RunContext,
) -> (Option<Timestamp>, Option<Notice>) {
    if total <= rule.max_instances {
        return (None, None);
    }
    // While slots are caught up it waits for the present, like every other start.
    if previous.overflow_since.is_some() || context.slot.catching_up {
        return (previous.overflow_since, None);
    }
    let at = context.slot.scheduled_for;
    let effect = match subject(rule) {
        Subject::Rows => "they are not compared".to_owned(),
        Subject::Instances | Subject::Report => format!("the worst {} are watched", rule.max_instances),
    };
    let error = ErrorFacts {
        code: "max_instances".to_owned(),
        message: format!("{total} instances are more than `max_instances: {}`; {effect}", rule.max_instances),
        since: at,
        failed_runs: 0,
        last_success_at: Some(at),
        next_run_at: context.next_run_at,
    };
    let hearers = audience::hearers(rule, Reason::Overflow, instances::default_severity(rule));
    let fact = Fact {
        since: Some(at),
        evidence: Evidence { row_count: total as u64, ..Evidence::default() },
        ..Fact::of_rule(NotificationKind::AlertUpdated, Reason::Overflow, at, hearers)
    };
    (Some(at), Some(notice_of_trouble(rule, previous.incarnation, fact, error, context)))
}

fn end_episodes(rule: &Rule, previous: &RuleState, context: &RunContext) -> Vec<Notice> {
    let ends = previous.instances.iter();
    let facts =
        ends.flat_map(|(key, instance)| episode::end(rule, key, instance, context.slot.scheduled_for)).collect();
    let facts = group::group(rule, &previous.instances, &BTreeMap::new(), facts);
    facts.into_iter().map(|fact| notice(rule, previous.incarnation, fact, context)).collect()
}

const fn verdict(observation: &Observation) -> Verdict {
    if observation.breaching_count > 0 { Verdict::Matched } else { Verdict::Clear }
}

/// Collects the instances and facts of one slot.
#[derive(Default)]
struct Walk {
    instances: BTreeMap<InstanceKey, Instance>,
    facts: Vec<Fact>,
}

impl Walk {
    fn step(
        &mut self,
        rule: &Rule,
        key: &InstanceKey,
        previous: &Instance,
        sighting: Option<&Sighting>,
        presence: Presence,
        context: &RunContext,
    ) {
        let (next, facts) = episode::advance(rule, key, previous, sighting, presence, context);
        self.instances.insert(key.clone(), next);
        self.facts.extend(facts);
    }

    /// Puts the instances into the state and makes messages of the facts.
    fn finish(mut self, rule: &Rule, previous: &RuleState, context: &RunContext, state: &mut RuleState) -> Vec<Notice> {
        self.facts.sort_by(|left, right| left.key.cmp(&right.key));
        let facts = group::group(rule, &previous.instances, &self.instances, self.facts);
        forget::forget(rule, &mut self.instances, context.slot.scheduled_for);
        state.instances = self.instances;
        facts.into_iter().map(|fact| notice(rule, previous.incarnation, fact, context)).collect()
    }
}

//! One evaluation: from the previous state and what the query saw to the next state and who is told.

use std::collections::BTreeMap;

use watchfire_model::{Failure, Observation, Outcome, RuleEnd, RuleKind, Slot, Timestamp};

use crate::decision::{Decision, Notice, RunContext, Verdict};
use crate::notice::notice;
use crate::rule::{Mode, NoData, Rule};
use crate::state::RuleState;
use crate::{change, episode, group, health, instances, overflow, report, watch};

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
            (Subject::Instances, NoData::Resolve) => watch::emptied(rule, previous, context),
            (Subject::Instances | Subject::Rows, NoData::Keep | NoData::Alert(_)) => empty(rule, previous, context),
            // An empty input is not "everything was removed": there is nothing to compare.
            (Subject::Rows, NoData::Ok | NoData::Resolve) => empty(rule, previous, context),
            (Subject::Report, _) => report::reported_empty(rule, previous, context),
        },
    }
}

/// The rule is deleted, disabled or its `per` changed: open episodes end, and channels that were told of
/// them hear `resolved`, as far as the rule's mode tells ends at all.
///
/// What remains is an empty state of the same incarnation. `at` stands in for the slot.
///
/// What is open because the query failed or its input was empty is closed too: nobody would do it later. `how`
/// goes into every message, since nothing of this means that all is well.
pub fn end(rule: &Rule, previous: &RuleState, at: Timestamp, how: RuleEnd) -> Decision {
    let context = RunContext { slot: Slot::on_time(at), window: None, next_run_at: None };
    let mut notices = health::over(rule, previous, &context);
    notices.extend(end_episodes(rule, previous, &context));
    for notice in &mut notices {
        notice.notification.rule_end = Some(how);
    }
    let state = RuleState { incarnation: previous.incarnation, ..RuleState::default() };
    Decision { state, notices, verdict: Verdict::Clear }
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// Instances, each with a condition.
    Instances,
    /// The rows themselves, against those of the last run.
    Rows,
    /// The result of this run alone.
    Report,
}

pub(crate) const fn subject(rule: &Rule) -> Subject {
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
        Subject::Report => report::reported(rule, previous, observation, context),
        Subject::Rows => match change::compare(rule, previous, observation, context) {
            Ok(compared) => after_rows(rule, previous, observation, compared, context),
            Err(failure) => failed(rule, previous, &failure, context),
        },
        Subject::Instances => match instances::sightings(rule, observation) {
            Ok(sightings) => watch::watched(rule, previous, observation, &sightings, context),
            Err(failure) => failed(rule, previous, &failure, context),
        },
    }
}

fn failed(rule: &Rule, previous: &RuleState, failure: &Failure, context: &RunContext) -> Decision {
    let (health, notices) = health::failed(rule, previous, failure, context);
    Decision { state: RuleState { health, ..previous.clone() }, notices, verdict: Verdict::Failed }
}

/// The query ran over empty input, which moves nothing but the health.
pub(crate) fn empty(rule: &Rule, previous: &RuleState, context: &RunContext) -> Decision {
    let (health, notices) = health::empty(rule, previous, context);
    let last_success_at = Some(context.slot.scheduled_for);
    let state = RuleState { health, last_success_at, ..previous.clone() };
    Decision { state, notices, verdict: Verdict::NoData }
}

/// `data_change`: no instances, only a baseline.
fn after_rows(
    rule: &Rule,
    previous: &RuleState,
    observation: &Observation,
    compared: change::Compared,
    context: &RunContext,
) -> Decision {
    let mut notices = health::over(rule, previous, context);
    notices.extend(end_episodes(rule, previous, context));
    let at = context.slot.scheduled_for;
    let watched = usize::try_from(observation.breaching_count).unwrap_or(usize::MAX);
    let (overflow_since, overflow) = overflow::overflow(rule, previous, watched, context);
    notices.extend(overflow);
    notices.extend(compared.notice);
    let state = RuleState { baseline: compared.baseline, overflow_since, ..previous.fine(at) };
    Decision { state, notices, verdict: verdict(observation) }
}

/// What is told when every open episode ends at once.
pub(crate) fn end_episodes(rule: &Rule, previous: &RuleState, context: &RunContext) -> Vec<Notice> {
    let ends = previous.instances.iter();
    let facts =
        ends.flat_map(|(key, instance)| episode::end(rule, key, instance, context.slot.scheduled_for)).collect();
    let facts = group::group(rule, &previous.instances, &BTreeMap::new(), facts);
    facts.into_iter().map(|fact| notice(rule, previous.incarnation, fact, context)).collect()
}

/// The word for a query that ran.
pub(crate) const fn verdict(observation: &Observation) -> Verdict {
    if observation.breaching_count > 0 { Verdict::Matched } else { Verdict::Clear }
}

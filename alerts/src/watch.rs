//! The instances of a rule in one slot: those that are seen, those that are not, and those beyond the cap.

use std::collections::BTreeMap;

use watchfire_model::{InstanceKey, Observation, Reason};

use crate::condition::Sight;
use crate::decision::{Decision, Notice, RunContext};
use crate::evaluate::{empty, verdict};
use crate::instances::{self, Sighting};
use crate::missing::{self, Presence};
use crate::notice::{Fact, notice};
use crate::overflow::overflow;
use crate::rule::Rule;
use crate::state::{Condition, Instance, RuleState};
use crate::{episode, forget, group, health};

/// The rows as instances, each with its condition.
pub(crate) fn watched(
    rule: &Rule,
    previous: &RuleState,
    observation: &Observation,
    sightings: &BTreeMap<InstanceKey, Sighting>,
    context: &RunContext,
) -> Decision {
    let mut notices = health::over(rule, previous, context);
    let admission = instances::admit(rule, sightings, &previous.instances);
    let is_complete = observation.rows.len() as u64 >= observation.row_count;
    let mut walk = Walk::default();
    for (key, sighting) in sightings {
        let known = previous.instances.get(key);
        // What does not breach and is not known is nothing to remember, unless its absence would be news:
        // it would be forgotten below, and of these there may be many.
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
    let mut state = previous.fine(context.slot.scheduled_for);
    notices.extend(walk.finish(rule, previous, context, &mut state));
    let (overflow_since, told) = overflow(rule, previous, admission.total, context);
    state.overflow_since = overflow_since;
    notices.extend(told);
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

/// `no_data: resolve`: nothing breaches any more.
pub(crate) fn emptied(rule: &Rule, previous: &RuleState, context: &RunContext) -> Decision {
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

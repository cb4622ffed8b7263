//! Reports: no state, and always an occurrence.

use std::collections::BTreeMap;

use watchfire_model::{NotificationKind, Observation, Reason, Value};

use crate::decision::{Decision, Notice, RunContext, Verdict};
use crate::evaluate::{empty, end_episodes, verdict};
use crate::instances::{Evidence, severity_of_all};
use crate::notice::{Fact, notice};
use crate::rule::{Mode, Rule};
use crate::state::RuleState;
use crate::{audience, health, number};

/// A report has no state: an empty input is an empty report.
pub(crate) fn reported_empty(rule: &Rule, previous: &RuleState, context: &RunContext) -> Decision {
    let mut decision = empty(rule, previous, context);
    decision.notices.extend(report(rule, previous, &Observation::default(), context));
    decision.notices.extend(end_episodes(rule, previous, context));
    decision.state.instances.clear();
    Decision { verdict: Verdict::Clear, ..decision }
}

/// The result of this run, as a report.
pub(crate) fn reported(rule: &Rule, previous: &RuleState, observation: &Observation, context: &RunContext) -> Decision {
    let mut notices = health::over(rule, previous, context);
    notices.extend(end_episodes(rule, previous, context));
    notices.extend(report(rule, previous, observation, context));
    Decision { state: previous.fine(context.slot.scheduled_for), notices, verdict: verdict(observation) }
}

/// The report of this run; none about an empty result, unless it is sent always.
fn report(rule: &Rule, previous: &RuleState, observation: &Observation, context: &RunContext) -> Option<Notice> {
    let is_sent = match rule.notify_when {
        Mode::Always => true,
        Mode::AnyResults | Mode::Transitions | Mode::Onset | Mode::DataChange => observation.breaching_count > 0,
    };
    let hearers = audience::hearers(rule, Reason::Report, severity_of_all(rule, observation));
    let at = context.slot.scheduled_for;
    let fact = Fact {
        evidence: Evidence::breaching(rule, observation),
        ..Fact::of_rule(NotificationKind::ReportReady, Reason::Report, at, hearers)
    };
    (is_sent && fact.is_told(rule)).then(|| {
        let mut notice = notice(rule, previous.incarnation, fact, context);
        notice.notification.totals = totals(observation);
        notice
    })
}

/// The total of each numeric column by its name, over every row, shown or not.
///
/// Where two columns share a name, the first one's.
fn totals(observation: &Observation) -> BTreeMap<String, Value> {
    let mut totals = observation.totals.clone();
    for (place, column) in observation.columns.iter().enumerate() {
        if column.kind.is_numeric() && !totals.contains_key(&column.name) {
            totals.insert(column.name.clone(), number::total(observation, place));
        }
    }
    totals
}

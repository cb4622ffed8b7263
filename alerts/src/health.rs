//! Whether the query works and has input: told once on entering, once a day while it lasts, once when it is over.

use std::time::Duration;

use watchfire_model::{ErrorFacts, Failure, NotificationKind, Reason, Timestamp};

use crate::audience;
use crate::decision::{Notice, RunContext};
use crate::instances::default_severity;
use crate::missing::reached;
use crate::notice::{Fact, notice, notice_of_trouble};
use crate::rule::{NoData, OnError, Patience, Rule};
use crate::state::{EmptyInput, Health, RuleState};

/// How often trouble that lasts is told again.
const REMINDER: Duration = Duration::from_secs(24 * 60 * 60);

/// The query failed.
pub(crate) fn failed(
    rule: &Rule,
    previous: &RuleState,
    failure: &Failure,
    context: &RunContext,
) -> (Health, Vec<Notice>) {
    let at = context.slot.scheduled_for;
    let (since, runs, told_at, empty) = match &previous.health {
        Health::Ok => (at, 1, None, None),
        Health::NoData { since, runs, told_at } => {
            (at, 1, None, Some(EmptyInput { since: *since, runs: *runs, told_at: *told_at }))
        }
        Health::Error { since, runs, told_at, empty, .. } => (*since, runs.saturating_add(1), *told_at, *empty),
    };
    let tell = match rule.on_error {
        OnError::Keep => false,
        OnError::Alert(patience) => due(patience, since, runs, told_at, at),
    };
    let told_at = if tell { Some(at) } else { told_at };
    let health = Health::Error { since, runs, told_at, failure: failure.clone(), empty };
    let notices = tell.then(|| {
        let error = error_facts(failure, since, runs, previous, context);
        trouble(rule, previous, NotificationKind::AlertFailed, Reason::QueryFailed, error, context)
    });
    (health, notices.into_iter().collect())
}

/// The query ran over empty input.
pub(crate) fn empty(rule: &Rule, previous: &RuleState, context: &RunContext) -> (Health, Vec<Notice>) {
    let at = context.slot.scheduled_for;
    let mut notices: Vec<Notice> = recovered(rule, previous, context).into_iter().collect();
    let empty = match interrupted(&previous.health) {
        None => EmptyInput { since: at, runs: 1, told_at: None },
        Some(empty) => EmptyInput { runs: empty.runs.saturating_add(1), ..empty },
    };
    let tell = match rule.no_data {
        NoData::Keep | NoData::Resolve | NoData::Ok => false,
        // An input that was empty while we were away is news only if it still is.
        NoData::Alert(patience) => {
            !context.slot.catching_up && due(patience, empty.since, empty.runs, empty.told_at, at)
        }
    };
    if tell {
        notices.push(input(rule, previous, Reason::NoData, empty.since, context));
    }
    let told_at = if tell { Some(at) } else { empty.told_at };
    (Health::NoData { since: empty.since, runs: empty.runs, told_at }, notices)
}

/// The query ran and may have had input: what is told of trouble that is over.
pub(crate) fn over(rule: &Rule, previous: &RuleState, context: &RunContext) -> Vec<Notice> {
    let mut notices: Vec<Notice> = recovered(rule, previous, context).into_iter().collect();
    if let Some(empty) = interrupted(&previous.health).filter(|empty| empty.told_at.is_some()) {
        notices.push(input(rule, previous, Reason::DataBack, empty.since, context));
    }
    notices
}

/// The empty input that lasted until now, also behind failures.
fn interrupted(health: &Health) -> Option<EmptyInput> {
    match health {
        Health::Ok => None,
        Health::NoData { since, runs, told_at } => Some(EmptyInput { since: *since, runs: *runs, told_at: *told_at }),
        Health::Error { empty, .. } => *empty,
    }
}

/// Only who was told that it fails hears that it works again.
fn recovered(rule: &Rule, previous: &RuleState, context: &RunContext) -> Option<Notice> {
    match &previous.health {
        Health::Error { since, runs, told_at: Some(_), failure, .. } => {
            let error = error_facts(failure, *since, *runs, previous, context);
            Some(trouble(rule, previous, NotificationKind::AlertRecovered, Reason::QueryRecovered, error, context))
        }
        Health::Error { told_at: None, .. } | Health::NoData { .. } | Health::Ok => None,
    }
}

fn due(patience: Patience, since: Timestamp, runs: u64, told_at: Option<Timestamp>, at: Timestamp) -> bool {
    match told_at {
        None => reached(patience, since, runs, at),
        Some(told_at) => at.since(told_at) >= REMINDER,
    }
}

fn error_facts(
    failure: &Failure,
    since: Timestamp,
    failed_runs: u64,
    previous: &RuleState,
    context: &RunContext,
) -> ErrorFacts {
    ErrorFacts {
        code: failure.code.as_str().to_owned(),
        message: failure.message.clone(),
        since,
        failed_runs,
        last_success_at: previous.last_success_at,
        next_run_at: context.next_run_at,
    }
}

fn trouble(
    rule: &Rule,
    previous: &RuleState,
    kind: NotificationKind,
    reason: Reason,
    error: ErrorFacts,
    context: &RunContext,
) -> Notice {
    let hearers = audience::hearers_of_trouble(rule, reason, default_severity(rule));
    let fact = Fact { since: Some(error.since), ..Fact::of_rule(kind, reason, context.slot.scheduled_for, hearers) };
    notice_of_trouble(rule, previous.incarnation, fact, error, context)
}

fn input(rule: &Rule, previous: &RuleState, reason: Reason, since: Timestamp, context: &RunContext) -> Notice {
    let hearers = audience::hearers_of_rule(rule, reason, default_severity(rule));
    let at = context.slot.scheduled_for;
    let fact = Fact { since: Some(since), ..Fact::of_rule(NotificationKind::AlertNoData, reason, at, hearers) };
    notice(rule, previous.incarnation, fact, context)
}

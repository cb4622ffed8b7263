//! More instances (or rows to compare) than the rule may have.

use watchfire_model::{ErrorFacts, NotificationKind, Reason, Timestamp};

use crate::audience;
use crate::decision::{Notice, RunContext};
use crate::evaluate::{Subject, subject};
use crate::instances::{Evidence, default_severity};
use crate::notice::{Fact, notice_of_trouble};
use crate::rule::Rule;
use crate::state::RuleState;

/// Tells once that there are more instances (under `data_change`: rows) than `max_instances`.
pub(crate) fn overflow(
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
    let hearers = audience::hearers_of_rule(rule, Reason::Overflow, default_severity(rule));
    let fact = Fact {
        since: Some(at),
        evidence: Evidence { row_count: total as u64, ..Evidence::default() },
        ..Fact::of_rule(NotificationKind::AlertUpdated, Reason::Overflow, at, hearers)
    };
    (Some(at), Some(notice_of_trouble(rule, previous.incarnation, fact, error, context)))
}

//! The hash of what a rule asks: while it stays the same, an edit keeps the rule's state.

use std::time::Duration;

use watchfire_alerts::{Hold, Mode};
use watchfire_model::{Fingerprint, QuerySpec};
use watchfire_scheduler::WindowSpec;

use super::sql_tokens::sql_tokens;

/// The parts of a rule whose change means another question.
pub(super) struct Question<'a> {
    pub query: &'a QuerySpec,
    pub per: &'a [String],
    pub window: WindowSpec,
    pub delay: Duration,
    pub hold_for: Hold,
    pub keep_firing_for: Hold,
    pub notify_when: Mode,
}

/// Hashes SQL as tokens, so that comments, layout and an upgrade of the engine reset nothing.
pub(super) fn semantic_hash(question: &Question<'_>) -> Fingerprint {
    let mut parts = Fingerprint::builder("rule/1");
    let mut list = |name: &str, items: &[String]| {
        parts.text(name);
        parts.number(items.len() as u64);
        items.iter().for_each(|item| parts.text(item));
    };
    list("query", &sql_tokens(&question.query.sql));
    list("when", &sql_tokens(question.query.when.as_deref().unwrap_or_default()));
    list("recover_when", &sql_tokens(question.query.recover_when.as_deref().unwrap_or_default()));
    list("per", question.per);
    list("window_on", question.query.window_on.as_slice());
    list("window", &[window(question.window)]);
    list("delay", &[question.delay.as_millis().to_string()]);
    list("for", &[hold(question.hold_for)]);
    list("keep_firing_for", &[hold(question.keep_firing_for)]);
    list("notify_when", &[mode(question.notify_when).to_owned()]);
    // Only where it is said, so that no rule without it is another one than before.
    if let Some(environments) = &question.query.environments {
        let mut environments = environments.clone();
        environments.sort();
        environments.dedup();
        list("environments", &environments);
    }
    parts.finish()
}

// These words are hashed, so none of them may ever change.

fn window(window: WindowSpec) -> String {
    match window {
        WindowSpec::Span(span) => format!("span {}", span.as_millis()),
        WindowSpec::PreviousDay => "previous_day".to_owned(),
        WindowSpec::PreviousWeek => "previous_week".to_owned(),
        WindowSpec::PreviousMonth => "previous_month".to_owned(),
        WindowSpec::SincePreviousSlot => "since_previous_slot".to_owned(),
        WindowSpec::SinceLastRun => "since_last_run".to_owned(),
        WindowSpec::None => "none".to_owned(),
    }
}

fn hold(hold: Hold) -> String {
    match hold {
        Hold::Time(time) => format!("time {}", time.as_millis()),
        Hold::Runs(runs) => format!("runs {runs}"),
    }
}

const fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::AnyResults => "any_results",
        Mode::Transitions => "transitions",
        Mode::Onset => "onset",
        Mode::DataChange => "data_change",
        Mode::Always => "always",
    }
}

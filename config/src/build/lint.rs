//! What is allowed but probably not meant.

use std::time::Duration;

use watchfire_alerts::{Hold, Mode, Repeat, Rule};
use watchfire_model::format_duration;
use watchfire_scheduler::{Cadence, Schedule, WindowSpec};

use crate::raw::{RawAlert, RuleKeys};
use crate::read::{Field, Items};
use crate::report::Report;
use crate::yaml::Span;

/// Below this distance between runs, a message for each of them is a flood.
const FLOOD_BELOW: Duration = Duration::from_secs(15 * 60);

/// Warns of what is allowed but probably not meant; `name` is where the rule's name stands.
pub(super) fn lint(raw: &RawAlert, rule: &Rule, schedule: &Schedule, name: Span, report: &mut Report) {
    gaps_between_windows(&RuleKeys::from(raw), schedule, report);
    holding(raw, rule, schedule, report);
    flood(raw, rule, name, report);
    without_effect(raw, rule, report);
    no_channel(&raw.notify, rule, name, report);
}

/// Warns of a rule that nobody hears of; `name` is where its name stands.
pub(super) fn no_channel<T>(notify: &Field<Items<T>>, rule: &Rule, name: Span, report: &mut Report) {
    // A list that could not be read, or names a channel that there is not, has its own mistake.
    let names_any = notify.value.as_ref().is_some_and(|items| !items.0.is_empty());
    if rule.notify.is_empty() && (notify.is_absent() || notify.value.is_some()) && !names_any {
        report
            .warning(notify.key_at().unwrap_or(name), "no_channel", "nobody is told: the rule names no channel")
            .help("add `notify: [channel]`");
    }
}

/// Warns of a window that is shorter than the distance between runs.
pub(super) fn gaps_between_windows(keys: &RuleKeys<'_>, schedule: &Schedule, report: &mut Report) {
    if let (Cadence::Every(every), WindowSpec::Span(span), Some(at)) =
        (&schedule.cadence, schedule.window, keys.window_at)
        && span < every.interval()
    {
        let (window, interval) = (format_duration(span), format_duration(every.interval()));
        report
            .warning(
                at,
                "window_below_every",
                format!("the window of {window} leaves gaps between runs every {interval}"),
            )
            .help(format!("write `window: {interval}` or more"));
    }
}

fn holding(raw: &RawAlert, rule: &Rule, schedule: &Schedule, report: &mut Report) {
    let (Some(at), Hold::Time(hold)) = (raw.r#for.at(), rule.hold_for) else { return };
    if hold.is_zero() {
        return;
    }
    match rule.notify_when {
        Mode::AnyResults => {
            let message = "`for` delays `any_results`, which is meant to tell of every run with matches";
            report
                .warning(at, "for_with_any_results", message)
                .help("write `notify_when: transitions`, or remove `for`");
        }
        Mode::DataChange => {
            let message = "`for` has no effect with `notify_when: data_change`";
            report.warning(at, "no_effect", message).help("remove it");
        }
        Mode::Transitions | Mode::Onset | Mode::Always => {
            if let Cadence::Every(every) = &schedule.cadence
                && !hold.as_micros().is_multiple_of(every.interval().as_micros())
            {
                let (hold, interval) = (format_duration(hold), format_duration(every.interval()));
                let message = format!("`for: {hold}` is no multiple of the interval of {interval}");
                report.warning(at, "for_no_multiple", message).help("it fires at the first run after that time");
            }
        }
    }
}

fn flood(raw: &RawAlert, rule: &Rule, name: Span, report: &mut Report) {
    let meant =
        raw.notify_when.is_absent() || raw.notify_when.value.as_ref().is_some_and(|mode| mode.0 == Mode::AnyResults);
    let often = meant && rule.notify_when == Mode::AnyResults && rule.interval < FLOOD_BELOW;
    let reminders = rule.repeat != Repeat::Never || !raw.repeat.is_absent();
    if often && !reminders {
        let interval = format_duration(rule.interval);
        report
            .warning(
                raw.notify_when.at().unwrap_or(name),
                "any_results_often",
                format!("`any_results` tells of every run with matches, every {interval}"),
            )
            .help("add `repeat: 1h`, or write `notify_when: transitions`");
    }
}

fn without_effect(raw: &RawAlert, rule: &Rule, report: &mut Report) {
    if rule.notify_when != Mode::DataChange
        && let Some(at) = raw.change.key_at()
    {
        let message = "`change` has an effect only with `notify_when: data_change`";
        report.warning(at, "no_effect", message).help("remove it, or write `notify_when: data_change`");
    }
    if rule.per.is_empty()
        && (raw.per.is_absent() || raw.per.value.is_some())
        && let Some(at) = raw.missing.key_at()
    {
        let message = "`missing` has an effect only with `per`: a rule without it has no instance to miss";
        report.warning(at, "no_effect", message).help("name the key columns, for example `per: [service_name]`");
    }
}

//! Why does it fire, or why not? One sentence, from what is known of the rule. Pure.

use std::time::Duration;

use watchfire_alerts::{Condition, Hold, Mode, NoData};
use watchfire_model::{RuleKind, Severity, Timestamp, format_duration};
use watchfire_store::{DeliveryState, RuleSummary, Trouble};

use super::state::Told;

/// What there is to know about a rule.
#[derive(Debug, Clone)]
pub(crate) struct Facts<'a> {
    pub(crate) kind: RuleKind,
    pub(crate) enabled: bool,
    pub(crate) notify_when: Mode,
    pub(crate) no_data: NoData,
    pub(crate) when: Option<&'a str>,
    pub(crate) has_per: bool,
    pub(crate) hold_for: Hold,
    pub(crate) keep_firing_for: Hold,
    /// Names of the channels that the rule tells.
    pub(crate) channels: &'a [&'a str],
    pub(crate) summary: &'a RuleSummary,
    /// The condition of the instance that stands first: the worst one.
    pub(crate) worst: Option<&'a Condition>,
    /// The channels that were told of that one.
    pub(crate) told: &'a [&'a str],
    /// The last run: its slot, its word, and how many rows it had.
    pub(crate) last_run: Option<LastRun<'a>>,
    /// The newest message of the rule, if it has not arrived.
    pub(crate) undelivered: Option<&'a Told>,
}

/// What the last run saw.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LastRun<'a> {
    pub(crate) scheduled_for: Timestamp,
    pub(crate) outcome: &'a str,
    pub(crate) row_count: u64,
}

/// One sentence that says why the rule fires or not, and why somebody heard of it or not.
pub(crate) fn explain(facts: &Facts<'_>) -> String {
    let mut parts = vec![trouble(facts), standing(facts)];
    if facts.enabled {
        parts.push(hearing(facts));
    }
    let mut sentence = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
    sentence.push('.');
    sentence
}

/// What keeps it from being watched.
fn trouble(facts: &Facts<'_>) -> String {
    if !facts.enabled {
        return "Disabled: `enabled: false` in its definition, so it is not evaluated".to_owned();
    }
    match &facts.summary.trouble {
        Trouble::Error { since, runs, failure } => {
            format!("Not watched: its query fails since {since} ({}): {failure}", times(*runs, "run", "in a row"))
        }
        Trouble::NoData { since, runs } => {
            format!("Without data since {since} ({}): its input is empty", times(*runs, "run", "in a row"))
        }
        Trouble::None => String::new(),
    }
}

/// Where its condition stands.
fn standing(facts: &Facts<'_>) -> String {
    let summary = facts.summary;
    if !facts.enabled {
        return String::new();
    }
    if facts.kind == RuleKind::Report {
        return report(facts);
    }
    let text = match facts.worst {
        Some(Condition::Firing { since, clear, .. }) => firing(facts, *since, clear.map(|clear| clear.since)),
        Some(Condition::Pending { breached_since, breached_at, runs }) => {
            pending(facts, breached_at.since(*breached_since), *runs)
        }
        Some(Condition::Resolved { at }) => format!("Resolved at {at}; {}", last_run(facts)),
        Some(Condition::Inactive) | None => format!("Not firing: {}", last_run(facts)),
    };
    // After a first part it goes on in lower case, and says so when trouble moves no condition.
    match &summary.trouble {
        Trouble::None => text,
        Trouble::NoData { .. } if matches!(facts.no_data, NoData::Resolve | NoData::Ok) => lower(&text),
        Trouble::NoData { .. } | Trouble::Error { .. } => format!("its condition stays as it was: {}", lower(&text)),
    }
}

fn report(facts: &Facts<'_>) -> String {
    match (&facts.summary.trouble, facts.last_run) {
        (Trouble::NoData { .. } | Trouble::Error { .. }, _) => next_run(facts),
        (Trouble::None, None) => format!("It has not run yet; {}", next_run(facts)),
        (Trouble::None, Some(run)) => {
            format!("Its last run at {} had {}; {}", run.scheduled_for, rows(run.row_count), next_run(facts))
        }
    }
}

fn firing(facts: &Facts<'_>, since: Timestamp, clear_since: Option<Timestamp>) -> String {
    let summary = facts.summary;
    let severity = summary.severity.map_or("", Severity::as_str);
    let what = if facts.has_per {
        format!("Firing ({severity}): {} of {}", summary.firing, times(summary.instances, "instance", ""))
    } else {
        format!("Firing ({severity}) since {since}")
    };
    match clear_since {
        Some(clear) if summary.recovering == summary.firing => format!(
            "{what}, clear since {clear}: it resolves once it has been clear for {} (`keep_firing_for`)",
            facts.keep_firing_for
        ),
        Some(_) | None => what,
    }
}

fn pending(facts: &Facts<'_>, held_for: Duration, runs: u64) -> String {
    let held = match facts.hold_for {
        Hold::Time(wanted) => format!("{} of {}", format_duration(held_for), format_duration(wanted)),
        Hold::Runs(wanted) => format!("{runs} of {wanted} runs"),
    };
    let many = if facts.has_per {
        format!(" ({} of {})", facts.summary.pending, times(facts.summary.instances, "instance", ""))
    } else {
        String::new()
    };
    format!("Pending for {held} (`for`){many}: it fires if the next runs breach too")
}

fn last_run(facts: &Facts<'_>) -> String {
    let Some(run) = facts.last_run else { return format!("it has not run yet; {}", next_run(facts)) };
    let slot = run.scheduled_for;
    match (run.outcome, facts.when) {
        ("failed", _) => format!("the run at {slot} failed"),
        ("no_data", _) => format!("at {slot} its input was empty"),
        _ if facts.notify_when == Mode::DataChange => {
            format!("under `data_change` its {} of {slot} are compared with those of the next run", rows(run.row_count))
        }
        (_, _) if run.row_count == 0 => format!("at {slot} its query gave no rows"),
        ("matched", _) => format!("at {slot} it matched"),
        (_, Some(when)) => format!("at {slot} none of {} breached `{when}`", rows(run.row_count)),
        (_, None) => format!("at {slot} its query gave {}", rows(run.row_count)),
    }
}

fn next_run(facts: &Facts<'_>) -> String {
    facts.summary.next_at.map_or_else(|| "no run is due any more".to_owned(), |at| format!("the next run is at {at}"))
}

/// Who heard of it, and who did not.
fn hearing(facts: &Facts<'_>) -> String {
    if facts.channels.is_empty() {
        return "nobody is told: it names no channel in `notify`".to_owned();
    }
    let parts = [heard(facts), facts.undelivered.map(undelivered).unwrap_or_default()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}

fn heard(facts: &Facts<'_>) -> String {
    match facts.worst {
        Some(Condition::Firing { .. }) if facts.told.is_empty() => {
            "no channel was told: its severity, reason or `notify_when` is none that they hear".to_owned()
        }
        Some(Condition::Firing { .. }) => format!("told to {}", facts.told.join(", ")),
        Some(Condition::Inactive | Condition::Pending { .. } | Condition::Resolved { .. }) | None => String::new(),
    }
}

fn undelivered(told: &Told) -> String {
    let why = told.last_error.as_deref().map_or(String::new(), |why| format!(": {why}"));
    match told.state {
        DeliveryState::Dead => format!("the newest message to `{}` was given up{why}", told.channel),
        DeliveryState::Pending | DeliveryState::Sending => {
            format!("the newest message to `{}` has not arrived yet{why}", told.channel)
        }
        DeliveryState::Done | DeliveryState::Superseded => String::new(),
    }
}

fn rows(count: u64) -> String {
    times(count, "row", "")
}

fn times(count: u64, word: &str, after: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    let space = if after.is_empty() { "" } else { " " };
    format!("{count} {word}{plural}{space}{after}")
}

fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use watchfire_alerts::Clear;
    use watchfire_model::{Failure, FailureCode};

    use super::*;

    const fn at(second: i64) -> Timestamp {
        Timestamp::from_seconds(second)
    }

    fn calm() -> RuleSummary {
        RuleSummary {
            next_at: Some(at(240)),
            decided_through: at(180),
            trouble: Trouble::None,
            overflow_since: None,
            firing: 0,
            recovering: 0,
            pending: 0,
            resolved: 0,
            instances: 0,
            severity: None,
        }
    }

    /// The sentence about a rule with `when: n > 5`, `for: 3m` and the channel `hook`, otherwise as given.
    fn said<'a>(summary: &'a RuleSummary, change: impl FnOnce(&mut Facts<'a>)) -> String {
        let mut facts = Facts {
            kind: RuleKind::Alert,
            enabled: true,
            notify_when: Mode::Transitions,
            no_data: NoData::Keep,
            when: Some("n > 5"),
            has_per: false,
            hold_for: Hold::Time(Duration::from_secs(180)),
            keep_firing_for: Hold::Time(Duration::from_secs(300)),
            channels: &["hook"],
            summary,
            worst: None,
            told: &[],
            last_run: Some(LastRun { scheduled_for: at(180), outcome: "clear", row_count: 12 }),
            undelivered: None,
        };
        change(&mut facts);
        explain(&facts)
    }

    #[test]
    fn a_rule_that_does_not_fire_says_what_it_saw() {
        let calm = calm();
        let resolved = Condition::Resolved { at: at(120) };
        let run = |outcome: &'static str, row_count| Some(LastRun { scheduled_for: at(180), outcome, row_count });
        assert_eq!(said(&calm, |_| {}), "Not firing: at 1970-01-01T00:03:00Z none of 12 rows breached `n > 5`.");
        assert_eq!(
            said(&calm, |facts| facts.last_run = run("clear", 0)),
            "Not firing: at 1970-01-01T00:03:00Z its query gave no rows."
        );
        assert_eq!(
            said(&calm, |facts| facts.last_run = None),
            "Not firing: it has not run yet; the next run is at 1970-01-01T00:04:00Z."
        );
        assert_eq!(
            said(&calm, |facts| facts.channels = &[]),
            "Not firing: at 1970-01-01T00:03:00Z none of 12 rows breached `n > 5`; \
             nobody is told: it names no channel in `notify`."
        );
        assert_eq!(
            said(&calm, |facts| facts.worst = Some(&resolved)),
            "Resolved at 1970-01-01T00:02:00Z; at 1970-01-01T00:03:00Z none of 12 rows breached `n > 5`."
        );
        assert_eq!(
            said(&calm, |facts| facts.enabled = false),
            "Disabled: `enabled: false` in its definition, so it is not evaluated."
        );
    }

    #[test]
    fn one_that_is_pending_says_how_much_is_missing() {
        let summary = RuleSummary { pending: 1, instances: 4, ..calm() };
        let pending = Condition::Pending { breached_since: at(60), breached_at: at(180), runs: 3 };
        assert_eq!(
            said(&summary, |facts| facts.worst = Some(&pending)),
            "Pending for 2m of 3m (`for`): it fires if the next runs breach too."
        );
        assert_eq!(
            said(&summary, |facts| {
                facts.worst = Some(&pending);
                facts.hold_for = Hold::Runs(5);
                facts.has_per = true;
            }),
            "Pending for 3 of 5 runs (`for`) (1 of 4 instances): it fires if the next runs breach too."
        );
    }

    #[test]
    fn one_that_fires_says_since_when_how_bad_and_who_heard() {
        let summary = RuleSummary { firing: 1, instances: 1, severity: Some(Severity::Critical), ..calm() };
        let firing = Condition::Firing { breached_since: at(0), since: at(60), clear: None };
        assert_eq!(
            said(&summary, |facts| {
                facts.worst = Some(&firing);
                facts.told = &["hook", "pager"];
            }),
            "Firing (critical) since 1970-01-01T00:01:00Z; told to hook, pager."
        );
        assert_eq!(
            said(&summary, |facts| facts.worst = Some(&firing)),
            "Firing (critical) since 1970-01-01T00:01:00Z; no channel was told: its severity, reason or \
             `notify_when` is none that they hear."
        );
        let told = Told {
            channel: "hook".to_owned(),
            state: DeliveryState::Dead,
            last_error: Some("payload (400)".to_owned()),
        };
        assert_eq!(
            said(&summary, |facts| {
                facts.worst = Some(&firing);
                facts.told = &["hook"];
                facts.undelivered = Some(&told);
            }),
            "Firing (critical) since 1970-01-01T00:01:00Z; told to hook; the newest message to `hook` was \
             given up: payload (400)."
        );
        let recovering = RuleSummary { recovering: 1, ..summary };
        let clear = Some(Clear { since: at(120), runs: 1 });
        let firing = Condition::Firing { breached_since: at(0), since: at(60), clear };
        assert_eq!(
            said(&recovering, |facts| {
                facts.worst = Some(&firing);
                facts.told = &["hook"];
            }),
            "Firing (critical) since 1970-01-01T00:01:00Z, clear since 1970-01-01T00:02:00Z: it resolves once it \
             has been clear for 5m (`keep_firing_for`); told to hook."
        );
        let many = RuleSummary { firing: 2, instances: 5, severity: Some(Severity::Warning), ..calm() };
        let firing = Condition::Firing { breached_since: at(0), since: at(60), clear: None };
        assert_eq!(
            said(&many, |facts| {
                facts.worst = Some(&firing);
                facts.has_per = true;
                facts.told = &["hook"];
            }),
            "Firing (warning): 2 of 5 instances; told to hook."
        );
    }

    #[test]
    fn trouble_comes_first_and_moves_no_condition() {
        let failure = Failure::new(FailureCode::Timeout, "no answer within 30s");
        let failing = RuleSummary {
            trouble: Trouble::Error { since: at(60), runs: 3, failure },
            firing: 1,
            severity: Some(Severity::Warning),
            ..calm()
        };
        let firing = Condition::Firing { breached_since: at(0), since: at(60), clear: None };
        assert_eq!(
            said(&failing, |facts| {
                facts.worst = Some(&firing);
                facts.told = &["hook"];
            }),
            "Not watched: its query fails since 1970-01-01T00:01:00Z (3 runs in a row): timeout: no answer within 30s; \
             its condition stays as it was: firing (warning) since 1970-01-01T00:01:00Z; told to hook."
        );
        let empty = RuleSummary { trouble: Trouble::NoData { since: at(60), runs: 1 }, ..calm() };
        let run = Some(LastRun { scheduled_for: at(180), outcome: "no_data", row_count: 0 });
        let resolved = Condition::Resolved { at: at(60) };
        assert_eq!(
            said(&empty, |facts| {
                facts.last_run = run;
                facts.worst = Some(&resolved);
                facts.no_data = NoData::Resolve;
            }),
            "Without data since 1970-01-01T00:01:00Z (1 run in a row): its input is empty; resolved at \
             1970-01-01T00:01:00Z; at 1970-01-01T00:03:00Z its input was empty."
        );
        assert_eq!(
            said(&empty, |facts| facts.last_run = run),
            "Without data since 1970-01-01T00:01:00Z (1 run in a row): its input is empty; its condition stays as it \
             was: not firing: at 1970-01-01T00:03:00Z its input was empty."
        );
    }

    #[test]
    fn a_report_says_what_it_had_and_when_it_comes_again() {
        let calm = calm();
        assert_eq!(
            said(&calm, |facts| facts.kind = RuleKind::Report),
            "Its last run at 1970-01-01T00:03:00Z had 12 rows; the next run is at 1970-01-01T00:04:00Z."
        );
    }
}

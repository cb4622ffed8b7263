//! Failing queries and empty input.

use insta::assert_snapshot;

use crate::evaluate::end;
use crate::state::{EmptyInput, Health};
use crate::testing::{Run, context, minute, outcome, rule, timeline};
use watchfire_model::{ConditionName, Failure, FailureCode, NotificationKind, Outcome, Reason, RuleEnd, ThreadKey};

fn failure(code: FailureCode) -> Outcome {
    Outcome::Failed(Failure::new(code, "no"))
}

#[test]
fn a_failure_is_told_after_so_many_runs_and_so_is_its_end() {
    assert_snapshot!(timeline("on_error: alert after 3 runs", "x!!!!x!x"), @"
    00:00 firing  notify started_firing
    00:01 firing (error)
    00:02 firing (error)
    00:03 firing (error)  notify query_failed
    00:04 firing (error)
    00:05 firing  notify query_recovered
    00:06 firing (error)
    00:07 firing
    ");
}

#[test]
fn a_failure_is_told_after_so_much_time() {
    assert_snapshot!(timeline("on_error: alert after 2m", "!!!."), @"
    00:00 nothing (error)
    00:01 nothing (error)
    00:02 nothing (error)  notify query_failed
    00:03 nothing  notify query_recovered
    ");
}

#[test]
fn a_failure_that_may_be_kept_quiet_is() {
    assert_snapshot!(timeline("on_error: keep", "!!!."), @"
    00:00 nothing (error)
    00:01 nothing (error)
    00:02 nothing (error)
    00:03 nothing
    ");
}

#[test]
fn no_data_moves_nothing_and_is_told_only_when_asked_for() {
    assert_snapshot!(timeline("no_data: keep", "x??x."), @"
    00:00 firing  notify started_firing
    00:01 firing (no data)
    00:02 firing (no data)
    00:03 firing
    00:04 resolved  notify resolved
    ");
    assert_snapshot!(timeline("no_data: alert after 2 runs", "x???x?x"), @"
    00:00 firing  notify started_firing
    00:01 firing (no data)
    00:02 firing (no data)  notify no_data
    00:03 firing (no data)
    00:04 firing  notify data_back
    00:05 firing (no data)
    00:06 firing
    ");
    assert_snapshot!(timeline("no_data: alert after 2m", "???."), @"
    00:00 nothing (no data)
    00:01 nothing (no data)
    00:02 nothing (no data)  notify no_data
    00:03 nothing  notify data_back
    ");
}

#[test]
fn no_data_may_resolve_or_count_as_an_empty_result() {
    assert_snapshot!(timeline("no_data: resolve", "x??"), @"
    00:00 firing  notify started_firing
    00:01 resolved (no data)  notify resolved
    00:02 resolved (no data)
    ");
    assert_snapshot!(timeline("no_data: resolve, keep_firing_for: 1m", "x??"), @"
    00:00 firing  notify started_firing
    00:01 recovering (no data)
    00:02 resolved (no data)  notify resolved
    ");
    assert_snapshot!(timeline("no_data: resolve, for: 2m", "xx?x"), @"
    00:00 pending
    00:01 pending
    00:02 nothing (no data)
    00:03 pending
    ");
    assert_snapshot!(timeline("no_data: ok", "x?"), @"
    00:00 firing  notify started_firing
    00:01 resolved  notify resolved
    ");
    assert_snapshot!(timeline("no_data: ok, per, missing: resolve after 2 runs", "x??"), @"
    00:00 a=firing  notify started_firing a
    00:01 a=firing
    00:02 a=resolved  notify missing a
    ");
}

#[test]
fn trouble_that_lasts_is_told_once_a_day() {
    for (words, outcome, reason) in [
        ("on_error: alert after 1 runs", failure(FailureCode::Source), Reason::QueryFailed),
        ("no_data: alert after 1 runs", Outcome::NoData, Reason::NoData),
    ] {
        let mut run = Run::new(rule(words));
        for (number, told) in [(0, 1), (1, 1), (1439, 1), (1440, 2), (1441, 2), (2880, 3)] {
            run.step(&outcome, &context(number, false));
            assert_eq!(run.told.len(), told, "{words} after {number} minutes");
            assert_eq!(run.told.last().unwrap().0.reason, reason);
        }
    }
}

#[test]
fn empty_input_is_remembered_behind_a_failure() {
    assert_snapshot!(timeline("no_data: alert after 1 runs, on_error: alert after 1 runs", "?!?!!."), @"
    00:00 nothing (no data)  notify no_data
    00:01 nothing (error)  notify query_failed
    00:02 nothing (no data)  notify query_recovered
    00:03 nothing (error)  notify query_failed
    00:04 nothing (error)
    00:05 nothing  notify query_recovered  notify data_back
    ");
    let mut run = Run::new(rule("no_data: alert after 9 runs"));
    run.slots(&[("a", "??!!")], 0, 0);
    let Health::Error { since, runs, told_at, empty, .. } = run.state.health.clone() else {
        panic!("{:?}", run.state.health)
    };
    assert_eq!((since, runs, told_at), (minute(2), 2, None));
    assert_eq!(empty, Some(EmptyInput { since: minute(0), runs: 2, told_at: None }));
    run.slots(&[("a", "?")], 4, 0);
    assert_eq!(run.state.health, Health::NoData { since: minute(0), runs: 3, told_at: None });
    run.slots(&[("a", ".")], 5, 0);
    assert_eq!(run.state.health, Health::Ok);
}

#[test]
fn the_owner_hears_of_failures_else_the_fallback_else_the_channels_of_the_rule() {
    let words = "on_error: alert after 1 runs, channel: hook, channel: wise/critical, channel: deaf@resolved";
    assert_snapshot!(timeline(&format!("{words}, owner: team, fallback: ops"), "!."), @"
    00:00 nothing (error)  notify query_failed > team
    00:01 nothing  notify query_recovered > team
    ");
    assert_snapshot!(timeline(&format!("{words}, fallback: ops"), "!."), @"
    00:00 nothing (error)  notify query_failed > ops
    00:01 nothing  notify query_recovered > ops
    ");
    assert_snapshot!(timeline(words, "!."), @"
    00:00 nothing (error)  notify query_failed
    00:01 nothing  notify query_recovered
    ");
    assert_snapshot!(timeline(&format!("{words}, severity: critical"), "!."), @"
    00:00 nothing (error)  notify query_failed > hook+wise
    00:01 nothing  notify query_recovered > hook+wise
    ");
}

#[test]
fn a_failure_says_what_since_when_and_when_it_is_tried_again() {
    let mut run = Run::new(rule("on_error: alert after 2 runs"));
    run.slots(&[("a", "x!!x")], 0, 0);
    let (failed, recovered) = (&run.told[1].0, &run.told[2].0);
    for told in [failed, recovered] {
        let error = told.error.as_ref().unwrap();
        assert_eq!((error.code.as_str(), error.message.as_str()), ("timeout", "too slow"));
        assert_eq!((error.since, error.failed_runs), (minute(1), 2));
        assert_eq!(error.last_success_at, Some(minute(0)));
        assert_eq!((told.instance.clone(), told.state, told.severity), (None, None, None));
        assert_eq!((told.since, told.rows.len()), (Some(minute(1)), 0));
    }
    assert_eq!(failed.kind, NotificationKind::AlertFailed);
    assert_eq!(failed.error.as_ref().unwrap().next_run_at, Some(minute(3)));
    assert_eq!((recovered.kind, recovered.occurred_at), (NotificationKind::AlertRecovered, minute(3)));
}

#[test]
fn the_last_success_is_the_last_query_that_ran() {
    let mut run = Run::new(rule(""));
    for (slot, letter, success) in
        [(0, "!", None), (1, "x", Some(1)), (2, "?", Some(2)), (3, "!", Some(2)), (4, ".", Some(4))]
    {
        run.slots(&[("a", letter)], slot, 0);
        assert_eq!(run.state.last_success_at, success.map(minute), "{letter}");
    }
}

#[test]
fn no_data_says_since_when() {
    let mut run = Run::new(rule("no_data: alert after 2 runs"));
    run.slots(&[("a", ".??.")], 0, 0);
    for (place, reason, at) in [(0, Reason::NoData, 2), (1, Reason::DataBack, 3)] {
        let told = &run.told[place].0;
        assert_eq!((told.kind, told.reason), (NotificationKind::AlertNoData, reason));
        assert_eq!((told.since, told.occurred_at), (Some(minute(1)), minute(at)));
    }
}

#[test]
fn a_missing_instance_says_which_and_since_when() {
    let mut run = Run::new(rule("per, missing: alert after 2 runs"));
    run.slots(&[("a", "x--x")], 0, 0);
    for (place, reason, at) in [(1, Reason::Missing, 2), (2, Reason::DataBack, 3)] {
        let told = &run.told[place].0;
        assert_eq!((told.kind, told.reason), (NotificationKind::AlertNoData, reason));
        assert_eq!((told.since, told.occurred_at), (Some(minute(1)), minute(at)));
        assert_eq!(told.instance, Some(crate::testing::key("a")));
        assert_eq!(told.state, Some(ConditionName::Firing));
    }
}

#[test]
fn the_absence_of_what_never_fired_belongs_to_no_episode() {
    let mut run = Run::new(rule("per, missing: alert after 1 runs"));
    run.slots(&[("a", ".-")], 0, 0);
    let told = &run.told[0].0;
    assert_eq!((told.reason, told.episode, told.seq), (Reason::Missing, None, None));
    assert_eq!((told.state, told.value.clone()), (Some(ConditionName::Inactive), None));
}

/// What is told over these slots, one letter each, with its thread.
fn threads(words: &str, letters: &str) -> Vec<(Reason, ThreadKey)> {
    let mut run = Run::new(rule(words));
    let mut told = Vec::new();
    for (number, letter) in (0..).zip(letters.chars()) {
        let outcome = outcome(&[("a", letter)], number).unwrap();
        let (decision, _) = run.step(&outcome, &context(number, false));
        told.extend(decision.notices.into_iter().map(|notice| notice.notification));
    }
    told.into_iter().map(|notification| (notification.reason, notification.thread.unwrap())).collect()
}

#[test]
fn each_trouble_has_a_thread_of_its_own_and_its_end_shares_it() {
    for (words, letters, start, end) in [
        ("on_error: alert after 1 runs", "!.!.", Reason::QueryFailed, Reason::QueryRecovered),
        ("no_data: alert after 1 runs", "?.?.", Reason::NoData, Reason::DataBack),
        ("per, missing: alert after 1 runs", ".-.-.", Reason::Missing, Reason::DataBack),
    ] {
        let told = threads(words, letters);
        let reasons: Vec<Reason> = told.iter().map(|(reason, _)| *reason).collect();
        assert_eq!(reasons, [start, end, start, end], "{words}");
        assert_eq!((&told[0].1, &told[2].1), (&told[1].1, &told[3].1), "{words}");
        // Else the second trouble would be a note on an incident that is closed.
        assert_ne!(told[0].1, told[2].1, "{words}");
    }
}

#[test]
fn a_rule_that_ends_closes_the_trouble_that_was_told() {
    for (words, letters, reasons) in [
        ("on_error: alert after 1 runs", "x!", vec![Reason::QueryRecovered, Reason::Resolved]),
        ("on_error: alert after 3 runs", ".!", vec![]),
        ("no_data: alert after 1 runs", ".?", vec![Reason::DataBack]),
        ("per, missing: alert after 1 runs", ".-", vec![Reason::DataBack]),
        ("per, missing: alert after 1 runs", "x-", vec![Reason::DataBack, Reason::Resolved]),
    ] {
        let mut run = Run::new(rule(words));
        run.slots(&[("a", letters)], 0, 0);
        let decision = end(&run.rule, &run.state, minute(9), RuleEnd::Changed);
        let told: Vec<Reason> = decision.notices.iter().map(|notice| notice.notification.reason).collect();
        assert_eq!(told, reasons, "{words} {letters}");
        assert!(decision.notices.iter().all(|notice| notice.notification.rule_end == Some(RuleEnd::Changed)));
    }
}

//! Slots that are decided after downtime.

use insta::assert_snapshot;

use crate::testing::{Run, caught_up, context, minute, observation, row, rule};
use watchfire_model::{ConditionName, NotificationKind, Outcome, Reason};

#[test]
fn an_episode_that_began_and_ended_while_we_were_away_is_one_summary() {
    assert_snapshot!(caught_up("", "xx.x.", 5), @"
    00:00 firing
    00:01 firing
    00:02 resolved  notify caught_up
    00:03 firing
    00:04 resolved  notify caught_up
    ");
    assert_snapshot!(caught_up("notify_when: onset", "xx..", 5), @"
    00:00 firing
    00:01 firing
    00:02 resolved  notify caught_up
    00:03 resolved
    ");
    assert_snapshot!(caught_up("notify_when: any_results, channel: hook@matches", "xx..", 5), @"
    00:00 firing
    00:01 firing
    00:02 resolved  notify caught_up
    00:03 resolved
    ");
    assert_snapshot!(caught_up("notify_when: any_results, keep_firing_for: 2m", "xx...", 2), @"
    00:00 firing
    00:01 firing
    00:02 recovering
    00:03 recovering
    00:04 resolved  notify caught_up
    ");
}

#[test]
fn a_start_that_still_fires_is_told_in_the_present_with_the_slot_of_its_start() {
    assert_snapshot!(caught_up("", "xxxx.", 3), @"
    00:00 firing
    00:01 firing
    00:02 firing
    00:03 firing  notify started_firing of 0
    00:04 resolved  notify resolved
    ");
    assert_snapshot!(caught_up("notify_when: onset", "xxxx.", 3), @"
    00:00 firing
    00:01 firing
    00:02 firing
    00:03 firing  notify started_firing of 0
    00:04 resolved
    ");
    assert_snapshot!(caught_up("keep_firing_for: 9m", "xx..", 2), @"
    00:00 firing
    00:01 firing
    00:02 recovering  notify started_firing of 0
    00:03 recovering
    ");
}

#[test]
fn a_failure_in_the_first_present_slot_puts_the_start_off() {
    assert_snapshot!(caught_up("", "xx!x", 2), @"
    00:00 firing
    00:01 firing
    00:02 firing (error)
    00:03 firing  notify started_firing of 0
    ");
}

#[test]
fn a_start_that_ends_in_the_first_present_slot_is_a_summary_too() {
    assert_snapshot!(caught_up("", "xx.", 2), @"
    00:00 firing
    00:01 firing
    00:02 resolved  notify caught_up
    ");
}

#[test]
fn the_end_of_what_was_told_before_is_told() {
    let mut run = Run::new(rule(""));
    run.slots(&[("a", "x")], 0, 0);
    assert_snapshot!(run.slots(&[("a", "x.xx")], 5, 8), @"
    00:05 firing
    00:06 resolved  notify resolved
    00:07 firing
    00:08 firing  notify started_firing of 7
    ");
}

#[test]
fn a_severity_that_rose_while_we_were_away_is_told_in_the_present() {
    let mut run = Run::new(rule("severities, channel: hook, channel: wise/critical"));
    run.slots(&[("a", "w")], 0, 0);
    assert_snapshot!(run.slots(&[("a", "ccc.")], 5, 7), @"
    00:05 firing/warning
    00:06 firing/warning
    00:07 firing/critical  notify severity_raised > hook+wise
    00:08 resolved/critical  notify resolved > hook+wise
    ");
}

#[test]
fn reminders_and_matches_wait_for_the_present() {
    let mut run = Run::new(rule("repeat: 1m"));
    run.slots(&[("a", "x")], 0, 0);
    assert_snapshot!(run.slots(&[("a", "xxx")], 5, 7), @"
    00:05 firing
    00:06 firing
    00:07 firing  notify repeat
    ");
    assert_snapshot!(caught_up("notify_when: any_results", "xxx", 2), @"
    00:00 firing
    00:01 firing
    00:02 firing  notify matches
    ");
}

#[test]
fn no_data_and_overflow_wait_for_the_present_and_a_failure_does_not() {
    assert_snapshot!(caught_up("no_data: alert after 1 runs", "???.", 2), @"
    00:00 nothing (no data)
    00:01 nothing (no data)
    00:02 nothing (no data)  notify no_data
    00:03 nothing  notify data_back
    ");
    assert_snapshot!(caught_up("per, missing: alert after 1 runs", "x--.", 2), @"
    00:00 a=firing
    00:01 a=firing
    00:02 a=firing  notify missing a  notify started_firing a of 0
    00:03 a=resolved  notify data_back a  notify resolved a
    ");
    assert_snapshot!(caught_up("per, max_instances: 0", "xx", 1), @"
    00:00 nothing
    00:01 nothing  notify overflow
    ");
    assert_snapshot!(caught_up("on_error: alert after 1 runs", "!.", 2), @"
    00:00 nothing (error)  notify query_failed
    00:01 nothing  notify query_recovered
    ");
}

#[test]
fn reports_and_changes_are_told_slot_by_slot() {
    assert_snapshot!(caught_up("kind: report, notify_when: always", "xx", 9), @"
    00:00 nothing  notify report
    00:01 nothing  notify report
    ");
    assert_snapshot!(caught_up("notify_when: data_change", "xxx", 9), @"
    00:00 nothing
    00:01 nothing  notify rows_changed
    00:02 nothing  notify rows_changed
    ");
}

#[test]
fn the_late_start_is_the_message_that_an_on_time_start_would_have_been() {
    let mut late = Run::new(rule(""));
    late.slots(&[("a", "xx")], 0, 1);
    let mut on_time = Run::new(rule(""));
    on_time.slots(&[("a", "x")], 0, 0);
    let (late, on_time) = (&late.told[0].0, &on_time.told[0].0);
    assert_eq!(late.id, on_time.id);
    assert_eq!((late.since, late.scheduled_for), (Some(minute(0)), Some(minute(0))));
    assert_eq!((late.occurred_at, late.seq, late.episode), (on_time.occurred_at, on_time.seq, on_time.episode));
    assert_eq!(late.reason, Reason::StartedFiring);
}

#[test]
fn a_summary_says_when_it_fired_and_that_it_is_over() {
    let mut run = Run::new(rule(""));
    run.slots(&[("a", "x.")], 3, 9);
    let summary = &run.told[0].0;
    assert_eq!((summary.kind, summary.reason), (NotificationKind::AlertSummary, Reason::CaughtUp));
    assert_eq!((summary.state, summary.since), (Some(ConditionName::Resolved), Some(minute(3))));
    assert_eq!((summary.scheduled_for, summary.episode, summary.seq), (Some(minute(4)), Some(1), Some(2)));
}

#[test]
fn nobody_is_owed_an_end_after_a_summary() {
    let mut run = Run::new(rule(""));
    run.slots(&[("a", "x.")], 0, 9);
    let instance = run.state.instances.values().next().unwrap();
    assert!(instance.told.is_empty() && !instance.untold);
}

#[test]
fn an_edit_to_any_results_ends_the_wait_of_a_start() {
    let mut run = Run::new(rule(""));
    run.slots(&[("a", "x")], 0, 9);
    run.rule.notify_when = crate::Mode::AnyResults;
    run.step(&Outcome::Rows(observation(vec![row("a", 'x', 1)])), &context(1, false));
    assert!(!run.state.instances.values().next().unwrap().untold);
}

#[test]
fn under_onset_a_raise_while_we_were_away_reaches_in_the_present_those_for_whom_it_is_the_start() {
    let words = "notify_when: onset, severities, channel: wise/critical, channel: hook";
    let mut run = Run::new(rule(words));
    run.slots(&[("", "w")], 0, 0);
    assert_snapshot!(run.slots(&[("", "cccc")], 1, 4), @"
    00:01 firing/warning
    00:02 firing/warning
    00:03 firing/warning
    00:04 firing/critical  notify severity_raised > wise
    ");
}

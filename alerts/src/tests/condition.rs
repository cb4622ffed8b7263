//! The condition of one instance over time.

use insta::assert_snapshot;

use crate::testing::{timeline, timelines};

#[test]
fn without_for_it_fires_at_the_first_breach_and_resolves_at_the_first_clear_run() {
    assert_snapshot!(timeline("", ".xx..x."), @"
    00:00 nothing
    00:01 firing  notify started_firing
    00:02 firing
    00:03 resolved  notify resolved
    00:04 resolved
    00:05 firing  notify started_firing
    00:06 resolved  notify resolved
    ");
}

#[test]
fn it_fires_once_it_has_held_exactly_for_two_minutes() {
    assert_snapshot!(timeline("for: 2m", "xx.xxx.x"), @"
    00:00 pending
    00:01 pending
    00:02 nothing
    00:03 pending
    00:04 pending
    00:05 firing  notify started_firing
    00:06 resolved  notify resolved
    00:07 pending
    ");
}

#[test]
fn a_hold_shorter_than_the_interval_fires_at_the_second_breach() {
    assert_snapshot!(timeline("for: 1s", "xx"), @"
    00:00 pending
    00:01 firing  notify started_firing
    ");
}

#[test]
fn a_hold_in_runs_counts_evaluations_only() {
    assert_snapshot!(timeline("for: 3 runs", "x!_?x!x."), @"
    00:00 pending
    00:01 pending (error)
    00:03 pending (no data)
    00:04 pending
    00:05 pending (error)
    00:06 firing  notify started_firing
    00:07 resolved  notify resolved
    ");
}

#[test]
fn a_hold_of_one_run_fires_at_once() {
    assert_snapshot!(timeline("for: 1 runs", "x."), @"
    00:00 firing  notify started_firing
    00:01 resolved  notify resolved
    ");
}

#[test]
fn time_passes_over_failed_and_skipped_slots_while_the_gap_is_short() {
    // The limit is `for` + 2 × interval = 5 minutes: a gap of four is bridged, one of five is not.
    assert_snapshot!(timeline("for: 3m", "x!__x"), @"
    00:00 pending
    00:01 pending (error)
    00:04 firing  notify started_firing
    ");
    assert_snapshot!(timeline("for: 3m", "x____xx!x"), @"
    00:00 pending
    00:05 pending
    00:06 pending
    00:07 pending (error)
    00:08 firing  notify started_firing
    ");
}

#[test]
fn a_hold_in_runs_knows_no_gap_that_is_too_long() {
    assert_snapshot!(timeline("for: 2 runs", "x__________x"), @"
    00:00 pending
    00:11 firing  notify started_firing
    ");
}

#[test]
fn it_resolves_once_it_was_clear_exactly_for_two_minutes() {
    assert_snapshot!(timeline("keep_firing_for: 2m", "x..x...x"), @"
    00:00 firing  notify started_firing
    00:01 recovering
    00:02 recovering
    00:03 firing
    00:04 recovering
    00:05 recovering
    00:06 resolved  notify resolved
    00:07 firing  notify started_firing
    ");
}

#[test]
fn clear_runs_are_counted_with_the_first() {
    assert_snapshot!(timeline("keep_firing_for: 2 runs", "x.x!.!."), @"
    00:00 firing  notify started_firing
    00:01 recovering
    00:02 firing
    00:03 firing (error)
    00:04 recovering
    00:05 recovering (error)
    00:06 resolved  notify resolved
    ");
    assert_snapshot!(timeline("keep_firing_for: 1 runs", "x."), @"
    00:00 firing  notify started_firing
    00:01 resolved  notify resolved
    ");
}

#[test]
fn what_has_not_recovered_fires_on() {
    assert_snapshot!(timeline("keep_firing_for: 2m", "x~.~..."), @"
    00:00 firing  notify started_firing
    00:01 firing
    00:02 recovering
    00:03 firing
    00:04 recovering
    00:05 recovering
    00:06 resolved  notify resolved
    ");
    assert_snapshot!(timeline("", "~x~."), @"
    00:00 nothing
    00:01 firing  notify started_firing
    00:02 firing
    00:03 resolved  notify resolved
    ");
}

#[test]
fn what_has_not_recovered_is_not_pending_any_more() {
    assert_snapshot!(timeline("for: 1m", "x~xx"), @"
    00:00 pending
    00:01 nothing
    00:02 pending
    00:03 firing  notify started_firing
    ");
}

#[test]
fn instances_live_on_their_own() {
    assert_snapshot!(timelines("per, for: 1m", &[("a", "xxx..."), ("b", "-xxxx."), ("c", "...x..")]), @"
    00:00 a=pending
    00:01 a=firing b=pending  notify started_firing a
    00:02 a=firing b=firing  notify started_firing b
    00:03 a=resolved b=firing c=pending  notify resolved a
    00:04 a=resolved b=firing
    00:05 a=resolved b=resolved  notify resolved b
    ");
}

#[test]
fn of_several_rows_without_per_one_breach_is_enough() {
    assert_snapshot!(timelines("", &[("a", ".x..-"), ("b", "..~.-")]), @"
    00:00 nothing
    00:01 firing  notify started_firing
    00:02 firing
    00:03 resolved  notify resolved
    00:04 resolved
    ");
}

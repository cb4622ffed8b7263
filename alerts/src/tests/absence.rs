//! Instances that are no longer in the result.

use insta::assert_snapshot;

use crate::testing::{Run, context, key, observation, row, rule, timeline, timelines};
use watchfire_model::{Outcome, Reason};

#[test]
fn without_when_absence_is_recovery_at_once() {
    assert_snapshot!(timeline("per, missing: recovers", "x-x-"), @"
    00:00 a=firing  notify started_firing a
    00:01 a=resolved  notify resolved a
    00:02 a=firing  notify started_firing a
    00:03 a=resolved  notify resolved a
    ");
    assert_snapshot!(timeline("per, missing: recovers, keep_firing_for: 1m", "x--"), @"
    00:00 a=firing  notify started_firing a
    00:01 a=recovering
    00:02 a=resolved  notify resolved a
    ");
}

#[test]
fn absence_resolves_after_so_many_runs_and_says_so() {
    assert_snapshot!(timeline("per, missing: resolve after 2 runs", "x-x--"), @"
    00:00 a=firing  notify started_firing a
    00:01 a=firing
    00:02 a=firing
    00:03 a=firing
    00:04 a=resolved  notify missing a
    ");
    assert_snapshot!(timeline("per, missing: resolve after 1 runs, keep_firing_for: 1m", "x--"), @"
    00:00 a=firing  notify started_firing a
    00:01 a=recovering
    00:02 a=resolved  notify missing a
    ");
}

#[test]
fn absence_resolves_after_so_much_time() {
    assert_snapshot!(timeline("per, missing: resolve after 2m", "x---"), @"
    00:00 a=firing  notify started_firing a
    00:01 a=firing
    00:02 a=firing
    00:03 a=resolved  notify missing a
    ");
}

#[test]
fn only_successful_evaluations_prove_absence() {
    assert_snapshot!(timeline("per, missing: resolve after 2 runs", "x-!?-"), @"
    00:00 a=firing  notify started_firing a
    00:01 a=firing
    00:02 a=firing (error)
    00:03 a=firing (no data)
    00:04 a=resolved  notify missing a
    ");
}

#[test]
fn a_pending_instance_that_vanished_is_dropped_like_a_clear_one() {
    assert_snapshot!(timeline("per, for: 5m, missing: resolve after 2 runs", "x--x"), @"
    00:00 a=pending
    00:01 a=pending
    00:02 nothing
    00:03 a=pending
    ");
}

#[test]
fn under_keep_absence_changes_nothing() {
    assert_snapshot!(timeline("per, missing: keep", "x---."), @"
    00:00 a=firing  notify started_firing a
    00:01 a=firing
    00:02 a=firing
    00:03 a=firing
    00:04 a=resolved  notify resolved a
    ");
}

#[test]
fn an_absence_that_is_told_leaves_the_condition_and_is_told_once() {
    assert_snapshot!(timeline("per, missing: alert after 2 runs", "x---x-."), @"
    00:00 a=firing  notify started_firing a
    00:01 a=firing
    00:02 a=firing  notify missing a
    00:03 a=firing
    00:04 a=firing  notify data_back a
    00:05 a=firing
    00:06 a=resolved  notify resolved a
    ");
    assert_snapshot!(timeline("per, missing: alert after 2m", ".---."), @"
    00:00 a=inactive
    00:01 a=inactive
    00:02 a=inactive
    00:03 a=inactive  notify missing a
    00:04 a=inactive  notify data_back a
    ");
}

#[test]
fn without_per_nothing_is_ever_missing() {
    assert_snapshot!(timeline("missing: alert after 1 runs", "x--"), @"
    00:00 firing  notify started_firing
    00:01 resolved  notify resolved
    00:02 resolved
    ");
    assert_snapshot!(timeline("missing: resolve after 2 runs", "x-"), @"
    00:00 firing  notify started_firing
    00:01 resolved  notify resolved
    ");
}

#[test]
fn an_incomplete_result_proves_no_absence() {
    let mut run = Run::new(rule("per, missing: recovers"));
    run.step(&Outcome::Rows(observation(vec![row("a", 'x', 0), row("b", 'x', 0)])), &context(0, false));
    let mut cut = observation(vec![row("a", 'x', 1)]);
    cut.row_count = 2;
    let (decision, _) = run.step(&Outcome::Rows(cut.clone()), &context(1, false));
    assert_eq!(decision.notices, vec![]);
    assert_eq!(decision.state.instances.len(), 2);
    cut.row_count = 1;
    let (decision, _) = run.step(&Outcome::Rows(cut), &context(2, false));
    assert_eq!(decision.notices.len(), 1);
}

#[test]
fn absence_is_counted_only_while_it_has_an_effect() {
    let counted = |words: &str, letters: &str| {
        let mut run = Run::new(rule(words));
        run.slots(&[("a", letters)], 0, 0);
        run.state.instances.get(&key("a")).map(|instance| instance.absence.map(|absence| absence.runs))
    };
    assert_eq!(counted("per, missing: keep", "x----"), Some(Some(1)));
    assert_eq!(counted("per, missing: alert after 2 runs", "x----"), Some(Some(2)));
    assert_eq!(counted("per, missing: resolve after 9 runs", "x----"), Some(Some(4)));
    assert_eq!(counted("per, missing: recovers", "x----"), Some(None));
}

#[test]
fn ended_instances_are_forgotten_after_seven_days() {
    let week = 7 * 24 * 60;
    for (words, letters, forgotten) in [
        ("per", "x.", true),
        ("", "x.", true),
        ("per, silent", "x.", true),
        ("per, missing: alert after 1 runs", "x.", false),
    ] {
        let mut run = Run::new(rule(words));
        run.slots(&[("a", letters)], 0, 0);
        let clear = if forgotten { "-" } else { "." };
        run.slots(&[("a", clear)], week, 0);
        assert_eq!(run.state.instances.len(), 1, "{words}: a minute before");
        run.slots(&[("a", clear)], week + 1, 0);
        assert_eq!(run.state.instances.is_empty(), forgotten, "{words}: seven days after it resolved");
    }
}

#[test]
fn a_vanished_healthy_instance_is_forgotten_seven_days_after_it_was_told() {
    let mut run = Run::new(rule("per, missing: alert after 1 runs"));
    run.slots(&[("a", ".-")], 0, 0);
    assert_eq!(run.told.last().unwrap().0.reason, Reason::Missing);
    run.slots(&[("a", "-")], 7 * 24 * 60, 0);
    assert_eq!(run.state.instances.len(), 1);
    run.slots(&[("a", "-")], 7 * 24 * 60 + 1, 0);
    assert_eq!(run.state.instances.len(), 0);
}

#[test]
fn a_healthy_instance_is_remembered_only_where_its_absence_is_news() {
    assert_snapshot!(timelines("per, missing: keep", &[("a", "..")]), @"
    00:00 nothing
    00:01 nothing
    ");
    assert_snapshot!(timelines("per, missing: alert after 9 runs", &[("a", "..-")]), @"
    00:00 a=inactive
    00:01 a=inactive
    00:02 a=inactive
    ");
    assert_snapshot!(timelines("per, missing: recovers, for: 5m", &[("a", "x.")]), @"
    00:00 a=pending
    00:01 nothing
    ");
}

#[test]
fn messages_come_in_the_order_of_keys_whether_seen_or_not() {
    assert_snapshot!(timelines("per, missing: recovers", &[("a", "x-"), ("b", "-x"), ("c", "x-")]), @"
    00:00 a=firing c=firing  notify started_firing a  notify started_firing c
    00:01 a=resolved b=firing c=resolved  notify resolved a  notify started_firing b  notify resolved c
    ");
}

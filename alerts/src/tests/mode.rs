//! What each mode tells.

use insta::assert_snapshot;

use crate::testing::{Run, context, minute, observation, row, rule, timeline, timelines};
use crate::{Mode, RuleState, Verdict};
use crate::{end, evaluate};
use watchfire_model::{Outcome, Reason, RuleEnd};

#[test]
fn any_results_tells_every_run_that_fires_and_no_end() {
    assert_snapshot!(timeline("notify_when: any_results", "xx.x"), @"
    00:00 firing  notify matches
    00:01 firing  notify matches
    00:02 resolved
    00:03 firing  notify matches
    ");
    assert_snapshot!(timeline("notify_when: any_results, for: 1m", "xx.x"), @"
    00:00 pending
    00:01 firing  notify matches
    00:02 resolved
    00:03 pending
    ");
    assert_snapshot!(timeline("notify_when: any_results, keep_firing_for: 2m", "x.x"), @"
    00:00 firing  notify matches
    00:01 recovering
    00:02 firing  notify matches
    ");
}

#[test]
fn any_results_keeps_the_least_distance_between_two_messages_also_over_its_end() {
    assert_snapshot!(timeline("notify_when: any_results, repeat: 2m", "xxx.xxx"), @"
    00:00 firing  notify matches
    00:01 firing
    00:02 firing  notify matches
    00:03 resolved
    00:04 firing  notify matches
    00:05 firing
    00:06 firing  notify matches
    ");
}

#[test]
fn any_results_with_per_tells_each_instance() {
    assert_snapshot!(timelines("per, notify_when: any_results, missing: recovers", &[("a", "x-x"), ("b", "xx-")]), @"
    00:00 a=firing b=firing  notify matches a  notify matches b
    00:01 a=resolved b=firing  notify matches b
    00:02 a=firing b=resolved  notify matches a
    ");
}

#[test]
fn onset_tells_the_start_only() {
    assert_snapshot!(timeline("notify_when: onset, repeat: 1m", "xx.x"), @"
    00:00 firing  notify started_firing
    00:01 firing
    00:02 resolved
    00:03 firing  notify started_firing
    ");
}

#[test]
fn a_pager_hears_the_end_of_what_any_results_and_onset_opened() {
    assert_snapshot!(timeline("notify_when: any_results, channel: pager@matches, channel: hook", "xx.."), @"
    00:00 firing  notify matches > hook+pager
    00:01 firing  notify matches > hook+pager
    00:02 resolved  notify resolved > pager
    00:03 resolved
    ");
    assert_snapshot!(timeline("notify_when: onset, channel: pager, channel: hook", "xx.."), @"
    00:00 firing  notify started_firing > hook+pager
    00:01 firing
    00:02 resolved  notify resolved > pager
    00:03 resolved
    ");
}

#[test]
fn reminders_come_at_the_distance_the_rule_or_the_assignment_names() {
    assert_snapshot!(timeline("repeat: 2m, channel: hook, channel: slow*3m, channel: mute*never", "xxxxxxx"), @"
    00:00 firing  notify started_firing > hook+mute+slow
    00:01 firing
    00:02 firing  notify repeat
    00:03 firing  notify repeat > slow
    00:04 firing  notify repeat
    00:05 firing
    00:06 firing  notify repeat > hook+slow
    ");
}

#[test]
fn no_reminder_goes_out_while_it_is_clear() {
    assert_snapshot!(timeline("repeat: 1m, keep_firing_for: 9m", "x..x"), @"
    00:00 firing  notify started_firing
    00:01 recovering
    00:02 recovering
    00:03 firing  notify repeat
    ");
    assert_snapshot!(timeline("repeat: 1m", "x~!?x"), @"
    00:00 firing  notify started_firing
    00:01 firing
    00:02 firing (error)
    00:03 firing (no data)
    00:04 firing  notify repeat
    ");
}

#[test]
fn a_raised_severity_is_told_and_a_lowered_one_only_when_asked_for() {
    assert_snapshot!(timeline("severities", "wwcew"), @"
    00:00 firing/warning  notify started_firing
    00:01 firing/warning
    00:02 firing/critical  notify severity_raised
    00:03 firing/error
    00:04 firing/warning
    ");
    assert_snapshot!(timeline("severities, notify_lowered", "wcce."), @"
    00:00 firing/warning  notify started_firing
    00:01 firing/critical  notify severity_raised
    00:02 firing/critical
    00:03 firing/error  notify severity_lowered
    00:04 resolved/error  notify resolved
    ");
}

#[test]
fn severities_rise_in_silence_before_it_fires() {
    assert_snapshot!(timeline("severities, for: 2m", "wece"), @"
    00:00 pending/warning
    00:01 pending/error
    00:02 firing/critical  notify started_firing
    00:03 firing/error
    ");
    assert_snapshot!(timeline("severities, notify_when: onset", "wc"), @"
    00:00 firing/warning  notify started_firing
    00:01 firing/critical
    ");
    assert_snapshot!(timeline("severities, notify_when: any_results", "wc"), @"
    00:00 firing/warning  notify matches
    00:01 firing/critical  notify matches
    ");
}

#[test]
fn the_level_of_a_raise_while_recovering_counts() {
    assert_snapshot!(timeline("severities, keep_firing_for: 5m", "w.c"), @"
    00:00 firing/warning  notify started_firing
    00:01 recovering/warning
    00:02 firing/critical  notify severity_raised
    ");
}

#[test]
fn a_report_that_is_always_sent_is_sent_when_empty_too() {
    assert_snapshot!(timeline("kind: report, notify_when: always", "x.-?!"), @"
    00:00 nothing  notify report
    00:01 nothing  notify report
    00:02 nothing  notify report
    00:03 nothing (no data)  notify report
    00:04 nothing (error)
    ");
}

#[test]
fn a_report_under_any_results_is_silent_when_nothing_matches() {
    assert_snapshot!(timeline("kind: report, notify_when: any_results", "x.-?!x"), @"
    00:00 nothing  notify report
    00:01 nothing
    00:02 nothing
    00:03 nothing (no data)
    00:04 nothing (error)
    00:05 nothing  notify report
    ");
}

#[test]
fn a_report_keeps_no_instances_and_answers_matched_or_clear() {
    let mut run = Run::new(rule("kind: report, notify_when: always, no_data: keep"));
    for (outcome, verdict) in [
        (Outcome::Rows(observation(vec![row("a", 'x', 1)])), Verdict::Matched),
        (Outcome::Rows(observation(vec![])), Verdict::Clear),
        (Outcome::NoData, Verdict::Clear),
    ] {
        let (decision, _) = run.step(&outcome, &context(1, false));
        assert_eq!(decision.verdict, verdict);
        assert!(decision.state.instances.is_empty());
        assert_eq!(decision.state.last_success_at, Some(minute(1)));
    }
    let again = RuleState { incarnation: 7, ..RuleState::default() };
    let decision = evaluate(&run.rule, &again, &Outcome::Rows(observation(vec![])), &context(2, false));
    assert_eq!(decision.state.incarnation, 7);
}

#[test]
fn the_verdict_is_the_outcome_in_one_word() {
    for (words, letter, verdict) in [
        ("", "x", "matched"),
        ("for: 9m", "x", "matched"),
        ("", ".", "clear"),
        ("", "?", "no_data"),
        ("no_data: ok", "?", "clear"),
        ("no_data: resolve", "?", "no_data"),
        ("", "!", "failed"),
        ("notify_when: data_change", "x", "matched"),
        ("notify_when: data_change", ".", "clear"),
    ] {
        let outcome = crate::testing::outcome(&[("a", letter.chars().next().unwrap())], 0).unwrap();
        let decision = crate::evaluate(&rule(words), &RuleState::default(), &outcome, &context(0, false));
        assert_eq!(decision.verdict.as_str(), verdict, "{words} {letter}");
    }
}

#[test]
fn when_a_rule_stops_having_instances_its_open_episodes_end() {
    for (mode, letter) in [(Mode::DataChange, '.'), (Mode::Always, '.'), (Mode::Always, '?')] {
        let mut run = Run::new(rule(""));
        run.slots(&[("a", "x")], 0, 0);
        run.rule.notify_when = mode;
        let outcome = crate::testing::outcome(&[("a", letter)], 1).unwrap();
        let (decision, _) = run.step(&outcome, &context(1, false));
        let reasons: Vec<Reason> = decision.notices.iter().map(|notice| notice.notification.reason).collect();
        assert!(reasons.contains(&Reason::Resolved), "{mode:?}");
        assert!(decision.state.instances.is_empty());
    }
}

#[test]
fn the_end_of_a_rule_is_told_to_those_who_were_told() {
    for (words, letters, told) in [
        ("channel: hook, channel: wise/critical", "x", vec!["hook"]),
        ("for: 9m", "x", vec![]),
        ("", "x.", vec![]),
        ("notify_when: any_results, channel: hook, channel: pager", "x", vec!["pager"]),
        ("notify_when: onset, channel: hook, channel: pager", "x", vec!["pager"]),
    ] {
        let mut run = Run::new(rule(words));
        run.state.incarnation = 3;
        run.slots(&[("a", letters)], 0, 0);
        let decision = end(&run.rule, &run.state, minute(9), RuleEnd::Removed);
        let hearers: Vec<&str> = decision.notices.iter().flat_map(|n| &n.channels).map(|name| name.as_str()).collect();
        assert_eq!(hearers, told, "{words} {letters}");
        assert!(decision.notices.iter().all(|notice| notice.notification.reason == Reason::Resolved));
        assert!(decision.notices.iter().all(|notice| notice.notification.occurred_at == minute(9)));
        assert_eq!(decision.state, RuleState { incarnation: 3, ..RuleState::default() });
        assert_eq!(decision.verdict, Verdict::Clear);
    }
}

#[test]
fn the_end_of_a_rule_says_nothing_of_an_episode_that_nobody_was_told() {
    let mut run = Run::new(rule(""));
    run.slots(&[("a", "x")], 0, 9);
    assert_eq!(end(&run.rule, &run.state, minute(9), RuleEnd::Removed).notices, vec![]);
}

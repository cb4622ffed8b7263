//! Who hears what.

use insta::assert_snapshot;

use crate::rule::Missing;
use crate::testing::{Run, assignment, key, rule, timeline, timelines};
use watchfire_model::{ChannelName, ConditionName, Reason, Severity};

#[test]
fn a_filter_on_levels_hears_the_raise_to_its_level_and_the_end_of_what_it_was_told() {
    assert_snapshot!(timeline("severities, channel: hook, channel: wise/critical", "wcw.w."), @"
    00:00 firing/warning  notify started_firing
    00:01 firing/critical  notify severity_raised > hook+wise
    00:02 firing/warning
    00:03 resolved/warning  notify resolved > hook+wise
    00:04 firing/warning  notify started_firing
    00:05 resolved/warning  notify resolved
    ");
}

#[test]
fn a_filter_on_levels_does_not_hear_what_leaves_its_level() {
    assert_snapshot!(timeline("severities, notify_lowered, repeat: 1m, channel: low/warning", "wcwe."), @"
    00:00 firing/warning  notify started_firing > low
    00:01 firing/critical
    00:02 firing/warning  notify severity_lowered > low
    00:03 firing/error
    00:04 resolved/error  notify resolved > low
    ");
}

#[test]
fn a_filter_on_reasons_hears_nothing_else() {
    let words = "channel: starts@started_firing, channel: ends@resolved, channel: both@started_firing@resolved";
    assert_snapshot!(timeline(words, "x."), @"
    00:00 firing  notify started_firing > both+starts
    00:01 resolved  notify resolved > both
    ");
    assert_snapshot!(timeline(&format!("{words}, per, missing: resolve after 1 runs"), "x-"), @"
    00:00 a=firing  notify started_firing a > both+starts
    00:01 a=resolved  notify missing a > both
    ");
    assert_snapshot!(timeline(&format!("{words}, channel: gone@missing@started_firing, per, missing: resolve after 1 runs"), "x-"), @"
    00:00 a=firing  notify started_firing a > both+gone+starts
    00:01 a=resolved  notify missing a > both+gone
    ");
    assert_snapshot!(timeline(&format!("{words}, channel: gone@missing, per, missing: alert after 1 runs"), "x-"), @"
    00:00 a=firing  notify started_firing a > both+starts
    00:01 a=firing  notify missing a > gone
    ");
}

#[test]
fn who_wants_starts_hears_a_raise_that_is_a_start_to_it() {
    let words = "severities, channel: wise/critical@started_firing@resolved, channel: all@started_firing";
    assert_snapshot!(timeline(words, "wc."), @"
    00:00 firing/warning  notify started_firing > all
    00:01 firing/critical  notify severity_raised > wise
    00:02 resolved/critical  notify resolved > wise
    ");
}

#[test]
fn under_onset_a_raise_is_told_only_to_those_for_whom_it_is_the_start() {
    let words = "notify_when: onset, severities, channel: wise/critical, channel: low/warning/critical, channel: hook";
    assert_snapshot!(timeline(words, "wcwc.c"), @"
    00:00 firing/warning  notify started_firing > hook+low
    00:01 firing/critical  notify severity_raised > wise
    00:02 firing/warning
    00:03 firing/critical
    00:04 resolved/critical
    00:05 firing/critical  notify started_firing > hook+low+wise
    ");
}

#[test]
fn what_has_no_level_is_told_even_when_every_channel_waits_for_another() {
    let words = "severities, no_data: alert after 1 runs";
    assert_snapshot!(timeline(&format!("{words}, channel: wise/critical"), "?."), @"
    00:00 nothing (no data)  notify no_data > wise
    00:01 nothing  notify data_back > wise
    ");
    assert_snapshot!(timeline(&format!("{words}, channel: wise/critical, channel: hook"), "?."), @"
    00:00 nothing (no data)  notify no_data
    00:01 nothing  notify data_back
    ");
}

#[test]
fn two_assignments_of_one_channel_are_one_message() {
    assert_snapshot!(timeline("severities, channel: hook/warning, channel: hook/critical", "wc."), @"
    00:00 firing/warning  notify started_firing
    00:01 firing/critical  notify severity_raised
    00:02 resolved/critical  notify resolved
    ");
}

#[test]
fn a_channel_that_is_no_longer_assigned_still_hears_the_end_of_what_it_was_told() {
    let mut run = Run::new(rule("channel: old, channel: hook"));
    run.slots(&[("a", "x")], 0, 0);
    run.rule.notify = vec![assignment("hook")];
    assert_snapshot!(run.slots(&[("a", ".x.")], 1, 0), @"
    00:01 resolved  notify resolved > hook+old
    00:02 firing  notify started_firing
    00:03 resolved  notify resolved
    ");
}

#[test]
fn a_channel_that_joins_hears_the_next_start() {
    let mut run = Run::new(rule("repeat: 1m"));
    run.slots(&[("a", "x")], 0, 0);
    run.rule.notify.push(assignment("new"));
    assert_snapshot!(run.slots(&[("a", "x.x.")], 1, 0), @"
    00:01 firing  notify repeat
    00:02 resolved  notify resolved
    00:03 firing  notify started_firing > hook+new
    00:04 resolved  notify resolved > hook+new
    ");
}

#[test]
fn a_rule_without_channels_keeps_its_history() {
    assert_snapshot!(timeline("silent, repeat: 1m", "xx."), @"
    00:00 firing  notify started_firing > nobody
    00:01 firing
    00:02 resolved  notify resolved > nobody
    ");
    assert_snapshot!(timeline("silent, notify_when: any_results", "x."), @"
    00:00 firing  notify matches > nobody
    00:01 resolved
    ");
    assert_snapshot!(timeline("silent, notify_when: onset", "x."), @"
    00:00 firing  notify started_firing > nobody
    00:01 resolved
    ");
    assert_snapshot!(timeline("silent, on_error: alert after 1 runs", "!."), @"
    00:00 nothing (error)  notify query_failed > nobody
    00:01 nothing  notify query_recovered > nobody
    ");
    assert_snapshot!(timelines("silent, per", &[("a", "x."), ("b", "x.")]), @"
    00:00 a=firing b=firing  notify started_firing a > nobody  notify started_firing b > nobody
    00:01 a=resolved b=resolved  notify resolved a > nobody  notify resolved b > nobody
    ");
}

#[test]
fn nothing_is_decided_that_nobody_wants() {
    assert_snapshot!(timeline("channel: wise/critical", "x."), @"
    00:00 firing
    00:01 resolved
    ");
    assert_snapshot!(timeline("kind: report, notify_when: always, channel: wise/critical", "x"), @"00:00 nothing");
    assert_snapshot!(timeline("notify_when: data_change, channel: wise/critical", "xx"), @"
    00:00 nothing
    00:01 nothing
    ");
}

#[test]
fn a_chat_channel_reads_one_message_for_all_instances_of_a_slot() {
    let words = "per, missing: recovers, channel: chat, channel: hook";
    assert_snapshot!(timelines(words, &[("a", "xxx-"), ("b", "xx--"), ("c", "-x--")]), @"
    00:00 a=firing b=firing  notify started_firing a  notify started_firing b  notify first_firing > chat
    00:01 a=firing b=firing c=firing  notify started_firing c  notify new_instances c > chat
    00:02 a=firing b=resolved c=resolved  notify resolved b  notify resolved c  notify some_resolved > chat
    00:03 a=resolved b=resolved c=resolved  notify resolved a  notify all_resolved a > chat
    ");
}

#[test]
fn a_chat_channel_hears_a_rule_without_per_like_all_others() {
    assert_snapshot!(timeline("channel: chat, channel: hook", "x."), @"
    00:00 firing  notify started_firing > chat+hook
    00:01 resolved  notify resolved > chat+hook
    ");
}

#[test]
fn first_and_last_are_counted_by_what_the_chat_channel_was_told() {
    let words = "per, severities, channel: chat/critical, channel: room";
    assert_snapshot!(timelines(words, &[("a", "www."), ("b", "-c.-"), ("c", "-ww.")]), @"
    00:00 a=firing/warning  notify first_firing a > room
    00:01 a=firing/warning b=firing/critical c=firing/warning  notify first_firing b > chat  notify new_instances > room
    00:02 a=firing/warning b=resolved/critical c=firing/warning  notify some_resolved b > room  notify all_resolved b > chat
    00:03 a=resolved/warning b=resolved/critical c=resolved/warning  notify all_resolved > room
    ");
}

#[test]
fn a_chat_channel_may_want_the_last_ends_only() {
    let words = "per, missing: recovers, channel: chat@first_firing@all_resolved";
    assert_snapshot!(timelines(words, &[("a", "xxx-"), ("b", "-x--")]), @"
    00:00 a=firing  notify first_firing a > chat
    00:01 a=firing b=firing
    00:02 a=firing b=resolved
    00:03 a=resolved b=resolved  notify all_resolved a > chat
    ");
    let words = "per, missing: recovers, channel: chat@started_firing@resolved";
    assert_snapshot!(timelines(words, &[("a", "xxx-"), ("b", "-x--")]), @"
    00:00 a=firing  notify first_firing a > chat
    00:01 a=firing b=firing  notify new_instances b > chat
    00:02 a=firing b=resolved  notify some_resolved b > chat
    00:03 a=resolved b=resolved  notify all_resolved a > chat
    ");
}

#[test]
fn matches_go_to_those_who_want_the_level_and_the_reason() {
    let words = "severities, notify_when: any_results, channel: wise/critical, channel: deaf@resolved, channel: hook";
    assert_snapshot!(timeline(words, "w"), @"00:00 firing/warning  notify matches");
}

#[test]
fn a_word_for_starts_asks_for_nothing_else_in_chat_and_nor_does_one_for_ends() {
    let words = "per, missing: recovers, repeat: 1m, channel: chat@started_firing, channel: room@resolved";
    assert_snapshot!(timeline(words, "xx-"), @"
    00:00 a=firing  notify first_firing a > chat
    00:01 a=firing
    00:02 a=resolved
    ");
    let words = "per, missing: recovers, repeat: 1m, channel: chat@started_firing@resolved";
    assert_snapshot!(timeline(words, "xx-"), @"
    00:00 a=firing  notify first_firing a > chat
    00:01 a=firing
    00:02 a=resolved  notify all_resolved a > chat
    ");
    let words = "per, repeat: 1m, severities, channel: chat@severity_raised@resolved";
    assert_snapshot!(timeline(words, "wcc."), @"
    00:00 a=firing/warning
    00:01 a=firing/critical  notify severity_raised a > chat
    00:02 a=firing/critical
    00:03 a=resolved/critical  notify all_resolved a > chat
    ");
}

#[test]
fn reminders_and_matches_are_grouped_too() {
    let words = "per, missing: recovers, repeat: 1m, channel: chat";
    assert_snapshot!(timelines(words, &[("a", "xx"), ("b", "xx")]), @"
    00:00 a=firing b=firing  notify first_firing > chat
    00:01 a=firing b=firing  notify repeat > chat
    ");
    let words = "per, missing: recovers, notify_when: any_results, channel: chat";
    assert_snapshot!(timelines(words, &[("a", "xx"), ("b", "x-")]), @"
    00:00 a=firing b=firing  notify matches > chat
    00:01 a=firing b=resolved  notify matches a > chat
    ");
}

#[test]
fn a_message_that_is_the_same_for_chat_and_others_is_one_message() {
    let words = "per, missing: recovers, notify_when: any_results, channel: chat, channel: hook";
    assert_snapshot!(timelines(words, &[("a", "xx"), ("b", "-x")]), @"
    00:00 a=firing  notify matches a > chat+hook
    00:01 a=firing b=firing  notify matches a  notify matches b  notify matches > chat
    ");
}

#[test]
fn a_failing_rule_is_told_even_when_every_channel_waits_for_another_level() {
    let words = "on_error: alert after 1 runs, channel: wise/critical, channel: deaf/critical@resolved";
    assert_snapshot!(timeline(words, "!."), @"
    00:00 nothing (error)  notify query_failed > wise
    00:01 nothing  notify query_recovered > wise
    ");
}

#[test]
fn a_group_has_the_rows_the_worst_level_and_the_earliest_start_of_its_members() {
    let mut run = Run::new(rule("per, severities, missing: recovers, max_rows: 2, channel: chat"));
    run.slots(&[("a", "wx-"), ("b", "-c-"), ("c", "-w-"), ("d", "-e-")], 0, 0);
    let [(first, _), (more, _), (rest, _)] = run.told.as_slice() else { panic!("{:?}", run.told) };
    assert_eq!((first.reason, first.instance.clone()), (Reason::FirstFiring, Some(key("a"))));
    assert_eq!((first.episode, first.seq), (Some(1), Some(1)));
    assert_eq!((more.reason, more.instance.clone()), (Reason::NewInstances, None));
    assert_eq!((more.severity, more.state), (Some(Severity::Critical), Some(ConditionName::Firing)));
    assert_eq!((more.rows.len(), more.row_count, more.truncated), (2, 3, true));
    assert_eq!(more.columns.len(), 2);
    assert_eq!((more.episode, more.value.clone()), (None, None));
    assert_eq!((rest.reason, rest.instance.clone()), (Reason::AllResolved, None));
    assert_eq!(rest.since, Some(crate::testing::minute(0)));
    assert_eq!(rest.state, Some(ConditionName::Resolved));
    assert_ne!(more.id, rest.id);
}

#[test]
fn chat_channels_that_hear_different_instances_get_different_messages() {
    let mut run = Run::new(rule("per, severities, channel: chat/critical, channel: room"));
    run.slots(&[("a", "c"), ("b", "c"), ("c", "w")], 0, 0);
    let [(one, first), (other, second)] = run.told.as_slice() else { panic!("{:?}", run.told) };
    assert_ne!(one.id, other.id);
    assert_ne!(first, second);
}

#[test]
fn a_missing_group_says_missing_to_chat_channels() {
    let mut run = Run::new(rule("per, channel: chat"));
    run.rule.missing = Missing::Resolve(crate::rule::Patience::Runs(1));
    assert_snapshot!(run.slots(&[("a", "x-"), ("b", "x-")], 0, 0), @"
    00:00 a=firing b=firing  notify first_firing > chat
    00:01 a=resolved b=resolved  notify missing > chat
    ");
}

#[test]
fn told_is_forgotten_with_the_episode_and_the_clock_is_not() {
    let mut run = Run::new(rule(""));
    run.slots(&[("a", "x.")], 0, 0);
    let instance = run.state.instances.values().next().unwrap();
    assert!(instance.told.is_empty());
    assert_eq!(instance.last_told_at.get(&ChannelName::new("hook")), Some(&crate::testing::minute(1)));
}

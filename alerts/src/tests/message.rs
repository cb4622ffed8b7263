//! The fields of a message.

use std::collections::BTreeMap;

use crate::rule::SeveritySource;
use crate::testing::{Run, context, key, minute, observation, row, rule, text};
use watchfire_model::{
    Column, ColumnType, ConditionName, FailureCode, NotificationId, NotificationKind, Observation, Outcome, Reason,
    Severity, Value, Window,
};

fn int(number: i64) -> Option<Value> {
    Some(Value::Int(number.into()))
}

#[test]
fn a_start_says_everything_that_is_known() {
    let mut run = Run::new(rule("per, for: 1m, severity: error"));
    run.rule.description = Some("too many".into());
    run.rule.runbook = Some("https://wiki/x".into());
    run.rule.labels = BTreeMap::from([("team".into(), "shop".into())]);
    run.state.incarnation = 4;
    run.slots(&[("a", "xx"), ("b", "..")], 0, 0);
    let [(told, channels)] = run.told.as_slice() else { panic!("{:?}", run.told) };
    assert_eq!(channels, &["hook"]);
    let id = NotificationId::derive(&run.rule.uid, 4, Some(&key("a")), minute(1), Reason::StartedFiring);
    assert_eq!(told.id, id);
    assert_eq!((told.kind, told.reason), (NotificationKind::AlertStarted, Reason::StartedFiring));
    assert_eq!((told.occurred_at, told.scheduled_for, told.since), (minute(1), Some(minute(1)), Some(minute(1))));
    assert_eq!(told.window, Some(Window { start: minute(0), end: minute(1) }));
    assert_eq!((told.instance.clone(), told.episode, told.seq), (Some(key("a")), Some(1), Some(1)));
    assert_eq!((told.state, told.severity), (Some(ConditionName::Firing), Some(Severity::Error)));
    assert_eq!((told.value.clone(), told.last_value.clone()), (int(1), None));
    assert_eq!(told.rows, vec![vec![text("a"), Value::Int(1)]]);
    assert_eq!((told.row_count, told.truncated, told.columns.len()), (1, false, 2));
    assert_eq!((told.changes.len(), told.change_count, told.error.clone()), (0, 0, None));
    assert_eq!(told.query.as_deref(), Some("SELECT 1"));
    assert_eq!(told.links, BTreeMap::from([("runbook".into(), "https://wiki/x".into())]));
    let facts = told.rule.clone().unwrap();
    assert_eq!((facts.name.as_str(), facts.severity), ("rule", Some(Severity::Error)));
    assert_eq!((facts.description.as_deref(), facts.labels.len()), (Some("too many"), 1));
}

#[test]
fn a_rule_without_per_has_no_instance_in_its_messages() {
    let mut run = Run::new(rule("severities"));
    run.slots(&[("a", "c")], 0, 0);
    let told = &run.told[0].0;
    assert_eq!(told.instance, None);
    assert_eq!(told.id, NotificationId::derive(&run.rule.uid, 0, None, minute(0), Reason::StartedFiring));
    assert_eq!((told.rule.clone().unwrap().severity, told.severity), (None, Some(Severity::Critical)));
    assert!(told.links.is_empty());
}

#[test]
fn a_resolve_has_the_last_breaching_and_the_clearing_value_and_the_rows_of_its_run() {
    let mut run = Run::new(rule(""));
    run.slots(&[("a", "xx."), ("b", "...")], 0, 0);
    let told = &run.told[1].0;
    assert_eq!((told.kind, told.reason), (NotificationKind::AlertResolved, Reason::Resolved));
    assert_eq!((told.value.clone(), told.last_value.clone()), (int(1), int(2)));
    assert_eq!((told.since, told.occurred_at, told.seq), (Some(minute(0)), minute(2), Some(2)));
    assert_eq!((told.state, told.row_count), (Some(ConditionName::Resolved), 2));
    assert_eq!(told.rows.len(), 2);

    let mut run = Run::new(rule("per"));
    run.slots(&[("a", "x."), ("b", "..")], 0, 0);
    assert_eq!(run.told[1].0.rows, vec![vec![text("a"), Value::Int(1)]]);

    let mut run = Run::new(rule("per, missing: resolve after 1 runs"));
    run.slots(&[("a", "x-")], 0, 0);
    let told = &run.told[1].0;
    assert_eq!((told.kind, told.reason), (NotificationKind::AlertResolved, Reason::Missing));
    assert_eq!((told.rows.len(), told.row_count, told.truncated), (0, 0, false));
    assert_eq!((told.value.clone(), told.last_value.clone()), (int(0), None));
}

#[test]
fn the_breaching_rows_prove_a_match_and_are_cut_at_max_rows() {
    let mut run = Run::new(rule("notify_when: any_results, max_rows: 2"));
    run.slots(&[("a", "x."), ("b", ".."), ("c", "xx"), ("d", "x.")], 0, 0);
    let (first, second) = (&run.told[0].0, &run.told[1].0);
    assert_eq!((first.rows.len(), first.row_count, first.truncated), (2, 3, true));
    assert_eq!(first.rows[1], vec![text("c"), Value::Int(0)]);
    assert_eq!((second.rows.len(), second.row_count, second.truncated), (1, 1, false));
    assert_eq!((first.kind, first.reason), (NotificationKind::AlertMatches, Reason::Matches));
}

#[test]
fn counts_are_of_all_rows_even_when_only_some_are_kept() {
    let mut run = Run::new(rule("max_rows: 5"));
    let mut kept = observation(vec![row("a", 'x', 1)]);
    (kept.row_count, kept.breaching_count) = (900, 700);
    run.step(&Outcome::Rows(kept.clone()), &context(0, false));
    (kept.breaching_count, kept.unrecovered_count, kept.rows[0].breaches) = (0, 3, false);
    run.step(&Outcome::Rows(kept.clone()), &context(1, false));
    kept.unrecovered_count = 0;
    run.step(&Outcome::Rows(kept), &context(2, false));
    let [(start, _), (end, _)] = run.told.as_slice() else { panic!("{:?}", run.told) };
    assert_eq!((start.row_count, start.truncated), (700, true));
    assert_eq!((end.row_count, end.truncated, end.occurred_at), (900, true, minute(2)));
}

#[test]
fn the_value_is_the_cell_of_the_value_column_in_the_first_breaching_row() {
    let value = |change: fn(&mut Observation)| {
        let mut run = Run::new(rule(""));
        let mut seen = observation(vec![row("a", '.', 7), row("b", 'x', 8), row("c", 'x', 9)]);
        change(&mut seen);
        run.step(&Outcome::Rows(seen), &context(0, false));
        run.told[0].0.value.clone()
    };
    assert_eq!(value(|_| {}), int(8));
    assert_eq!(value(|seen| seen.value_column = None), None);
    assert_eq!(value(|seen| seen.rows[1].values[1] = Value::Null), None);
}

#[test]
fn the_severity_comes_from_where_the_rule_says() {
    let level = |source: SeveritySource, per: bool, cell: Value, engine: Option<Severity>| {
        let mut run = Run::new(rule(if per { "per" } else { "" }));
        run.rule.severity = source;
        let mut seen = observation(vec![row("a", 'x', 1), row("b", '.', 1)]);
        seen.columns.push(Column { name: "severity".into(), kind: ColumnType::String });
        seen.rows[0].values.push(cell);
        seen.rows[1].values.push(text("critical"));
        (seen.rows[0].severity, seen.severity) = (engine, engine);
        run.step(&Outcome::Rows(seen), &context(0, false));
        run.told[0].0.severity.unwrap()
    };
    use Severity::{Critical, Error, Info, Warning};
    for per in [true, false] {
        let fixed = SeveritySource::Fixed(Info);
        assert_eq!(level(fixed, per, text("critical"), Some(Critical)), Info);
        assert_eq!(level(SeveritySource::Conditions, per, text("critical"), Some(Error)), Error);
        assert_eq!(level(SeveritySource::Conditions, per, text("critical"), None), Warning);
        assert_eq!(level(SeveritySource::Column, per, text("error"), Some(Critical)), Error);
        assert_eq!(level(SeveritySource::Column, per, text(" ERROR"), None), Error);
        assert_eq!(level(SeveritySource::Column, per, Value::Json("info".into()), None), Info);
        assert_eq!(level(SeveritySource::Column, per, text("bad"), Some(Critical)), Warning);
        assert_eq!(level(SeveritySource::Column, per, Value::Null, None), Warning);
    }
}

#[test]
fn a_second_episode_has_the_next_number_and_counts_its_transitions_from_one() {
    let mut run = Run::new(rule("severities, repeat: 1m"));
    run.slots(&[("a", "wce.xx")], 0, 0);
    let places: Vec<(&str, u64, u64)> =
        run.told.iter().map(|(told, _)| (told.reason.as_str(), told.episode.unwrap(), told.seq.unwrap())).collect();
    assert_eq!(
        places,
        [
            ("started_firing", 1, 1),
            ("severity_raised", 1, 2),
            ("repeat", 1, 2),
            ("resolved", 1, 3),
            ("started_firing", 2, 1),
            ("repeat", 2, 1)
        ]
    );
}

#[test]
fn a_pending_start_that_came_to_nothing_is_an_episode_of_its_own() {
    let mut run = Run::new(rule("for: 1m"));
    run.slots(&[("a", "xx.x.xx")], 0, 0);
    let episodes: Vec<u64> = run.told.iter().map(|(told, _)| told.episode.unwrap()).collect();
    assert_eq!(episodes, [1, 1, 3]);
}

#[test]
fn a_report_has_the_breaching_rows_in_the_order_of_the_result() {
    let mut run = Run::new(rule("kind: report, notify_when: always, max_rows: 2, channel: hook"));
    run.slots(&[("z", "x"), ("a", "x"), ("m", "x")], 0, 0);
    let told = &run.told[0].0;
    assert_eq!((told.kind, told.reason), (NotificationKind::ReportReady, Reason::Report));
    assert_eq!(told.rows.iter().map(|row| row[0].clone()).collect::<Vec<_>>(), [text("z"), text("a")]);
    assert_eq!((told.row_count, told.truncated), (3, true));
    assert_eq!((told.state, told.severity, told.episode), (None, None, None));
}

#[test]
fn two_rows_with_one_key_fail_and_name_it() {
    for words in ["per", "per, notify_when: data_change"] {
        let mut run = Run::new(rule(words));
        run.rule.on_error = crate::OnError::Alert(crate::Patience::Runs(1));
        let outcome = Outcome::Rows(observation(vec![row("a", 'x', 1), row("a", '.', 2)]));
        let (decision, _) = run.step(&outcome, &context(0, false));
        assert_eq!(decision.verdict.as_str(), "failed");
        assert_eq!((decision.state.last_success_at, decision.state.instances.len()), (None, 0));
        let error = run.told[0].0.error.clone().unwrap();
        assert_eq!(error.code, FailureCode::DuplicateKey.as_str());
        assert!(error.message.contains("key=a"), "{}", error.message);
    }
}

#[test]
fn null_is_a_key_of_its_own() {
    let mut run = Run::new(rule("per"));
    let mut seen = observation(vec![row("null", 'x', 1), row("", 'x', 2), row("a", 'x', 3)]);
    seen.rows[2].values[0] = Value::Null;
    run.step(&Outcome::Rows(seen), &context(0, false));
    assert_eq!(run.state.instances.len(), 3);
}

#[test]
fn a_result_without_the_key_column_fails() {
    let mut run = Run::new(rule("per"));
    run.rule.per = vec!["other".into()];
    let (decision, _) = run.step(&Outcome::Rows(observation(vec![row("a", 'x', 1)])), &context(0, false));
    assert_eq!(decision.verdict.as_str(), "failed");
    let (decision, _) = run.step(&Outcome::Rows(Observation::default()), &context(1, false));
    assert_eq!(decision.verdict.as_str(), "clear");
}

#[test]
fn over_the_cap_the_worst_are_watched_and_what_fires_is_never_dropped() {
    let mut run = Run::new(rule("per, severities, max_instances: 2"));
    let known = |run: &Run| run.state.instances.keys().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    run.slots(&[("a", "w"), ("b", "w"), ("c", "e"), ("z", ".")], 0, 0);
    assert_eq!(known(&run), "key=a key=c", "the worst first, then by key");
    assert_eq!(run.state.overflow_since, Some(minute(0)));
    run.slots(&[("a", "w"), ("b", "c"), ("c", "e")], 1, 0);
    assert_eq!(known(&run), "key=a key=c", "a critical newcomer does not push out what fires");
    let overflows: Vec<_> = run.told.iter().filter(|(told, _)| told.reason == Reason::Overflow).collect();
    let [(told, channels)] = overflows.as_slice() else { panic!("{overflows:?}") };
    assert_eq!(channels, &["hook"]);
    assert_eq!((told.kind, told.row_count, told.instance.clone()), (NotificationKind::AlertUpdated, 3, None));
    assert_eq!((told.since, told.truncated), (Some(minute(0)), true));
    let error = told.error.clone().unwrap();
    assert_eq!(error.code, "max_instances");
    assert_eq!(error.message, "3 instances are more than `max_instances: 2`; the worst 2 are watched");
    run.slots(&[("a", "w"), ("b", "."), ("c", "e")], 2, 0);
    assert_eq!(run.state.overflow_since, None, "exactly as many as the cap are not too many");
    run.slots(&[("a", "w"), ("b", "c"), ("c", "e")], 3, 0);
    assert_eq!(run.told.iter().filter(|(told, _)| told.reason == Reason::Overflow).count(), 2);
}

#[test]
fn a_pending_instance_beyond_the_cap_is_dropped_and_an_ended_one_stays_ended() {
    let mut run = Run::new(rule("per, severities, for: 9m, max_instances: 1"));
    run.slots(&[("a", "w"), ("b", "-")], 0, 0);
    run.slots(&[("a", "w"), ("b", "c")], 1, 0);
    assert_eq!(run.state.instances.keys().map(ToString::to_string).collect::<Vec<_>>(), ["key=b"]);

    let mut run = Run::new(rule("per, severities, max_instances: 1"));
    run.slots(&[("a", "w."), ("b", "--")], 0, 0);
    run.slots(&[("a", "w"), ("b", "c")], 2, 0);
    assert_eq!(run.told.last().unwrap().0.reason, Reason::Overflow);
    assert_eq!(run.told.len(), 4, "start and end of a, start of b, overflow");
    assert_eq!(run.state.instances[&key("a")].condition, crate::Condition::Resolved { at: minute(1) });
}

#[test]
fn where_absence_is_news_the_healthy_count_too() {
    let mut run = Run::new(rule("per, missing: alert after 9 runs, max_instances: 2"));
    run.slots(&[("a", "."), ("b", "."), ("c", "x")], 0, 0);
    assert_eq!(
        run.state.instances.keys().map(ToString::to_string).collect::<Vec<_>>(),
        ["key=a", "key=c"],
        "what breaches comes first"
    );
    assert_eq!(run.told.last().unwrap().0.row_count, 3);
}

#[test]
fn only_what_changed_is_written() {
    let mut run = Run::new(rule("per, missing: recovers"));
    let rows = |letters: [char; 3], value| {
        let rows = ["a", "b", "c"].iter().zip(letters).filter(|(_, letter)| *letter != '-');
        Outcome::Rows(observation(rows.map(|(name, letter)| row(name, letter, value)).collect()))
    };
    let (_, changes) = run.step(&rows(['x', 'x', '.'], 1), &context(0, false));
    assert_eq!(changes.upserts.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>(), [key("a"), key("b")]);
    assert!(!changes.rule && !changes.baseline && changes.forgets.is_empty(), "a success alone writes no state");
    let (_, changes) = run.step(&rows(['x', '.', '.'], 1), &context(1, false));
    assert_eq!(changes.upserts.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>(), [key("b")]);
    let (_, changes) = run.step(&Outcome::Rows(observation(vec![])), &context(7 * 24 * 60 + 1, false));
    assert_eq!(changes.forgets, [key("b")]);
    let same = run.state.clone().changes_from(&run.state);
    assert_eq!(same, crate::StateChanges::default());
}

#[test]
fn each_part_of_a_rules_memory_is_a_reason_to_write_it() {
    let before = crate::RuleState::default();
    let touched: [fn(&mut crate::RuleState); 3] = [
        |state| state.incarnation = 1,
        |state| state.health = crate::Health::NoData { since: minute(0), runs: 1, told_at: None },
        |state| state.overflow_since = Some(minute(0)),
    ];
    for touch in touched {
        let mut after = before.clone();
        touch(&mut after);
        let changes = after.changes_from(&before);
        assert!(changes.rule && !changes.baseline);
    }
    let mut after = before.clone();
    after.baseline =
        Some(crate::Baseline { at: minute(0), semantic_hash: String::new(), columns: vec![], rows: vec![] });
    let changes = after.changes_from(&before);
    assert!(changes.baseline && !changes.rule);
}

#[test]
fn when_an_instance_was_last_seen_is_remembered_but_is_no_reason_to_write() {
    let mut run = Run::new(rule("per, missing: keep"));
    run.slots(&[("a", "x")], 0, 0);
    let (_, changes) = run.step(&Outcome::Rows(observation(vec![row("a", 'x', 0)])), &context(1, false));
    assert_eq!(run.state.instances[&key("a")].last_seen_at, Some(minute(1)));
    assert_eq!(changes.upserts, vec![]);
    run.slots(&[("a", "-")], 2, 0);
    assert_eq!(run.state.instances[&key("a")].last_seen_at, Some(minute(1)));
}

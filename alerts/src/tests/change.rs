//! Row differences between successful runs.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use serde_json::json;

use crate::rule::{FirstRun, Rule, Tolerance};
use crate::testing::{Run, context, minute, observation, rule};
use watchfire_model::{
    Change, ChangeKind, Column, ColumnType, Failure, FailureCode, Fingerprint, NotificationKind, Observation,
    ObservedRow, Outcome, Reason, Severity, Value,
};

/// A result of breaching rows over the columns `flag`, `value`, `at`; cells are JSON.
fn table(rows: &[serde_json::Value]) -> Observation {
    let cell = |json: &serde_json::Value| match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(*value),
        serde_json::Value::Number(number) if number.is_f64() => Value::Float(number.as_f64().unwrap()),
        serde_json::Value::Number(number) => Value::Int(number.as_i64().unwrap().into()),
        serde_json::Value::String(text) => Value::String(text.clone()),
        other => Value::Json(other.clone()),
    };
    let row = |row: &serde_json::Value| ObservedRow {
        values: row.as_array().unwrap().iter().map(cell).collect(),
        breaches: true,
        recovered: None,
        severity: None,
    };
    let columns = ["flag", "value", "at"].map(|name| Column { name: name.into(), kind: ColumnType::String });
    Observation { columns: columns.into(), ..observation(rows.iter().map(row).collect()) }
}

fn keyed() -> Rule {
    let mut rule = rule("notify_when: data_change");
    rule.per = vec!["flag".into()];
    rule
}

fn whole() -> Rule {
    rule("notify_when: data_change")
}

fn show(change: &Change) -> String {
    let cells = |cells: &std::collections::BTreeMap<String, Value>| {
        cells.iter().map(|(name, value)| format!("{name}={}", value.to_json())).collect::<Vec<_>>().join(" ")
    };
    let side = |side: &Option<std::collections::BTreeMap<String, Value>>| side.as_ref().map_or("-".into(), cells);
    format!("{} [{}] {} -> {}", change.kind.as_str(), cells(&change.key), side(&change.before), side(&change.after))
}

/// The changes that are told between two runs, one a line.
fn between(rule: Rule, before: &[serde_json::Value], after: &[serde_json::Value]) -> String {
    let mut run = Run::new(rule);
    run.step(&Outcome::Rows(table(before)), &context(0, false));
    assert_eq!(run.told.len(), 0, "the first run is silent");
    run.step(&Outcome::Rows(table(after)), &context(1, false));
    let changes = run.told.iter().flat_map(|(told, _)| &told.changes);
    changes.map(|change| show(change) + "\n").collect()
}

#[test]
fn with_per_rows_are_added_removed_and_changed() {
    let before = [json!(["a", 1, 7]), json!(["b", 1, 7]), json!(["c", 1, 7])];
    let after = [json!(["d", 1, 7]), json!(["c", 1, 7]), json!(["b", 2, 7])];
    assert_snapshot!(between(keyed(), &before, &after), @r#"
    removed [flag="a"] at=7 flag="a" value=1 -> -
    changed [flag="b"] value=1 -> value=2
    added [flag="d"] - -> at=7 flag="d" value=1
    "#);
}

#[test]
fn without_per_rows_are_counted_and_only_added_or_removed() {
    let before = [json!(["a", 1, 7]), json!(["a", 1, 7]), json!(["b", 1, 7])];
    let after = [json!(["b", 1, 7]), json!(["b", 1, 7]), json!(["a", 1, 7]), json!(["c", 1, 7])];
    assert_snapshot!(between(whole(), &before, &after), @r#"
    removed [at=7 flag="a" value=1] at=7 flag="a" value=1 -> -
    added [at=7 flag="b" value=1] - -> at=7 flag="b" value=1
    added [at=7 flag="c" value=1] - -> at=7 flag="c" value=1
    "#);
}

#[test]
fn columns_that_are_ignored_differ_unnoticed() {
    let mut keyed = keyed();
    keyed.change.ignore = BTreeSet::from(["at".into()]);
    let mut whole = whole();
    whole.change.ignore = BTreeSet::from(["at".into()]);
    let (before, after) = ([json!(["a", 1, 7])], [json!(["a", 1, 8])]);
    assert_eq!(between(keyed.clone(), &before, &after), "");
    assert_eq!(between(whole.clone(), &before, &after), "");
    let after = [json!(["a", 2, 8])];
    assert_snapshot!(between(keyed, &before, &after), @r#"changed [flag="a"] value=1 -> value=2"#);
    assert_snapshot!(between(whole, &before, &after), @r#"
    removed [flag="a" value=1] at=7 flag="a" value=1 -> -
    added [flag="a" value=2] - -> at=8 flag="a" value=2
    "#);
}

#[test]
fn only_the_kinds_that_are_asked_for_are_told() {
    let before = [json!(["a", 1, 7]), json!(["b", 1, 7])];
    let after = [json!(["b", 2, 7]), json!(["c", 1, 7])];
    for kind in [ChangeKind::Added, ChangeKind::Removed, ChangeKind::Changed] {
        let mut rule = keyed();
        rule.change.report = BTreeSet::from([kind]);
        let told = between(rule, &before, &after);
        assert!(told.starts_with(kind.as_str()) && told.lines().count() == 1, "{told}");
    }
}

#[test]
fn values_that_mean_the_same_do_not_differ() {
    for (left, right) in [
        (json!(null), json!(null)),
        (json!(3), json!(3.0)),
        (json!(-0.0), json!(0.0)),
        (json!({"a": 1, "b": 2}), json!({"b": 2, "a": 1})),
    ] {
        let (before, after) = ([json!(["a", left, 1])], [json!(["a", right, 1])]);
        assert_eq!(between(keyed(), &before, &after), "", "{left} {right}");
        assert_eq!(between(whole(), &before, &after), "", "{left} {right}");
    }
    for (left, right) in [(json!(null), json!("")), (json!(3), json!("3")), (json!(true), json!(1))] {
        let (before, after) = ([json!(["a", left, 1])], [json!(["a", right, 1])]);
        assert_ne!(between(keyed(), &before, &after), "", "{left} {right}");
        assert_ne!(between(whole(), &before, &after), "", "{left} {right}");
    }
}

#[test]
fn numbers_within_the_tolerance_do_not_differ() {
    for (tolerance, left, right, differs) in [
        (None, 1.0, 1.0001, true),
        (Some(Tolerance::Absolute(0.5)), 1.0, 1.5, false),
        (Some(Tolerance::Absolute(0.5)), 1.0, 1.75, true),
        (Some(Tolerance::Absolute(0.5)), -1.0, 1.0, true),
        (Some(Tolerance::Relative(0.25)), 75.0, 100.0, false),
        (Some(Tolerance::Relative(0.25)), 100.0, 75.0, false),
        (Some(Tolerance::Relative(0.25)), 74.0, 100.0, true),
        (Some(Tolerance::Relative(0.25)), -75.0, -100.0, false),
        (Some(Tolerance::Absolute(0.5)), f64::INFINITY, f64::INFINITY, false),
        (Some(Tolerance::Relative(0.5)), 1.0, f64::INFINITY, true),
        (Some(Tolerance::Absolute(0.5)), f64::NAN, f64::NAN, false),
        (Some(Tolerance::Absolute(0.5)), 1.0, f64::NAN, true),
    ] {
        for mut rule in [keyed(), whole()] {
            rule.change.tolerance = tolerance;
            let mut run = Run::new(rule);
            for (number, value) in [(0, left), (1, right)] {
                let mut seen = table(&[json!(["a", 0, 1])]);
                seen.rows[0].values[1] = Value::Float(value);
                run.step(&Outcome::Rows(seen), &context(number, false));
            }
            assert_eq!(!run.told.is_empty(), differs, "{tolerance:?} {left} {right}");
        }
    }
}

#[test]
fn tolerance_is_for_floating_numbers_only() {
    let mut rule = keyed();
    rule.change.tolerance = Some(Tolerance::Absolute(5.0));
    assert_ne!(between(rule.clone(), &[json!(["a", 1, 1])], &[json!(["a", 2, 1])]), "");
    assert_eq!(between(rule.clone(), &[json!(["a", 1, 1])], &[json!(["a", 2.5, 1])]), "");
    assert_eq!(between(rule.clone(), &[json!(["a", 1.5, 1])], &[json!(["a", 2, 1])]), "");
    assert_ne!(between(rule, &[json!(["a", "x", 1])], &[json!(["a", 2.5, 1])]), "");
}

#[test]
fn with_a_tolerance_whole_rows_find_their_nearest_partner_once() {
    let mut rule = whole();
    rule.change.tolerance = Some(Tolerance::Absolute(0.5));
    let before = [json!(["a", 1.0, 1]), json!(["a", 2.0, 1]), json!(["b", 1.0, 1])];
    let after = [json!(["a", 1.25, 1]), json!(["a", 2.0, 1]), json!(["a", 2.25, 1])];
    assert_snapshot!(between(rule, &before, &after), @r#"
    added [at=1 flag="a" value=2.25] - -> at=1 flag="a" value=2.25
    removed [at=1 flag="b" value=1.0] at=1 flag="b" value=1.0 -> -
    "#);
}

#[test]
fn the_comparison_is_with_the_last_run_and_not_with_the_first() {
    let mut rule = keyed();
    rule.change.tolerance = Some(Tolerance::Absolute(0.5));
    let mut run = Run::new(rule);
    for (number, value) in [(0, 1.0), (1, 1.5), (2, 2.0), (3, 2.75)] {
        run.step(&Outcome::Rows(table(&[json!(["a", value, 1])])), &context(number, false));
    }
    assert_eq!(run.told.iter().map(|(told, _)| told.occurred_at).collect::<Vec<_>>(), [minute(3)]);
}

#[test]
fn a_run_that_failed_or_saw_no_data_or_not_all_rows_leaves_the_baseline() {
    for policy in ["keep", "ok", "resolve", "alert after 9 runs"] {
        let mut run = Run::new(rule(&format!("notify_when: data_change, no_data: {policy}")));
        run.step(&Outcome::Rows(table(&[json!(["a", 1, 1])])), &context(0, false));
        let baseline = run.state.baseline.clone();
        let mut cut = table(&[]);
        (cut.row_count, cut.breaching_count) = (1, 1);
        let failure = Outcome::Failed(Failure::new(FailureCode::Source, "gone"));
        for (number, outcome) in [(1, failure), (2, Outcome::NoData), (3, Outcome::Rows(cut))] {
            let (_, changes) = run.step(&outcome, &context(number, false));
            assert!(!changes.baseline, "{policy}");
        }
        assert_eq!(run.state.baseline, baseline);
        run.step(&Outcome::Rows(table(&[])), &context(4, false));
        assert_eq!(run.told.len(), 1, "{policy}");
        assert_eq!(run.told[0].0.changes[0].kind, ChangeKind::Removed);
    }
}

#[test]
fn the_baseline_is_written_only_when_rows_differ() {
    let mut run = Run::new(keyed());
    let seen = table(&[json!(["b", 1, 1]), json!(["a", 1, 1])]);
    let (_, first) = run.step(&Outcome::Rows(seen), &context(0, false));
    let again = table(&[json!(["a", 1, 1]), json!(["b", 1, 1])]);
    let (_, second) = run.step(&Outcome::Rows(again), &context(1, false));
    assert!(first.baseline && !second.baseline);
    assert_eq!(run.state.baseline.as_ref().unwrap().at, minute(0));
    assert_eq!(run.state.baseline.as_ref().unwrap().rows[0][0], Value::String("a".into()));
}

#[test]
fn the_first_run_may_report_everything_as_added() {
    let mut rule = keyed();
    rule.change.first_run = FirstRun::Report;
    let mut run = Run::new(rule);
    run.step(&Outcome::Rows(table(&[json!(["a", 1, 1])])), &context(0, false));
    assert_eq!(show(&run.told[0].0.changes[0]), r#"added [flag="a"] - -> at=1 flag="a" value=1"#);
}

#[test]
fn another_question_is_a_new_silent_baseline() {
    let mut rule = keyed();
    rule.change.first_run = FirstRun::Report;
    let mut run = Run::new(rule);
    run.step(&Outcome::Rows(table(&[])), &context(0, false));
    run.rule.semantic_hash = Fingerprint::builder("another").finish();
    run.step(&Outcome::Rows(table(&[json!(["a", 1, 1])])), &context(1, false));
    assert_eq!(run.told.len(), 0);
    assert_eq!(run.state.baseline.as_ref().unwrap().semantic_hash, run.rule.semantic_hash.as_str());
    run.step(&Outcome::Rows(table(&[])), &context(2, false));
    assert_eq!(run.told.len(), 1);
}

#[test]
fn a_column_that_appears_empty_is_no_change() {
    for rule in [keyed(), whole()] {
        let mut run = Run::new(rule);
        let mut narrow = table(&[json!(["a", 1])]);
        narrow.columns.truncate(2);
        run.step(&Outcome::Rows(narrow), &context(0, false));
        run.step(&Outcome::Rows(table(&[json!(["a", 1, null])])), &context(1, false));
        assert_eq!(run.told.len(), 0);
        run.step(&Outcome::Rows(table(&[json!(["a", 1, 5])])), &context(2, false));
        assert!(!run.told.is_empty());
    }
}

#[test]
fn more_changes_than_max_rows_are_counted_and_cut() {
    let mut rule = keyed();
    rule.change.max_rows = 2;
    let mut run = Run::new(rule);
    run.step(&Outcome::Rows(table(&[])), &context(0, false));
    run.step(&Outcome::Rows(table(&[json!(["c", 1, 1]), json!(["a", 1, 1]), json!(["b", 1, 1])])), &context(1, false));
    let told = &run.told[0].0;
    assert_eq!(
        (told.kind, told.reason, told.instance.clone()),
        (NotificationKind::AlertChanged, Reason::RowsChanged, None)
    );
    assert_eq!((told.changes.len(), told.change_count), (2, 3));
    assert_eq!(told.changes[0].key["flag"], Value::String("a".into()));
    assert_eq!((told.rows.len(), told.columns.len()), (0, 3));
    assert_eq!((told.severity, run.state.last_success_at), (Some(Severity::Warning), Some(minute(1))));
}

#[test]
fn beyond_max_instances_rows_the_comparison_stops_and_one_notice_says_so() {
    let mut run = Run::new(keyed());
    run.rule.max_instances = 1;
    let one = table(&[json!(["a", 1, 1])]);
    let two = table(&[json!(["a", 2, 1]), json!(["b", 1, 1])]);
    let changed = table(&[json!(["a", 2, 1])]);
    let told: Vec<usize> = [(0, &one), (1, &two), (2, &two), (3, &changed), (4, &two)]
        .map(|(number, seen)| {
            run.step(&Outcome::Rows(seen.clone()), &context(number, false));
            run.told.len()
        })
        .into();
    assert_eq!(told, [0, 1, 1, 2, 3]);
    let reasons: Vec<Reason> = run.told.iter().map(|(told, _)| told.reason).collect();
    assert_eq!(reasons, [Reason::Overflow, Reason::RowsChanged, Reason::Overflow]);
    let error = run.told[0].0.error.clone().unwrap();
    assert_eq!((error.last_success_at, error.next_run_at), (Some(minute(1)), Some(minute(2))));
    assert_eq!(error.message, "2 instances are more than `max_instances: 1`; they are not compared");
    assert_eq!(run.told[1].0.changes.len(), 1, "compared with the last baseline");
}

#[test]
fn only_breaching_rows_are_compared() {
    let mut run = Run::new(keyed());
    run.step(&Outcome::Rows(table(&[json!(["a", 1, 1])])), &context(0, false));
    let mut calm = table(&[json!(["a", 1, 1]), json!(["b", 1, 1])]);
    (calm.rows[1].breaches, calm.breaching_count) = (false, 1);
    run.step(&Outcome::Rows(calm.clone()), &context(1, false));
    assert_eq!(run.told.len(), 0);
    (calm.rows[0].breaches, calm.breaching_count) = (false, 0);
    run.step(&Outcome::Rows(calm), &context(2, false));
    assert_eq!(run.told[0].0.changes[0].kind, ChangeKind::Removed);
}

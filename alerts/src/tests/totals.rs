//! What a report adds up.

use watchfire_model::{Observation, Outcome, Value};

use crate::testing::{Run, context, observation, row, rule};

fn totals(words: &str, outcome: &Outcome) -> Vec<(String, Value)> {
    let mut run = Run::new(rule(words));
    run.step(outcome, &context(0, false));
    run.told[0].0.totals.clone().into_iter().collect()
}

#[test]
fn totals_are_over_all_rows_though_few_are_shown() {
    let seen = observation((1..=5).map(|n| row("a", 'x', n)).collect());
    let told = totals("kind: report, notify_when: always, max_rows: 2, channel: hook", &Outcome::Rows(seen));
    assert_eq!(told, [("value".to_owned(), Value::Int(15))]);
}

#[test]
fn an_empty_report_adds_up_to_zero_and_one_without_data_to_nothing() {
    let words = "kind: report, notify_when: always, channel: hook";
    assert_eq!(totals(words, &Outcome::Rows(observation(vec![]))), [("value".to_owned(), Value::Int(0))]);
    assert_eq!(totals(words, &Outcome::NoData), []);
}

#[test]
fn totals_that_a_comparison_brought_are_not_the_sums_of_the_rows() {
    let words = "kind: report, notify_when: always, channel: hook";
    let brought = Observation {
        totals: [("value".to_owned(), Value::Int(99)), ("gone".to_owned(), Value::Int(1))].into(),
        ..observation(vec![row("a", 'x', 1)])
    };
    let expected = [("gone".to_owned(), Value::Int(1)), ("value".to_owned(), Value::Int(99))];
    assert_eq!(totals(words, &Outcome::Rows(brought)), expected);
}

#[test]
fn an_alert_has_no_totals() {
    assert_eq!(totals("channel: hook", &Outcome::Rows(observation(vec![row("a", 'x', 1)]))), []);
}

//! A result beside that of the window before.

use insta::assert_snapshot;
use proptest::prelude::*;
use watchfire_model::{Column, ColumnType, Observation, ObservedRow, Value};

use crate::compare::with_earlier;

/// A result: its columns (`name` text, `name:int`, `name:float`), then a row per line, cells between spaces,
/// `~` for NULL.
fn table(columns: &str, rows: &str) -> Observation {
    let columns: Vec<Column> = columns
        .split(' ')
        .map(|column| {
            let (name, kind) = match column.split_once(':') {
                Some((name, "int")) => (name, ColumnType::Int),
                Some((name, _)) => (name, ColumnType::Float),
                None => (column, ColumnType::String),
            };
            Column { name: name.into(), kind }
        })
        .collect();
    let cell = |(column, text): (&Column, &str)| match (column.kind, text) {
        (_, "~") => Value::Null,
        (ColumnType::Int, text) => Value::Int(text.parse().unwrap()),
        (ColumnType::Float, text) => Value::Float(text.parse().unwrap()),
        (_, text) => Value::String(text.into()),
    };
    let rows: Vec<ObservedRow> = rows
        .lines()
        .map(|line| ObservedRow {
            values: columns.iter().zip(line.split(' ')).map(cell).collect(),
            breaches: true,
            recovered: None,
            severity: None,
        })
        .collect();
    Observation {
        row_count: rows.len() as u64,
        breaching_count: rows.len() as u64,
        rows,
        columns,
        ..Default::default()
    }
}

/// The joined result, a row per line, then its own totals.
fn shown(joined: &Observation) -> String {
    let names: Vec<String> =
        joined.columns.iter().map(|column| format!("{}:{}", column.name, column.kind.as_str())).collect();
    let mut lines = vec![names.join(" ")];
    for row in &joined.rows {
        lines.push(row.values.iter().map(|value| value.to_json().to_string()).collect::<Vec<_>>().join(" "));
    }
    lines.extend(joined.totals.iter().map(|(name, total)| format!("total {name} {}", total.to_json())));
    lines.join("\n")
}

fn compared(columns: &str, now: &str, earlier: &str) -> String {
    match with_earlier(table(columns, now), &table(columns, earlier)) {
        Ok(joined) => shown(&joined),
        Err(failure) => failure.to_string(),
    }
}

#[test]
fn each_number_gets_the_earlier_one_and_the_difference() {
    assert_snapshot!(compared("model calls:int cost:float", "opus 10 1.5\nhaiku 3 0.3\nnew 1 0.1", "haiku 5 0.1\nopus 7 1.2\ngone 100 9"), @r#"
    model:string calls:int cost:float calls_prev:int calls_change:int cost_prev:float cost_change:float
    "opus" 10 1.5 7 3 1.2 0.3
    "haiku" 3 0.3 5 -2 0.1 0.2
    "new" 1 0.1 null null null null
    total calls_change -98
    total calls_prev 112
    total cost_change -8.4
    total cost_prev 10.3
    "#);
}

#[test]
fn a_row_is_known_by_all_its_columns_that_are_no_numbers_and_null_is_null() {
    assert_snapshot!(compared("n:int team env", "1 shop prod\n2 shop ~\n3 ~ ~\n4 ~ prod", "10 ~ ~\n20 shop ~\n30 shop test"), @r#"
    n:int team:string env:string n_prev:int n_change:int
    1 "shop" "prod" null null
    2 "shop" null 20 -18
    3 null null 10 -7
    4 null "prod" null null
    total n_change -50
    total n_prev 60
    "#);
}

#[test]
fn rows_of_one_key_pair_up_in_their_order_and_so_do_rows_without_any_key() {
    assert_snapshot!(compared("k n:int", "a 1\nb 2\na 3\na 4", "a 10\na 30"), @r#"
    k:string n:int n_prev:int n_change:int
    "a" 1 10 -9
    "b" 2 null null
    "a" 3 30 -27
    "a" 4 null null
    total n_change -30
    total n_prev 40
    "#);
    assert_snapshot!(compared("n:int m:float", "1 0.5", "3 0.25"), @"
    n:int m:float n_prev:int n_change:int m_prev:float m_change:float
    1 0.5 3 -2 0.25 0.25
    total m_change 0.25
    total m_prev 0.25
    total n_change -2
    total n_prev 3
    ");
}

#[test]
fn without_earlier_data_the_earlier_cells_are_null_and_their_total_is_zero() {
    let joined = with_earlier(table("k n:int", "a 1"), &Observation::default()).unwrap();
    assert_snapshot!(shown(&joined), @r#"
    k:string n:int n_prev:int n_change:int
    "a" 1 null null
    total n_change 1
    total n_prev 0
    "#);
    assert_snapshot!(compared("k n:int", "", "a 5"), @"
    k:string n:int n_prev:int n_change:int
    total n_change -5
    total n_prev 5
    ");
}

#[test]
fn a_null_number_has_no_difference() {
    assert_snapshot!(compared("k n:int", "a ~\nb 2", "a 1\nb ~"), @r#"
    k:string n:int n_prev:int n_change:int
    "a" null 1 null
    "b" 2 null null
    total n_change 1
    total n_prev 1
    "#);
}

#[test]
fn a_column_that_was_empty_or_of_another_width_is_still_a_number() {
    let (now, earlier) = (table("k n:int", "a 3"), table("k n", "a ~"));
    assert_snapshot!(shown(&with_earlier(now, &earlier).unwrap()), @r#"
    k:string n:int n_prev:int n_change:float
    "a" 3 null null
    total n_change null
    total n_prev null
    "#);
    let (now, earlier) = (table("k n:int", "a 3"), table("k n:float", "a 0.5"));
    assert_snapshot!(shown(&with_earlier(now, &earlier).unwrap()), @r#"
    k:string n:int n_prev:float n_change:float
    "a" 3 0.5 2.5
    total n_change 2.5
    total n_prev 0.5
    "#);
}

#[test]
fn a_name_that_is_taken_and_other_columns_are_failures_that_say_so() {
    assert_snapshot!(compared("n:int n_prev", "1 a", ""), @"invalid_query: `compare: previous_window` adds a column `n_prev` for `n`, and the result already has a column of this name; rename it in the query with AS");
    assert_snapshot!(compared("n:int n:int", "1 2", ""), @"invalid_query: `compare: previous_window` adds a column `n_prev` for `n`, and the result already has a column of this name; rename it in the query with AS");
    let failure = with_earlier(table("k n:int", "a 1"), &table("k m:int", "a 1")).unwrap_err();
    assert_snapshot!(failure, @"invalid_query: the result has the columns `k`, `n`, that of the window before has `k`, `m`, and `compare: previous_window` needs the same; name the columns in the query instead of `*`");
}

proptest! {
    #[test]
    fn the_rows_stay_as_they_were_and_totals_add_up(
        now in proptest::collection::vec(("[ab~]", -9_i64..9), 0..12),
        earlier in proptest::collection::vec(("[ab~]", -9_i64..9), 0..12),
    ) {
        let text = |rows: &[(String, i64)]| rows.iter().map(|(k, n)| format!("{k} {n}")).collect::<Vec<_>>().join("\n");
        let (seen, before) = (table("k n:int", &text(&now)), table("k n:int", &text(&earlier)));
        let joined = with_earlier(seen.clone(), &before).unwrap();
        prop_assert_eq!(joined.row_count, seen.row_count);
        for (row, was) in joined.rows.iter().zip(&seen.rows) {
            prop_assert_eq!(&row.values[..2], &was.values[..]);
            prop_assert_eq!(row.values.len(), 4);
        }
        let sum = |rows: &[(String, i64)]| rows.iter().map(|(_, n)| i128::from(*n)).sum::<i128>();
        prop_assert_eq!(&joined.totals["n_prev"], &Value::Int(sum(&earlier)));
        prop_assert_eq!(&joined.totals["n_change"], &Value::Int(sum(&now) - sum(&earlier)));
        // No earlier row is used twice.
        let used = joined.rows.iter().filter(|row| !row.values[2].is_null()).count();
        prop_assert!(used <= earlier.len());
    }
}

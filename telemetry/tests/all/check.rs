//! Mistakes with their places, found without running anything.

use insta::assert_snapshot;
use watchfire_model::{QuerySpec, Severity};
use watchfire_telemetry::{Sought, SoughtColumn};

use crate::harness::{World, spec};

#[tokio::test]
async fn a_mistake_has_its_place_in_its_own_text() {
    let world = World::of_minutes();
    let mut found = Vec::new();
    for sql in [
        "SELECT v\nFROM t\nWHERE srvice = 'api'",
        "SELECT v FROM tt",
        "SELECT v,\n  FROM t",
        "SELECT v FROM t WHERE ts > $window_begin",
        "SELECT cuont(v) FROM t",
        "DELETE FROM t",
        "SELECT 1; SELECT 2",
        "SELECT service, v FROM t GROUP BY service",
        "SELECT v + 'x' FROM t",
    ] {
        found.push(world.problems(&spec(sql), &[]).await);
    }
    assert_snapshot!(found.join("\n"), @r#"
    Query 3:7+6 error invalid_sql: no column `srvice` [did you mean `service`?]
    Query 1:15+2 error invalid_sql: no table `tt` [did you mean `t`?]
    Query 2:8+1 error invalid_sql: Expected an expression, found: FROM [the SQL cannot be read from here on: mend it here or just before]
    Query 1:28+13 error invalid_sql: `$window_begin` is no parameter [did you mean `$window_end`?]
    Query 1:8+5 error invalid_sql: no function `cuont` [did you mean `count`?]
    Query 1:1+6 error invalid_sql: `DELETE` is not allowed, queries only read [write one SELECT]
    Query 0:0+0 error invalid_sql: the query has 2 statements [write one SELECT]
    Query 1:17+1 error invalid_sql: Column in SELECT must be in GROUP BY or an aggregate function: While expanding wildcard, column "t.v" must appear in the GROUP BY clause or must be part of an aggregate function, currently only "t.service" appears in the SELECT clause satisfies this requirement [add the column to GROUP BY, or put it into an aggregate like `max(…)`]
    Query 1:8+1 error invalid_sql: Cannot coerce arithmetic expression Int64 + Utf8 to valid types
    "#);
}

#[tokio::test]
async fn all_conditions_are_checked_at_once() {
    let world = World::of_minutes();
    let query = QuerySpec {
        when: Some("n > 1 AND\n  m > 2".to_owned()),
        recover_when: Some("n <".to_owned()),
        severity: vec![(Severity::Critical, "n".to_owned()), (Severity::Warning, "count(*) > 1".to_owned())],
        ..spec("SELECT count(*) AS n FROM t")
    };
    assert_snapshot!(world.problems(&query, &[]).await, @"
    RecoverWhen 1:4+0 error invalid_sql: Expected: an expression, found: EOF [the SQL ends too early: finish it]
    When 2:3+1 error invalid_sql: no column `m` [did you mean `n`?]
    Severity(0) 0:0+0 error invalid_sql: a condition is true or false, this is of type Int64 [compare it with something, like `n > 5`]
    Severity(1) 0:0+0 error invalid_sql: a condition looks at one row of the result [compute aggregates in the query and give them a name]
    ");
    let query = QuerySpec { recover_when: None, ..query };
    assert_snapshot!(world.problems(&query, &[]).await, @"
    When 2:3+1 error invalid_sql: no column `m` [did you mean `n`?]
    Severity(0) 0:0+0 error invalid_sql: a condition is true or false, this is of type Int64 [compare it with something, like `n > 5`]
    Severity(1) 0:0+0 error invalid_sql: a condition looks at one row of the result [compute aggregates in the query and give them a name]
    ");
}

#[tokio::test]
async fn keys_must_be_columns_of_the_result() {
    let world = World::of_minutes();
    let query = spec("SELECT service AS service_name, v FROM t");
    assert_snapshot!(world.problems(&query, &["service_name", "servce_name", "region"]).await, @"
    Key(1) 0:0+0 error unknown_key: the result of the query has no column `servce_name` [did you mean `service_name`?]
    Key(2) 0:0+0 error unknown_key: the result of the query has no column `region` [the result has `service_name`, `v`]
    ");
    let query = QuerySpec { when: Some("w > 1".to_owned()), ..query };
    assert_snapshot!(world.problems(&query, &["servce_name"]).await, @"
    When 1:1+1 error invalid_sql: no column `w` [did you mean `v`?]
    Key(0) 0:0+0 error unknown_key: the result of the query has no column `servce_name` [did you mean `service_name`?]
    ");
}

#[tokio::test]
async fn a_total_without_a_condition_always_fires_and_a_limit_wants_an_order() {
    let world = World::of_minutes();
    let mut found = Vec::new();
    for sql in [
        "SELECT count(*) AS n FROM t",
        "SELECT count(*) AS n FROM t HAVING count(*) > 3",
        "SELECT service, count(*) AS n FROM t GROUP BY service",
        "SELECT v FROM t LIMIT 5",
        "SELECT v FROM t ORDER BY v LIMIT 5",
    ] {
        found.push(format!("{sql}: {}", world.problems(&spec(sql), &[]).await));
    }
    assert_snapshot!(found.join("\n"), @"
    SELECT count(*) AS n FROM t: Query 0:0+0 error always_fires: the query always returns exactly one row, so that the rule fires at every run [add `when`, like `when: n > 0`, or `HAVING` to the query]
    SELECT count(*) AS n FROM t HAVING count(*) > 3: 
    SELECT service, count(*) AS n FROM t GROUP BY service: 
    SELECT v FROM t LIMIT 5: Query 0:0+0 warning limit_without_order: LIMIT without ORDER BY keeps other rows at every run [add ORDER BY]
    SELECT v FROM t ORDER BY v LIMIT 5:
    ");
    let judged = QuerySpec { when: Some("n > 3".to_owned()), ..spec("SELECT count(*) AS n FROM t") };
    assert_eq!(world.problems(&judged, &[]).await, "");
}

#[tokio::test]
async fn a_source_that_is_not_there_is_told() {
    let mut world = World::new();
    world.source("gone", "gone.ndjson", None);
    let problems = world.problems(&spec("SELECT v FROM gone"), &[]).await;
    assert!(problems.starts_with("Query 0:0+0 error source: source `gone`:"), "{problems}");
}

#[tokio::test]
async fn columns_of_a_comparison_are_those_of_numbers_and_only_numbers_are_summed() {
    let world = World::of_minutes();
    let summed = |names: &[&str]| {
        let column = |name: &&str| SoughtColumn { name: (*name).to_owned(), is_summed: true };
        Sought { columns: names.iter().map(column).collect(), compares: true }
    };
    let inner = spec("SELECT service, n FROM (SELECT service, v AS n, v AS cost_prev FROM t) AS inner_one");
    let names = ["n", "n_prev", "n_change", "service", "service_prev", "cost_prev"];
    assert_snapshot!(world.problems_of(&inner, summed(&names)).await, @"
    Key(3) 0:0+0 error not_a_number: `service` is no number but a string, and only numbers are summed [numbers are `n`]
    Key(4) 0:0+0 error unknown_key: there is no `service_prev`: `service` is no number but a string, and only numbers are compared [numbers are `n`]
    Key(5) 0:0+0 error unknown_key: the result of the query has no column `cost_prev` [the result has `service`, `n`]
    ");
    // The name stands in the text, and not in the result: it is that of the comparison.
    let inner = spec("SELECT service, n FROM (SELECT service, v AS n, v AS n_prev FROM t) AS inner_one");
    assert_eq!(world.problems_of(&inner, summed(&["n_prev"])).await, "");
    // A column of its own so named is meant, where no number collides with it.
    let own = spec("SELECT service, service AS m, v AS m_prev FROM t");
    assert_eq!(world.problems_of(&own, summed(&["m_prev"])).await, "");
    let both = spec("SELECT service, v AS n, v AS n_prev FROM t");
    assert_snapshot!(world.problems_of(&both, summed(&["n"])).await, @"Query 0:0+0 error name_taken: `compare: previous_window` adds a column `n_prev` for `n`, and the query has one of this name [rename `n_prev` in the query with AS]");
}

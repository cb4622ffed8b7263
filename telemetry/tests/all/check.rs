//! Mistakes with their places, found without running anything.

use insta::assert_snapshot;
use watchfire_model::{QuerySpec, Severity};

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
        "SELECT foo(v) FROM t",
        "DELETE FROM t",
        "SELECT 1; SELECT 2",
        "SELECT service, v FROM t GROUP BY service",
        "SELECT v + 'x' FROM t",
    ] {
        found.push(world.problems(&spec(sql), &[]).await);
    }
    assert_snapshot!(found.join("\n"), @"");
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
    assert_snapshot!(world.problems(&query, &[]).await, @"");
    let query = QuerySpec { recover_when: None, ..query };
    assert_snapshot!(world.problems(&query, &[]).await, @"");
}

#[tokio::test]
async fn keys_must_be_columns_of_the_result() {
    let world = World::of_minutes();
    let query = spec("SELECT service AS service_name, v FROM t");
    assert_snapshot!(world.problems(&query, &["service_name", "servce_name", "region"]).await, @"");
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
    assert_snapshot!(found.join("\n"), @"");
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

//! What a run may see: its window, its slot as `now()`, its parameters.

use insta::assert_snapshot;

use crate::harness::{World, slot, spec, text};

#[tokio::test]
async fn a_scan_is_cut_to_the_window_half_open() {
    let world = World::of_minutes();
    assert_snapshot!(world.ask("SELECT v FROM t ORDER BY v").await, @"
    v int
    2
    3
    4
    ");
}

#[tokio::test]
async fn the_window_holds_inside_a_cte_a_sub_query_a_join_and_a_union() {
    let world = World::of_minutes();
    for sql in [
        "WITH c AS (SELECT * FROM t) SELECT count(*) AS n FROM c",
        "SELECT (SELECT count(*) FROM t) AS n",
        "SELECT count(*) AS n FROM (SELECT v FROM t) AS s",
        "SELECT count(*) AS n FROM t AS a JOIN t AS b ON a.v = b.v",
        "SELECT count(*) AS n FROM t WHERE v IN (SELECT v FROM t)",
        "SELECT count(DISTINCT v) AS n FROM (SELECT v FROM t UNION ALL SELECT v FROM t) AS u",
        "SELECT count(*) AS n FROM t AS a WHERE EXISTS (SELECT 1 FROM t AS b WHERE b.v = a.v)",
    ] {
        assert_eq!(world.ask(sql).await, "n int\n3", "{sql}");
    }
}

#[tokio::test]
async fn a_query_that_names_the_window_filters_by_itself() {
    let world = World::of_minutes();
    let sql = "SELECT count(*) AS n FROM t WHERE ts >= $window_start - interval '1 minute' AND ts < $window_end";
    assert_eq!(world.ask(sql).await, "n int\n4");
}

#[tokio::test]
async fn a_condition_that_names_the_window_lifts_no_cut() {
    let world = World::of_minutes();
    let mut in_when = spec("SELECT count(*) AS n, max(ts) AS last FROM t");
    in_when.when = Some("last >= $window_start AND last < $window_end".to_owned());
    assert_snapshot!(text(&world.outcome(&in_when, &slot(Some(("06:02", "06:05")))).await), @r#"
    n int | last timestamp
    3 | "2026-11-20T06:04:00.000000Z"
    "#);
}

#[tokio::test]
async fn without_a_window_everything_is_seen() {
    let world = World::of_minutes();
    assert_eq!(world.ask_all("SELECT count(*) AS n FROM t").await, "n int\n10");
    assert_snapshot!(world.ask_all("SELECT v FROM t WHERE ts < $window_end").await, @"invalid_query: `$window_end` has no value: there is no window here (`window: none`, or a query outside a rule)");
}

#[tokio::test]
async fn now_is_the_slot_and_the_parameters_are_instants() {
    let world = World::of_minutes();
    assert_snapshot!(world.ask("SELECT now() AS a, current_timestamp AS b, $scheduled_for AS c, $window_start AS d, $window_end - interval '1 minute' AS e").await, @r#"
    a timestamp | b timestamp | c timestamp | d timestamp | e timestamp
    "2026-11-20T06:06:00.000000Z" | "2026-11-20T06:06:00.000000Z" | "2026-11-20T06:06:00.000000Z" | "2026-11-20T06:02:00.000000Z" | "2026-11-20T06:04:00.000000Z"
    "#);
    assert_eq!(world.ask("SELECT count(*) AS n FROM t WHERE ts > now() - interval '3 minutes'").await, "n int\n1");
}

#[tokio::test]
async fn a_cached_plan_is_asked_again_for_another_slot() {
    let world = World::of_minutes();
    let counted = spec(
        "SELECT count(*) AS n, min(ts) = $window_start AS from_start FROM t WHERE ts < $window_end AND ts >= $window_start",
    );
    for (window, n) in [(("06:00", "06:02"), 2), (("06:02", "06:07"), 5)] {
        let outcome = world.outcome(&counted, &slot(Some(window))).await;
        assert_eq!(text(&outcome), format!("n int | from_start bool\n{n} | true"));
    }
}

#[tokio::test]
async fn window_on_takes_the_place_of_the_time_column() {
    let mut world = World::new();
    world.write("t.ndjson", "{\"ts\":\"2026-11-20T06:00:00Z\",\"created_at\":\"2026-11-20T06:03:00Z\",\"v\":1}\n{\"ts\":\"2026-11-20T06:03:00Z\",\"created_at\":\"2026-11-20T06:09:00Z\",\"v\":2}\n");
    world.source("t", "t.ndjson", Some("ts"));
    let mut query = spec("SELECT v FROM t");
    assert_eq!(text(&world.outcome(&query, &slot(Some(("06:02", "06:05")))).await), "v int\n2");
    query.window_on = Some("created_at".to_owned());
    assert_eq!(text(&world.outcome(&query, &slot(Some(("06:02", "06:05")))).await), "v int\n1");
    query.window_on = Some("arrived".to_owned());
    assert_snapshot!(text(&world.outcome(&query, &slot(Some(("06:02", "06:05")))).await), @"invalid_query: `window_on: arrived`: no table of the query has a column `arrived`");
}

#[tokio::test]
async fn a_table_without_a_time_column_is_not_cut() {
    let mut world = World::of_minutes();
    world.write("names.csv", "service,team\napi,core\nweb,front\n");
    world.source("names", "names.csv", None);
    assert_snapshot!(world.ask("SELECT v, team FROM t JOIN names USING (service) ORDER BY v").await, @r#"
    v int | team string
    2 | "core"
    3 | "front"
    4 | "core"
    "#);
}

#[tokio::test]
async fn buckets_are_counted_from_a_monday_or_from_the_first_of_a_month() {
    let world = World::new();
    assert_snapshot!(world.query("SELECT time_bucket('1 week', ts) AS w, time_bucket('1 month', ts) AS m, time_bucket(interval '5 minutes', ts) AS f, time_bucket('1 hour', ts) AS h FROM (SELECT TIMESTAMP '2026-11-20T10:00:00Z' AS ts)").await, @r#"
    w | m | f | h
    "2026-11-16T00:00:00.000000Z" | "2026-11-01T00:00:00.000000Z" | "2026-11-20T10:00:00.000000Z" | "2026-11-20T10:00:00.000000Z"
    "#);
    assert_snapshot!(world.query("SELECT time_bucket('1 month 1 day', now()) AS w").await, @"execution: the width of time_bucket is whole months, or days and less; and more than nothing");
    assert_snapshot!(world.query("SELECT time_bucket('soon', now()) AS w").await, @r#"execution: Invalid input syntax for type interval: "soon""#);
}

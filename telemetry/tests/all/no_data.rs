//! Nothing to look at, against nothing found.

use insta::assert_snapshot;

use crate::harness::{World, slot, spec, text};

#[tokio::test]
async fn an_aggregate_over_an_empty_window_is_no_data() {
    let world = World::of_minutes();
    for sql in ["SELECT count(*) AS n FROM t", "SELECT count(*) AS n FROM t HAVING count(*) < 1", "SELECT v FROM t"] {
        let outcome = world.outcome(&spec(sql), &slot(Some(("07:00", "07:05")))).await;
        assert_eq!(text(&outcome), "NoData", "{sql}");
    }
}

#[tokio::test]
async fn a_filter_that_matches_nothing_is_rows() {
    let world = World::of_minutes();
    assert_eq!(world.ask("SELECT v FROM t WHERE v > 100").await, "v int\n");
    assert_eq!(world.ask("SELECT count(*) AS n FROM t WHERE v > 100").await, "n int\n0");
}

#[tokio::test]
async fn a_query_that_names_the_window_is_no_data_when_the_window_is_empty() {
    let world = World::of_minutes();
    let query = spec("SELECT count(*) AS n FROM t WHERE ts >= $window_start AND ts < $window_end");
    assert_eq!(text(&world.outcome(&query, &slot(Some(("07:00", "07:05")))).await), "NoData");
}

#[tokio::test]
async fn one_table_with_a_row_is_enough_and_no_table_is_never_no_data() {
    let mut world = World::of_minutes();
    world.write("empty.ndjson", "");
    world.source("empty", "empty.ndjson", None);
    assert_eq!(world.ask_all("SELECT count(*) AS n FROM t, records").await, "n int\n0");
    assert_eq!(world.ask("SELECT 1 AS one").await, "one int\n1");
    assert_eq!(world.ask("SELECT count(*) AS n FROM empty").await, "NoData");
    assert_eq!(world.ask("SELECT count(*) AS n FROM empty WHERE code > 500").await, "NoData");
}

#[tokio::test]
async fn the_built_in_tables_are_there_and_empty() {
    let world = World::new();
    for table in ["records", "records_all", "records_full", "metrics"] {
        assert_eq!(world.ask(&format!("SELECT count(*) AS n FROM {table}")).await, "NoData", "{table}");
    }
    let tables = "SELECT table_schema, table_name FROM information_schema.tables ORDER BY 1, 2";
    assert_snapshot!(world.query(tables).await, @r#"
    table_schema | table_name
    "public" | "metrics"
    "public" | "records"
    "public" | "records_all"
    "watchfire" | "deliveries"
    "watchfire" | "instances"
    "watchfire" | "rules"
    "watchfire" | "runs"
    "#);
    assert_snapshot!(world.query("SELECT * FROM information_schema.df_settings").await, @"invalid_query: table 'watchfire.information_schema.df_settings' not found");
}

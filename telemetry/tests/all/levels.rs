//! `level` compared with names, by whatever name the column goes.

use insta::assert_snapshot;

use crate::harness::World;

fn world() -> World {
    let mut world = World::new();
    let row = |minute: u32, level: u32| {
        format!("{{\"start_timestamp\":\"2026-11-20T06:0{minute}:00Z\",\"level\":{level},\"kind\":\"log\"}}\n")
    };
    world.write("r.ndjson", &format!("{}{}{}", row(3, 17), row(4, 9), row(4, 13)));
    world.source("records", "r.ndjson", None);
    world
}

#[tokio::test]
async fn a_level_is_compared_with_names_under_an_alias_too() {
    let world = world();
    for (sql, count) in [
        ("SELECT count(*) AS n FROM (SELECT level AS l FROM records) AS s WHERE l >= 'warn'", 2),
        (
            "WITH a AS (SELECT level AS x FROM records), b AS (SELECT x AS y FROM a) SELECT count(*) AS n FROM b WHERE y = 'error'",
            1,
        ),
        (
            "SELECT count(*) AS n FROM (SELECT kind, max(level) AS worst FROM records GROUP BY kind) AS s WHERE worst = 'error'",
            1,
        ),
        ("SELECT count(*) AS n FROM (SELECT kind FROM records GROUP BY kind HAVING max(level) >= 'error') AS s", 1),
        (
            "SELECT count(*) AS n FROM (SELECT level AS l FROM records UNION ALL SELECT level FROM records) AS s WHERE l = 'info'",
            2,
        ),
        (
            "SELECT count(*) AS n FROM records WHERE CASE level WHEN 'warn' THEN true WHEN 'error' THEN true ELSE false END",
            2,
        ),
        ("SELECT count(*) AS n FROM records WHERE level = ANY (ARRAY['warn', 'error'])", 2),
        ("SELECT count(*) AS n FROM records WHERE level = 'warn'::text", 1),
        (
            "SELECT count(*) AS n FROM records AS r JOIN (SELECT level AS m FROM records) AS s ON r.level = s.m WHERE s.m > 'info'",
            2,
        ),
        // Another column of whole numbers is none.
        (
            "SELECT count(*) AS n FROM (SELECT length(kind) AS level_of, level FROM records) AS s WHERE level_of = '3'",
            3,
        ),
    ] {
        assert_eq!(world.ask_all(sql).await, format!("n int\n{count}"), "{sql}");
    }
}

#[tokio::test]
async fn a_name_that_meets_another_number_is_told_what_to_write() {
    let world = world();
    assert_snapshot!(world.ask_all("SELECT 1 FROM records WHERE level + 0 >= 'warn'").await, @"execution: Cannot cast string 'warn' to value of Int64 type; a level by name is a number: write `level_num('warn')`, or compare the column `level` itself");
    assert_snapshot!(world.ask_all("SELECT 1 FROM (SELECT level AS l FROM records) AS s WHERE l > 'loud'").await, @"invalid_query: `loud` is no level; the levels are trace, debug, info, notice, warn, error, fatal");
}

//! `when`, `recover_when` and `severity` on each row; which rows are kept; which values they hold.

use insta::assert_snapshot;
use watchfire_model::{Keep, QuerySpec, Severity};

use crate::harness::{World, cells, rows, slot, spec};

fn judged() -> QuerySpec {
    QuerySpec {
        when: Some("v >= 4 AND v < 8".to_owned()),
        recover_when: Some("nullif(v, 3) < 6".to_owned()),
        severity: vec![(Severity::Warning, "true".to_owned()), (Severity::Critical, "v % 2 = 0".to_owned())],
        ..spec("SELECT service, v FROM t ORDER BY v DESC")
    }
}

#[tokio::test]
async fn each_row_has_its_verdicts_and_null_is_not_true() {
    let world = World::of_minutes();
    let seen = rows(world.outcome(&judged(), &slot(None)).await);
    let lines: Vec<String> = seen
        .rows
        .iter()
        .map(|row| {
            format!("{} breaches {} recovered {:?} {:?}", cells(&row.values), row.breaches, row.recovered, row.severity)
        })
        .collect();
    assert_snapshot!(lines.join("\n"), @r#"
    "web" | 9 breaches false recovered Some(false) Some(Warning)
    "api" | 8 breaches false recovered Some(false) Some(Critical)
    "web" | 7 breaches true recovered Some(false) Some(Warning)
    "api" | 6 breaches true recovered Some(false) Some(Critical)
    "web" | 5 breaches true recovered Some(true) Some(Warning)
    "api" | 4 breaches true recovered Some(true) Some(Critical)
    "web" | 3 breaches false recovered Some(false) Some(Warning)
    "api" | 2 breaches false recovered Some(true) Some(Critical)
    "web" | 1 breaches false recovered Some(true) Some(Warning)
    "api" | 0 breaches false recovered Some(true) Some(Critical)
    "#);
    assert_eq!((seen.row_count, seen.breaching_count, seen.unrecovered_count), (10, 4, 5));
    assert_eq!((seen.severity, seen.value_column, seen.columns.len()), (Some(Severity::Critical), Some(1), 2));
}

#[tokio::test]
async fn counts_are_of_all_rows_and_the_first_of_each_side_are_kept() {
    let world = World::of_minutes();
    let query = QuerySpec { keep: Keep::Shown(2), ..judged() };
    let seen = rows(world.outcome(&query, &slot(None)).await);
    let kept: Vec<String> = seen.rows.iter().map(|row| cells(&row.values)).collect();
    assert_snapshot!(kept.join(", "), @r#""web" | 9, "api" | 8, "web" | 7, "api" | 6"#);
    assert_eq!((seen.row_count, seen.breaching_count), (10, 4));
}

#[tokio::test]
async fn without_conditions_every_row_breaches_and_none_says_that_it_has_not_recovered() {
    let world = World::of_minutes();
    let seen = rows(world.outcome(&spec("SELECT service, v AS n, v + 1 AS m FROM t"), &slot(None)).await);
    assert_eq!((seen.breaching_count, seen.unrecovered_count, seen.severity), (10, 0, None));
    assert_eq!(seen.value_column, Some(1));
}

#[tokio::test]
async fn the_value_is_the_first_numeric_column_that_when_names() {
    let world = World::of_minutes();
    let query = QuerySpec {
        when: Some("service = 'api' AND m > 3".to_owned()),
        ..spec("SELECT service, v AS n, v + 1 AS m FROM t")
    };
    assert_eq!(rows(world.outcome(&query, &slot(None)).await).value_column, Some(2));
}

#[tokio::test]
async fn parameters_and_levels_by_name_work_in_conditions() {
    let mut world = World::new();
    world.write("r.ndjson", "{\"start_timestamp\":\"2026-11-20T06:03:00Z\",\"level\":17,\"kind\":\"log\"}\n{\"start_timestamp\":\"2026-11-20T06:04:00Z\",\"level\":9,\"kind\":\"log\"}\n");
    world.source("records", "r.ndjson", None);
    for (when, breaching) in [
        ("level >= 'error'", 1),
        ("level IN ('info', 'fatal')", 1),
        ("'warn' <= level", 1),
        ("level BETWEEN 'debug' AND 'fatal'", 2),
        ("level_name(level) = 'info'", 1),
        ("level = level_num('error')", 1),
        ("start_timestamp < $scheduled_for - interval '150 seconds'", 1),
    ] {
        let query = QuerySpec { when: Some(when.to_owned()), ..spec("SELECT level, start_timestamp FROM records") };
        let seen = rows(world.outcome(&query, &slot(Some(("06:00", "06:06")))).await);
        assert_eq!(seen.breaching_count, breaching, "{when}");
    }
    assert_eq!(world.ask("SELECT count(*) AS n FROM records WHERE level = 'error'").await, "n int\n1");
    assert_snapshot!(world.ask("SELECT 1 FROM records WHERE level > 'loud'").await, @"invalid_query: `loud` is no level; the levels are trace, debug, info, notice, warn, error, fatal");
}

#[tokio::test]
async fn every_kind_of_value_has_its_type() {
    let world = World::new();
    let mut seen = Vec::new();
    for sql in [
        "1",
        "9223372036854775807",
        "1.5",
        "1.50::decimal(10,2)",
        "true",
        "'x'",
        "TIMESTAMP '2026-11-20T06:00:00Z'",
        "DATE '2026-11-20'",
        "interval '90 seconds'",
        "now() - TIMESTAMP '2026-11-20T06:00:00Z'",
        "'{\"a\":{\"b\":1}}'->'a'",
        "'{\"a\":{\"b\":1}}'->>'a'",
        "make_array(1, NULL)",
        "named_struct('a', 1)",
        "arrow_cast('x', 'LargeUtf8')",
        "arrow_cast('x', 'Dictionary(Int32, Utf8)')",
        "arrow_cast(1.5, 'Float32')",
        "arrow_cast(18446744073709551615, 'UInt64')",
        "NULL",
        "x'00ff'",
    ] {
        seen.push(format!("{sql}: {}", world.ask(&format!("SELECT {sql} AS c")).await.replace('\n', " = ")));
    }
    assert_snapshot!(seen.join("\n"), @r#"
    1: c int = 1
    9223372036854775807: c int = "9223372036854775807"
    1.5: c float = 1.5
    1.50::decimal(10,2): c float = "1.50"
    true: c bool = true
    'x': c string = "x"
    TIMESTAMP '2026-11-20T06:00:00Z': c timestamp = "2026-11-20T06:00:00.000000Z"
    DATE '2026-11-20': c timestamp = "2026-11-20T00:00:00.000000Z"
    interval '90 seconds': c duration = 90.0
    now() - TIMESTAMP '2026-11-20T06:00:00Z': c duration = 360.0
    '{"a":{"b":1}}'->'a': c json = {"b":1}
    '{"a":{"b":1}}'->>'a': c string = "{\"b\":1}"
    make_array(1, NULL): c list = [1,null]
    named_struct('a', 1): c json = {"a":1}
    arrow_cast('x', 'LargeUtf8'): c string = "x"
    arrow_cast('x', 'Dictionary(Int32, Utf8)'): c string = "x"
    arrow_cast(1.5, 'Float32'): c float = 1.5
    arrow_cast(18446744073709551615, 'UInt64'): c int = "18446744073709551615"
    NULL: c string = null
    x'00ff': c binary = "AP8="
    "#);
}

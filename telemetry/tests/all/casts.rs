//! One bad value among many: what the failure says, wherever the cast stands, and how queries go on without it.

use insta::assert_snapshot;

use crate::harness::{World, slot, spec, text};
use watchfire_model::QuerySpec;

fn world() -> World {
    let mut world = World::new();
    let line = |minute: u8, n: &str| {
        format!(
            "{{\"start_timestamp\":\"2026-11-20T06:0{minute}:00Z\",\"service_name\":\"api\",\"attributes\":\"{{\\\"n\\\":{n}}}\"}}\n"
        )
    };
    let lines: String = [(2, "\\\"12\\\""), (3, "\\\"many\\\""), (4, "5")].map(|(minute, n)| line(minute, n)).concat();
    world.write("r.ndjson", &lines);
    world.source("records", "r.ndjson", None);
    world
}

#[tokio::test]
async fn a_cast_that_fails_names_itself_and_the_value_in_every_place() {
    let world = world();
    let mut answers = Vec::new();
    for sql in [
        "SELECT (attributes->>'n')::int AS x FROM records",
        "SELECT sum((attributes->>'n')::bigint) AS x FROM records",
        "SELECT avg(CAST(attributes->>'n' AS double)) AS x FROM records",
        "SELECT count(*) AS x FROM records WHERE (attributes->>'n')::int > 3",
        "SELECT count(*) AS x FROM records a JOIN records b ON (a.attributes->>'n')::int = (b.attributes->>'n')::int",
        "SELECT (attributes->>'n')::int AS x, count(*) FROM records GROUP BY 1",
        "SELECT message FROM records ORDER BY (attributes->>'n')::int",
        "SELECT (attributes->>'n')::timestamp AS x FROM records",
        "SELECT (attributes->>'n')::boolean AS x FROM records",
        "SELECT (attributes->>'n')::numeric AS x FROM records",
        "SELECT (attributes->>'n')::interval AS x FROM records",
    ] {
        answers.push(format!("{sql}: {}", world.ask(sql).await));
    }
    let judged = QuerySpec { when: Some("n::int > 3".to_owned()), ..spec("SELECT attributes->>'n' AS n FROM records") };
    answers.push(format!("when: {}", text(&world.outcome(&judged, &slot(None)).await)));
    assert_snapshot!(answers.join("\n"), @r#"
    SELECT (attributes->>'n')::int AS x FROM records: execution: in `CAST(attributes ->> 'n' AS Int32)`: Cannot cast string 'many' to value of Int32 type; one value that is no number ends the whole query: write `json_get_int(attributes, 'key')` for an attribute, or `try_cast(x AS INT)`
    SELECT sum((attributes->>'n')::bigint) AS x FROM records: execution: in `CAST(attributes ->> 'n' AS Int64)`: Cannot cast string 'many' to value of Int64 type; one value that is no number ends the whole query: write `json_get_int(attributes, 'key')` for an attribute, or `try_cast(x AS INT)`
    SELECT avg(CAST(attributes->>'n' AS double)) AS x FROM records: execution: in `CAST(attributes ->> 'n' AS Float64)`: Cannot cast string 'many' to value of Float64 type; one value that is no number ends the whole query: write `json_get_int(attributes, 'key')` for an attribute, or `try_cast(x AS INT)`
    SELECT count(*) AS x FROM records WHERE (attributes->>'n')::int > 3: execution: in `CAST(attributes ->> 'n' AS Int32)`: Cannot cast string 'many' to value of Int32 type; one value that is no number ends the whole query: write `json_get_int(attributes, 'key')` for an attribute, or `try_cast(x AS INT)`
    SELECT count(*) AS x FROM records a JOIN records b ON (a.attributes->>'n')::int = (b.attributes->>'n')::int: execution: in `CAST(attributes ->> 'n' AS Int32)`: Cannot cast string 'many' to value of Int32 type; one value that is no number ends the whole query: write `json_get_int(attributes, 'key')` for an attribute, or `try_cast(x AS INT)`
    SELECT (attributes->>'n')::int AS x, count(*) FROM records GROUP BY 1: execution: in `CAST(attributes ->> 'n' AS Int32)`: Cannot cast string 'many' to value of Int32 type; one value that is no number ends the whole query: write `json_get_int(attributes, 'key')` for an attribute, or `try_cast(x AS INT)`
    SELECT message FROM records ORDER BY (attributes->>'n')::int: execution: in `CAST(attributes ->> 'n' AS Int32)`: Cannot cast string 'many' to value of Int32 type; one value that is no number ends the whole query: write `json_get_int(attributes, 'key')` for an attribute, or `try_cast(x AS INT)`
    SELECT (attributes->>'n')::timestamp AS x FROM records: execution: in `CAST(attributes ->> 'n' AS Timestamp(ns))`: Error parsing timestamp from '12': timestamp must contain at least 10 characters; one value that cannot be read ends the whole query: write `try_cast(x AS …)`, which is NULL for such a value
    SELECT (attributes->>'n')::boolean AS x FROM records: execution: in `CAST(attributes ->> 'n' AS Boolean)`: Cannot cast value '12' to value of Boolean type; one value that cannot be read ends the whole query: write `try_cast(x AS …)`, which is NULL for such a value
    SELECT (attributes->>'n')::numeric AS x FROM records: execution: in `CAST(attributes ->> 'n' AS Decimal128(38, 10))`: Cannot cast string 'many' to value of Decimal128(38, 10) type; one value that is no number ends the whole query: write `json_get_int(attributes, 'key')` for an attribute, or `try_cast(x AS INT)`
    SELECT (attributes->>'n')::interval AS x FROM records: execution: in `CAST(attributes ->> 'n' AS Interval(MonthDayNano))`: Invalid input syntax for type interval: "many"
    when: execution: in `CAST(n AS Int32)`: Cannot cast string 'many' to value of Int32 type; one value that is no number ends the whole query: write `json_get_int(attributes, 'key')` for an attribute, or `try_cast(x AS INT)`
    "#);
}

#[tokio::test]
async fn a_cast_that_tries_gives_null_in_every_place() {
    let world = world();
    let mut answers = Vec::new();
    for sql in [
        "SELECT TRY_CAST(attributes->>'n' AS INT) AS x FROM records ORDER BY start_timestamp",
        "SELECT sum(try_cast(attributes->>'n' AS bigint)) AS x FROM records",
        "SELECT count(*) AS x FROM records WHERE try_cast(attributes->>'n' AS int) > 3",
        "SELECT count(*) AS x FROM records a JOIN records b ON try_cast(a.attributes->>'n' AS int) = try_cast(b.attributes->>'n' AS int)",
        "SELECT json_get_int(attributes, 'n') AS x FROM records ORDER BY start_timestamp",
        "SELECT sum((attributes->'n')::int) AS x FROM records",
    ] {
        answers.push(world.ask_all(sql).await.replace('\n', "; "));
    }
    let judged = QuerySpec {
        when: Some("try_cast(n AS int) > 3".to_owned()),
        ..spec("SELECT attributes->>'n' AS n FROM records ORDER BY start_timestamp")
    };
    answers.push(text(&world.outcome(&judged, &slot(None)).await).replace('\n', "; "));
    assert_snapshot!(answers.join("\n"), @r#"
    x int; 12; null; 5
    x int; 17
    x int; 2
    x int; 2
    x int; 12; null; 5
    x int; 17
    n string; "12"; "many"; "5"
    "#);
}

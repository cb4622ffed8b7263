//! Queries that go wrong, or try to.

use std::time::{Duration, Instant};

use insta::assert_snapshot;
use watchfire_model::{Keep, QuerySpec};
use watchfire_telemetry::Limits;

use crate::harness::{World, rows, slot, spec, text};

#[tokio::test]
async fn an_endless_query_stops_at_its_timeout() {
    let world = World::limited(Limits { concurrency: 1, ..Limits::default() });
    for sql in [
        "SELECT count(*) FROM generate_series(1,10000000) a CROSS JOIN generate_series(1,10000000) b",
        "SELECT count(*) FROM generate_series(1,100000) a JOIN generate_series(1,100000) b ON a.value < b.value",
        "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r",
    ] {
        let start = Instant::now();
        let query = QuerySpec { timeout: Duration::from_millis(300), ..spec(sql) };
        let failure = text(&world.outcome(&query, &slot(None)).await);
        assert!(failure.starts_with("timeout: the query took longer than its timeout of 300ms"), "{failure}");
        assert!(start.elapsed() < Duration::from_secs(3), "{sql} took {:?}", start.elapsed());
        // Its thread is free again: with one permit the next query would wait for ever.
        assert_eq!(world.ask("SELECT 1 AS one").await, "one int\n1", "{sql}");
    }
}

#[tokio::test]
async fn a_million_rows_are_counted_and_one_more_is_too_many() {
    let world = World::new();
    let query = QuerySpec { keep: Keep::Shown(3), ..spec("SELECT value FROM generate_series(1,1000000)") };
    let seen = rows(world.outcome(&query, &slot(None)).await);
    assert_eq!((seen.row_count, seen.breaching_count, seen.rows.len()), (1_000_000, 1_000_000, 3));
    let query = QuerySpec { sql: "SELECT value FROM generate_series(1,1000001)".to_owned(), ..query };
    assert_snapshot!(text(&world.outcome(&query, &slot(None)).await), @"too_many_rows: the result has 1000001 rows or more, above the limit of 1000000 (`limits.max_rows`); aggregate in the query");
}

#[tokio::test]
async fn kept_rows_have_a_limit_in_bytes() {
    let world = World::limited(Limits { result_bytes: 10_000, ..Limits::default() });
    let failure = world.ask("SELECT value FROM generate_series(1,1000)").await;
    assert!(
        failure.starts_with("memory: the rows of the result take") && failure.contains("limit of 10000"),
        "{failure}"
    );
}

#[tokio::test]
async fn memory_hogs_are_refused() {
    let world = World::limited(Limits { memory_bytes: 8 << 20, temp_bytes: 8 << 20, ..Limits::default() });
    for (sql, says) in [
        ("SELECT repeat('x', 1000000000) AS x", "execution: repeat would make 1000000000 bytes"),
        ("SELECT lpad('x', 1000000000) AS x", "execution: lpad would make"),
        ("SELECT rpad('x', 1000000000, 'y') AS x", "execution: rpad would make"),
        ("SELECT repeat('x', value * 100000) AS x FROM generate_series(1,1000)", "execution: repeat would make"),
        ("SELECT array_repeat(1, 1000000000) AS x", "execution: array_repeat would make"),
        ("SELECT range(1, 1000000000) AS x", "execution: range would make"),
        ("SELECT generate_series(1, 1000000000) AS x", "execution: generate_series would make"),
        (
            "SELECT generate_series(now() - interval '100 years', now(), interval '1 second') AS x",
            "execution: generate_series would make",
        ),
        (
            "SELECT a || a AS x FROM (SELECT repeat('x', 900000 + value::int) AS a FROM generate_series(1, 20))",
            "execution: || would make",
        ),
        (
            "SELECT concat(a, a) AS x FROM (SELECT repeat('x', 900000 + value::int) AS a FROM generate_series(1, 20))",
            "execution: concat would make",
        ),
        ("SELECT replace(repeat('x', 10000), 'x', repeat('y', 10000)) AS x", "execution: replace would make"),
        (
            "SELECT regexp_replace(repeat('x', 10000), 'x', repeat('y', 10000), 'g') AS x",
            "execution: regexp_replace would make",
        ),
        ("SELECT array_agg(value) AS x FROM generate_series(1,10000000)", "memory: "),
        ("SELECT count(DISTINCT repeat(md5(value::text), 8)) AS x FROM generate_series(1,2000000)", "memory: "),
    ] {
        let failure = world.ask(sql).await;
        assert!(failure.starts_with(says), "{sql}: {}", &failure[..failure.len().min(300)]);
    }
    let modest = "SELECT repeat('ab', 2) || 'c' AS x, range(0, 3) AS r, concat('a', 1) AS c, replace('a-b', '-', '+') AS p, 'a' || 1 || NULL AS n";
    assert_snapshot!(world.ask(modest).await, @r#"
    x string | r list | c string | p string | n string
    "ababc" | [0,1,2] | "a1" | "a+b" | null
    "#);
}

#[tokio::test]
async fn a_deep_or_long_query_is_answered_or_refused_but_never_the_end_of_us() {
    let world = World::new();
    let deep = format!("SELECT {}1{} AS x", "(".repeat(1_000), ")".repeat(1_000));
    assert_snapshot!(world.ask(&deep).await, @"invalid_query: recursion limit exceeded");
    let long = format!("SELECT 1{} AS x", " + 1".repeat(1_000));
    assert_eq!(world.ask(&long).await, "x int\n1001");
    let endless = format!("SELECT 1{} AS x", " + 1".repeat(100_000));
    assert_snapshot!(world.ask(&endless).await, @"invalid_query: the text has 100003 words and signs, more than the limit of 4000");
    let columns =
        format!("SELECT count(*) AS x FROM generate_series(1, 2) AS t(v) WHERE {}v = 0", "v = 1 OR ".repeat(1_200));
    assert_snapshot!(world.ask(&columns).await, @"
    x int
    1
    ");
    let signs = format!("SELECT {}1 AS x", "- ".repeat(4_000));
    assert_snapshot!(world.ask(&signs).await, @"invalid_query: the text has 4003 words and signs, more than the limit of 4000");
    let joined = format!("SELECT length(a{}) AS x FROM (VALUES ('y')) AS t(a)", " || a".repeat(150));
    assert_eq!(world.ask(&joined).await, "x int\n151");
    let casts = format!("SELECT 1{} AS x", "::int".repeat(2_000));
    assert_snapshot!(world.ask(&casts).await, @"invalid_query: the text has 4003 words and signs, more than the limit of 4000");
    let unions = format!("SELECT count(*) AS x FROM (SELECT 1{}) AS u", " UNION ALL SELECT 1".repeat(1_000));
    assert_snapshot!(world.ask(&unions).await, @"
    x int
    1001
    ");
    let values = format!("SELECT 3 IN (0{}) AS x", ", 7".repeat(50_000));
    assert_snapshot!(world.ask(&values).await, @"
    x bool
    false
    ");
    let nested = (0..200).fold("SELECT 1 AS x".to_owned(), |inner, _| format!("SELECT x FROM ({inner}) AS s"));
    assert_snapshot!(world.ask(&nested).await, @"invalid_query: recursion limit exceeded");
}

#[tokio::test]
async fn a_query_only_reads() {
    let world = World::of_minutes();
    let mut answers = Vec::new();
    for sql in [
        "CREATE TABLE x AS SELECT 1",
        "CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/etc/passwd'",
        "COPY (SELECT 1) TO '/tmp/x.csv'",
        "INSERT INTO t VALUES (1)",
        "DROP TABLE t",
        "SET datafusion.execution.batch_size = 1",
        "RESET datafusion.execution.batch_size",
        "SHOW ALL",
        "EXPLAIN CREATE TABLE x AS SELECT 1",
        "SELECT 1; SELECT 2",
        "",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM \"/etc/passwd\"",
        "SELECT * FROM read_csv('/etc/passwd')",
        "PREPARE p AS SELECT 1",
    ] {
        answers.push(format!("{sql}: {}", world.ask(sql).await));
    }
    assert_snapshot!(answers.join("\n"), @r#"
    CREATE TABLE x AS SELECT 1: invalid_query: `CREATE` is not allowed, queries only read; write one SELECT
    CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/etc/passwd': invalid_query: `CREATE` is not allowed, queries only read; write one SELECT
    COPY (SELECT 1) TO '/tmp/x.csv': invalid_query: `COPY` is not allowed, queries only read; write one SELECT
    INSERT INTO t VALUES (1): invalid_query: `INSERT` is not allowed, queries only read; write one SELECT
    DROP TABLE t: invalid_query: `DROP` is not allowed, queries only read; write one SELECT
    SET datafusion.execution.batch_size = 1: invalid_query: `SET` is not allowed, queries only read; write one SELECT
    RESET datafusion.execution.batch_size: invalid_query: `RESET` is not allowed, queries only read; write one SELECT
    SHOW ALL: invalid_query: `SHOW` is not allowed, queries only read; write one SELECT
    EXPLAIN CREATE TABLE x AS SELECT 1: invalid_query: `CREATE` is not allowed, queries only read; write one SELECT
    SELECT 1; SELECT 2: invalid_query: the query has 2 statements; write one SELECT
    : invalid_query: the query is empty; write one SELECT
    SELECT * FROM '/etc/passwd': invalid_query: no table `/etc/passwd`; there are `metrics`, `records`, `records_all`, `t`, `watchfire.deliveries`, `watchfire.instances`, `watchfire.rules`, `watchfire.runs`
    SELECT * FROM "/etc/passwd": invalid_query: no table `/etc/passwd`; there are `metrics`, `records`, `records_all`, `t`, `watchfire.deliveries`, `watchfire.instances`, `watchfire.rules`, `watchfire.runs`
    SELECT * FROM read_csv('/etc/passwd'): invalid_query: no table `read_csv`; there are `metrics`, `records`, `records_all`, `t`, `watchfire.deliveries`, `watchfire.instances`, `watchfire.rules`, `watchfire.runs`
    PREPARE p AS SELECT 1: invalid_query: `PREPARE` is not allowed, queries only read; write one SELECT
    "#);
    assert_eq!(world.ask("SELECT 1 AS one;").await, "one int\n1");
    assert!(world.query("EXPLAIN ANALYZE SELECT v FROM t").await.contains("Plan with Metrics"));
}

#[tokio::test]
async fn what_goes_wrong_says_how_to_mend_it() {
    let mut world = World::of_minutes();
    world.write(
        "r.ndjson",
        "{\"start_timestamp\":\"2026-11-20T06:02:00Z\",\"attributes\":\"{\\\"n\\\":\\\"many\\\"}\"}\n",
    );
    world.source("records", "r.ndjson", None);
    let mut answers = Vec::new();
    for sql in [
        "SELECT v / 0 AS x FROM t",
        "SELECT v / (v - 3) AS x FROM t",
        "SELECT CAST(attributes->>'n' AS INT) AS x FROM records",
        "SELECT sum(attributes->'n') AS x FROM records",
        "SELECT vv FROM t",
        "SELECT nothing_like_it FROM t",
        "SELECT v FROM tt",
        "SELECT v FROM nothing_like_it",
        "SELECT cuont(v) FROM t",
        "SELECT nothing_like_it(v) FROM t",
        "SELECT date_trunc(v) FROM t",
        "SELECT v FRM t",
        "SELECT to_char(ts, 'YYYY-MM-DDTHH24') FROM t",
        "SELECT $window_begin",
        "SELECT v FROM t WHERE ts > $1",
        "SELECT service, v FROM t GROUP BY service",
    ] {
        answers.push(format!("{sql}: {}", world.ask(sql).await));
    }
    assert_snapshot!(answers.join("\n"), @r#"
    SELECT v / 0 AS x FROM t: execution: division by zero; write `x / nullif(y, 0)`, which is NULL then
    SELECT v / (v - 3) AS x FROM t: execution: division by zero; write `x / nullif(y, 0)`, which is NULL then
    SELECT CAST(attributes->>'n' AS INT) AS x FROM records: execution: in `CAST(attributes ->> 'n' AS Int32)`: Cannot cast string 'many' to value of Int32 type; one value that is no number ends the whole query: write `json_get_int(attributes, 'key')` for an attribute, or `try_cast(x AS INT)`
    SELECT sum(attributes->'n') AS x FROM records: invalid_query: `sum` does not take a JSON value; a JSON value has no type: write `->>` with a cast, like `(attributes->>'key')::double`
    SELECT vv FROM t: invalid_query: no column `vv`; did you mean `v`?
    SELECT nothing_like_it FROM t: invalid_query: no column `nothing_like_it`; there are `ts`, `v`, `service`
    SELECT v FROM tt: invalid_query: no table `tt`; did you mean `t`?
    SELECT v FROM nothing_like_it: invalid_query: no table `nothing_like_it`; there are `metrics`, `records`, `records_all`, `t`, `watchfire.deliveries`, `watchfire.instances`, `watchfire.rules`, `watchfire.runs`
    SELECT cuont(v) FROM t: invalid_query: no function `cuont`; did you mean `count`?
    SELECT nothing_like_it(v) FROM t: invalid_query: no function `nothing_like_it`
    SELECT date_trunc(v) FROM t: invalid_query: no function `date_trunc(Int64)`; there are `date_trunc(String, Timestamp)`, `date_trunc(String, Time)`
    SELECT v FRM t: invalid_query: Expected: end of statement, found: t at Line: 1, Column: 14; the SQL cannot be read from here on: mend it here or just before
    SELECT to_char(ts, 'YYYY-MM-DDTHH24') FROM t: invalid_query: to_char does not know `H` in the pattern 'YYYY-MM-DDTHH24'; write plain text in double quotes, like 'YYYY-MM-DD"T"HH24:MI:SS', and see PostgreSQL's "Data Type Formatting Functions" for what there is
    SELECT $window_begin: invalid_query: `$window_begin` is no parameter; did you mean `$window_end`?
    SELECT v FROM t WHERE ts > $1: invalid_query: `$1` is no parameter; there are `$window_start`, `$window_end`, `$scheduled_for`
    SELECT service, v FROM t GROUP BY service: invalid_query: Column in SELECT must be in GROUP BY or an aggregate function: While expanding wildcard, column "t.v" must appear in the GROUP BY clause or must be part of an aggregate function, currently only "t.service" appears in the SELECT clause satisfies this requirement; add the column to GROUP BY, or put it into an aggregate like `max(…)`
    "#);
    assert_eq!(world.ask("SELECT to_char(ts, '%H:%M') AS x FROM t LIMIT 1").await, "x string\n\"06:02\"");
}

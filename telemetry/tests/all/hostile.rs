//! Queries from outside that mean harm: each fails itself, in time and in words, and others are answered meanwhile.

use std::time::{Duration, Instant};

use watchfire_model::{Outcome, QuerySpec};
use watchfire_telemetry::Limits;

use crate::harness::{World, at, slot, spec, text};

const TIMEOUT: Duration = Duration::from_secs(2);

/// What a debug build on a busy machine may take beyond the second that is promised.
const SLACK: Duration = Duration::from_secs(2);

fn limits() -> Limits {
    Limits { concurrency: 2, query_timeout: TIMEOUT, ..Limits::default() }
}

/// Queries, and a part of what they are told; empty where an answer within the limits is as good.
fn queries() -> Vec<(String, &'static str)> {
    let nest = |times: usize, start: &str, open: &str, close: &str| {
        (0..times).fold(start.to_owned(), |inner, _| format!("{open}{inner}{close}"))
    };
    let chain = |links: usize, link: &str| {
        let tables: String =
            (1..=links).map(|n| format!(", c{n} AS ({})", link.replace('C', &format!("c{}", n - 1)))).collect();
        format!("WITH c0 AS (SELECT v AS x FROM t){tables} SELECT max(x) FROM c{links} WHERE x > 1")
    };
    let wide = (0..200).map(|index| format!(" JOIN t AS t{index} ON t{index}.v = t.v")).collect::<String>();
    let nested = (0..60).fold("1".to_owned(), |inner, _| format!("(SELECT max(v) FROM t WHERE v > {inner})"));
    let literals =
        format!("SELECT {} FROM generate_series(1, 100000)", vec![format!("'{}'", "x".repeat(60_000)); 20].join(", "));
    let unions = vec!["SELECT a.value FROM generate_series(1,100000) a CROSS JOIN generate_series(1,100000) b"; 100]
        .join(" UNION ALL ");
    [
        ("SELECT repeat('x', 1000000000) AS x", "limit"),
        ("SELECT repeat(service, 20000) AS x FROM t, generate_series(1, 10000)", ""),
        ("SELECT count(*) FROM generate_series(1,10000000) a CROSS JOIN generate_series(1,10000000) b", "timeout of 2s"),
        ("SELECT sum(a.value * b.value) FROM generate_series(1,10000000) a CROSS JOIN generate_series(1,10000000) b", ""),
        ("SELECT count(*) FROM generate_series(1,200000) a JOIN generate_series(1,200000) b ON a.value < b.value", "timeout of 2s"),
        ("WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r", "timeout of 2s"),
        ("WITH RECURSIVE r AS (SELECT 'x' AS s UNION ALL SELECT s || s FROM r) SELECT max(length(s)) FROM r", "limit"),
        ("SELECT value, count(*) OVER (ORDER BY value), sum(value) OVER (ORDER BY value ROWS BETWEEN 100000 PRECEDING AND CURRENT ROW) FROM generate_series(1, 5000000)", ""),
        ("SELECT md5(value::text) AS h FROM generate_series(1, 10000000) ORDER BY 1", ""),
        ("SELECT array_agg(md5(value::text)) AS a FROM generate_series(1, 10000000)", ""),
        ("SELECT string_agg(md5(value::text), ',') AS a FROM generate_series(1, 10000000)", ""),
        ("SELECT string_agg('x', repeat('y', 1000000)) AS a FROM generate_series(1, 100000)", "limit"),
        ("SELECT array_to_string(range(1, 1000000), repeat('y', 1000000)) AS a", "limit"),
        ("SELECT concat_ws(repeat('y', 30000000), 'a', 'b', 'c', 'd') AS a", "limit"),
        ("SELECT levenshtein(repeat('a', 1000000), repeat('b', 1000000)) AS n", "limit"),
        ("SELECT regexp_replace(repeat('x', 20000000), '', repeat('y', 250), 'g') AS n", "limit"),
        ("SELECT count(*) FROM generate_series(1, 1000) WHERE repeat('a', 25000) ~ '(a?){200}a{200}$'", ""),
        ("SELECT 'a' ~ '((a{1,1000}){1,1000}){1,1000}' AS x", ""),
        ("SELECT unnest(generate_series(1, 4000000)) AS a, unnest(generate_series(1, 4000000)) AS b", ""),
        ("SELECT repeat('x', 1000000) AS x, unnest(range(1, 1000000)) AS n", ""),
        ("SELECT x, unnest(range(1, n)) AS n FROM (SELECT repeat('x', 30000 + value::int) AS x, 100000 + value AS n FROM generate_series(1, 100)) AS t", "limit"),
        ("SELECT length(x || v::text) FROM (SELECT repeat('x', 200000) AS x) AS a CROSS JOIN (SELECT value AS v FROM generate_series(1, 100000)) AS b", ""),
        ("SELECT length(x || v::text) FROM (SELECT string_agg(md5(value::text), '') AS x FROM generate_series(1, 20000)) AS a CROSS JOIN (SELECT value AS v FROM generate_series(1, 100000)) AS b", ""),
        ("SELECT repeat('x', 200000) AS x, value FROM generate_series(1, 100000)", "limit"),
        ("SELECT range(1, 4000000) AS x, value FROM generate_series(1, 100000)", "limit"),
        ("SELECT count(*) FROM generate_series(1, 3000) a WHERE (SELECT count(*) FROM generate_series(1, 1000000) b WHERE b.value > a.value) > 5", ""),
        ("SELECT max(sum(value)) FROM generate_series(1, 10)", ""),
        ("SELECT factorial(20), power(10::double, 300), 2 ^ 1000", ""),
        ("SELECT value % 10 AS k, count(DISTINCT md5(value::text)) FROM generate_series(1, 10000000) GROUP BY 1", ""),
        ("SELECT approx_percentile_cont(value, 0.5) FROM generate_series(1, 100000000)", ""),
        ("SELECT count(*) FROM t a, t b, t c, t d, t e, t f, t g, t h, t i, t j", ""),
        ("SELECT count(*) FROM generate_series(1, 9223372036854775807)", "timeout of 2s"),
        ("SELECT to_char(now(), repeat('YYYY', 100000)) AS x", "limit"),
    ]
    .into_iter()
    .map(|(sql, says)| (sql.to_owned(), says))
    .chain([
        (format!("SELECT count(*) FROM t{wide}"), ""),
        (format!("SELECT {nested} AS x"), "recursion limit"),
        (format!("SELECT count(*) FROM t WHERE {}", vec!["v = 1"; 10_000].join(" OR ")), "limit of 4000"),
        (format!("SELECT count(*) FROM t WHERE v IN ({})", vec!["7"; 100_000].join(",")), ""),
        (format!("SELECT count(*) FROM t WHERE service IN ('{}')", (0..100_000).map(|n| n.to_string()).collect::<Vec<_>>().join("','")), ""),
        (format!("SELECT count(*) FROM t WHERE v = {}", "9".repeat(100_000)), ""),
        (literals, "limit"),
        (format!("SELECT count(*) FROM ({unions}) AS u"), ""),
        (format!("SELECT {}", vec!["[1]"; 500].join("")), ""),
        (format!("SELECT {} FROM t", nest(22, "service", "coalesce(", ", 'a0')")), "nested 22 deep"),
        (format!("SELECT {} FROM t", nest(18, "service", "nullif(", ", 'a0')")), "nested 18 deep"),
        (format!("SELECT {} FROM t", nest(20, "v = 1", "(case when ", " then 1 else 0 end) between 0 and 1")), "nodes when it is planned"),
        (format!("SELECT {} FROM t", nest(10, "service", "coalesce('a0', ", ")")), "rows"),
        (chain(12, "select x from C union all select x from C"), "nodes when it is planned"),
        (chain(18, "select x from C union all select x from C"), "nodes when it is planned"),
        (chain(6, "select x from C union all select x from C"), ""),
        (format!("SELECT {}1{}", "CASE WHEN true THEN ".repeat(200), " END".repeat(200)), ""),
    ])
    .collect()
}

/// A rule's question beside it.
async fn answers_beside(world: &World) {
    let start = Instant::now();
    let query = QuerySpec { timeout: Duration::from_secs(20), ..spec("SELECT count(*) AS n FROM t") };
    assert_eq!(text(&world.outcome(&query, &slot(None)).await), "n int\n10");
    assert!(start.elapsed() < Duration::from_secs(2), "a simple query beside it took {:?}", start.elapsed());
}

fn world() -> World {
    let mut world = World::limited(limits());
    world.write("t.ndjson", &crate::harness::minutes());
    world.source("t", "t.ndjson", Some("ts"));
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_fails_itself_in_time_and_others_are_answered_meanwhile() {
    let world = world();
    let mut wrong = Vec::new();
    for (sql, says) in queries() {
        let shown: String = sql.chars().take(160).collect();
        let start = Instant::now();
        let (answer, ()) = tokio::join!(world.telemetry.query(&sql, at("06:06"), 10), answers_beside(&world));
        let took = start.elapsed();
        let told = match answer {
            Ok(result) => format!("{} rows", result.row_count),
            Err(failure) => failure.to_string(),
        };
        let told: String = told.chars().take(220).collect();
        let resident = resident_mebibytes();
        if resident > 1_500 {
            wrong.push(format!("{shown}\n    {resident} MiB of memory"));
        }
        if took > TIMEOUT + Duration::from_secs(1) + SLACK || told.starts_with("internal") || !told.contains(says) {
            wrong.push(format!("{shown}\n    {took:?} {told} (wanted {says})"));
        }
        println!("{took:?} {resident} MiB {shown}\n    {told}");
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// The memory that this process has now, where the system tells.
fn resident_mebibytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().nth(1)).and_then(|number| number.parse::<u64>().ok());
    kibibytes.unwrap_or(0) >> 10
}

#[expect(clippy::disallowed_methods, reason = "a test ends with its runtime")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_are_evaluated_while_people_ask_for_too_much() {
    let world = world();
    let endless = "SELECT count(*) FROM generate_series(1,10000000) a CROSS JOIN generate_series(1,10000000) b";
    let hogs: Vec<_> = (0..20)
        .map(|_| {
            let telemetry = world.telemetry.clone();
            tokio::spawn(async move { telemetry.query(endless, at("06:06"), 10).await })
        })
        .collect();
    for _ in 0..5 {
        answers_beside(&world).await;
    }
    for hog in hogs {
        let failure = hog.await.unwrap().unwrap_err();
        assert!(failure.message.contains("timeout of 2s"), "{failure}");
    }
}

#[tokio::test]
async fn rules_that_ask_for_too_much_end_and_leave_their_turns() {
    let world = world();
    let endless = "SELECT count(*) FROM generate_series(1,10000000) a CROSS JOIN generate_series(1,10000000) b";
    let query = QuerySpec { timeout: Duration::from_millis(300), ..spec(endless) };
    for _ in 0..4 {
        let (at, other) = (slot(None), slot(None));
        let both = tokio::join!(world.outcome(&query, &at), world.outcome(&query, &other));
        assert!(matches!(both, (Outcome::Failed(_), Outcome::Failed(_))), "{both:?}");
        answers_beside(&world).await;
    }
}

#[tokio::test]
async fn nothing_outside_of_the_tables_is_read() {
    let world = world();
    for sql in [
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_parquet('/etc/passwd')",
        "SELECT * FROM information_schema.df_settings",
        "SELECT * FROM information_schema.routines",
        "SELECT * FROM pg_catalog.pg_tables",
        "SELECT * FROM other.public.t",
        "SELECT * FROM other.t",
        "SELECT pg_sleep(10)",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT input_file_name()",
        "SELECT version()",
        "SELECT current_setting('x')",
        "SELECT @@version",
        "SELECT * FROM t FOR UPDATE",
        "SELECT * INTO x FROM t",
        "EXPLAIN ANALYZE INSERT INTO t VALUES (1)",
        "EXPLAIN ANALYZE COPY t TO '/tmp/x'",
        "EXPLAIN EXPLAIN DROP TABLE t",
        "WITH x AS (INSERT INTO t VALUES (1) RETURNING *) SELECT * FROM x",
        "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x",
        "SELECT * FROM (INSERT INTO t VALUES (1)) AS x",
        "TRUNCATE t",
        "ALTER TABLE t ADD COLUMN x int",
        "GRANT ALL ON t TO public",
        "VACUUM",
        "CALL f()",
        "DO $$ BEGIN END $$",
        "LISTEN x",
        "BEGIN",
        "COMMIT",
        "USE x",
        "ATTACH DATABASE 'x' AS y",
        "LOAD 'x'",
        "DESCRIBE t",
        "SHOW TABLES",
        "SELECT 1; DROP TABLE t",
        "MERGE INTO t USING t AS s ON t.v = s.v WHEN MATCHED THEN DELETE",
        "VALUES (1); SELECT 1",
    ] {
        let answer = world.query(sql).await;
        assert!(answer.starts_with("invalid_query: "), "{sql}: {answer}");
    }
}

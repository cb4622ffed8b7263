//! Which statements arrive at a database.

use insta::assert_snapshot;

use super::*;
use crate::harness::{slot, spec, text};

#[tokio::test]
async fn postgresql_is_sent_what_it_computes_as_we_do() {
    let Some(shop) = Shop::postgres().await else { return };
    assert_snapshot!(shop.sent("SELECT note FROM orders WHERE amount > 5 AND lower(note) = 'x'").await, @r#"
    SELECT CAST(t0."amount" AS int8) AS c0, CAST(t0."note" AS text) AS c1 FROM "public"."orders" AS t0 WHERE (t0."amount" > CAST(5 AS int8))
    "#);
    assert_snapshot!(shop.sent("SELECT paid, count(*) AS n, sum(amount) AS s FROM orders WHERE created_at > now() - interval '1 hour' GROUP BY paid HAVING count(*) > 1").await, @r#"
    SELECT CAST(t1.c0 AS bool) AS c0, CAST(t1.c1 AS int8) AS c1, CAST(t1.c2 AS int8) AS c2 FROM (SELECT t0."paid" AS c0, count(*) AS c1, CAST(sum(t0."amount") AS int8) AS c2 FROM "public"."orders" AS t0 WHERE (t0."created_at" > TIMESTAMP '2026-11-20 05:06:00.000000') GROUP BY t0."paid") AS t1 WHERE (t1.c1 > CAST(1 AS int8))
    "#);
    assert_snapshot!(shop.sent("SELECT c.name, max(o.note) AS m FROM orders o LEFT JOIN customers c ON c.id = o.customer AND c.name > 'B' WHERE o.paid GROUP BY c.name").await, @r#"
    SELECT CAST(t1."name" AS text) AS c0, CAST(max(t0."note" COLLATE "C") AS text) AS c1 FROM "public"."orders" AS t0 LEFT JOIN "public"."customers" AS t1 ON (t0."customer" = t1."id") AND (t1."name" COLLATE "C" > CAST('B' AS text)) WHERE t0."paid" GROUP BY t1."name"
    "#);
    assert_snapshot!(shop.sent("SELECT id FROM orders ORDER BY note DESC LIMIT 3 OFFSET 1").await, @r#"
    SELECT CAST(t0."id" AS int8) AS c0, CAST(t0."note" AS text) AS c1 FROM "public"."orders" AS t0 ORDER BY t0."note" COLLATE "C" DESC NULLS FIRST LIMIT 4
    "#);
    assert_snapshot!(shop.sent("SELECT date_trunc('day', created_at) AS d, avg(weight) AS w FROM orders GROUP BY d").await, @r#"
    SELECT CAST(date_trunc('day', (t0."created_at" AT TIME ZONE 'UTC')) AS timestamptz) AS c0, CAST(avg(t0."weight") AS float8) AS c1 FROM "public"."orders" AS t0 GROUP BY date_trunc('day', (t0."created_at" AT TIME ZONE 'UTC'))
    "#);
    assert_snapshot!(shop.sent("SELECT count(*) AS n FROM orders").await, @r#"
    SELECT CAST(count(*) AS int8) AS c0 FROM "public"."orders" AS t0
    "#);
}

#[tokio::test]
async fn sqlite_is_sent_what_it_computes_as_we_do() {
    let mut shop = Shop::sqlite().await;
    shop.run("CREATE TABLE jobs (id INTEGER PRIMARY KEY, queue TEXT, tries INTEGER, at DATETIME)").await;
    shop.run("CREATE TABLE runs (job INTEGER, seconds REAL, note TEXT) STRICT").await;
    shop.table("jobs", "jobs", Some("at"));
    shop.table("runs", "runs", None);
    assert_snapshot!(shop.sent("SELECT count(*) AS n FROM jobs WHERE id > 5").await, @r#"
    SELECT count(*) AS c0 FROM "jobs" AS t0 WHERE (t0."id" > (5))
    "#);
    assert_snapshot!(shop.sent("SELECT tries FROM jobs WHERE tries = 3").await, @r#"
    SELECT CASE typeof(t0."tries") WHEN 'null' THEN NULL WHEN 'integer' THEN t0."tries" ELSE json_extract('{}', 'watchfire: table `jobs`, column `tries`: the value ' || CASE typeof(t0."tries") WHEN 'blob' THEN 'of bytes' ELSE substr(t0."tries", 1, 40) END || ' in row ' || t0.rowid || ' is no whole number') END AS c0 FROM "jobs" AS t0 WHERE (t0."tries" = (3) AND CASE typeof(t0."tries") WHEN 'null' THEN NULL WHEN 'integer' THEN t0."tries" ELSE json_extract('{}', 'watchfire: table `jobs`, column `tries`: the value ' || CASE typeof(t0."tries") WHEN 'blob' THEN 'of bytes' ELSE substr(t0."tries", 1, 40) END || ' in row ' || t0.rowid || ' is no whole number') END = (3))
    "#);
    assert_snapshot!(shop.sent("SELECT note, count(*) AS n FROM runs WHERE note >= 'B' AND note LIKE 'x%' GROUP BY note").await, @r#"
    SELECT (t0."note" COLLATE BINARY) AS c0 FROM "runs" AS t0 WHERE ((t0."note" COLLATE BINARY) COLLATE BINARY >= 'B')
    "#);
    assert_snapshot!(shop.sent("SELECT r.note, count(*) AS n FROM runs r JOIN jobs j ON j.id = r.job WHERE r.seconds > 1 GROUP BY r.note ORDER BY n DESC LIMIT 2").await, @r#"
    SELECT (t0."note" COLLATE BINARY) AS c0, count(*) AS c1 FROM "runs" AS t0 JOIN "jobs" AS t1 ON (t0."job" = t1."id") WHERE (t0."seconds" > (1.0)) GROUP BY (t0."note" COLLATE BINARY) ORDER BY count(*) DESC NULLS FIRST LIMIT 2
    "#);
    let sent = shop.sent("SELECT count(*) AS n FROM jobs WHERE at > now() - interval '1 hour'").await;
    assert!(sent.contains("\"at\" >= '2026-11-19'") && sent.contains("> (1795151160000000)"), "{sent}");
}

#[tokio::test]
async fn the_window_and_now_arrive_as_the_instants_of_the_slot() {
    let Some(shop) = Shop::postgres().await else { return };
    assert_eq!(shop.world.ask("SELECT count(*) AS n FROM orders WHERE created_at < now()").await, "n int\n4");
    let plan = text(
        &shop.world.outcome(&spec("EXPLAIN SELECT count(*) AS n FROM orders"), &slot(Some(("06:02", "06:05")))).await,
    );
    assert!(plan.contains("TIMESTAMP '2026-11-20 06:02:00.000000'"), "{plan}");
    assert!(!plan.to_lowercase().contains("now()"), "{plan}");
}

#[tokio::test]
async fn what_means_something_else_in_a_database_is_computed_here() {
    let shop = Shop::sqlite().await;
    for mine in [
        "SELECT id FROM orders WHERE note LIKE 'a%'",
        "SELECT id FROM orders WHERE note ILIKE 'a%'",
        "SELECT id FROM orders WHERE lower(note) = 'a'",
        "SELECT id FROM orders WHERE date_trunc('day', created_at) = '2026-11-20'",
        "SELECT id FROM orders WHERE level_num(note) = 5",
        "SELECT id FROM orders WHERE note->>'a' = 'b'",
        "SELECT id FROM orders WHERE time_bucket('1 hour', created_at) = '2026-11-20'",
        "SELECT id FROM orders WHERE id / amount = 1",
        "SELECT id FROM orders WHERE note ~ 'a+'",
        "SELECT id FROM orders WHERE weight::int = 1",
    ] {
        let sent = shop.sent(mine).await;
        assert!(sent.starts_with("SELECT") && !sent.contains("WHERE"), "{mine}: {sent}");
    }
}

#[tokio::test]
async fn a_million_rows_are_counted_in_the_database_and_read_with_little_memory() {
    let mut shop = Shop::sqlite().await;
    shop.run(
        "CREATE TABLE many (id INTEGER PRIMARY KEY, kind TEXT);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
         INSERT INTO many SELECT i, 'kind ' || (i % 3) FROM n",
    )
    .await;
    shop.table("many", "many", None);
    let sql = "SELECT kind, count(*) AS n FROM many GROUP BY kind ORDER BY kind";
    assert_eq!(shop.world.query(sql).await, "kind | n\n\"kind 0\" | 333333\n\"kind 1\" | 333334\n\"kind 2\" | 333333");
    // Nothing that the database computes: every row comes, and none is kept.
    let sql = "SELECT count(*) AS n, max(length(kind)) AS l FROM many";
    assert_eq!(shop.world.query(sql).await, "n | l\n1000000 | 6");
}

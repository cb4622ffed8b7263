//! What becomes of the types of each database.

use insta::assert_snapshot;

use super::*;

/// A table as columns with their types, then its rows.
async fn shown(shop: &Shop, sql: &str) -> String {
    shop.world.ask_all(sql).await
}

#[tokio::test]
async fn the_types_of_postgresql() {
    let Some(mut shop) = Shop::postgres().await else { return };
    shop.run(
        "CREATE TYPE mood AS ENUM ('sad', 'glad');
         CREATE DOMAIN cents AS numeric(8, 2);
         CREATE TABLE kinds (a int2, b int4, c int8, d float4, e float8, f numeric(10, 2), g numeric, h cents, i bool,
             j text, k varchar(9), l char(5), m name, n mood, o uuid, p json, q jsonb, r timestamptz, s timestamp, t date,
             u time, v interval, w bytea, x int4[], y text[], z inet, aa money, ab timestamptz[], ac uuid[], ad oid);
         INSERT INTO kinds VALUES (1, -2, 9007199254740993, 1.5, 'NaN', 12.30, 1e20, 5.5, true, 'te''xt', 'vc', 'ch', 'nm', 'glad',
             'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '{\"a\": 1}', '{\"b\":[1,2]}', '2026-11-20 07:00:00+01', '2026-11-20 06:00:00.000001',
             '2026-11-20', '06:00:00', '1 day 2 hours', '\\x0102', '{1,NULL,3}', '{a,NULL}', '10.0.0.1', 12.5,
             '{2026-11-20 06:00:00+00}', '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}', 7);
         INSERT INTO kinds (r, t) VALUES ('infinity', '-infinity');
         CREATE VIEW kinds_seen AS SELECT * FROM kinds",
    )
    .await;
    shop.table("kinds", "public.kinds_seen", None);
    assert_snapshot!(shown(&shop, "SELECT a, b, c, d, e, f, g, h, i FROM kinds").await, @r#"
    a int | b int | c int | d float | e float | f float | g float | h float | i bool
    1 | -2 | "9007199254740993" | 1.5 | null | "12.30" | 1e+20 | "5.50" | true
    null | null | null | null | null | null | null | null | null
    "#);
    assert_snapshot!(shown(&shop, "SELECT j, k, l, m, n, o, p, q, z, aa FROM kinds").await, @r#"
    j string | k string | l string | m string | n string | o string | p json | q json | z string | aa string
    "te'xt" | "vc" | "ch" | "nm" | "glad" | "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11" | {"a":1} | {"b":[1,2]} | "10.0.0.1/32" | "$12.50"
    null | null | null | null | null | null | null | null | null | null
    "#);
    assert_snapshot!(shown(&shop, "SELECT r, s, t, u, v, w, x, y, ab, ac, ad FROM kinds").await, @r#"
    r timestamp | s timestamp | t timestamp | u duration | v duration | w binary | x list | y list | ab list | ac list | ad int
    "2026-11-20T06:00:00.000000Z" | "2026-11-20T06:00:00.000001Z" | "2026-11-20T00:00:00.000000Z" | 21600.0 | 93600.0 | "AQI=" | [1,null,3] | ["a",null] | ["2026-11-20T06:00:00.000000Z"] | ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"] | 7
    "9999-12-31T23:59:59.999999Z" | null | "0001-01-01T00:00:00.000000Z" | null | null | null | null | null | null | null | null
    "#);
    assert_snapshot!(shown(&shop, "SELECT sum(f) AS f, max(f) AS m, sum(g) AS g, q->'b'->>1 AS j FROM kinds WHERE f = 12.3 AND o = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' GROUP BY q").await, @r#"
    f float | m float | g float | j string
    "12.30" | "12.30" | 1e+20 | "2"
    "#);
}

#[tokio::test]
async fn the_types_of_sqlite() {
    let mut shop = Shop::sqlite().await;
    shop.run(
        "CREATE TABLE kinds (a INTEGER, b BIGINT, c REAL, d NUMERIC, e DECIMAL(10, 2), f BOOLEAN, g TEXT, h VARCHAR(9), i JSON,
             j BLOB, k DATETIME, l DATE, m, n TIMESTAMP, o UUID);
         INSERT INTO kinds VALUES (1, 9007199254740993, 1.5, 2, 12.3, 1, 'te''xt', 7, '{\"a\":1}', x'0102',
             '2026-11-20T07:00:00.000001+01:00', '2026-11-20', 5, 1763622000, 'a-b');
         INSERT INTO kinds (k, n) VALUES ('2026-11-20', 1763622000123);
         CREATE VIEW seen AS SELECT a + 1 AS a, g || '!' AS g, count(*) OVER () AS n FROM kinds;
         CREATE TABLE strict_kinds (a INTEGER, b REAL, c TEXT, d BLOB, e ANY) STRICT;
         INSERT INTO strict_kinds VALUES (1, 2, 'x', x'ff', 'y')",
    )
    .await;
    shop.table("kinds", "kinds", None);
    shop.table("seen", "seen", None);
    shop.table("strict_kinds", "STRICT_KINDS", None);
    assert_snapshot!(shown(&shop, "SELECT * FROM kinds").await, @r#"
    a int | b int | c float | d float | e float | f bool | g string | h string | i json | j binary | k timestamp | l timestamp | m int | n timestamp | o string
    1 | "9007199254740993" | 1.5 | 2.0 | 12.3 | true | "te'xt" | "7" | {"a":1} | "AQI=" | "2026-11-20T06:00:00.000001Z" | "2026-11-20T00:00:00.000000Z" | 5 | "2025-11-20T07:00:00.000000Z" | "a-b"
    null | null | null | null | null | null | null | null | null | null | "2026-11-20T00:00:00.000000Z" | null | null | "2025-11-20T07:00:00.123000Z" | null
    "#);
    assert_snapshot!(shown(&shop, "SELECT * FROM seen ORDER BY g").await, @r#"
    a int | g string | n int
    2 | "te'xt!" | 2
    null | null | 2
    "#);
    assert_snapshot!(shown(&shop, "SELECT * FROM strict_kinds WHERE c = 'x' AND a = 1").await, @r#"
    a int | b float | c string | d binary | e string
    1 | 2.0 | "x" | "/w==" | "y"
    "#);
}

#[tokio::test]
async fn a_text_or_a_number_is_a_time_where_the_definition_says_so() {
    let mut shop = Shop::sqlite().await;
    shop.run(
        "CREATE TABLE stamps (id INTEGER PRIMARY KEY, at TEXT);
         INSERT INTO stamps VALUES (1, '2026-11-20 06:01:59.999999'), (2, '2026-11-20T06:02:00Z'), (3, '2026-11-20T08:04:59.5+02:00'),
             (4, '2026-11-20 06:05:00');
         CREATE TABLE seconds (id INTEGER PRIMARY KEY, at INTEGER);
         INSERT INTO seconds SELECT id, unixepoch(at) FROM stamps",
    )
    .await;
    shop.table("stamps", "stamps", Some("at"));
    shop.table("seconds", "seconds", Some("at"));
    assert_snapshot!(shop.world.ask("SELECT id, at FROM stamps ORDER BY id").await, @r#"
    id int | at timestamp
    2 | "2026-11-20T06:02:00.000000Z"
    3 | "2026-11-20T06:04:59.500000Z"
    "#);
    assert_snapshot!(shop.world.ask("SELECT id, at FROM seconds ORDER BY id").await, @r#"
    id int | at timestamp
    2 | "2026-11-20T06:02:00.000000Z"
    3 | "2026-11-20T06:04:59.000000Z"
    "#);
    let Some(mut shop) = Shop::postgres().await else { return };
    shop.run("CREATE TABLE stamps (id int, at text); INSERT INTO stamps VALUES (1, '2026-11-20T08:04:59.5+02:00'), (2, '2026-11-20 06:05:00')").await;
    shop.table("stamps", "stamps", Some("at"));
    assert_snapshot!(shop.world.ask("SELECT id, at FROM stamps ORDER BY id").await, @r#"
    id int | at timestamp
    1 | "2026-11-20T06:04:59.500000Z"
    "#);
}

#[tokio::test]
async fn conditions_find_every_value_that_a_column_shows() {
    let mut shop = Shop::sqlite().await;
    shop.run(
        "CREATE TABLE mixed (id INTEGER PRIMARY KEY, bare, odd STRING, size REAL, text TEXT);
         INSERT INTO mixed VALUES (1, 5, 5, 1.5, 5), (2, '5', '!', 9007199254740993, 'five'), (3, 'x', 'x', 2, NULL), (4, 2.5, 2.5, 3, 2.5);
         CREATE TABLE sizes (id INTEGER PRIMARY KEY, size);
         INSERT INTO sizes VALUES (1, 1.5), (2, 9007199254740993), (3, 2)",
    )
    .await;
    shop.table("mixed", "mixed", None);
    shop.table("sizes", "sizes", None);
    for (sql, ids) in [
        ("SELECT id FROM mixed WHERE bare = '5' ORDER BY id", "1\n2"),
        ("SELECT id FROM mixed WHERE bare >= '5' ORDER BY id", "1\n2\n3"),
        ("SELECT id FROM mixed WHERE bare <> '5' ORDER BY id", "3\n4"),
        ("SELECT id FROM mixed WHERE odd < '5' ORDER BY id", "2\n4"),
        ("SELECT id FROM mixed WHERE text = '5' ORDER BY id", "1"),
        ("SELECT id FROM mixed WHERE text < '5' ORDER BY id", "4"),
        ("SELECT id FROM sizes WHERE size = 9007199254740992.0 ORDER BY id", "2"),
        ("SELECT id FROM sizes WHERE size >= 2.0 ORDER BY id", "2\n3"),
    ] {
        assert_eq!(shop.world.query(sql).await, format!("id\n{ids}"), "{sql}");
    }
}

#[tokio::test]
async fn texts_of_two_collations_are_compared_and_truths_are_compared_with_truths() {
    let Some(mut shop) = Shop::postgres().await else { return };
    shop.run(
        "CREATE TABLE words (id int, a text COLLATE \"C\", b text COLLATE \"POSIX\", c text, yes bool);
         INSERT INTO words VALUES (1, 'x', 'x', 'x', true), (2, 'x', 'y', 'z', false), (3, NULL, 'y', 'y', true)",
    )
    .await;
    shop.table("words", "words", None);
    for (sql, rows) in [
        ("SELECT id FROM words WHERE a = b", "id\n1"),
        ("SELECT id FROM words WHERE a <> b", "id\n2"),
        ("SELECT id FROM words WHERE a IN (b, c)", "id\n1"),
        ("SELECT id FROM words WHERE coalesce(a, b) = 'y'", "id\n3"),
        ("SELECT id FROM words WHERE coalesce(a, b) LIKE 'y%'", "id\n3"),
        (
            "SELECT CASE a WHEN b THEN 1 ELSE 0 END AS same, count(*) AS n FROM words GROUP BY 1 ORDER BY 1",
            "same | n\n0 | 2\n1 | 1",
        ),
        ("SELECT coalesce(a, b) AS w, count(*) AS n FROM words GROUP BY 1 ORDER BY 1", "w | n\n\"x\" | 2\n\"y\" | 1"),
        (
            "SELECT CASE WHEN yes THEN a ELSE b END AS w, count(*) AS n FROM words GROUP BY 1 ORDER BY 1 LIMIT 2",
            "w | n\n\"x\" | 1\n\"y\" | 1",
        ),
        ("SELECT l.id, r.id AS other FROM words l JOIN words r ON l.a = r.b WHERE l.id = 2", "id | other\n2 | 1"),
        ("SELECT id FROM words WHERE (c = 'x') = yes ORDER BY id", "id\n1\n2"),
        ("SELECT id FROM words WHERE (c = 'x') IS NOT TRUE ORDER BY id", "id\n2\n3"),
    ] {
        assert_eq!(shop.world.query(sql).await, rows, "{sql}");
    }
}

#[tokio::test]
async fn times_beyond_the_years_that_can_be_written_are_the_ends_of_them() {
    let Some(mut shop) = Shop::postgres().await else { return };
    shop.run(
        "CREATE TABLE ends (a timestamptz, b date, c time);
         INSERT INTO ends VALUES ('200000-01-01', '4000-01-01 BC', '24:00')",
    )
    .await;
    shop.table("ends", "ends", None);
    assert_snapshot!(shown(&shop, "SELECT a, b, c FROM ends").await, @r#"
    a timestamp | b timestamp | c duration
    "9999-12-31T23:59:59.999999Z" | "0001-01-01T00:00:00.000000Z" | 86399.999999
    "#);
}

//! What the engine would not hear, or take for something else, is refused with what to write instead.

use crate::harness::World;

#[tokio::test]
async fn words_that_would_be_ignored_are_refused() {
    let world = World::of_minutes();
    for (sql, says) in [
        ("SELECT count(*) FROM t TABLESAMPLE BERNOULLI (10)", "TABLESAMPLE is not known"),
        ("WITH c AS (SELECT * FROM t TABLESAMPLE SYSTEM (1)) SELECT count(*) FROM c", "TABLESAMPLE is not known"),
        ("SELECT count(*) FROM t WITH (NOLOCK)", ""),
        ("SELECT v FROM t ORDER BY v FETCH FIRST 3 ROWS ONLY", "write `LIMIT 10`"),
        ("SELECT '{}' #>> service FROM t", "a path is written out"),
        ("SELECT '{}' #>> 'a,b' FROM t", "'a,b' is no path"),
        ("SELECT '{}' #>> '{\"a}' FROM t", "is no path"),
        ("SELECT to_char(ts, 'YYYY-MM-DD 100%') FROM t", "`YYYY` would be printed as it is"),
        ("SELECT to_char(ts, '%Y-MM-%d') FROM t", "`MM` would be printed as it is"),
    ] {
        let answer = world.query(sql).await;
        assert!(answer.starts_with("invalid_query: ") && answer.contains(says), "{sql}: {answer}");
    }
}

#[tokio::test]
async fn what_looks_like_them_is_answered() {
    let world = World::of_minutes();
    for (sql, answer) in [
        ("SELECT to_char(ts, '%Y-%m-%dT%H:%M:%SZ week %V') AS x FROM t LIMIT 1", "\"2026-11-20T06:00:00Z week 47\""),
        (r#"SELECT '{"a,b":{"c":7}}'::jsonb #>> '{"a,b",c}' AS x"#, "\"7\""),
        (r#"SELECT '{"a":{"c":7}}'::jsonb #>> ARRAY['a','c'] AS x"#, "\"7\""),
        (r#"SELECT '{"a":{"c":7}}'::jsonb #>> '{a,c}'::text[] AS x"#, "\"7\""),
    ] {
        assert_eq!(world.query(sql).await, format!("x\n{answer}"), "{sql}");
    }
}

#[tokio::test]
async fn errors_say_what_to_write_instead() {
    let world = World::of_minutes();
    for (sql, says) in [
        ("SELECT count(*) FROM t WHERE ts > timestamp '2026-11-20 06:00'", "write the seconds too"),
        (
            "SELECT v, s.x FROM t CROSS JOIN LATERAL (SELECT t.v + value AS x FROM generate_series(1, 2)) AS s",
            "write a join",
        ),
        ("SELECT metric_quantile(0.5, scalar_value) FROM metrics", "metric_quantile takes the column `value`"),
    ] {
        let answer = world.query(sql).await;
        assert!(answer.contains(says), "{sql}: {answer}");
    }
}

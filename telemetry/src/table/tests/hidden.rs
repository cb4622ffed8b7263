//! Attributes that are read from columns of their own: the same results, and nobody sees the columns.

use proptest::prelude::*;
use serde_json::Value as Json;

use super::shelf::{Row, Shelf, query};

const KEYS: [&str; 2] = ["k", "a.b"];

/// Whatever may be asked about an attribute; `K` is its key.
const ASKED: [&str; 24] = [
    "attributes->>'K'",
    "attributes->'K'",
    "attributes ? 'K'",
    "json_contains(attributes, 'K', 'x')",
    "json_get(attributes, 'K')",
    "json_get_str(attributes, 'K')",
    "json_get_int(attributes, 'K')",
    "json_get_float(attributes, 'K')",
    "json_get_bool(attributes, 'K')",
    "json_get_json(attributes, 'K')",
    "json_get_array(attributes, 'K')",
    "json_as_text(attributes, 'K')",
    "json_length(attributes, 'K')",
    "json_object_keys(attributes, 'K')",
    "attributes->'K'->'x'",
    "attributes->'K'->>'x'",
    "attributes->'K'->0->>'x'",
    "(attributes->'K')::text",
    "try_cast(attributes->>'K' AS double)",
    "try_cast(attributes->'K' AS bigint)",
    "(attributes->>'K') IS NULL",
    "(attributes->'K') IS NULL",
    "coalesce(attributes->>'K', 'none') = 'x'",
    "NOT (attributes ? 'K')",
];

fn value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        (-1e9_f64..1e9).prop_map(Json::from),
        Just(Json::from(1e300)),
        "[a-z\"\\\\\u{e9}\n ]{0,6}".prop_map(Json::from),
        prop_oneof![Just("12"), Just("1.5"), Just("true"), Just("null"), Just("{}"), Just("[1]")].prop_map(Json::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Json::from),
            proptest::collection::btree_map("[xy]|0", inner, 0..3)
                .prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

fn row() -> impl Strategy<Value = Row> {
    let members = proptest::collection::btree_map(prop_oneof![Just("k"), Just("a.b"), Just("other")], value(), 0..4);
    let attributes = prop_oneof![
        9 => members.prop_map(|members| {
            let members = members.into_iter().map(|(key, value)| (key.to_owned(), value));
            Some(Json::Object(members.collect()).to_string())
        }),
        1 => Just(None),
    ];
    attributes.prop_map(|attributes| Row { attributes, ..Row::at(0, "") })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_column_says_what_the_json_says(rows in proptest::collection::vec(row(), 1..12), split in 0_usize..12) {
        let rows: Vec<Row> = rows.into_iter().zip(0..).map(|(row, second)| Row { second, ..row }).collect();
        let (with, without) = rows.split_at(split.min(rows.len()));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut shelf = Shelf::new(&KEYS).hot(without, &[]);
            if !with.is_empty() {
                shelf = shelf.file(with, &KEYS).await;
            }
            let (read, taken_apart) = (shelf.tables(), Shelf::new(&[]).hot(&rows, &[]).tables());
            for key in KEYS {
                let asked: Vec<String> =
                    ASKED.iter().enumerate().map(|(place, text)| format!("{} AS c{place}", text.replace('K', key))).collect();
                let sql = format!("SELECT {} FROM records ORDER BY start_timestamp", asked.join(", "));
                assert_eq!(query(&read, &sql).await, query(&taken_apart, &sql).await);
                // As conditions, where a column may be looked at in a file.
                for text in ["attributes->>'K' = '12'", "attributes ? 'K'", "NOT attributes ? 'K'", "json_get_int(attributes, 'K') > 3"] {
                    let text = text.replace('K', key);
                    let sql = format!("SELECT trace_id FROM records WHERE {text} ORDER BY start_timestamp");
                    assert_eq!(query(&read, &sql).await, query(&taken_apart, &sql).await, "{sql}");
                }
            }
        });
    }
}

fn few() -> Vec<Row> {
    vec![
        Row::at(0, r#"{"k":"one","a.b":1,"c":{"d":2}}"#),
        Row::at(1, r#"{"k":null,"a.b":"2"}"#),
        Row::at(2, r#"{"other":true}"#),
        Row { kind: "pending_span", ..Row::at(3, r#"{"k":"four"}"#) },
    ]
}

/// Every way that `attributes` can take through a query.
const WAYS: [&str; 24] = [
    "SELECT attributes->>'k' FROM records GROUP BY attributes->>'k' ORDER BY 1",
    "SELECT attributes->>'k' AS model, count(*) FROM records WHERE attributes ? 'k' GROUP BY model HAVING count(*) > 0 ORDER BY model",
    "SELECT trace_id FROM records ORDER BY attributes->>'k' DESC NULLS LAST, trace_id",
    "SELECT DISTINCT attributes->>'k' FROM records ORDER BY 1",
    "SELECT DISTINCT * FROM records WHERE attributes->>'k' = 'one'",
    "SELECT * FROM records WHERE attributes->>'k' = 'one'",
    "SELECT * FROM records WHERE attributes ? 'k' UNION SELECT * FROM records WHERE json_get_int(attributes, 'a.b') = 1 ORDER BY 1",
    "SELECT * FROM records WHERE attributes ? 'k' INTERSECT SELECT * FROM records ORDER BY 1",
    "SELECT count(*) FROM (SELECT * FROM records WHERE attributes ? 'k') x NATURAL JOIN (SELECT trace_id, kind FROM records WHERE attributes->>'k' = 'one') y",
    "SELECT a.attributes->>'k' AS x, b.attributes->>'k' AS y FROM records_all a LEFT JOIN records b ON a.trace_id = b.trace_id AND b.attributes ? 'k' ORDER BY a.trace_id",
    "SELECT x->>'k' AS p, y->>'k' AS q FROM (SELECT a.attributes AS x, b.attributes AS y FROM records a CROSS JOIN records b) t WHERE x ? 'k' AND NOT (y ? 'k') ORDER BY 1, 2",
    "WITH r AS (SELECT *, attributes->>'k' AS k FROM records) SELECT k, attributes->>'a.b' FROM r WHERE k IS NOT NULL ORDER BY 1",
    "WITH r AS (SELECT * FROM records), s AS (SELECT r.*, 1 AS one FROM r) SELECT s.attributes->>'k' FROM s JOIN r USING (span_id, trace_id) ORDER BY 1",
    "SELECT trace_id FROM records WHERE trace_id IN (SELECT trace_id FROM records_all WHERE attributes->>'k' = 'four') OR attributes->>'k' = 'one'",
    "SELECT (SELECT max(attributes->>'k') FROM records_all), count(*) FROM records WHERE EXISTS (SELECT 1 FROM records WHERE attributes ? 'k')",
    "SELECT trace_id, lag(attributes->>'k') OVER (ORDER BY attributes->>'a.b', trace_id) FROM records ORDER BY 1",
    "SELECT attributes->>'k', row_number() OVER (PARTITION BY attributes ? 'k' ORDER BY trace_id) FROM records ORDER BY trace_id",
    "SELECT attributes->>'k', attributes->>'a.b', count(*) FROM records GROUP BY ROLLUP (attributes->>'k', attributes->>'a.b') ORDER BY 1, 2, 3",
    "SELECT attributes FROM records WHERE attributes->'c'->>'d' = '2'",
    "SELECT count(*) FILTER (WHERE attributes ? 'k') AS n, sum(json_get_float(attributes, 'a.b')) FROM records",
    "SELECT DISTINCT ON (attributes->>'k') attributes->>'k', trace_id FROM records ORDER BY attributes->>'k', trace_id",
    "SELECT CASE WHEN attributes ? 'k' THEN attributes->>'k' ELSE 'none' END AS c FROM records ORDER BY trace_id",
    "SELECT a FROM (SELECT attributes AS a, start_timestamp FROM records ORDER BY start_timestamp LIMIT 2) WHERE a->>'k' = 'one'",
    "SELECT json_as_text(max(attributes), 'k') FROM records WHERE attributes ? 'a.b'",
];

#[tokio::test]
async fn every_way_through_a_query_gives_the_same_columns_and_rows() {
    let rows = few();
    let read = Shelf::new(&KEYS).hot(&rows[2..], &KEYS).file(&rows[..2], &KEYS).await.tables();
    let taken_apart = Shelf::new(&[]).hot(&rows, &[]).tables();
    for sql in WAYS {
        let wanted = query(&taken_apart, sql).await;
        assert!(wanted.contains('\n'), "{sql}: {wanted}");
        assert_eq!(query(&read, sql).await, wanted, "{sql}");
        assert!(!wanted.contains("_attribute:"), "{sql}: {wanted}");
    }
}

#[tokio::test]
async fn the_usual_ways_read_the_column_alone() {
    let tables = Shelf::new(&KEYS).file(&few(), &KEYS).await.tables();
    for sql in [
        "SELECT attributes->>'k' AS m, sum((attributes->>'a.b')::double) FROM records WHERE attributes ? 'k' GROUP BY m",
        "WITH r AS (SELECT * FROM records) SELECT r.attributes->>'k' FROM r WHERE r.kind = 'span'",
        "SELECT x->>'k' FROM (SELECT attributes AS x FROM records) t ORDER BY x->>'a.b'",
        "SELECT trace_id, lag(attributes->>'k') OVER (ORDER BY start_timestamp) FROM records",
        "SELECT a.attributes->>'k' FROM records a JOIN records b USING (trace_id) WHERE b.attributes ? 'a.b'",
    ] {
        let plan = query(&tables, &format!("EXPLAIN {sql}")).await;
        let scans = plan.split("\\n").filter(|line| line.contains("TableScan:"));
        let reads: Vec<&str> = scans.filter_map(|line| line.split("projection=[").nth(1)?.split(']').next()).collect();
        let is_read = |name: &str| reads.iter().any(|columns| columns.split(", ").any(|column| column == name));
        assert!(is_read("_attribute:k") && !is_read("attributes"), "{sql}\n{plan}");
    }
}

#[tokio::test]
async fn nobody_sees_the_columns() {
    let tables = Shelf::new(&KEYS).hot(&few(), &KEYS).tables();
    let listed =
        query(&tables, "SELECT column_name FROM information_schema.columns WHERE table_name LIKE 'records%'").await;
    assert!(listed.contains("attributes") && !listed.contains("_attribute:"), "{listed}");
    for sql in [
        "SELECT \"_attribute:k\" FROM records",
        "SELECT \"_attribute:k\" FROM records WHERE attributes ? 'k'",
        "SELECT nothing FROM records WHERE attributes ? 'k'",
        "SELECT (attributes->>'k')::int FROM records WHERE attributes ? 'k'",
        "SELECT json_get_str(attributes, 'k')::int FROM records",
    ] {
        let failure = query(&tables, sql).await;
        assert!(failure.starts_with("invalid_query") || failure.starts_with("execution"), "{sql}: {failure}");
        let said = failure.replace("\"_attribute:k\"", "").replace("`_attribute:k`", "");
        assert!(!said.contains("_attribute:"), "{sql}: {failure}");
    }
}

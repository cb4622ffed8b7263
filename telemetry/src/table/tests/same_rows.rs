//! Wherever rows lie, a query finds the same.

use super::shelf::{Row, Shelf, evaluate, query, spec, window};
use crate::Telemetry;

const KEYS: [&str; 2] = ["m", "n"];

fn rows() -> Vec<Row> {
    let environments = [None, Some("production"), Some("staging"), Some("")];
    (0..600)
        .map(|second| Row {
            second,
            kind: if second % 10 == 3 { "pending_span" } else { "span" },
            environment: environments[usize::try_from(second).unwrap() % 4],
            attributes: Some(format!("{{\"m\":\"model {}\",\"n\":{second},\"o\":{{\"p\":[{second}]}}}}", second % 3)),
        })
        .collect()
}

/// The same rows in memory, in files with and without the columns of attributes, and in all of these.
async fn everywhere() -> Vec<Telemetry> {
    let rows = rows();
    let mut backwards = rows.clone();
    backwards.reverse();
    let mixed = Shelf::new(&KEYS).hot(&rows[450..], &KEYS).hot(&rows[400..450], &[]);
    let mixed = mixed.file(&rows[..250], &KEYS).await.file(&rows[250..400], &["m"]).await;
    vec![
        Shelf::new(&KEYS).hot(&rows, &KEYS).tables(),
        Shelf::new(&KEYS).hot(&backwards, &[]).tables(),
        Shelf::new(&KEYS).file(&rows, &KEYS).await.tables(),
        Shelf::new(&[]).file(&rows, &KEYS).await.tables(),
        mixed.tables(),
    ]
}

#[tokio::test]
async fn memory_and_files_answer_alike() {
    let tables = everywhere().await;
    let queries = [
        "SELECT * FROM records ORDER BY start_timestamp",
        "SELECT * FROM records_all ORDER BY start_timestamp",
        "SELECT count(*) FROM records_all",
        "SELECT count(*), min(start_timestamp), max(created_at) FROM records",
        "SELECT kind, attributes->>'m' AS m, sum((attributes->>'n')::int) FROM records_all GROUP BY 1, 2 ORDER BY 1, 2",
        "SELECT trace_id FROM records WHERE attributes->>'m' = 'model 1' AND (attributes->'n')::int < 40 ORDER BY 1",
        "SELECT trace_id, attributes->'o'->'p'->>0 FROM records WHERE attributes ? 'n' ORDER BY 1 LIMIT 7",
        "SELECT count(*) FROM records r JOIN records_all a USING (trace_id) WHERE r.attributes->>'m' = a.attributes->>'m'",
        "SELECT 1 FROM records WHERE trace_id = '00000000000000000000000000000042'",
        "SELECT count(*) FROM records WHERE start_timestamp >= $window_start OR $window_end IS NULL",
        "WITH r AS (SELECT attributes AS a, trace_id FROM records) SELECT max(json_get_int(a, 'n')) FROM r WHERE a->>'m' <> 'model 2'",
    ];
    let windows = [None, Some(window(0, 600)), Some(window(420, 431)), Some(window(100, 460)), Some(window(900, 901))];
    for sql in queries {
        for window in windows {
            for window_on in [None, Some("created_at".to_owned()), Some("end_timestamp".to_owned())] {
                let asked = crate::table::tests::shelf::spec(sql);
                let asked = watchfire_model::QuerySpec { window_on: window_on.clone(), ..asked };
                let wanted = evaluate(&tables[0], &asked, window).await;
                for (place, other) in tables.iter().enumerate().skip(1) {
                    let found = evaluate(other, &asked, window).await;
                    assert_eq!(found, wanted, "{place}: {sql}\n{window:?} on {window_on:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_window_is_cut_by_time_or_by_arrival() {
    for tables in everywhere().await {
        let count = |window_on: Option<&str>| {
            let mut asked = spec("SELECT count(*) AS n, min(trace_id) AS first FROM records_all");
            asked.window_on = window_on.map(str::to_owned);
            asked
        };
        let by_time = evaluate(&tables, &count(None), Some(window(100, 460))).await;
        assert!(by_time.ends_with("360 | \"00000000000000000000000000000064\""), "{by_time}");
        // Every row arrives a minute after it has started.
        let by_arrival = evaluate(&tables, &count(Some("created_at")), Some(window(100, 460))).await;
        assert!(by_arrival.ends_with("360 | \"00000000000000000000000000000028\""), "{by_arrival}");
        assert_eq!(evaluate(&tables, &count(None), Some(window(600, 700))).await, "no data");
    }
}

#[tokio::test]
async fn only_rows_of_the_environments_are_read_and_an_empty_text_is_a_row_without_one() {
    let sql = "SELECT count(*) AS n FROM records_all";
    for tables in everywhere().await {
        for (environments, wanted) in [
            (vec!["production"], "n int\n150"),
            (vec!["production", "staging"], "n int\n300"),
            (vec![""], "n int\n300"),
            (vec!["nowhere"], "no data"),
        ] {
            let mut asked = spec(sql);
            asked.environments = Some(environments.iter().map(|name| (*name).to_owned()).collect());
            assert_eq!(evaluate(&tables, &asked, None).await, wanted, "{environments:?}");
        }
    }
}

#[tokio::test]
async fn files_are_passed_over_by_time_and_bloom_filter_and_only_some_columns_are_read() {
    let rows = rows();
    let shelf = Shelf::new(&KEYS).file(&rows[..300], &KEYS).await.file(&rows[300..], &KEYS).await;
    let tables = shelf.hot(&rows[..10], &KEYS).tables();
    let plan = query(&tables, "EXPLAIN SELECT attributes->>'m' FROM records WHERE trace_id = 'x'").await;
    let scan = plan.lines().flat_map(|line| line.split("\\n")).find(|line| line.contains("file_type=parquet"));
    let scan = scan.unwrap_or_else(|| panic!("{plan}"));
    assert!(scan.contains("required_guarantees=[trace_id in (x)]") && scan.contains("_attribute:m"), "{scan}");
    assert!(plan.contains("TableScan: records projection=[trace_id, _attribute:m]"), "{plan}");
    // Statistics leave the one group that it would be in, the bloom filter leaves none.
    let id = "SELECT kind FROM records WHERE trace_id = '00000000000000000000000000000042x'";
    let ran = query(&tables, &format!("EXPLAIN ANALYZE {id}")).await;
    let pruned = ran.split("row_groups_pruned_bloom_filter=").nth(1).unwrap_or_else(|| panic!("{ran}"));
    assert!(pruned.starts_with("1 total → 0 matched"), "{pruned}");
}

#[tokio::test]
async fn a_count_of_whole_files_reads_none_of_them() {
    let tables = Shelf::new(&KEYS).file(&rows(), &KEYS).await.tables();
    let plan = query(&tables, "EXPLAIN SELECT count(*) FROM records_all").await;
    assert!(plan.contains("PlaceholderRowExec") && !plan.contains("parquet"), "{plan}");
}

//! Files that change under the rules that read them.

use std::fs;

use insta::assert_snapshot;

use crate::harness::{World, minutes};

#[tokio::test]
async fn a_file_that_was_replaced_is_read_again() {
    let world = World::of_minutes();
    assert_eq!(world.ask_all("SELECT sum(v) AS s FROM t").await, "s int\n45");
    world.write("t.ndjson", "{\"ts\":\"2026-11-20T06:00:00Z\",\"v\":1.5}\n");
    assert_eq!(world.ask_all("SELECT sum(v) AS s FROM t").await, "s float\n1.5");
    assert_snapshot!(world.ask_all("SELECT service FROM t").await, @"invalid_query: no column `service`; there are `ts`, `v`");
}

#[tokio::test]
async fn a_deleted_file_is_a_failure_and_an_emptied_one_is_no_data() {
    let world = World::of_minutes();
    assert_eq!(world.ask_all("SELECT count(*) AS n FROM t").await, "n int\n10");
    world.write("t.ndjson", "");
    assert_eq!(world.ask_all("SELECT count(*) AS n FROM t WHERE v > 3").await, "NoData");
    fs::remove_file(world.path("t.ndjson")).unwrap();
    let failure = world.ask_all("SELECT count(*) AS n FROM t").await;
    assert!(failure.starts_with("source: source `t`: `") && failure.ends_with("t.ndjson` does not exist"), "{failure}");
}

#[tokio::test]
async fn a_half_written_last_line_waits_and_a_bad_line_is_named() {
    let world = World::of_minutes();
    world.write("t.ndjson", &format!("{}{{\"ts\":\"2026-11-20T06", minutes()));
    assert_eq!(world.ask_all("SELECT count(*) AS n FROM t").await, "n int\n10");
    world.write("t.ndjson", &format!("{}{{\"ts\":\n{}", minutes(), minutes()));
    let failure = world.ask_all("SELECT count(*) AS n FROM t").await;
    assert!(failure.contains("t.ndjson`: line 11: not valid JSON"), "{failure}");
}

#[tokio::test]
async fn a_folder_and_a_pattern_are_one_table_with_all_columns() {
    let mut world = World::new();
    world.write("d/a.ndjson", "{\"ts\":\"2026-11-20T06:00:00Z\",\"v\":1}\n");
    world.write("d/b.ndjson", "{\"ts\":\"2026-11-20T06:01:00Z\",\"v\":2.5,\"note\":\"x\"}\n");
    world.write("d/.hidden.ndjson", "broken");
    world.source("folder", "d", Some("ts"));
    world.source("pattern", "d/*.ndjson", Some("ts"));
    assert_snapshot!(world.ask_all("SELECT v, note FROM folder ORDER BY v").await, @r#"
    v float | note string
    1.0 | null
    2.5 | "x"
    "#);
    world.write("d/c.ndjson", "{\"ts\":\"2026-11-20T06:02:00Z\",\"v\":3}\n");
    assert_eq!(world.ask_all("SELECT sum(v) AS s FROM pattern").await, "s float\n6.5");
    fs::remove_dir_all(world.path("d")).unwrap();
    let failure = world.ask_all("SELECT sum(v) AS s FROM folder").await;
    assert!(failure.starts_with("source: "), "{failure}");
}

#[tokio::test]
async fn csv_has_types_times_and_named_bad_lines() {
    let mut world = World::new();
    world.write("c.csv", "ts,v,name\n2026-11-20T06:02:00Z,1,a\n2026-11-20T07:03:00+01:00,2.5,\n");
    world.source("c", "c.csv", Some("ts"));
    assert_snapshot!(world.ask("SELECT * FROM c").await, @r#"
    ts timestamp | v float | name string
    "2026-11-20T06:02:00.000000Z" | 1.0 | "a"
    "2026-11-20T06:03:00.000000Z" | 2.5 | null
    "#);
    world.write("c.csv", "ts,v,name\n2026-11-20T06:02:00Z,1,a\nlater,1,a\n");
    let failure = world.ask("SELECT * FROM c").await;
    assert!(failure.ends_with("line 3: `ts` is \"later\", not a time like 2026-11-20T06:00:00Z"), "{failure}");
}

#[tokio::test]
async fn parquet_is_scanned_where_it_lies() {
    let mut world = World::of_minutes();
    parquet(&world, "p.parquet", 0, 10);
    world.source("p", "p.parquet", Some("ts"));
    assert_eq!(world.ask("SELECT count(*) AS n, sum(v) AS s FROM p").await, "n int | s int\n3 | 9");
    assert_eq!(
        world.ask("SELECT p.v, t.service FROM p JOIN t ON p.ts = t.ts ORDER BY 1 LIMIT 1").await,
        "v int | service string\n2 | \"api\""
    );
    parquet(&world, "p.parquet", 0, 4);
    assert_eq!(world.ask("SELECT count(*) AS n FROM p").await, "n int\n2");
    fs::write(world.path("p.parquet"), "no parquet").unwrap();
    let failure = world.ask("SELECT count(*) AS n FROM p").await;
    assert!(failure.starts_with("source: source `p`"), "{failure}");
}

#[tokio::test]
async fn a_text_time_column_of_parquet_and_parquet_records_are_cut_too() {
    let mut world = World::new();
    parquet_of(&world, "p.parquet", &[("ts", &["2026-11-20T06:02:00Z", "2026-11-20T06:05:00Z"]), ("v", &["a", "b"])]);
    parquet_of(
        &world,
        "r.parquet",
        &[("start_timestamp", &["2026-11-20T06:02:00Z", "2026-11-20T06:03:00Z"]), ("kind", &["log", "pending_span"])],
    );
    world.source("p", "p.parquet", Some("ts"));
    world.source("records", "r.parquet", None);
    assert_snapshot!(world.ask("SELECT ts, v FROM p").await, @r#"
    ts timestamp | v string
    "2026-11-20T06:02:00.000000Z" | "a"
    "#);
    assert_snapshot!(world.ask("SELECT start_timestamp, kind, level, attributes FROM records").await, @r#"
    start_timestamp timestamp | kind string | level int | attributes json
    "2026-11-20T06:02:00.000000Z" | "log" | null | null
    "#);
}

#[tokio::test]
async fn empty_columns_capital_letters_and_missing_times_are_borne() {
    let mut world = World::new();
    world.write(
        "t.ndjson",
        "{\"ts\":\"2026-11-20T06:02:00Z\",\"statusCode\":200,\"none\":null}\n{\"ts\":null,\"statusCode\":500}\n",
    );
    world.write("c.csv", "ts,a,none\n2026-11-20T06:02:00Z,x,\n,y,\n");
    world.source("t", "t.ndjson", Some("ts"));
    world.source("c", "c.csv", Some("ts"));
    assert_snapshot!(world.ask("SELECT statusCode FROM t").await, @r#"invalid_query: no column `statuscode`; did you mean `"statusCode"`? Names with capital letters are written in double quotes"#);
    assert_snapshot!(world.ask("SELECT \"statusCode\", none FROM t").await, @"
    statusCode int | none string
    200 | null
    ");
    assert_snapshot!(world.ask_all("SELECT count(none) AS n, count(*) AS rows FROM t WHERE none > 5 OR none IS NULL").await, @"
    n int | rows int
    0 | 2
    ");
    assert_snapshot!(world.ask_all("SELECT * FROM c").await, @r#"
    ts timestamp | a string | none string
    "2026-11-20T06:02:00.000000Z" | "x" | null
    null | "y" | null
    "#);
}

#[test]
fn definitions_that_cannot_be_are_refused() {
    use watchfire_model::{ProjectName, SourceFormat, SourceKind, SourceSpec};
    use watchfire_storage::{Storage, StorageOptions};
    use watchfire_telemetry::{Limits, Telemetry};

    let source = |name: &str, path: &str| SourceSpec {
        name: name.to_owned(),
        project: ProjectName::new("default"),
        kind: SourceKind::Files { format: SourceFormat::Ndjson, path: path.into() },
        time_column: None,
    };
    let refused = |sources: &[SourceSpec]| {
        Telemetry::new(Limits::default(), sources, Storage::in_memory(StorageOptions::default()))
            .unwrap_err()
            .to_string()
    };
    assert_snapshot!(refused(&[source("a", "/a"), source("a", "/b")]), @"two sources are named `a`; a table has one source");
    assert_snapshot!(refused(&[source("records_all", "/a")]), @"a source cannot be named `records_all`: that name is built in; only `records` and `metrics` may be replaced");
    assert_snapshot!(refused(&[source("a", "/data/***.ndjson")]), @"source `a`: `/data/***.ndjson` is not a usable pattern: Pattern syntax error near position 8: wildcards are either regular `*` or recursive `**`");
}

#[tokio::test]
async fn other_definitions_do_not_disturb_a_table_that_stays() {
    let mut world = World::of_minutes();
    let before = world.telemetry.clone();
    assert_eq!(world.ask("SELECT count(*) AS n FROM t").await, "n int\n3");
    world.source("u", "t.ndjson", None);
    assert_eq!(world.ask("SELECT count(*) AS n FROM u").await, "n int\n10");
    assert_eq!(world.ask("SELECT count(*) AS n FROM t").await, "n int\n3");
    world.telemetry = before;
    assert_snapshot!(world.ask("SELECT count(*) AS n FROM u").await, @"invalid_query: no table `u`; did you mean `t`?");
}

/// A Parquet file of text columns.
fn parquet_of(world: &World, file: &str, columns: &[(&str, &[&str])]) {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, RecordBatch, StringArray};
    use datafusion::parquet::arrow::ArrowWriter;

    let arrays = columns.iter().map(|(name, texts)| (*name, Arc::new(StringArray::from(texts.to_vec())) as ArrayRef));
    let batch = RecordBatch::try_from_iter(arrays).unwrap();
    let mut writer = ArrowWriter::try_new(fs::File::create(world.path(file)).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

/// A Parquet file of rows at the minutes `from..to` after 06:00.
fn parquet(world: &World, file: &str, from: i64, to: i64) {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, RecordBatch, TimestampMillisecondArray};
    use datafusion::parquet::arrow::ArrowWriter;

    let start = 1_795_154_400_000;
    let times = TimestampMillisecondArray::from_iter_values((from..to).map(|minute| start + minute * 60_000));
    let values = Int64Array::from_iter_values(from..to);
    let columns: Vec<(&str, ArrayRef)> = vec![("ts", Arc::new(times.with_timezone("UTC"))), ("v", Arc::new(values))];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let output = fs::File::create(world.path(file)).unwrap();
    let mut writer = ArrowWriter::try_new(output, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

#[tokio::test]
async fn records_have_their_declared_columns_and_hide_pending_spans() {
    let mut world = World::new();
    world.write("r.ndjson", "{\"start_timestamp\":\"2026-11-20T06:02:00Z\",\"kind\":\"span\",\"duration\":1,\"attributes\":\"{\\\"a\\\":1}\",\"tags\":[]}\n{\"start_timestamp\":\"2026-11-20T06:03:00Z\",\"kind\":\"pending_span\",\"attributes\":\"{}\"}\n");
    world.source("records", "r.ndjson", None);
    assert_snapshot!(world.ask("SELECT start_timestamp, duration, level, attributes, attributes->>'a' AS a, attributes->'a' AS j, tags, project_id FROM records").await, @r#"
    start_timestamp timestamp | duration float | level int | attributes json | a string | j json | tags list | project_id string
    "2026-11-20T06:02:00.000000Z" | 1.0 | null | {"a":1} | "1" | 1 | [] | null
    "#);
    assert_eq!(world.ask("SELECT count(*) AS n FROM records_all").await, "n int\n2");
    world.write("r.ndjson", "{\"start_timestamp\":\"2026-11-20T06:02:00Z\",\"duration\":\"long\"}\n");
    assert_snapshot!(world.ask("SELECT count(*) AS n FROM records").await, @"source: source `records`: column `duration` cannot be read as Float64: Cast error: Cannot cast string 'long' to value of Float64 type");
}

#[tokio::test]
async fn a_time_column_that_is_none_is_told() {
    let mut world = World::new();
    world.write("t.ndjson", "{\"ts\":1795154400,\"v\":1}\n");
    world.source("t", "t.ndjson", Some("ts"));
    world.source("u", "t.ndjson", Some("tz"));
    assert_snapshot!(world.ask("SELECT v FROM t").await, @"source: source `t`: its `time_column` `ts` is of type Int64; write times like 2026-11-20T06:00:00Z");
    assert_snapshot!(world.ask("SELECT v FROM u").await, @"source: source `u`: it has no column `tz`, its `time_column`; did you mean `ts`?");
}

#[tokio::test]
async fn a_source_above_its_size_is_refused_with_both_numbers() {
    let mut world = World::limited(watchfire_telemetry::Limits { source_bytes: 100, ..Default::default() });
    world.write("t.ndjson", &minutes());
    world.source("t", "t.ndjson", Some("ts"));
    assert_snapshot!(world.ask("SELECT v FROM t").await, @"source: source `t`: its files have 520 bytes, more than the limit of 100 bytes for NDJSON files; write Parquet, which is not kept in memory");
}

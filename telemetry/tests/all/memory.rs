//! Records held in memory answer as records in a file do.

use insta::assert_snapshot;
use watchfire_ingest::{Record, to_ndjson};
use watchfire_model::{SlotContext, Timestamp, Window};

use crate::captures::{bodies, decode, runs};
use crate::harness::{World, spec, text};

const COUNT: &str = "SELECT count(*) AS n, min(start_timestamp) AS first, max(start_timestamp) AS last FROM records";

fn all() -> Vec<Record> {
    runs().into_values().flatten().collect()
}

async fn held(records: &[Record]) -> World {
    let world = World::new();
    world.append(records).await;
    world
}

/// The slot 07:00 with a window of 2026-11-20.
fn slot(start: &str, end: &str) -> SlotContext {
    let at = |time: &str| Timestamp::parse(&format!("2026-11-20T{time}Z")).unwrap();
    SlotContext { scheduled_for: at("07:00:00"), window: Some(Window { start: at(start), end: at(end) }) }
}

async fn ask(world: &World, sql: &str, slot: &SlotContext) -> String {
    text(&world.outcome(&spec(sql), slot).await)
}

#[tokio::test]
async fn a_file_and_memory_answer_alike() {
    let records = all();
    let held = held(&records).await;
    let mut read = World::new();
    read.write("records.ndjson", &to_ndjson(&records));
    read.source("records", "records.ndjson", None);
    let slots = [
        slot("06:00:00", "07:00:00"),
        slot("06:46:05.843436", "06:46:06.100000"),
        slot("06:47:19.982546", "06:47:19.982547"),
        slot("06:47:24", "06:50:00"),
        slot("06:10:00", "06:20:00"),
        SlotContext { window: None, ..slot("06:00:00", "07:00:00") },
    ];
    let queries = [
        "SELECT * FROM records ORDER BY trace_id, span_id, start_timestamp, message, kind",
        "SELECT * FROM records_all ORDER BY trace_id, span_id, start_timestamp, message, kind",
        "SELECT kind, level, count(*) FROM records_all WHERE level >= 'warn' GROUP BY 1, 2 ORDER BY 1, 2",
        "SELECT attributes->>'gen_ai.request.model' AS model, max(duration), count(*) FROM records GROUP BY 1 ORDER BY 1",
        "SELECT count(*) FROM records WHERE array_has(tags, 'eu') OR otel_events->0->>'event_name' = 'exception'",
        "SELECT r.span_name, p.kind FROM records r JOIN records_all p USING (span_id) ORDER BY 1, 2",
        "SELECT count(*) FROM records WHERE start_timestamp >= $window_start OR $window_end IS NULL",
    ];
    for sql in queries {
        for slot in &slots {
            assert_eq!(ask(&held, sql, slot).await, ask(&read, sql, slot).await, "{sql}\n{slot:?}");
        }
    }
}

#[tokio::test]
async fn rows_that_come_one_by_one_are_the_rows_that_come_at_once() {
    let records = all();
    let (at_once, singly) = (held(&records).await, World::new());
    // Backwards, so that every batch is joined out of order.
    for record in records.iter().rev() {
        singly.append(std::slice::from_ref(record)).await;
    }
    let sql = "SELECT kind, start_timestamp, span_id, message FROM records_all ORDER BY 2, 1, 3, 4";
    for slot in [slot("06:00:00", "07:00:00"), slot("06:46:06", "06:46:07.3"), slot("06:47:21.735", "06:47:22.44")] {
        assert_eq!(ask(&singly, sql, &slot).await, ask(&at_once, sql, &slot).await);
    }
}

#[tokio::test]
async fn pending_spans_are_in_records_all_alone() {
    let killed = held(&runs()["logfire-killed"]).await;
    let whole = slot("06:00:00", "07:00:00");
    assert_snapshot!(ask(&killed, "SELECT count(*) AS n FROM records", &whole).await, @"NoData");
    assert_snapshot!(ask(&killed, "SELECT kind, count(*) AS n FROM records_all GROUP BY 1", &whole).await, @r#"
    kind string | n int
    "pending_span" | 2
    "#);
}

#[tokio::test]
async fn a_window_without_rows_is_no_data_and_a_filter_that_finds_none_is_not() {
    let world = held(&all()).await;
    assert_snapshot!(ask(&world, COUNT, &slot("05:00:00", "06:00:00")).await, @"NoData");
    let none = "SELECT span_name FROM records WHERE level > 1000";
    assert_snapshot!(ask(&world, none, &slot("06:00:00", "07:00:00")).await, @"span_name string");
    assert_snapshot!(ask(&World::new(), COUNT, &slot("06:00:00", "07:00:00")).await, @"NoData");
}

#[tokio::test]
async fn a_query_sees_what_was_added_since_it_was_asked_before() {
    let world = World::new();
    let whole = slot("06:00:00", "07:00:00");
    let mut answers = vec![ask(&world, "SELECT count(*) AS n FROM records_all", &whole).await];
    for (name, body) in bodies().into_iter().take(3) {
        world.append(&decode(&name, &body)).await;
        answers.push(ask(&world, "SELECT count(*) AS n FROM records_all", &whole).await);
    }
    assert_snapshot!(answers.join("; ").replace('\n', " "), @"NoData; n int 13; n int 20; n int 22");
}

#[tokio::test]
async fn other_sources_keep_the_records_and_one_of_that_name_stands_for_them() {
    let mut world = held(&all()).await;
    let whole = slot("06:00:00", "07:00:00");
    world.write("t.ndjson", "{\"a\":1}\n");
    world.source("t", "t.ndjson", None);
    assert_snapshot!(ask(&world, "SELECT count(*) AS n FROM records", &whole).await, @"
    n int
    252
    ");
    world.write("records.ndjson", "{\"start_timestamp\":\"2026-11-20T06:30:00Z\",\"kind\":\"span\"}\n");
    world.source("records", "records.ndjson", None);
    assert_snapshot!(ask(&world, "SELECT count(*) AS n FROM records_all", &whole).await, @"
    n int
    1
    ");
}

#[tokio::test]
async fn a_window_on_another_column_is_looked_at_row_by_row() {
    let world = held(&all()).await;
    let mut question = spec("SELECT count(*) AS n FROM records WHERE kind = 'span'");
    question.window_on = Some("end_timestamp".to_owned());
    let answer = text(&world.outcome(&question, &slot("06:46:05.845676", "06:46:05.889675")).await);
    let by_hand = "SELECT count(*) AS n FROM records WHERE kind = 'span' AND end_timestamp >= $window_start AND end_timestamp < $window_end";
    assert_eq!(answer, ask(&world, by_hand, &slot("06:46:05.845676", "06:46:05.889675")).await);
    assert!(answer.ends_with(|digit: char| digit.is_ascii_digit() && digit != '0'), "{answer}");
}

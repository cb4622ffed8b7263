//! The six queries of real users, verbatim, over real records.

use std::path::Path;

use insta::assert_snapshot;

use crate::harness::{World, spec, text};
use watchfire_model::{SlotContext, Timestamp, Window};

async fn answer(query: u8) -> String {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let mut world = World::new();
    world.source_at("records", &data.join("records.ndjson"), None);
    let sql = std::fs::read_to_string(data.join(format!("sql/q{query}.sql"))).unwrap();
    let slot = Timestamp::parse("2026-11-20T07:00:00Z").unwrap();
    let window = Window { start: Timestamp::parse("2026-11-20T06:00:00Z").unwrap(), end: slot };
    text(&world.outcome(&spec(&sql), &SlotContext { scheduled_for: slot, window: Some(window) }).await)
}

#[tokio::test]
async fn q1_agent_performance() {
    assert_snapshot!(answer(1).await, @"");
}

#[tokio::test]
async fn q2_slowest_tool_calls() {
    assert_snapshot!(answer(2).await, @"");
}

#[tokio::test]
async fn q3_error_rate_by_model() {
    assert_snapshot!(answer(3).await, @"");
}

#[tokio::test]
async fn q4_runs_per_hour() {
    assert_snapshot!(answer(4).await, @"");
}

#[tokio::test]
async fn q5_tool_call_distribution() {
    assert_snapshot!(answer(5).await, @"");
}

#[tokio::test]
async fn q6_export_of_the_newest_rows() {
    assert_snapshot!(answer(6).await, @"");
}

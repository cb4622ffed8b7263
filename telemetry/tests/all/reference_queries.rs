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
    assert_snapshot!(answer(1).await, @r#"
    span_name string | runs int | avg_duration_ms float | avg_input_tokens float | avg_output_tokens float
    "agent run" | 12 | 0.02653989975 | 946.9166666666666 | 105.75
    "#);
}

#[tokio::test]
async fn q2_slowest_tool_calls() {
    assert_snapshot!(answer(2).await, @r#"
    message string | duration float | start_timestamp timestamp | args string
    "running tool: stock_level" | 0.015008562 | "2026-11-20T06:46:06.039873Z" | "{\"sku\":\"SKU-7\"}"
    "running tool: stock_level" | 0.014052778 | "2026-11-20T06:46:05.977348Z" | "{\"sku\":\"SKU-7\"}"
    "running tool: order_status" | 0.013084535 | "2026-11-20T06:46:05.977161Z" | "{\"order_id\":5}"
    "running tool: order_status" | 0.012682877 | "2026-11-20T06:46:06.039692Z" | "{\"order_id\":5}"
    "running tool: order_status" | 0.012654084 | "2026-11-20T06:46:05.940183Z" | "{\"order_id\":12}"
    "running tool: order_status" | 0.01257748 | "2026-11-20T06:46:05.864969Z" | "{\"order_id\":12}"
    "running tool: order_status" | 0.012563549 | "2026-11-20T06:46:05.904078Z" | "{\"order_id\":12}"
    "running tool: stock_level" | 0.012526905 | "2026-11-20T06:46:06.065926Z" | "{\"sku\":\"SKU-1\",\"warehouse\":\"BER-2\"}"
    "running tool: stock_level" | 0.012481727 | "2026-11-20T06:46:06.002915Z" | "{\"sku\":\"SKU-1\",\"warehouse\":\"BER-2\"}"
    "running tool: refund" | 0.006163434 | "2026-11-20T06:46:06.143297Z" | "{\"order_id\":99}"
    "running tool: coupon" | 0.002857492 | "2026-11-20T06:46:06.103425Z" | "{\"code\":\"WINTER\"}"
    "running tool: coupon" | 0.000339165 | "2026-11-20T06:46:06.117213Z" | "{\"code\":\"SPRING\"}"
    "#);
}

#[tokio::test]
async fn q3_error_rate_by_model() {
    assert_snapshot!(answer(3).await, @r#"
    model string | total int | errors int | error_pct float
    "inhouse-7b" | 6 | 2 | 33.33
    null | 48 | 8 | 16.67
    "gpt-4o" | 24 | 0 | 0.0
    "claude-sonnet-4-5" | 10 | 0 | 0.0
    "test" | 2 | 0 | 0.0
    "#);
}

#[tokio::test]
async fn q4_runs_per_hour() {
    assert_snapshot!(answer(4).await, @r#"
    ts timestamp | runs int
    "2026-11-20T06:00:00.000000Z" | 12
    "#);
}

#[tokio::test]
async fn q5_tool_call_distribution() {
    assert_snapshot!(answer(5).await, @r#"
    tool_name string | invocations int
    "running tool: order_status" | 5
    "running tool: stock_level" | 4
    "running tool: coupon" | 2
    "running tool: refund" | 1
    "#);
}

#[tokio::test]
async fn q6_export_of_the_newest_rows() {
    let answer = answer(6).await;
    let lines: Vec<&str> = answer.lines().collect();
    assert_eq!(lines.len(), 91);
    assert_snapshot!(lines[..4].join("\n"), @r#"
    trace_id string | span_name string | duration float | model string | input_tokens string | output_tokens string
    "01a1f7b48d48d0594108d4e017912992" | "chat inhouse-7b" | 0.000651872 | "inhouse-7b" | "200" | "20"
    "01a1f7b48d48d0594108d4e017912992" | "invoke_agent inhouse" | 0.000987772 | null | "200" | "20"
    "01a1f7b48d489dbef949caab89833be7" | "chat inhouse-7b" | 0.000050556 | "inhouse-7b" | "150" | "15"
    "#);
}

//! Rows of one project are not seen by another.

use insta::assert_snapshot;
use watchfire_model::{ProjectName, Timestamp};

use crate::captures::runs;
use crate::harness::{World, cells};

async fn count(world: &World, project: &str, table: &str) -> String {
    let telemetry = world.telemetry.of_project(&ProjectName::new(project));
    let sql = format!("SELECT count(*) AS n FROM {table}");
    match telemetry.query(&sql, Timestamp::EPOCH, 10).await {
        Ok(result) => cells(&result.rows[0]),
        Err(failure) => failure.to_string(),
    }
}

#[tokio::test]
async fn each_project_has_rows_and_sources_of_its_own_under_the_same_names() {
    let mut world = World::new();
    let runs = runs();
    world.append(&runs["pydantic-ai-v2"]).await;
    world.append_to("shop", &runs["logfire-killed"]).await;
    let shown = |all: &[watchfire_ingest::Record]| {
        all.iter().filter(|row| row.kind != watchfire_ingest::RecordKind::PendingSpan).count().to_string()
    };
    assert_eq!(count(&world, "default", "records").await, shown(&runs["pydantic-ai-v2"]));
    assert_eq!(count(&world, "shop", "records").await, "0");
    assert_eq!(count(&world, "shop", "records_full").await, runs["logfire-killed"].len().to_string());
    assert_eq!(count(&world, "nobody", "records_all").await, "0");
    // A source takes the place of a table in its own project alone.
    world.write("t.ndjson", "{\"start_timestamp\":\"2026-11-20T06:00:00Z\"}\n");
    world.source("records", "t.ndjson", None);
    assert_eq!(count(&world, "default", "records_all").await, "1");
    assert_eq!(count(&world, "shop", "records_all").await, runs["logfire-killed"].len().to_string());
    world.source("t", "t.ndjson", None);
    assert_eq!(count(&world, "default", "t").await, "1");
    assert_snapshot!(count(&world, "shop", "t").await, @"invalid_query: no table `t`; there are `metrics`, `records`, `records_all`, `watchfire.deliveries`, `watchfire.instances`, `watchfire.rules`, `watchfire.runs`");
    let listed = world.telemetry.of_project(&ProjectName::new("shop"));
    let listed = listed.query("SELECT table_name FROM information_schema.tables", Timestamp::EPOCH, 20).await.unwrap();
    assert!(listed.rows.iter().all(|row| cells(row) != "\"t\""), "{listed:?}");
}

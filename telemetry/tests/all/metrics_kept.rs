//! Metrics as they are kept: `value` is made where it is asked for.

use insta::assert_snapshot;
use watchfire_ingest::table::Table;
use watchfire_ingest::{Arrival, Encoding, Signal, decode};
use watchfire_model::{ProjectName, Timestamp};
use watchfire_storage::Rows;

use crate::captures::folder;
use crate::harness::World;

async fn world() -> World {
    let (world, project) = (World::new(), ProjectName::new("default"));
    for capture in ["pydantic-ai-v2-05-metrics.pb", "logfire-metrics-02-metrics.pb"] {
        let body = std::fs::read(folder().join(capture)).unwrap();
        let at = Timestamp::parse("2026-11-20T07:00:00Z").unwrap();
        let arrival = Arrival::new(at, project.clone());
        let decoded = decode(Signal::Metrics, Encoding::Protobuf, &body, &arrival, &world.storage.options().shredding);
        let decoded = decoded.unwrap();
        let rows = decoded.rows.into_iter().map(|rows| {
            assert_eq!(rows.table, Table::Metrics);
            Rows { project: project.clone(), table: rows.table, batch: rows.batch }
        });
        world.storage.append(rows.collect()).await.unwrap();
    }
    world
}

#[tokio::test]
async fn value_says_of_every_point_what_its_columns_say() {
    let world = world().await;
    assert_snapshot!(world.query("SELECT count(*) > 10 AS many FROM metrics").await, @"
    many
    true
    ");
    let differing = "SELECT count(*) AS n FROM metrics WHERE metric_type = 'histogram'
        AND ((metric_sum(value) IS DISTINCT FROM histogram_sum) OR (metric_count(value) IS DISTINCT FROM histogram_count))";
    assert_snapshot!(world.query(differing).await, @"
    n
    0
    ");
    let typed = "SELECT count(*) AS n FROM (SELECT value FROM metrics) WHERE value IS NULL";
    assert_snapshot!(world.query(typed).await, @"
    n
    0
    ");
    let listed = "SELECT column_name FROM information_schema.columns WHERE table_name = 'metrics' AND column_name IN ('value', 'scalar_value') ORDER BY ordinal_position";
    assert_snapshot!(world.query(listed).await, @r#"
    column_name
    "value"
    "scalar_value"
    "#);
}

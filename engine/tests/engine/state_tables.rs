//! What the tables of the schema `watchfire` say of an engine that runs.

use std::time::Duration;

use watchfire_engine::state_tables;
use watchfire_model::{ProjectName, Timestamp, Value};
use watchfire_scheduler::CatchUp;
use watchfire_telemetry::{Limits, Telemetry};

use crate::scene::{START, Scene, kept_nowhere, minutely};

async fn rows(telemetry: &Telemetry, sql: &str) -> String {
    let found = telemetry.query(sql, Timestamp::EPOCH, 100).await.unwrap();
    let text = |value: &Value| value.to_json().to_string().trim_matches('"').to_owned();
    let rows = found.rows.iter().map(|row| row.iter().map(text).collect::<Vec<_>>().join(" | "));
    rows.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn rules_runs_and_instances_are_those_of_the_project_that_asks() {
    let mut other = minutely("other", CatchUp::Latest);
    other.rule.project = ProjectName::new("shop");
    other.rule.uid = watchfire_model::RuleUid::derive(&other.rule.project, "other");
    other.query.sql = "SELECT level FROM nowhere".into();
    let scene = Scene::start(vec![minutely("high", CatchUp::Latest), other]).await;
    scene.clock.set(START.plus(Duration::from_secs(60)));
    scene.runs_when("the first slot of both", |runs| runs.len() == 2).await;
    let telemetry = Telemetry::new(Limits::default(), &[], kept_nowhere()).unwrap();
    let telemetry = telemetry.with_state(state_tables(scene.store.clone()));
    let shop = telemetry.of_project(&ProjectName::new("shop"));
    let runs = "SELECT rule, scheduled_for, status, outcome, row_count, count, error IS NULL FROM watchfire.runs";
    assert_eq!(rows(&telemetry, runs).await, "high | 2026-11-20T06:01:00.000000Z | ran | matched | 1 | 1 | true");
    assert_eq!(rows(&shop, runs).await, "other | 2026-11-20T06:01:00.000000Z | failed | failed | 0 | 1 | false");
    let rules = "SELECT rule, enabled, condition, severity, health, health_runs, firing, instances, next_at FROM watchfire.rules";
    assert_eq!(
        rows(&telemetry, rules).await,
        "high | true | firing | warning | ok | null | 1 | 1 | 2026-11-20T06:02:00.000000Z"
    );
    assert_eq!(
        rows(&shop, rules).await,
        "other | true | inactive | null | error | 1 | 0 | 0 | 2026-11-20T06:02:00.000000Z"
    );
    let instances = "SELECT rule, instance, condition, severity, episode, firing_since FROM watchfire.instances";
    assert_eq!(rows(&telemetry, instances).await, "high | {} | firing | warning | 1 | 2026-11-20T06:01:00.000000Z");
    assert_eq!(rows(&shop, instances).await, "");
    assert_eq!(rows(&telemetry, "SELECT count(*) FROM watchfire.deliveries").await, "0");
    scene.engine.stop().await;
}

//! The state of the rules as tables, whoever has it.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use insta::assert_snapshot;
use watchfire_model::{Failure, FailureCode, ProjectName, Timestamp, Value, Window};
use watchfire_telemetry::{Limits, StateTable, StateTables};

use crate::harness::{World, at, slot, spec, text};

/// Runs at 06:00 to 06:05, the last failed; remembers for whom and for when it was asked.
#[derive(Default)]
struct Runs(Mutex<Vec<String>>);

#[async_trait]
impl StateTables for Runs {
    async fn rows(
        &self,
        table: StateTable,
        project: &ProjectName,
        window: Option<Window>,
        most: usize,
    ) -> Result<Vec<Vec<Value>>, Failure> {
        let window = window.map_or_else(|| "all".to_owned(), |window| format!("{}–{}", window.start, window.end));
        self.0.lock().unwrap().push(format!("{} of {project}: {window}", table.as_str()));
        if table != StateTable::Runs {
            return Err(Failure::new(FailureCode::Source, "the store is away"));
        }
        let rows = (0..6).rev().take(most + 1).map(|minute| {
            let cell = |(name, _): &(&str, watchfire_model::ColumnType)| match *name {
                "rule" => Value::String("r".to_owned()),
                "scheduled_for" => {
                    Value::Timestamp(Timestamp::from_seconds(at("06:00").as_micros() / 1_000_000 + minute * 60))
                }
                "status" => Value::String(if minute == 5 { "failed" } else { "ran" }.to_owned()),
                "row_count" => Value::Int(minute.into()),
                _ => Value::Null,
            };
            table.columns().iter().map(cell).collect()
        });
        Ok(rows.collect())
    }
}

fn world(limits: Limits) -> (World, Arc<Runs>) {
    let (mut world, runs) = (World::limited(limits), Arc::new(Runs::default()));
    world.telemetry = world.telemetry.with_state(Arc::clone(&runs) as Arc<dyn StateTables>);
    (world, runs)
}

#[tokio::test]
async fn a_rule_can_watch_the_runs_of_others_in_its_window() {
    let (world, runs) = world(Limits::default());
    let failed = "SELECT rule, count(*) FILTER (WHERE status = 'failed') AS failed, max(row_count) AS most FROM watchfire.runs GROUP BY rule";
    assert_snapshot!(world.ask(failed).await, @r#"
    rule string | failed int | most int
    "r" | 0 | 4
    "#);
    let window = Some(("06:03", "06:06"));
    assert_snapshot!(text(&world.outcome(&spec(failed), &slot(window)).await), @r#"
    rule string | failed int | most int
    "r" | 1 | 5
    "#);
    assert_snapshot!(world.ask_all("SELECT count(*) AS n FROM watchfire.runs r JOIN watchfire.watchfire.runs s USING (scheduled_for)").await, @"
    n int
    6
    ");
    assert_snapshot!(runs.0.lock().unwrap().join("\n"), @"
    runs of default: 2026-11-20T06:02:00Z–2026-11-20T06:05:00Z
    runs of default: 2026-11-20T06:03:00Z–2026-11-20T06:06:00Z
    runs of default: all
    ");
}

#[tokio::test]
async fn state_that_cannot_be_read_or_is_too_much_is_a_failure_that_says_so() {
    let (world, _) = world(Limits { state_rows: 3, ..Limits::default() });
    assert_snapshot!(world.query("SELECT 1 FROM watchfire.runs").await, @"too_many_rows: `watchfire.runs` has more rows than the limit of 3 that one query may read; narrow the window");
    assert_snapshot!(world.query("SELECT 1 FROM watchfire.rules").await, @"source: the store is away");
    assert_snapshot!(world.query("SELECT 1 FROM watchfire.run").await, @"invalid_query: no table `watchfire.run`; did you mean `watchfire.runs`?");
    let (world, _) = self::world(Limits { state_bytes: 64, ..Limits::default() });
    let told = world.query("SELECT 1 FROM watchfire.runs").await;
    assert!(told.starts_with("memory: `watchfire.runs` has ") && told.contains("the limit of 64 that"), "{told}");
}

#[tokio::test]
async fn without_anybody_who_has_state_its_tables_are_there_and_empty() {
    let world = World::new();
    for table in StateTable::ALL {
        let sql = format!("SELECT * FROM watchfire.{}", table.as_str());
        assert_eq!(world.ask(&sql).await, "NoData", "{sql}");
        assert_eq!(world.problems(&spec(&sql), &[table.columns()[0].0]).await, "", "{sql}");
    }
    assert_snapshot!(world.problems(&spec("SELECT stats FROM watchfire.runs"), &[]).await, @"Query 1:8+5 error invalid_sql: no column `stats` [did you mean `status`?]");
}

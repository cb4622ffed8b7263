//! Reports for tests: every hour or every day at nine in Berlin, over the source `calls`.

use std::time::Duration;

use watchfire_alerts::{Assignment, Mode, OnError, Patience, SeveritySource};
use watchfire_engine::{ReportSpec, RuleDefinition};
use watchfire_model::{ChannelClass, ChannelName, Keep, RuleKind, RuleName, Severity, Timestamp, Value};
use watchfire_scheduler::{Cadence, CatchUp, Schedule, WindowSpec};
use watchfire_store::{DeliveryFilter, RunRow};

use crate::scene::{Scene, minutely};

pub const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

pub fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// A report that is due by a cron pattern in Berlin's zone, sent always, and caught up within 12 hours.
pub fn report(name: &str, pattern: &str, window: WindowSpec, sql: &str) -> RuleDefinition {
    let mut definition = minutely(name, CatchUp::LatestWithin(HOUR * 12));
    let zone = chrono_tz::Europe::Berlin;
    let cadence = Cadence::cron(pattern, zone).unwrap();
    definition.schedule = Schedule { cadence, window, zone, ..definition.schedule };
    definition.query.sql = sql.into();
    definition.query.when = None;
    definition.query.keep = Keep::All;
    definition.query.asks_without_data = true;
    definition.rule.kind = RuleKind::Report;
    definition.rule.has_when = false;
    definition.rule.notify_when = Mode::Always;
    definition.rule.on_error = OnError::Alert(Patience::Runs(1));
    definition.rule.severity = SeveritySource::Fixed(Severity::Info);
    definition.rule.notify = vec![Assignment {
        channel: ChannelName::new("hook"),
        class: ChannelClass::Webhook,
        severity: None,
        on: None,
        repeat: None,
    }];
    definition.report = Some(ReportSpec { compares: false, kept_for: DAY * 90 });
    definition
}

/// One call per hour in `[from, to)`, as lines of the source `calls`; each costs a quarter.
pub fn hourly_calls(from: &str, to: &str) -> String {
    let hours = std::iter::successors(Some(at(from)), |instant| Some(instant.plus(HOUR)));
    let line = |instant: Timestamp| format!("{{\"at\": \"{instant}\", \"model\": \"opus\", \"cost\": 0.25}}\n");
    hours.take_while(|instant| *instant < at(to)).map(line).collect()
}

impl Scene {
    /// Moves the clock to an instant, and waits until the rule has decided its slot of that time.
    pub async fn decided(&self, rule: &str, slot: &str) -> RunRow {
        self.clock.set(at(slot));
        let is_it = |run: &&RunRow| run.rule.as_str() == rule && run.scheduled_for == at(slot) && run.range.is_none();
        let runs = self.runs_when(slot, |runs| runs.iter().any(|run| is_it(&run))).await;
        runs.iter().find(is_it).unwrap().clone()
    }

    /// The rows of a stored result; `None` when none is stored.
    pub async fn result(&self, rule: &str, slot: &str) -> Option<String> {
        let stored = self.engine.report_result(&RuleName::new(rule), None, at(slot)).await.unwrap()?;
        let (columns, rows) = watchfire_engine::decode_result(stored.parquet).await.unwrap();
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let rows = rows.iter().map(|row| row.iter().map(shown).collect::<Vec<_>>().join(" "));
        Some(format!("{}: {}", names.join(" "), rows.collect::<Vec<_>>().join(", ")))
    }

    /// What was told about a rule, oldest first.
    pub async fn told(&self, rule: &str) -> Vec<String> {
        let mut rows =
            self.store.deliveries(&DeliveryFilter { limit: 1000, ..DeliveryFilter::default() }).await.unwrap();
        rows.reverse();
        let of_rule = rows.iter().filter(|row| row.rule.as_ref().is_some_and(|name| name.as_str() == rule));
        of_rule.map(|row| row.kind.as_str().to_owned()).collect()
    }
}

pub fn shown(value: &Value) -> String {
    value.to_json().to_string()
}

/// The length of what a run read, in hours.
pub fn hours(run: &RunRow) -> f64 {
    run.window.map_or(0.0, |window| window.end.since(window.start).as_secs_f64() / 3600.0)
}

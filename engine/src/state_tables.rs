//! The store's state as tables of SQL: `watchfire.rules`, `.runs`, `.instances` and `.deliveries`.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::runtime::Handle;
use watchfire_alerts::{Clear, Condition, Instance};
use watchfire_model::{
    ConditionName, Failure, FailureCode, InstanceKey, ProjectName, RuleName, Timestamp, Value, Window,
};
use watchfire_store::{DeliveryRow, RuleRow, RuleSummary, RunRow, Store, Trouble};
use watchfire_telemetry::{StateTable, StateTables};

use crate::error::Error;
use crate::look::{HealthName, Turns, worst_condition};

/// The tables over this store. Reads wait for each other, so that evaluations always find a connection.
///
/// Must be called on the runtime that the store was opened on.
pub fn state_tables(store: Store) -> Arc<dyn StateTables> {
    Arc::new(StoreTables { store, turns: Arc::default(), runtime: Handle::current() })
}

struct StoreTables {
    store: Store,
    turns: Arc<Turns>,
    /// Queries have threads of their own; a connection that was opened there would end with them.
    runtime: Handle,
}

#[async_trait]
impl StateTables for StoreTables {
    async fn rows(
        &self,
        table: StateTable,
        project: &ProjectName,
        window: Option<Window>,
        most: usize,
    ) -> Result<Vec<Vec<Value>>, Failure> {
        let (store, turns, project) = (self.store.clone(), Arc::clone(&self.turns), project.clone());
        let limit = most.saturating_add(1);
        let read = async move {
            turns.pass(async { Ok::<_, Error>(rows(&store, table, &project, window, limit).await?) }).await
        };
        let failed = |reason: String| {
            Failure::new(FailureCode::Source, format!("`watchfire.{}` cannot be read: {reason}", table.as_str()))
        };
        match self.runtime.spawn(read).await {
            Ok(rows) => rows.map_err(|error| failed(error.to_string())),
            Err(stopped) => Err(failed(stopped.to_string())),
        }
    }
}

/// The tables where there is no store: who reads one is told to name it, with `how`, rather than shown no rows.
pub fn no_state_tables(how: &'static str) -> Arc<dyn StateTables> {
    Arc::new(NoTables { how })
}

struct NoTables {
    how: &'static str,
}

#[async_trait]
impl StateTables for NoTables {
    async fn rows(
        &self,
        table: StateTable,
        _: &ProjectName,
        _: Option<Window>,
        _: usize,
    ) -> Result<Vec<Vec<Value>>, Failure> {
        let (name, how) = (table.as_str(), self.how);
        let message =
            format!("`watchfire.{name}` is the state of a server, and there is none here; name it with {how}");
        Err(Failure::new(FailureCode::Source, message))
    }
}

async fn rows(
    store: &Store,
    table: StateTable,
    project: &ProjectName,
    window: Option<Window>,
    limit: usize,
) -> Result<Vec<Vec<Value>>, watchfire_store::Error> {
    Ok(match table {
        StateTable::Deliveries => {
            store.project_deliveries(project, window, limit).await?.into_iter().map(delivery).collect()
        }
        StateTable::Instances => store
            .project_instances(project, limit)
            .await?
            .into_iter()
            .map(|(rule, key, state)| instance(&rule, &key, &state))
            .collect(),
        StateTable::Rules => {
            let rules = store.stored_rules().await?.into_iter().filter(|rule| rule.project == *project);
            let rules: Vec<RuleRow> = rules.take(limit).collect();
            let uids: Vec<_> = rules.iter().map(|rule| rule.uid.clone()).collect();
            let summaries = store.rule_summaries(&uids).await?;
            rules.iter().filter_map(|row| Some(rule(row, summaries.get(&row.uid)?))).collect()
        }
        StateTable::Runs => {
            let rows = store.project_runs(project, window, limit).await?;
            rows.into_iter().filter_map(|row| inside(row, window)).map(run).collect()
        }
    })
}

// The cells of each row stand in the order of `StateTable::columns`.

fn delivery(row: DeliveryRow) -> Vec<Value> {
    vec![
        Value::String(row.id.to_string()),
        text(row.channel.as_str()),
        maybe_text(row.rule.as_ref().map(RuleName::as_str)),
        text(row.kind.as_str()),
        text(row.state.as_str()),
        Value::Int(row.attempts.into()),
        instant(row.next_at),
        maybe_text(row.last_error.as_deref()),
        Value::Timestamp(row.created_at),
        instant(row.done_at),
    ]
}

fn instance(rule: &RuleName, key: &InstanceKey, state: &Instance) -> Vec<Value> {
    let (name, breached_since, firing_since, clear, resolved_at) = match &state.condition {
        Condition::Inactive => (ConditionName::Inactive, None, None, None, None),
        Condition::Pending { breached_since, .. } => (ConditionName::Pending, Some(*breached_since), None, None, None),
        Condition::Firing { breached_since, since, clear } => {
            (ConditionName::Firing, Some(*breached_since), Some(*since), *clear, None)
        }
        Condition::Resolved { at } => (ConditionName::Resolved, None, None, None, Some(*at)),
    };
    vec![
        text(rule.as_str()),
        Value::Json(key.to_json()),
        text(name.as_str()),
        text(state.severity.as_str()),
        Value::Int(state.episode.into()),
        instant(breached_since),
        instant(firing_since),
        instant(clear.map(|Clear { since, .. }| since)),
        instant(resolved_at),
        instant(state.absence.as_ref().map(|absence| absence.since)),
        instant(state.last_seen_at),
    ]
}

fn rule(row: &RuleRow, summary: &RuleSummary) -> Vec<Value> {
    let (health, health_since) = HealthName::of(&summary.trouble);
    let (runs, error) = match &summary.trouble {
        Trouble::None => (Value::Null, Value::Null),
        Trouble::NoData { runs, .. } => (count(*runs), Value::Null),
        Trouble::Error { runs, failure, .. } => (count(*runs), text(&failure.message)),
    };
    vec![
        text(row.name.as_str()),
        Value::Bool(row.enabled),
        text(worst_condition(summary).as_str()),
        maybe_text(summary.severity.map(|severity| severity.as_str())),
        text(health.as_str()),
        instant(health_since),
        runs,
        error,
        instant(summary.overflow_since),
        count(summary.firing),
        count(summary.pending),
        count(summary.resolved),
        count(summary.instances),
        instant(row.next_at),
        Value::Timestamp(row.decided_through),
    ]
}

fn run(row: RunRow) -> Vec<Value> {
    let (first, last, slots, reason) = match &row.range {
        Some(range) => (range.first, range.last, range.count, Some(range.reason.as_str())),
        None => (row.scheduled_for, row.scheduled_for, 1, None),
    };
    vec![
        text(row.rule.as_str()),
        Value::Timestamp(row.scheduled_for),
        instant(row.window.map(|window| window.start)),
        instant(row.window.map(|window| window.end)),
        text(row.status.as_str()),
        maybe_text(row.outcome.as_deref()),
        row.row_count.map_or(Value::Null, count),
        row.notified.map_or(Value::Null, count),
        maybe_text(row.error.as_deref()),
        instant(row.started_at),
        instant(row.finished_at),
        Value::Timestamp(first),
        Value::Timestamp(last),
        count(slots),
        maybe_text(reason),
    ]
}

/// The part of a range that lies inside a window; `None` when no slot of it does.
fn inside(mut row: RunRow, window: Option<Window>) -> Option<RunRow> {
    if let (Some(range), Some(window)) = (&mut row.range, window) {
        (range.first, range.last, range.count) = clipped(range.first, range.last, range.count, window)?;
        row.scheduled_for = range.last;
    }
    Some(row)
}

/// The first, the last and the number of those slots that lie inside a window. All of them are taken to be equally far
/// apart, which is so for `every`; of other schedules only the first and the last slot are known.
fn clipped(first: Timestamp, last: Timestamp, count: u64, window: Window) -> Option<(Timestamp, Timestamp, u64)> {
    let (from, gaps) = (i128::from(first.as_micros()), i128::from(count.saturating_sub(1)));
    let span = i128::from(last.as_micros()) - from;
    let slot = |index: i128| if gaps == 0 { from } else { from + span * index / gaps };
    // The number of slots before an instant, by bisection: rounding makes no difference to it.
    let before = |end: Timestamp| {
        let (mut low, mut high) = (0, gaps + 1);
        while low < high {
            let middle = (low + high) / 2;
            if slot(middle) < i128::from(end.as_micros()) { low = middle + 1 } else { high = middle }
        }
        low
    };
    let (start, end) = (before(window.start), before(window.end));
    let at = |index| i64::try_from(slot(index)).ok().map(Timestamp::from_micros);
    (start < end).then(|| Some((at(start)?, at(end - 1)?, u64::try_from(end - start).ok()?))).flatten()
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn maybe_text(text: Option<&str>) -> Value {
    text.map_or(Value::Null, |text| Value::String(text.to_owned()))
}

fn instant(at: Option<Timestamp>) -> Value {
    at.map_or(Value::Null, Value::Timestamp)
}

fn count(number: u64) -> Value {
    Value::Int(number.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: u32) -> Timestamp {
        Timestamp::parse(&format!("2026-11-20T06:{minute:02}:00Z")).unwrap()
    }

    #[test]
    fn a_range_is_shown_as_far_as_it_lies_inside_the_window() {
        let clip = |first, last, count, start, end| {
            clipped(at(first), at(last), count, Window { start: at(start), end: at(end) })
        };
        assert_eq!(clip(0, 10, 11, 0, 11), Some((at(0), at(10), 11)));
        // The end is outside.
        assert_eq!(clip(0, 10, 11, 3, 6), Some((at(3), at(5), 3)));
        assert_eq!(clip(0, 10, 6, 3, 6), Some((at(4), at(4), 1)));
        assert_eq!(clip(0, 10, 2, 3, 6), None);
        assert_eq!(clip(0, 10, 11, 20, 30), None);
        assert_eq!(clip(5, 5, 1, 5, 6), Some((at(5), at(5), 1)));
    }
}

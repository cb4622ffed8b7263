//! The state of one project's rules as tables: what ran, what was told, and how instances stand.

use watchfire_alerts::Instance;
use watchfire_model::{InstanceKey, ProjectName, RuleName, Window};

use crate::database::{Param, int};
use crate::delivery_list::{DeliveryRow, delivery_row};
use crate::error::Error;
use crate::run::{self, RunRow};
use crate::state_load;
use crate::store::Store;

impl Store {
    /// Runs and ranges of a project's rules that reach into `window` (`None`: all), the newest first, at most `limit`.
    /// A range may have no slot inside.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be asked now.
    pub async fn project_runs(
        &self,
        project: &ProjectName,
        window: Option<Window>,
        limit: usize,
    ) -> Result<Vec<RunRow>, Error> {
        let rows = self.database().read(RUNS, &within(project, window, limit)).await?;
        rows.iter().map(run::run_row).collect()
    }

    /// Deliveries about a project's rules that were decided inside `window` (`None`: all), the newest first, at most
    /// `limit`. Those about no rule (test messages, broken channels) are of no project: channels are shared.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be asked now.
    pub async fn project_deliveries(
        &self,
        project: &ProjectName,
        window: Option<Window>,
        limit: usize,
    ) -> Result<Vec<DeliveryRow>, Error> {
        let rows = self.database().read(DELIVERIES, &within(project, window, limit)).await?;
        rows.iter().map(delivery_row).collect()
    }

    /// The instances of a project's rules, by rule, at most `limit`.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when a stored state is none that this program writes.
    pub async fn project_instances(
        &self,
        project: &ProjectName,
        limit: usize,
    ) -> Result<Vec<(RuleName, InstanceKey, Instance)>, Error> {
        let params = [Param::Text(project.as_str()), Param::Int(int(limit as u64))];
        let rows = self.database().read(INSTANCES, &params).await?;
        rows.iter()
            .map(|row| Ok((RuleName::new(row.text("rule")?), row.json("instance_key")?, state_load::instance(row)?)))
            .collect()
    }
}

fn within(project: &ProjectName, window: Option<Window>, limit: usize) -> [Param<'_>; 4] {
    let (start, end) = window.map_or((i64::MIN, i64::MAX), |window| (window.start.as_micros(), window.end.as_micros()));
    [Param::Text(project.as_str()), Param::Int(start), Param::Int(end), Param::Int(int(limit as u64))]
}

const RUNS: &str = concat!(
    "SELECT ",
    run::run_columns!(),
    " FROM runs JOIN rules ON rules.uid = runs.rule_uid ",
    run::with_results!(),
    " WHERE rules.project = $1 AND last_at >= $2 AND first_at < $3
    ORDER BY last_at DESC, runs.position DESC LIMIT $4"
);

const DELIVERIES: &str = "
    SELECT position, notification_id, channel, rule_name, kind, state, attempts, outbox.next_at AS next_at, last_error,
        outbox.created_at AS created_at, done_at
    FROM outbox JOIN notifications ON notifications.id = outbox.notification_id
        JOIN rules ON rules.uid = notifications.rule_uid
    WHERE rules.project = $1 AND outbox.created_at >= $2 AND outbox.created_at < $3
    ORDER BY position DESC LIMIT $4";

const INSTANCES: &str = "
    SELECT rules.name AS rule, instances.*
    FROM instances JOIN rules ON rules.uid = instances.rule_uid
    WHERE rules.project = $1 AND rules.retired_at IS NULL
    ORDER BY rules.name, instance_key LIMIT $2";

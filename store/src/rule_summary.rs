//! How rules stand, in a few words each: for lists of thousands, in one statement however many there are.

use std::collections::HashMap;

use watchfire_model::{Failure, RuleUid, Severity, Timestamp};

use crate::database::{Param, Row};
use crate::error::Error;
use crate::rule::given_uids;
use crate::run::{self, RunRow};
use crate::store::Store;

/// How one rule stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSummary {
    /// Its next slot; `None`: nothing is due.
    pub next_at: Option<Timestamp>,
    /// Every slot up to here has its decision.
    pub decided_through: Timestamp,
    /// What is wrong with its query or its input.
    pub trouble: Trouble,
    /// Since when it has more instances than it may.
    pub overflow_since: Option<Timestamp>,
    /// How many instances fire, the recovering ones included.
    pub firing: u64,
    /// How many of those that fire are clear, but not yet for long enough.
    pub recovering: u64,
    /// How many breach, but not yet for long enough.
    pub pending: u64,
    /// How many fired and ended, and are still remembered.
    pub resolved: u64,
    /// How many are remembered in all.
    pub instances: u64,
    /// The worst severity among those that fire; `None` when none does.
    pub severity: Option<Severity>,
}

/// What is wrong with the query of a rule or with its input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing.
    None,
    /// Its input is empty.
    NoData {
        /// The first slot without data.
        since: Timestamp,
        /// Evaluations without data in a row.
        runs: u64,
    },
    /// Its query fails.
    Error {
        /// The first failed slot.
        since: Timestamp,
        /// Failed evaluations in a row.
        runs: u64,
        /// The last failure.
        failure: Failure,
    },
}

impl Store {
    /// How these rules stand. A rule that is not stored is not in the answer.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be asked now.
    pub async fn rule_summaries(&self, uids: &[RuleUid]) -> Result<HashMap<RuleUid, RuleSummary>, Error> {
        let rows = self.database().read(SUMMARIES, &[Param::Rows(&given_uids(uids.iter()))]).await?;
        rows.iter().map(|row| Ok((RuleUid::new(row.text("uid")?), summary(row)?))).collect()
    }

    /// The last run of each of these rules, skipped slots left aside. A rule that has not run since it was made, or
    /// since its `per` changed, is not in the answer.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be asked now.
    pub async fn last_runs(&self, uids: &[RuleUid]) -> Result<HashMap<RuleUid, RunRow>, Error> {
        let rows = self.database().read(LAST_RUNS, &[Param::Rows(&given_uids(uids.iter()))]).await?;
        rows.iter().map(|row| run::run_row(row).map(|run| (run.uid.clone(), run))).collect()
    }
}

fn summary(row: &Row) -> Result<RuleSummary, Error> {
    Ok(RuleSummary {
        next_at: row.maybe_instant("next_at")?,
        decided_through: row.instant("decided_through")?,
        trouble: trouble(row)?,
        overflow_since: row.maybe_instant("overflow_since")?,
        firing: row.maybe_count("firing")?.unwrap_or(0),
        recovering: row.maybe_count("recovering")?.unwrap_or(0),
        pending: row.maybe_count("pending")?.unwrap_or(0),
        resolved: row.maybe_count("resolved")?.unwrap_or(0),
        instances: row.maybe_count("known")?.unwrap_or(0),
        severity: row.maybe_count("worst")?.and_then(severity_of_rank),
    })
}

fn trouble(row: &Row) -> Result<Trouble, Error> {
    Ok(match row.maybe_text("health")?.as_deref() {
        None | Some("ok") => Trouble::None,
        Some("no_data") => Trouble::NoData { since: row.instant("health_since")?, runs: row.count("health_runs")? },
        Some("error") => Trouble::Error {
            since: row.instant("health_since")?,
            runs: row.count("health_runs")?,
            failure: row.json("failure")?,
        },
        Some(other) => return Err(Error::corrupt(format!("`health` holds the unknown word `{other}`"))),
    })
}

/// The level that a statement ranks so: 0 is the worst.
fn severity_of_rank(rank: u64) -> Option<Severity> {
    Severity::ALL.into_iter().rev().nth(usize::try_from(rank).ok()?)
}

/// The rank of the column `severity` of an instance: 0 is the worst.
macro_rules! severity_rank {
    () => {
        "CASE severity WHEN 'critical' THEN 0 WHEN 'error' THEN 1 WHEN 'warning' THEN 2 ELSE 3 END"
    };
}
pub(crate) use severity_rank;

const SUMMARIES: &str = concat!(
    "WITH given AS (SELECT value ->> 'uid' AS uid FROM json_each($1)),
    counts AS (
        SELECT rule_uid, COUNT(*) AS known,
            CAST(SUM(CASE WHEN condition = 'firing' THEN 1 ELSE 0 END) AS BIGINT) AS firing,
            CAST(SUM(CASE WHEN clear_since IS NULL THEN 0 ELSE 1 END) AS BIGINT) AS recovering,
            CAST(SUM(CASE WHEN condition = 'pending' THEN 1 ELSE 0 END) AS BIGINT) AS pending,
            CAST(SUM(CASE WHEN condition = 'resolved' THEN 1 ELSE 0 END) AS BIGINT) AS resolved,
            CAST(MIN(CASE WHEN condition = 'firing' THEN ",
    severity_rank!(),
    " END) AS BIGINT) AS worst
        FROM instances WHERE rule_uid IN (SELECT uid FROM given) GROUP BY rule_uid
    )
    SELECT rules.uid AS uid, next_at, decided_through, health, health_since, health_runs, failure, overflow_since,
        known, firing, recovering, pending, resolved, worst
    FROM rules
    LEFT JOIN rule_states ON rule_states.rule_uid = rules.uid
    LEFT JOIN counts ON counts.rule_uid = rules.uid
    WHERE rules.retired_at IS NULL AND rules.uid IN (SELECT uid FROM given)"
);

// One look-up in an index for each rule, however long its history is.
const LAST_RUNS: &str = concat!(
    "SELECT ",
    run::run_columns!(),
    " FROM rules JOIN runs ON runs.position = (
        SELECT newest.position FROM runs AS newest
        WHERE newest.rule_uid = rules.uid AND newest.incarnation = rules.incarnation AND newest.status <> 'skipped'
        ORDER BY newest.first_at DESC LIMIT 1) ",
    run::with_results!(),
    " WHERE rules.uid IN (SELECT value ->> 'uid' FROM json_each($1))"
);

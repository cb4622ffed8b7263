//! The history of runs: one row per run, or one per range of slots that nothing sets apart.

use std::borrow::Cow;

use serde::Serialize;
use watchfire_model::{ProjectName, RuleName, RuleUid, Timestamp, Window};

use crate::database::{Param, Row, Transaction, given, int, without_nul};
use crate::error::Error;
use crate::store::Store;

/// How a slot ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunStatus {
    /// Its query ran.
    Ran,
    /// Its query failed.
    Failed,
    /// It was never evaluated, for a reason that is recorded.
    Skipped,
}

impl RunStatus {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Ran, Self::Failed, Self::Skipped];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ran => "ran",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }

    /// Reads the word; `None` for any other.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// One evaluation of one slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRecord {
    /// The slot.
    pub scheduled_for: Timestamp,
    /// The span of time that it read.
    pub window: Option<Window>,
    /// `Ran` or `Failed`; what was skipped is [`SkippedSlots`], and the database refuses it here.
    pub status: RunStatus,
    /// The evaluation in one word: `matched`, `clear`, `no_data`, `failed`.
    pub outcome: String,
    /// Rows of the result, in full.
    pub row_count: u64,
    /// Notifications that it decided.
    pub notified: u64,
    /// What failed, in a sentence; only of a failed run.
    pub error: Option<String>,
    /// When it started, by the wall clock.
    pub started_at: Timestamp,
    /// When it ended, by the wall clock.
    pub finished_at: Timestamp,
}

/// Slots that were not evaluated, all for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedSlots {
    /// The first slot.
    pub first: Timestamp,
    /// The last slot; `first` when it is only one.
    pub last: Timestamp,
    /// How many slots, both ends included.
    pub count: u64,
    /// Why: `superseded`, `too_old`, `missed`, `overlap`, …
    pub reason: String,
}

/// Which runs to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFilter {
    /// Only of rules of this name, in any project.
    pub rule: Option<RuleName>,
    /// Only of this rule.
    pub uid: Option<RuleUid>,
    /// Only of rules of this project.
    pub project: Option<ProjectName>,
    /// Only those that ended so.
    pub status: Option<RunStatus>,
    /// Only those whose (last) slot is before this instant: the next page.
    pub before: Option<Timestamp>,
    /// Most rows.
    pub limit: usize,
}

/// All rules, the newest hundred rows.
impl Default for RunFilter {
    fn default() -> Self {
        Self { rule: None, uid: None, project: None, status: None, before: None, limit: 100 }
    }
}

/// Where a run stands in the list of all, the newest slot first; the next page begins after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunPlace {
    /// Its (last) slot.
    pub last_at: Timestamp,
    /// Its number in the order in which runs were recorded.
    pub position: i64,
}

/// A run, or a range of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    /// The rule's uid.
    pub uid: RuleUid,
    /// The rule's name today.
    pub rule: RuleName,
    /// The incarnation of the rule that ran.
    pub incarnation: u64,
    /// The slot; of a range the last one.
    pub scheduled_for: Timestamp,
    /// What it read; of a range what its last run read.
    pub window: Option<Window>,
    /// How it ended.
    pub status: RunStatus,
    /// The evaluation in one word; `None` when it was skipped.
    pub outcome: Option<String>,
    /// Rows of the result; of a range the most that any of its runs had, `None` when skipped.
    pub row_count: Option<u64>,
    /// Notifications that it decided; `None` when skipped.
    pub notified: Option<u64>,
    /// What failed.
    pub error: Option<String>,
    /// When it started; of a range its first run. `None` when skipped.
    pub started_at: Option<Timestamp>,
    /// When it ended; of a range its last run. `None` when skipped.
    pub finished_at: Option<Timestamp>,
    /// What is kept of a report's result; `None`: nothing, or not any more.
    pub result: Option<RunResult>,
    /// Set when the row stands for several runs, or for skipped slots.
    pub range: Option<RunRange>,
}

/// The kept result of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunResult {
    /// How many rows are kept.
    pub rows: u64,
    /// How large its file is, in bytes.
    pub bytes: u64,
}

/// What a range covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRange {
    /// The first slot.
    pub first: Timestamp,
    /// The last slot.
    pub last: Timestamp,
    /// How many slots, both ends included.
    pub count: u64,
    /// Why they were skipped; `uneventful` for runs that were folded together.
    pub reason: String,
}

/// The reason of a range of runs that were folded together.
const UNEVENTFUL: &str = "uneventful";

impl Store {
    /// Runs and ranges, newest first.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be asked now.
    pub async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunRow>, Error> {
        Ok(self.runs_after(filter, None).await?.into_iter().map(|(_, run)| run).collect())
    }

    /// Runs and ranges after a place, newest first, each with its own place. What is recorded meanwhile under a newer
    /// slot changes nothing behind a place.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be asked now.
    pub async fn runs_after(
        &self,
        filter: &RunFilter,
        after: Option<RunPlace>,
    ) -> Result<Vec<(RunPlace, RunRow)>, Error> {
        let before = filter.before.map_or(i64::MAX, |before| before.as_micros().saturating_sub(1));
        let place = after.map_or((i64::MAX, i64::MAX), |place| (place.last_at.as_micros(), place.position));
        let params = [
            Param::MaybeText(filter.rule.as_ref().map(RuleName::as_str)),
            Param::MaybeText(filter.uid.as_ref().map(RuleUid::as_str)),
            Param::MaybeText(filter.status.map(RunStatus::as_str)),
            Param::Int(before.min(place.0)),
            Param::Int(int(filter.limit as u64)),
            Param::Int(place.0),
            Param::Int(place.1),
            Param::MaybeText(filter.project.as_ref().map(ProjectName::as_str)),
        ];
        // Of one rule there are few rows; of all rules the newest are found by slot, and failures, which are
        // rare and looked for, have an index of their own.
        let sql = match filter.status {
            _ if filter.uid.is_some() || filter.rule.is_some() => RUNS_OF_A_RULE,
            Some(RunStatus::Failed) => FAILED_RUNS,
            Some(RunStatus::Ran | RunStatus::Skipped) | None => RUNS,
        };
        let rows = self.database().read(sql, &params).await?;
        rows.iter()
            .map(|row| {
                let place = RunPlace { last_at: row.instant("last_at")?, position: row.int("position")? };
                Ok((place, run_row(row)?))
            })
            .collect()
    }
}

/// The runs and skipped slots of one committed evaluation.
pub(crate) struct RunWrite<'a> {
    pub(crate) uid: &'a RuleUid,
    pub(crate) incarnation: u64,
    pub(crate) run: Option<&'a RunRecord>,
    pub(crate) skipped: &'a [SkippedSlots],
}

/// Records runs and skipped slots. What is recorded already stays as it is.
pub(crate) async fn insert(work: &mut Transaction, writes: &[RunWrite<'_>]) -> Result<(), Error> {
    let rows: Vec<GivenRun<'_>> = writes
        .iter()
        .flat_map(|write| {
            let skipped = write.skipped.iter().map(|slots| GivenRun::of_skipped(write, slots));
            skipped.chain(write.run.map(|run| GivenRun::of_run(write, run)))
        })
        .collect();
    if !rows.is_empty() {
        work.execute(INSERT_RUNS, &[Param::Rows(&given(&rows))]).await?;
    }
    Ok(())
}

/// A row of the table as statements unfold it.
#[derive(Serialize)]
pub(crate) struct GivenRun<'a> {
    pub(crate) uid: Cow<'a, str>,
    pub(crate) incarnation: i64,
    pub(crate) first_at: i64,
    pub(crate) last_at: i64,
    pub(crate) slot_count: i64,
    pub(crate) status: Cow<'a, str>,
    pub(crate) outcome: Option<Cow<'a, str>>,
    pub(crate) reason: Option<Cow<'a, str>>,
    pub(crate) window_start: Option<i64>,
    pub(crate) window_end: Option<i64>,
    pub(crate) row_count: Option<i64>,
    pub(crate) notified: Option<i64>,
    pub(crate) error: Option<Cow<'a, str>>,
    pub(crate) started_at: Option<i64>,
    pub(crate) finished_at: Option<i64>,
}

impl<'a> GivenRun<'a> {
    fn of_run(write: &RunWrite<'a>, run: &'a RunRecord) -> Self {
        Self {
            uid: write.uid.as_str().into(),
            incarnation: int(write.incarnation),
            first_at: run.scheduled_for.as_micros(),
            last_at: run.scheduled_for.as_micros(),
            slot_count: 1,
            status: run.status.as_str().into(),
            outcome: Some(without_nul(&run.outcome)),
            reason: None,
            window_start: run.window.map(|window| window.start.as_micros()),
            window_end: run.window.map(|window| window.end.as_micros()),
            row_count: Some(int(run.row_count)),
            notified: Some(int(run.notified)),
            error: run.error.as_deref().map(without_nul),
            started_at: Some(run.started_at.as_micros()),
            finished_at: Some(run.finished_at.as_micros()),
        }
    }

    fn of_skipped(write: &RunWrite<'a>, slots: &'a SkippedSlots) -> Self {
        Self {
            uid: write.uid.as_str().into(),
            incarnation: int(write.incarnation),
            first_at: slots.first.as_micros(),
            last_at: slots.last.as_micros(),
            slot_count: int(slots.count),
            status: RunStatus::Skipped.as_str().into(),
            outcome: None,
            reason: Some(without_nul(&slots.reason)),
            window_start: None,
            window_end: None,
            row_count: None,
            notified: None,
            error: None,
            started_at: None,
            finished_at: None,
        }
    }
}

pub(crate) fn run_row(row: &Row) -> Result<RunRow, Error> {
    let window = match (row.maybe_instant("window_start")?, row.maybe_instant("window_end")?) {
        (Some(start), Some(end)) => Some(Window { start, end }),
        (None, _) | (_, None) => None,
    };
    let (count, reason) = (row.count("slot_count")?, row.maybe_text("reason")?);
    let range = match (count, reason) {
        (1, None) => None,
        (count, reason) => Some(RunRange {
            first: row.instant("first_at")?,
            last: row.instant("last_at")?,
            count,
            reason: reason.unwrap_or_else(|| UNEVENTFUL.to_owned()),
        }),
    };
    let result = match (row.maybe_count("stored_rows")?, row.maybe_count("bytes_len")?) {
        (Some(rows), Some(bytes)) => Some(RunResult { rows, bytes }),
        (None, _) | (_, None) => None,
    };
    Ok(RunRow {
        uid: RuleUid::new(row.text("rule_uid")?),
        rule: RuleName::new(row.text("rule")?),
        incarnation: row.count("incarnation")?,
        scheduled_for: row.instant("last_at")?,
        window,
        status: row.word("status", RunStatus::parse)?,
        outcome: row.maybe_text("outcome")?,
        row_count: row.maybe_count("row_count")?,
        notified: row.maybe_count("notified")?,
        error: row.maybe_text("error")?,
        started_at: row.maybe_instant("started_at")?,
        finished_at: row.maybe_instant("finished_at")?,
        result,
        range,
    })
}

pub(crate) const INSERT_RUNS: &str = "
    INSERT INTO runs (rule_uid, incarnation, first_at, last_at, slot_count, status, outcome, reason, window_start,
        window_end, row_count, notified, error, started_at, finished_at)
    SELECT value ->> 'uid', CAST(value ->> 'incarnation' AS BIGINT), CAST(value ->> 'first_at' AS BIGINT),
        CAST(value ->> 'last_at' AS BIGINT), CAST(value ->> 'slot_count' AS BIGINT), value ->> 'status',
        value ->> 'outcome', value ->> 'reason', CAST(value ->> 'window_start' AS BIGINT),
        CAST(value ->> 'window_end' AS BIGINT), CAST(value ->> 'row_count' AS BIGINT),
        CAST(value ->> 'notified' AS BIGINT), value ->> 'error', CAST(value ->> 'started_at' AS BIGINT),
        CAST(value ->> 'finished_at' AS BIGINT)
    FROM json_each($1) WHERE true ORDER BY CAST(key AS BIGINT)
    ON CONFLICT (rule_uid, incarnation, first_at) DO NOTHING";

/// What [`run_row`] reads, of `runs` and `rules` joined, [`with_results`].
macro_rules! run_columns {
    () => {
        "runs.position AS position, runs.rule_uid AS rule_uid, rules.name AS rule, runs.incarnation AS incarnation,
            first_at, last_at, slot_count, status, outcome, reason, runs.window_start AS window_start,
            runs.window_end AS window_end, runs.row_count AS row_count, notified, error, started_at, finished_at,
            results.stored_rows AS stored_rows, results.bytes_len AS bytes_len"
    };
}

/// Runs with the stored result of each that has one.
macro_rules! with_results {
    () => {
        "LEFT JOIN report_results AS results ON results.rule_uid = runs.rule_uid
                AND results.incarnation = runs.incarnation AND results.scheduled_for = runs.first_at"
    };
}
pub(crate) use run_columns;
pub(crate) use with_results;

macro_rules! select_runs {
    ($filter:literal) => {
        concat!(
            "SELECT ",
            run_columns!(),
            " FROM runs JOIN rules ON rules.uid = runs.rule_uid ",
            with_results!(),
            "
            WHERE ",
            $filter,
            " AND ($3 IS NULL OR status = $3) AND last_at <= $4 AND (last_at < $6 OR runs.position < $7)
                AND ($8 IS NULL OR rules.project = $8)
            ORDER BY last_at DESC, runs.position DESC LIMIT $5"
        )
    };
}

const RUNS: &str = select_runs!("$1 IS NULL AND $2 IS NULL");

const FAILED_RUNS: &str = select_runs!("$1 IS NULL AND $2 IS NULL AND status = 'failed'");

const RUNS_OF_A_RULE: &str = select_runs!(
    "runs.rule_uid IN (SELECT uid FROM rules WHERE ($1 IS NULL OR name = $1) AND ($2 IS NULL OR uid = $2))"
);

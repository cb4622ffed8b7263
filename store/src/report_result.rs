//! The results of reports: kept beside their runs, given out again, and forgotten when their time is over.

use watchfire_model::{ProjectName, RuleName, RuleUid, Timestamp, Window};

use crate::database::{Param, Row, Transaction, int};
use crate::error::Error;
use crate::store::Store;

/// Results forgotten in one transaction: each may be large, and evaluations wait for it on SQLite.
const RESULTS_AT_ONCE: i64 = 20;

/// The result of one run of a report, on its way into the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportResult {
    /// The slot.
    pub scheduled_for: Timestamp,
    /// The span of time that it read.
    pub window: Option<Window>,
    /// Rows of the result, in full.
    pub row_count: u64,
    /// How many of them are in `body`, the first ones.
    pub stored_rows: u64,
    /// A Parquet file; never empty.
    pub body: Vec<u8>,
    /// When it was made, by the wall clock.
    pub created_at: Timestamp,
    /// When it may be forgotten.
    pub expires_at: Timestamp,
}

/// What is known of a stored result without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredResult {
    /// The slot of its run.
    pub scheduled_for: Timestamp,
    /// The span of time that it read.
    pub window: Option<Window>,
    /// Rows of the result, in full.
    pub row_count: u64,
    /// How many of them are stored, the first ones.
    pub stored_rows: u64,
    /// How large its Parquet file is.
    pub size_bytes: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it may be forgotten.
    pub expires_at: Timestamp,
}

/// A stored result itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBody {
    /// What is known of it.
    pub result: StoredResult,
    /// The Parquet file.
    pub parquet: Vec<u8>,
}

impl Store {
    /// The stored results of the rules of this name, deleted ones included, newest first: at most `limit`, only
    /// of slots before `before`.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be asked now.
    pub async fn report_results(
        &self,
        rule: &RuleName,
        before: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<StoredResult>, Error> {
        let params = [
            Param::Text(rule.as_str()),
            Param::MaybeInt(before.map(Timestamp::as_micros)),
            Param::Int(int(limit as u64)),
        ];
        self.database().read(RESULTS, &params).await?.iter().map(stored).collect()
    }

    /// The stored result of one slot of a report (of a project); `None` when there is none, or not any more.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be asked now.
    pub async fn report_result(
        &self,
        rule: &RuleName,
        project: Option<&ProjectName>,
        scheduled_for: Timestamp,
    ) -> Result<Option<StoredBody>, Error> {
        let project = Param::MaybeText(project.map(ProjectName::as_str));
        let params = [Param::Text(rule.as_str()), Param::Int(scheduled_for.as_micros()), project];
        let rows = self.database().read(RESULT, &params).await?;
        rows.first().map(|row| Ok(StoredBody { result: stored(row)?, parquet: row.bytes("body")? })).transpose()
    }

    /// Forgets results whose time was over by `now`. The number of them.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be asked now; what was forgotten stays forgotten.
    pub async fn prune_report_results(&self, now: Timestamp) -> Result<u64, Error> {
        let mut pruned = 0;
        loop {
            let mut work = self.database().begin().await?;
            let params = [Param::Int(now.as_micros()), Param::Int(RESULTS_AT_ONCE)];
            let rows = work.execute(PRUNE, &params).await?;
            work.commit().await?;
            pruned += rows;
            if int(rows) < RESULTS_AT_ONCE {
                return Ok(pruned);
            }
        }
    }
}

/// Keeps a result. What is kept already stays as it is.
pub(crate) async fn insert(
    work: &mut Transaction,
    uid: &RuleUid,
    incarnation: u64,
    result: &ReportResult,
) -> Result<(), Error> {
    let params = [
        Param::Text(uid.as_str()),
        Param::Int(int(incarnation)),
        Param::Int(result.scheduled_for.as_micros()),
        Param::MaybeInt(result.window.map(|window| window.start.as_micros())),
        Param::MaybeInt(result.window.map(|window| window.end.as_micros())),
        Param::Int(int(result.row_count)),
        Param::Int(int(result.stored_rows)),
        Param::Int(int(result.body.len() as u64)),
        Param::Int(result.created_at.as_micros()),
        Param::Int(result.expires_at.as_micros()),
        Param::Bytes(&result.body),
    ];
    work.execute(INSERT, &params).await.map(|_| ())
}

fn stored(row: &Row) -> Result<StoredResult, Error> {
    let window = match (row.maybe_instant("window_start")?, row.maybe_instant("window_end")?) {
        (Some(start), Some(end)) => Some(Window { start, end }),
        (None, _) | (_, None) => None,
    };
    Ok(StoredResult {
        scheduled_for: row.instant("scheduled_for")?,
        window,
        row_count: row.count("row_count")?,
        stored_rows: row.count("stored_rows")?,
        size_bytes: row.count("bytes_len")?,
        created_at: row.instant("created_at")?,
        expires_at: row.instant("expires_at")?,
    })
}

const INSERT: &str = "
    INSERT INTO report_results (rule_uid, incarnation, scheduled_for, window_start, window_end, row_count,
        stored_rows, bytes_len, created_at, expires_at, body)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (rule_uid, incarnation, scheduled_for) DO NOTHING";

const RESULTS: &str = "
    SELECT scheduled_for, window_start, window_end, row_count, stored_rows, bytes_len, created_at, expires_at
    FROM report_results
    WHERE rule_uid IN (SELECT uid FROM rules WHERE name = $1) AND scheduled_for < COALESCE($2, 9223372036854775807)
    ORDER BY scheduled_for DESC, incarnation DESC LIMIT $3";

const RESULT: &str = "
    SELECT scheduled_for, window_start, window_end, row_count, stored_rows, bytes_len, created_at, expires_at, body
    FROM report_results
    WHERE rule_uid IN (SELECT uid FROM rules WHERE name = $1 AND ($3 IS NULL OR project = $3))
        AND scheduled_for = $2
    ORDER BY incarnation DESC LIMIT 1";

const PRUNE: &str = "
    DELETE FROM report_results WHERE (rule_uid, incarnation, scheduled_for) IN (
        SELECT rule_uid, incarnation, scheduled_for FROM report_results WHERE expires_at <= $1
        ORDER BY expires_at LIMIT $2)";

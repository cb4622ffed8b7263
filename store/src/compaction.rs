//! Folding history: what nothing sets apart becomes one range, and what is very old is forgotten.

use serde::Serialize;
use watchfire_model::{RuleUid, Timestamp};

use crate::database::{Param, Row, given, int};
use crate::error::Error;
use crate::run::{GivenRun, INSERT_RUNS};
use crate::store::Store;

/// Rules folded in one transaction, so that evaluations never wait long for it.
const RULES_AT_ONCE: usize = 200;
/// Rows forgotten in one transaction, for the same reason.
const ROWS_AT_ONCE: usize = 1000;

impl Store {
    /// Folds neighbouring equal runs that are older than the last `keep_last` of their rule and that
    /// neither notified nor failed nor have a stored result, and neighbouring skipped ranges of one reason, into one range each.
    /// The number of rows that this saved.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be asked now; what was folded stays folded.
    pub async fn compact_runs(&self, keep_last: usize) -> Result<u64, Error> {
        let keep_last = int(keep_last as u64);
        let long = self.database().read(LONG_HISTORIES, &[Param::Int(keep_last)]).await?;
        let long = long.iter().map(|row| row.text("rule_uid").map(RuleUid::new)).collect::<Result<Vec<_>, _>>()?;
        let mut saved = 0;
        for rules in long.chunks(RULES_AT_ONCE) {
            saved += self.fold(rules, keep_last).await?;
        }
        Ok(saved)
    }

    /// Forgets runs and ranges whose last slot is before `before`, whatever came of them, but keeps the newest
    /// `keep_last` rows of each rule, and runs as long as their result is stored. The number of rows.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be asked now; what was forgotten stays forgotten.
    pub async fn prune_runs(&self, before: Timestamp, keep_last: usize) -> Result<u64, Error> {
        #[derive(Serialize)]
        struct GivenPosition {
            position: i64,
        }
        let params = [Param::Int(before.as_micros()), Param::Int(int(keep_last as u64))];
        let old = self.database().read(OLD_RUNS, &params).await?;
        let old = old
            .iter()
            .map(|row| row.int("position").map(|position| GivenPosition { position }))
            .collect::<Result<Vec<_>, _>>()?;
        let mut pruned = 0;
        for rows in old.chunks(ROWS_AT_ONCE) {
            let mut work = self.database().begin().await?;
            pruned += work.execute(PRUNE_RUNS, &[Param::Rows(&given(rows))]).await?;
            work.commit().await?;
        }
        Ok(pruned)
    }

    async fn fold(&self, rules: &[RuleUid], keep_last: i64) -> Result<u64, Error> {
        #[derive(Serialize)]
        struct GivenUid<'a> {
            uid: &'a str,
        }
        let uids = given(&rules.iter().map(|uid| GivenUid { uid: uid.as_str() }).collect::<Vec<_>>());
        let mut work = self.database().begin().await?;
        let islands = work.fetch(ISLANDS, &[Param::Rows(&uids), Param::Int(keep_last)]).await?;
        let ranges = islands.iter().map(range).collect::<Result<Vec<_>, _>>()?;
        if ranges.is_empty() {
            return Ok(0);
        }
        let ranges_given = given(&ranges);
        let removed = work.execute(REMOVE_MEMBERS, &[Param::Rows(&ranges_given)]).await?;
        let added = work.execute(INSERT_RUNS, &[Param::Rows(&ranges_given)]).await?;
        work.commit().await?;
        Ok(removed.saturating_sub(added))
    }
}

fn range(row: &Row) -> Result<GivenRun<'static>, Error> {
    Ok(GivenRun {
        uid: row.text("rule_uid")?.into(),
        incarnation: row.int("incarnation")?,
        first_at: row.int("first_at")?,
        last_at: row.int("last_at")?,
        slot_count: row.int("slot_count")?,
        status: row.text("status")?.into(),
        outcome: row.maybe_text("outcome")?.map(Into::into),
        reason: row.maybe_text("reason")?.map(Into::into),
        window_start: row.maybe_int("window_start")?,
        window_end: row.maybe_int("window_end")?,
        row_count: row.maybe_int("row_count")?,
        notified: row.maybe_int("notified")?,
        error: None,
        started_at: row.maybe_int("started_at")?,
        finished_at: row.maybe_int("finished_at")?,
    })
}

// It takes two old rows to fold, so whoever has no more than this has nothing to fold. A rule that was folded
// just now (one range and the runs that stay) is passed over. Found from an index alone.
const LONG_HISTORIES: &str = "
    SELECT rule_uid FROM runs GROUP BY rule_uid
    HAVING SUM(CASE WHEN status = 'skipped' THEN 0 ELSE 1 END) > $1 + 1
        OR SUM(CASE WHEN status = 'skipped' THEN 1 ELSE 0 END) > 1
    ORDER BY rule_uid";

// Neighbours share an island: their place among all rows of the rule and their place among their equals
// grow in step until something else stands between them. A window's ends move forward, so the greatest
// of each are those of the last run.
const ISLANDS: &str = "
    WITH aged AS (
        SELECT runs.*,
            ROW_NUMBER() OVER (PARTITION BY rule_uid ORDER BY first_at, position) AS place,
            SUM(CASE WHEN status = 'skipped' THEN 0 ELSE 1 END) OVER (
                PARTITION BY rule_uid ORDER BY first_at DESC, position DESC ROWS UNBOUNDED PRECEDING) AS age
        FROM runs WHERE rule_uid IN (SELECT value ->> 'uid' FROM json_each($1))
    ), quiet AS (
        SELECT aged.*,
            place - ROW_NUMBER() OVER (
                PARTITION BY rule_uid, incarnation, status, outcome, reason ORDER BY first_at, position) AS island
        FROM aged WHERE status = 'skipped' OR (status = 'ran' AND notified = 0 AND age > $2 AND NOT EXISTS (
            SELECT 1 FROM report_results AS results
            WHERE results.rule_uid = aged.rule_uid AND results.incarnation = aged.incarnation
                AND results.scheduled_for = aged.first_at))
    )
    SELECT rule_uid, incarnation, status, outcome, reason, MIN(first_at) AS first_at, MAX(last_at) AS last_at,
        CAST(SUM(slot_count) AS BIGINT) AS slot_count, MAX(window_start) AS window_start,
        MAX(window_end) AS window_end, MAX(row_count) AS row_count, MAX(notified) AS notified,
        MIN(started_at) AS started_at, MAX(finished_at) AS finished_at
    FROM quiet GROUP BY rule_uid, incarnation, status, outcome, reason, island
    HAVING COUNT(*) > 1";

const REMOVE_MEMBERS: &str = "
    DELETE FROM runs WHERE position IN (
        SELECT runs.position FROM json_each($1) AS given
        JOIN runs ON runs.rule_uid = given.value ->> 'uid'
            AND runs.incarnation = CAST(given.value ->> 'incarnation' AS BIGINT)
            AND runs.first_at BETWEEN CAST(given.value ->> 'first_at' AS BIGINT)
                AND CAST(given.value ->> 'last_at' AS BIGINT))";

const OLD_RUNS: &str = "
    SELECT position FROM (
        SELECT position, rule_uid, incarnation, first_at, last_at,
            ROW_NUMBER() OVER (PARTITION BY rule_uid ORDER BY first_at DESC, position DESC) AS age
        FROM runs WHERE rule_uid IN (SELECT rule_uid FROM runs WHERE last_at < $1)) AS aged
    WHERE last_at < $1 AND age > $2 AND NOT EXISTS (
        SELECT 1 FROM report_results AS results
        WHERE results.rule_uid = aged.rule_uid AND results.incarnation = aged.incarnation
            AND results.scheduled_for = aged.first_at)";

const PRUNE_RUNS: &str = "
    DELETE FROM runs WHERE position IN (SELECT CAST(value ->> 'position' AS BIGINT) FROM json_each($1))";

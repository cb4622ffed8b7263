//! Rules: which there are, when each is due, and who is evaluating it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

use serde::Serialize;
use watchfire_alerts::{RuleState, StateChanges};
use watchfire_model::{ProjectName, RuleName, RuleUid, Timestamp};

use crate::database::{Param, PerDatabase, Row, claiming, given, int, micros, without_nul};
use crate::error::Error;
use crate::outbox::{self, OutboxNotice};
use crate::state_load;
use crate::state_write::{self, StateWrite};
use crate::store::{Store, silent_before};

/// A rule as the store knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleRow {
    /// What it is known by for ever.
    pub uid: RuleUid,
    /// Its project.
    pub project: ProjectName,
    /// Its name.
    pub name: RuleName,
    /// Rises when it is deleted and made again, or its `per` changes. Never falls.
    pub incarnation: u64,
    /// Hash of the part whose change means another question.
    pub semantic_hash: String,
    /// Hash of its `per`.
    pub per_hash: String,
    /// Whether it is evaluated.
    pub enabled: bool,
    /// Its next slot; `None`: nothing is due.
    pub next_at: Option<Timestamp>,
    /// Every slot up to here has its decision. Never goes back.
    pub decided_through: Timestamp,
    /// The end of the last window of a successful run, for `since_last_run`.
    pub last_window_end: Option<Timestamp>,
    /// The number of the last claim. Read only: saving does not look at it.
    pub epoch: u64,
}

/// What saving definitions closes: the episodes of a rule that is deleted, disabled or asks another question.
#[derive(Debug, Clone, PartialEq)]
pub struct Closing {
    /// The rule.
    pub uid: RuleUid,
    /// What the closing changes in its state.
    pub changes: StateChanges,
    /// Its state after the closing.
    pub state: RuleState,
    /// What is told.
    pub notices: Vec<OutboxNotice>,
    /// Whether the rule goes too. Its runs and its incarnation stay known.
    pub delete_rule: bool,
}

/// A rule that is ours to evaluate until we commit or release it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedRule {
    /// The rule, its incarnation as stored.
    pub row: RuleRow,
    /// The number of this claim; it guards the commit.
    pub epoch: u64,
}

impl Store {
    /// All rules that are not deleted, by uid.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be asked now.
    pub async fn stored_rules(&self) -> Result<Vec<RuleRow>, Error> {
        let rows = self.database().read(STORED_RULES, &[]).await?;
        rows.iter().map(rule_row).collect()
    }

    /// Writes definitions, new and changed ones, and closes what they end, in one transaction.
    ///
    /// A rule that differs from what is stored loses its lease, so that an evaluation of the old
    /// definition that is still under way is not committed. One that does not differ is left alone.
    /// `decided_through` never goes back; a row read before somebody else decided a slot does not take
    /// `next_at` back either. Of a deleted rule that is made again, and of one whose incarnation rises, nothing
    /// but the incarnation is remembered; the stored incarnation may be higher than the given one
    /// (see [`ClaimedRule`] and [`Store::stored_rules`]). `now` is when deleted rules were deleted.
    ///
    /// # Errors
    /// [`Error::Refused`] when a state or notice breaks an invariant; then nothing is written.
    pub async fn save_rules(&self, rows: &[RuleRow], closings: &[Closing], now: Timestamp) -> Result<(), Error> {
        let mut work = self.database().begin().await?;
        if !closings.is_empty() {
            let uids = given_uids(closings.iter().map(|closing| &closing.uid));
            let deleted = given_uids(closings.iter().filter(|closing| closing.delete_rule).map(|closing| &closing.uid));
            work.execute(BREAK_LEASES, &[Param::Rows(&uids)]).await?;
            let states: Vec<StateWrite<'_>> = closings
                .iter()
                .map(|closing| StateWrite { uid: &closing.uid, state: &closing.state, changes: &closing.changes })
                .collect();
            state_write::write(&mut work, &states).await?;
            let notices: Vec<&OutboxNotice> = closings.iter().flat_map(|closing| &closing.notices).collect();
            outbox::insert(&mut work, &notices).await?;
            state_write::forget(&mut work, &deleted).await?;
            work.execute(RETIRE, &[Param::Rows(&deleted), Param::Int(now.as_micros())]).await?;
        }
        if !rows.is_empty() {
            let definitions = given(&rows.iter().map(GivenRule::of).collect::<Vec<_>>());
            let outdated = work.fetch(OUTDATED_STATES, &[Param::Rows(&definitions)]).await?;
            let outdated =
                outdated.iter().map(|row| row.text("uid").map(RuleUid::new)).collect::<Result<Vec<_>, _>>()?;
            state_write::forget(&mut work, &given_uids(outdated.iter())).await?;
            work.execute(SAVE_RULES, &[Param::Rows(&definitions)]).await?;
        }
        work.commit().await
    }

    /// Claims up to `limit` rules whose next slot is not after `due_by`, the most overdue first.
    ///
    /// A claim ends with its commit or release. One that was forgotten (an evaluation that died, an answer of
    /// the database that never arrived) ends fifteen minutes after it was made or last committed to; then
    /// anybody may take it, and until then it may still be committed.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be asked now; then nothing is claimed.
    pub async fn claim_rules(&self, due_by: Timestamp, limit: usize) -> Result<Vec<ClaimedRule>, Error> {
        let mut work = self.database().begin().await?;
        let clock = work.clock().await?;
        let params = [
            Param::Int(due_by.as_micros()),
            Param::Int(int(limit as u64)),
            Param::Text(self.claimant()),
            Param::Int(silent_before(clock)),
            Param::Int(clock),
            Param::Int(lease_end(clock)),
        ];
        let rows = work.fetch_claim(&CLAIM_RULES, &params).await?;
        work.commit().await?;
        let mut claimed = rows
            .iter()
            .map(|row| rule_row(row).map(|row| ClaimedRule { epoch: row.epoch, row }))
            .collect::<Result<Vec<_>, _>>()?;
        claimed.sort_by(|a, b| (a.row.next_at, &a.row.uid).cmp(&(b.row.next_at, &b.row.uid)));
        Ok(claimed)
    }

    /// Gives back, undecided, every claim of ours but those that are `kept`: what an evaluation left behind that
    /// died, and what was claimed by a statement whose answer was lost. They are due again at once, for anybody.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be asked now.
    pub async fn release_other_claims(&self, kept: &[(RuleUid, u64)]) -> Result<u64, Error> {
        #[derive(Serialize)]
        struct GivenClaim<'a> {
            uid: &'a str,
            epoch: i64,
        }
        let kept: Vec<_> =
            kept.iter().map(|(uid, epoch)| GivenClaim { uid: uid.as_str(), epoch: int(*epoch) }).collect();
        let mut work = self.database().begin().await?;
        let released =
            work.execute(RELEASE_OTHER_CLAIMS, &[Param::Rows(&given(&kept)), Param::Text(self.claimant())]).await?;
        work.commit().await?;
        Ok(released)
    }

    /// What is remembered of these rules. A rule that is not stored is not in the answer.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when a stored state is none that this program writes.
    pub async fn rule_states(&self, uids: &[RuleUid]) -> Result<HashMap<RuleUid, RuleState>, Error> {
        state_load::load(self.database(), &given_uids(uids.iter())).await
    }
}

/// How long an evaluation may take from one commit to the next before its claim is taken for forgotten;
/// far more than any query's timeout.
const LEASE_FOR: Duration = Duration::from_secs(15 * 60);

/// When a claim that is made or renewed now ends, on the database's clock.
pub(crate) fn lease_end(clock: i64) -> i64 {
    clock.saturating_add(micros(LEASE_FOR))
}

#[derive(Serialize)]
struct GivenRule<'a> {
    uid: &'a str,
    project: &'a str,
    name: Cow<'a, str>,
    incarnation: i64,
    semantic_hash: &'a str,
    per_hash: &'a str,
    enabled: i64,
    next_at: Option<i64>,
    decided_through: i64,
    last_window_end: Option<i64>,
}

impl<'a> GivenRule<'a> {
    fn of(row: &'a RuleRow) -> Self {
        Self {
            uid: row.uid.as_str(),
            project: row.project.as_str(),
            name: without_nul(row.name.as_str()),
            incarnation: int(row.incarnation),
            semantic_hash: &row.semantic_hash,
            per_hash: &row.per_hash,
            enabled: row.enabled.into(),
            next_at: row.next_at.map(Timestamp::as_micros),
            decided_through: row.decided_through.as_micros(),
            last_window_end: row.last_window_end.map(Timestamp::as_micros),
        }
    }
}

/// Rules by uid, for statements that unfold them.
pub(crate) fn given_uids<'a>(uids: impl Iterator<Item = &'a RuleUid>) -> String {
    #[derive(Serialize)]
    struct GivenUid<'a> {
        uid: &'a str,
    }
    given(&uids.map(|uid| GivenUid { uid: uid.as_str() }).collect::<Vec<_>>())
}

fn rule_row(row: &Row) -> Result<RuleRow, Error> {
    Ok(RuleRow {
        uid: RuleUid::new(row.text("uid")?),
        project: ProjectName::new(row.text("project")?),
        name: RuleName::new(row.text("name")?),
        incarnation: row.count("incarnation")?,
        semantic_hash: row.text("semantic_hash")?,
        per_hash: row.text("per_hash")?,
        enabled: row.flag("enabled")?,
        next_at: row.maybe_instant("next_at")?,
        decided_through: row.instant("decided_through")?,
        last_window_end: row.maybe_instant("last_window_end")?,
        epoch: row.count("epoch")?,
    })
}

const STORED_RULES: &str = "
    SELECT uid, project, name, incarnation, semantic_hash, per_hash, enabled, next_at, decided_through,
        last_window_end, epoch
    FROM rules WHERE retired_at IS NULL ORDER BY uid";

const BREAK_LEASES: &str = "
    UPDATE rules SET epoch = epoch + 1, claimed_by = NULL, lease_until = NULL
    WHERE uid IN (SELECT value ->> 'uid' FROM json_each($1))";

const RETIRE: &str = "
    UPDATE rules SET retired_at = $2, enabled = 0, next_at = NULL, claimed_by = NULL, lease_until = NULL
    WHERE uid IN (SELECT value ->> 'uid' FROM json_each($1))";

const OUTDATED_STATES: &str = "
    SELECT rules.uid AS uid FROM json_each($1) AS given JOIN rules ON rules.uid = given.value ->> 'uid'
    WHERE rules.retired_at IS NOT NULL OR rules.incarnation < CAST(given.value ->> 'incarnation' AS BIGINT)";

// Nothing that an evaluation under way depends on differs. A claim does not move `next_at`, so a definition
// that is saved unchanged while it is being evaluated keeps its lease.
macro_rules! unchanged {
    () => {
        "rules.retired_at IS NULL AND rules.incarnation >= excluded.incarnation
            AND rules.semantic_hash = excluded.semantic_hash AND rules.per_hash = excluded.per_hash
            AND rules.enabled = excluded.enabled AND rules.name = excluded.name
            AND (rules.next_at IS NOT DISTINCT FROM excluded.next_at
                OR rules.decided_through > excluded.decided_through)"
    };
}

const SAVE_RULES: &str = concat!(
    "INSERT INTO rules (uid, project, name, incarnation, semantic_hash, per_hash, enabled, next_at,
        decided_through, last_window_end)
    SELECT value ->> 'uid', value ->> 'project', value ->> 'name', CAST(value ->> 'incarnation' AS BIGINT),
        value ->> 'semantic_hash', value ->> 'per_hash', CAST(value ->> 'enabled' AS BIGINT),
        CAST(value ->> 'next_at' AS BIGINT), CAST(value ->> 'decided_through' AS BIGINT),
        CAST(value ->> 'last_window_end' AS BIGINT)
    FROM json_each($1) WHERE true ORDER BY value ->> 'uid'
    ON CONFLICT (uid) DO UPDATE SET
        project = excluded.project,
        name = excluded.name,
        incarnation = CASE
            WHEN rules.retired_at IS NOT NULL AND excluded.incarnation <= rules.incarnation THEN rules.incarnation + 1
            WHEN excluded.incarnation < rules.incarnation THEN rules.incarnation
            ELSE excluded.incarnation END,
        semantic_hash = excluded.semantic_hash,
        per_hash = excluded.per_hash,
        enabled = excluded.enabled,
        retired_at = NULL,
        next_at = CASE
            WHEN rules.enabled = 1 AND excluded.enabled = 1 AND rules.decided_through > excluded.decided_through
            THEN rules.next_at ELSE excluded.next_at END,
        decided_through = CASE
            WHEN rules.decided_through > excluded.decided_through THEN rules.decided_through
            ELSE excluded.decided_through END,
        last_window_end = CASE
            WHEN rules.retired_at IS NOT NULL OR rules.incarnation < excluded.incarnation THEN excluded.last_window_end
            WHEN excluded.last_window_end IS NULL OR rules.last_window_end > excluded.last_window_end
            THEN rules.last_window_end ELSE excluded.last_window_end END,
        epoch = CASE WHEN ",
    unchanged!(),
    " THEN rules.epoch ELSE rules.epoch + 1 END,
        claimed_by = CASE WHEN ",
    unchanged!(),
    " THEN rules.claimed_by ELSE NULL END,
        lease_until = CASE WHEN ",
    unchanged!(),
    " THEN rules.lease_until ELSE NULL END"
);

const CLAIM_RULES: PerDatabase = claiming!(
    "WITH due AS MATERIALIZED (
        SELECT uid FROM rules
        WHERE enabled = 1 AND next_at <= $1
            AND (claimed_by IS NULL OR lease_until <= $5
                OR (claimed_by <> $3 AND claimed_by IN (SELECT id FROM claimants WHERE heartbeat_at < $4)))
        ORDER BY next_at LIMIT $2",
    ")
    UPDATE rules SET claimed_by = $3, lease_until = $6, epoch = epoch + 1 FROM due WHERE rules.uid = due.uid
    RETURNING rules.uid AS uid, project, name, incarnation, semantic_hash, per_hash, enabled, next_at,
        decided_through, last_window_end, epoch"
);

// The epoch rises, so that whoever was forgotten with its claim cannot commit under it.
const RELEASE_OTHER_CLAIMS: &str = "
    UPDATE rules SET claimed_by = NULL, lease_until = NULL, epoch = epoch + 1
    WHERE claimed_by = $2 AND NOT EXISTS (
        SELECT 1 FROM json_each($1) AS given
        WHERE given.value ->> 'uid' = rules.uid AND CAST(given.value ->> 'epoch' AS BIGINT) = rules.epoch)";

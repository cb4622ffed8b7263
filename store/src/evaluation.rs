//! How decisions become durable: many in one transaction, each only if its rule is still ours.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use watchfire_alerts::{RuleState, StateChanges};
use watchfire_model::{RuleUid, Timestamp};

use crate::database::{Param, Transaction, given, int};
use crate::error::Error;
use crate::outbox::{self, OutboxNotice};
use crate::report_result::{self, ReportResult};
use crate::rule::lease_end;
use crate::run::{self, RunRecord, RunWrite, SkippedSlots};
use crate::state_write::{self, StateWrite};
use crate::store::Store;

/// What one evaluation decided, and the claim it was made under.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluationCommit {
    /// The rule.
    pub uid: RuleUid,
    /// Its incarnation, as claimed.
    pub incarnation: u64,
    /// The number of the claim.
    pub epoch: u64,
    /// Every slot up to here has its decision once this is committed. It must lie after the stored one
    /// when anything was decided; that is what makes a replay write nothing.
    pub decided_through: Timestamp,
    /// The rule's next slot.
    pub next_at: Option<Timestamp>,
    /// Whether the claim ends; `false`: more slots of this claim follow.
    pub release: bool,
    /// The end of this run's window when it was successful; `None` leaves the stored one.
    pub last_window_end: Option<Timestamp>,
    /// The run; `None` when every owed slot was skipped.
    pub run: Option<RunRecord>,
    /// What a report found, to be kept beside its run; `None` for everything else.
    pub result: Option<ReportResult>,
    /// Slots that were skipped before it.
    pub skipped: Vec<SkippedSlots>,
    /// The state after it.
    pub state: RuleState,
    /// What of the state differs from what is stored; nothing else is written.
    pub changes: StateChanges,
    /// What is told, in this order.
    pub notices: Vec<OutboxNotice>,
}

impl EvaluationCommit {
    const fn claim(&self) -> (&RuleUid, u64) {
        (&self.uid, self.epoch)
    }
}

/// What became of one item of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommitOutcome {
    /// It is durable.
    Committed,
    /// The claim was no longer ours, or the slot was decided already: nothing of it was written.
    LeaseLost,
    /// The database refused a value of it: a fault of ours. Nothing of it was written, its neighbours were.
    /// The claim is still there, to be released.
    Refused {
        /// The constraint and what the database said.
        detail: String,
    },
}

impl Store {
    /// Commits decisions, all that are still ours in one transaction. The answers are in the order of the batch.
    ///
    /// A rule may occur more than once, with consecutive slots in order.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be asked now. Whether the batch was committed is then
    /// unknown; committing it again is safe, and answers `LeaseLost` where it was.
    pub async fn commit_evaluations(&self, batch: &[EvaluationCommit]) -> Result<Vec<CommitOutcome>, Error> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        match self.commit_together(batch).await {
            Err(Error::Refused { .. }) => self.commit_one_by_one(batch).await,
            other => other,
        }
    }

    async fn commit_together(&self, batch: &[EvaluationCommit]) -> Result<Vec<CommitOutcome>, Error> {
        let mut work = self.database().begin().await?;
        let mut outcomes = vec![CommitOutcome::LeaseLost; batch.len()];
        let mut lost: HashSet<(&RuleUid, u64)> = HashSet::new();
        for wave in waves(batch) {
            // What follows a lost slot of the same claim was decided from a state that was never stored.
            let wave: Vec<usize> = wave.into_iter().filter(|place| !lost.contains(&batch[*place].claim())).collect();
            let items: Vec<&EvaluationCommit> = wave.iter().map(|place| &batch[*place]).collect();
            let held = advance(&mut work, &items, self.claimant()).await?;
            let (kept, dropped): (Vec<usize>, Vec<usize>) =
                wave.into_iter().partition(|place| held.contains(&batch[*place].uid));
            lost.extend(dropped.into_iter().map(|place| batch[place].claim()));
            let items: Vec<&EvaluationCommit> = kept.iter().map(|place| &batch[*place]).collect();
            write(&mut work, &items).await?;
            kept.into_iter().for_each(|place| outcomes[place] = CommitOutcome::Committed);
        }
        work.commit().await?;
        Ok(outcomes)
    }

    /// One bad item must not keep its neighbours from being decided, so each gets a transaction of its own.
    async fn commit_one_by_one(&self, batch: &[EvaluationCommit]) -> Result<Vec<CommitOutcome>, Error> {
        let mut outcomes = Vec::with_capacity(batch.len());
        let mut refused: HashSet<(&RuleUid, u64)> = HashSet::new();
        for item in batch {
            if refused.contains(&item.claim()) {
                outcomes.push(CommitOutcome::LeaseLost);
                continue;
            }
            match self.commit_together(std::slice::from_ref(item)).await {
                Ok(mut outcome) => outcomes.append(&mut outcome),
                Err(Error::Refused { detail }) => {
                    refused.insert(item.claim());
                    outcomes.push(CommitOutcome::Refused { detail });
                }
                Err(other) => return Err(other),
            }
        }
        Ok(outcomes)
    }
}

/// Places of the batch, such that each wave has a rule at most once and a rule's items keep their order.
fn waves(batch: &[EvaluationCommit]) -> Vec<Vec<usize>> {
    let mut seen: HashMap<&RuleUid, usize> = HashMap::new();
    let mut waves: Vec<Vec<usize>> = Vec::new();
    for (place, item) in batch.iter().enumerate() {
        let wave = seen.entry(&item.uid).and_modify(|wave| *wave += 1).or_insert(0);
        if waves.len() == *wave {
            waves.push(Vec::new());
        }
        waves[*wave].push(place);
    }
    waves
}

/// Moves the rules on, each only under its own claim. Those that moved are still ours.
async fn advance(
    work: &mut Transaction,
    items: &[&EvaluationCommit],
    claimant: &str,
) -> Result<HashSet<RuleUid>, Error> {
    let rows: Vec<GivenAdvance<'_>> = items.iter().map(|item| GivenAdvance::of(item)).collect();
    // Each slot of a claim renews it; who ends its claim needs no clock.
    let renewed = if items.iter().all(|item| item.release) { 0 } else { lease_end(work.clock().await?) };
    let params = [Param::Rows(&given(&rows)), Param::Text(claimant), Param::Int(renewed)];
    let moved = work.fetch(ADVANCE, &params).await?;
    moved.iter().map(|row| row.text("uid").map(RuleUid::new)).collect()
}

/// Writes what was decided by rules that are known to be ours: the guard holds their rows.
async fn write(work: &mut Transaction, items: &[&EvaluationCommit]) -> Result<(), Error> {
    let runs: Vec<RunWrite<'_>> = items
        .iter()
        .map(|item| RunWrite {
            uid: &item.uid,
            incarnation: item.incarnation,
            run: item.run.as_ref(),
            skipped: &item.skipped,
        })
        .collect();
    run::insert(work, &runs).await?;
    for item in items {
        if let Some(result) = &item.result {
            report_result::insert(work, &item.uid, item.incarnation, result).await?;
        }
    }
    let states: Vec<StateWrite<'_>> =
        items.iter().map(|item| StateWrite { uid: &item.uid, state: &item.state, changes: &item.changes }).collect();
    state_write::write(work, &states).await?;
    let notices: Vec<&OutboxNotice> = items.iter().flat_map(|item| &item.notices).collect();
    outbox::insert(work, &notices).await
}

#[derive(Serialize)]
struct GivenAdvance<'a> {
    uid: &'a str,
    incarnation: i64,
    epoch: i64,
    decided_through: Timestamp,
    next_at: Option<Timestamp>,
    release: i64,
    last_window_end: Option<Timestamp>,
    decides: i64,
}

impl<'a> GivenAdvance<'a> {
    fn of(item: &'a EvaluationCommit) -> Self {
        let decides = item.run.is_some()
            || !item.skipped.is_empty()
            || !item.notices.is_empty()
            || item.changes != StateChanges::default();
        Self {
            uid: item.uid.as_str(),
            incarnation: int(item.incarnation),
            epoch: int(item.epoch),
            decided_through: item.decided_through,
            next_at: item.next_at,
            release: item.release.into(),
            last_window_end: item.last_window_end,
            decides: decides.into(),
        }
    }
}

// A claim that owed nothing may stay where it is; a decision must move on, or it is a replay.
const ADVANCE: &str = "
    WITH given AS (
        SELECT value ->> 'uid' AS uid, CAST(value ->> 'incarnation' AS BIGINT) AS incarnation,
            CAST(value ->> 'epoch' AS BIGINT) AS epoch,
            CAST(value ->> 'decided_through' AS BIGINT) AS decided_through,
            CAST(value ->> 'next_at' AS BIGINT) AS next_at, CAST(value ->> 'release' AS BIGINT) AS ends_claim,
            CAST(value ->> 'last_window_end' AS BIGINT) AS last_window_end,
            CAST(value ->> 'decides' AS BIGINT) AS decides
        FROM json_each($1)
    )
    UPDATE rules SET
        decided_through = given.decided_through,
        next_at = given.next_at,
        last_window_end = COALESCE(given.last_window_end, rules.last_window_end),
        claimed_by = CASE WHEN given.ends_claim = 1 THEN NULL ELSE rules.claimed_by END,
        lease_until = CASE WHEN given.ends_claim = 1 THEN NULL ELSE $3 END
    FROM given
    WHERE rules.uid = given.uid AND rules.incarnation = given.incarnation AND rules.epoch = given.epoch
        AND rules.claimed_by = $2
        AND (rules.decided_through < given.decided_through
            OR (given.decides = 0 AND rules.decided_through = given.decided_through))
    RETURNING rules.uid AS uid";

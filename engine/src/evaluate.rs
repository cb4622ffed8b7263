//! Evaluates what is due: claim, ask, decide, commit.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tracing::{Instrument, debug, error, info_span, warn};
use watchfire_alerts::{self as alerts, RuleState, RunContext};
use watchfire_model::{FailureCode, Outcome, RuleUid, Slot, SlotContext, Timestamp, Window};
use watchfire_scheduler::{Owed, owed};
use watchfire_store::{ClaimedRule, CommitOutcome, EvaluationCommit, OutboxNotice, RunRecord, RunStatus, SkippedSlots};
use watchfire_telemetry::Telemetry;

use crate::definition::{Active, RuleDefinition};
use crate::kill_point::KillPoint;
use crate::outbox;
use crate::shared::Shared;
use crate::supervise::next_beat;

/// Most rules in one claim.
const CLAIM_MAX: usize = 500;
/// Most rules that are being evaluated, or wait for their query, at once; the others stay due, and their slots that
/// pass meanwhile are treated as their `catch_up` says.
const IN_FLIGHT_MAX: usize = 512;
/// Most slots of one rule that are caught up before its claims are looked at again.
const OWED_MAX: usize = 100;
/// How far ahead a slot may be for us to sleep to its very instant; later ones wait for a beat.
const AHEAD: Duration = Duration::from_secs(2);
/// Waits before a source that could not be read is asked again, within the same slot.
const SOURCE_RETRIES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];
/// What is due is looked at so often even without a beat.
const BEAT_AT_LATEST: Duration = Duration::from_secs(2);
/// A clock that goes back by less is being adjusted, not set; that happens every day.
const ADJUSTMENT_MAX: Duration = Duration::from_secs(1);
/// The wait between two tries to reach the store.
const STORE_RETRY: Duration = Duration::from_millis(500);

/// Claims due rules at their instant until the engine stops.
pub(crate) async fn run(shared: Arc<Shared>, mut beats: watch::Receiver<u64>) {
    let group = shared.supervisor.deciding().clone();
    let mut seen_at = shared.clock.now();
    while !group.is_stopping() {
        let now = shared.clock.now();
        if now.plus(ADJUSTMENT_MAX) < seen_at {
            notice_clock_went_back(&shared, seen_at, now).await;
        }
        seen_at = now;
        claim_due(&shared, now).await;
        let next = shared.agenda.next().filter(|at| *at <= now.plus(AHEAD) && *at > now);
        let sleep = async {
            match next {
                Some(at) => shared.clock.sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = group.stopping() => {}
            () = next_beat(&mut beats) => {}
            // Beats pause while the wall clock catches up with itself; looking must not.
            () = tokio::time::sleep(BEAT_AT_LATEST) => {}
            () = shared.agenda.earlier.notified() => {}
            () = sleep => {}
        }
    }
}

/// What was decided stays decided; only waits that were counted from the later clock are shortened.
async fn notice_clock_went_back(shared: &Shared, seen_at: Timestamp, now: Timestamp) {
    warn!(
        seen_at = %seen_at, now = %now,
        "The clock went back; no slot is decided twice, so rules whose slots are decided wait until it has passed them again"
    );
    shared.metrics.clock_jumps.inc();
    if let Err(trouble) = shared.store.clamp_delays(now, watchfire_channels::limits::RETRY_CAP).await {
        warn!(error = %trouble, "Waiting deliveries keep their times");
    }
    shared.deliveries_due.notify_one();
}

async fn claim_due(shared: &Arc<Shared>, now: Timestamp) {
    loop {
        let room = IN_FLIGHT_MAX.saturating_sub(shared.claim_count()).min(CLAIM_MAX);
        if room == 0 {
            // The next evaluation that ends wakes us.
            return;
        }
        let (claims, active) = match claim(shared, now, room).await {
            Ok(claimed) => claimed,
            Err(trouble) => {
                warn!(error = %trouble, "Due rules cannot be claimed; trying again");
                tokio::time::sleep(STORE_RETRY).await;
                return;
            }
        };
        if !claims.is_empty() {
            KillPoint::AfterClaim.pass();
        }
        let all = claims.len() < room;
        start_evaluations(shared, claims, &active).await;
        if all {
            break;
        }
    }
    shared.agenda.take_due(now);
}

/// Claims under the definitions that are in force: they cannot change in between.
async fn claim(
    shared: &Shared,
    now: Timestamp,
    at_most: usize,
) -> Result<(Vec<ClaimedRule>, Arc<Active>), watchfire_store::Error> {
    let _no_takeover = shared.takeover.read().await;
    if shared.has_stray_claims() {
        shared.set_stray_claims(false);
        if let Err(trouble) = shared.store.release_other_claims(&shared.claims()).await {
            shared.set_stray_claims(true);
            return Err(trouble);
        }
    }
    let claims = match shared.store.claim_rules(now, at_most).await {
        Ok(claims) => claims,
        Err(trouble) => {
            // The answer was lost, the claim perhaps was not: those rules would wait for the end of their lease.
            shared.set_stray_claims(true);
            return Err(trouble);
        }
    };
    claims.iter().for_each(|claim| shared.take_claim(&claim.row.uid, claim.epoch));
    Ok((claims, shared.active()))
}

/// Loads the states that we do not know, all at once, and starts one task per rule.
async fn start_evaluations(shared: &Arc<Shared>, claims: Vec<ClaimedRule>, active: &Arc<Active>) {
    let mut known: Vec<(Lease, Option<RuleState>)> = claims
        .into_iter()
        .map(|claim| {
            let state = shared.take_state(&claim.row.uid, claim.epoch);
            (Lease { shared: Arc::clone(shared), claim, is_settled: false }, state)
        })
        .collect();
    let unknown: Vec<RuleUid> =
        known.iter().filter(|(_, state)| state.is_none()).map(|(lease, _)| lease.claim.row.uid.clone()).collect();
    if !unknown.is_empty() {
        let Some(mut loaded) = load_states(shared, &unknown).await else { return };
        for (lease, state) in known.iter_mut().filter(|(_, state)| state.is_none()) {
            *state = loaded.remove(&lease.claim.row.uid);
        }
    }
    for (lease, state) in known {
        let fresh = || RuleState { incarnation: lease.claim.row.incarnation, ..RuleState::default() };
        let state = state.unwrap_or_else(fresh);
        let span = info_span!("evaluation", rule.id = %lease.claim.row.uid);
        let task = evaluate_claim(Arc::clone(shared), Arc::clone(active), lease, state).instrument(span);
        shared.supervisor.deciding().spawn(task);
    }
}

async fn load_states(shared: &Shared, uids: &[RuleUid]) -> Option<std::collections::HashMap<RuleUid, RuleState>> {
    loop {
        match shared.store.rule_states(uids).await {
            Ok(states) => return Some(states),
            Err(trouble) if shared.supervisor.deciding().is_stopping() => {
                warn!(error = %trouble, "Stopping with claimed rules; the next start evaluates them");
                return None;
            }
            Err(trouble) => {
                warn!(error = %trouble, "States of due rules cannot be loaded; trying again");
                tokio::time::sleep(STORE_RETRY).await;
            }
        }
    }
}

/// A rule that is ours. When its task ends without having settled that, whatever ended it, the next look at
/// what is due frees it: that is tried until the store answers, so no rule waits for the end of its lease.
struct Lease {
    shared: Arc<Shared>,
    claim: ClaimedRule,
    /// Whether the store knows that the claim has ended.
    is_settled: bool,
}

impl Drop for Lease {
    fn drop(&mut self) {
        let was_full = self.shared.leave_claim(&self.claim.row.uid, self.claim.epoch, IN_FLIGHT_MAX);
        if !self.is_settled {
            self.shared.set_stray_claims(true);
        }
        if was_full {
            self.shared.agenda.earlier.notify_one();
        }
    }
}

/// Decides every owed slot of one claimed rule, oldest first.
async fn evaluate_claim(shared: Arc<Shared>, active: Arc<Active>, mut lease: Lease, mut state: RuleState) {
    let Some(definition) = active.rules.get(&lease.claim.row.uid).cloned() else { return };
    let mut progress =
        Progress { decided_through: lease.claim.row.decided_through, last_window_end: lease.claim.row.last_window_end };
    loop {
        let owed = owed_now(&shared, &definition, &progress, None);
        note_skipped(&shared, &owed);
        let count = owed.run.len();
        let mut skipped = stored_skips(&owed);
        if count == 0 {
            let commit = progress.skip_only(&lease.claim, &definition, &owed, std::mem::take(&mut skipped), &state);
            let next_at = commit.next_at;
            let stored = commit_one(&shared, &lease.claim, commit).await;
            lease.is_settled = stored == Stored::Yes;
            if stored == Stored::Yes {
                shared.keep_state(&lease.claim.row.uid, lease.claim.epoch, state);
                shared.agenda.enter(&lease.claim.row.uid, next_at);
            }
            return;
        }
        for (place, slot) in owed.run.iter().enumerate() {
            let done = evaluate_slot(&shared, &active, &definition, &progress, &state, *slot).await;
            progress.decided_through = slot.scheduled_for;
            if let Some(window) = done.window.filter(|_| done.succeeded) {
                progress.last_window_end = Some(window.end);
            }
            let mut commit = done.into_commit(&lease.claim, &progress, std::mem::take(&mut skipped));
            let last = place + 1 == count;
            let mut more = !last;
            if last {
                // What came due while this ran is skipped as overlap, or follows in order.
                let after = owed_now(&shared, &definition, &progress, Some(shared.clock.now()));
                more = !after.run.is_empty();
                if !more {
                    note_skipped(&shared, &after);
                    commit.skipped.extend(stored_skips(&after));
                    progress.decided_through = after.decided_through.unwrap_or(progress.decided_through);
                }
                commit.decided_through = progress.decided_through;
            }
            commit.next_at = definition.schedule.cadence.next_after(progress.decided_through);
            commit.release = !more || shared.supervisor.deciding().is_stopping();
            state = commit.state.clone();
            let release = commit.release;
            let stored = commit_one(&shared, &lease.claim, commit).await;
            lease.is_settled = stored == Stored::Yes && release;
            if stored != Stored::Yes {
                return;
            }
            if release {
                let next_at = definition.schedule.cadence.next_after(progress.decided_through);
                shared.keep_state(&lease.claim.row.uid, lease.claim.epoch, state);
                shared.agenda.enter(&lease.claim.row.uid, next_at);
                return;
            }
        }
    }
}

/// How far the claimed rule is decided.
struct Progress {
    decided_through: Timestamp,
    last_window_end: Option<Timestamp>,
}

impl Progress {
    fn skip_only(
        &self,
        claim: &ClaimedRule,
        definition: &RuleDefinition,
        owed: &Owed,
        skipped: Vec<SkippedSlots>,
        state: &RuleState,
    ) -> EvaluationCommit {
        let decided_through = owed.decided_through.unwrap_or(self.decided_through);
        EvaluationCommit {
            uid: claim.row.uid.clone(),
            incarnation: claim.row.incarnation,
            epoch: claim.epoch,
            decided_through,
            next_at: definition.schedule.cadence.next_after(decided_through),
            release: true,
            last_window_end: self.last_window_end,
            run: None,
            skipped,
            state: state.clone(),
            changes: alerts::StateChanges::default(),
            notices: Vec::new(),
        }
    }
}

fn owed_now(shared: &Shared, definition: &RuleDefinition, progress: &Progress, busy_until: Option<Timestamp>) -> Owed {
    let schedule = &definition.schedule;
    owed(&schedule.cadence, schedule.catch_up, progress.decided_through, shared.clock.now(), busy_until, OWED_MAX)
}

fn note_skipped(shared: &Shared, owed: &Owed) {
    for range in &owed.skipped {
        shared.metrics.skipped(range.reason.as_str(), range.count);
        debug!(first = %range.first, last = %range.last, count = range.count, reason = range.reason.as_str(), "Slots skipped");
    }
}

fn stored_skips(owed: &Owed) -> Vec<SkippedSlots> {
    owed.skipped
        .iter()
        .map(|range| SkippedSlots {
            first: range.first,
            last: range.last,
            count: range.count,
            reason: range.reason.as_str().to_owned(),
        })
        .collect()
}

/// One decided slot, before its commit.
struct Done {
    window: Option<Window>,
    succeeded: bool,
    decision: alerts::Decision,
    changes: alerts::StateChanges,
    notices: Vec<OutboxNotice>,
    run: RunRecord,
}

impl Done {
    fn into_commit(self, claim: &ClaimedRule, progress: &Progress, skipped: Vec<SkippedSlots>) -> EvaluationCommit {
        EvaluationCommit {
            uid: claim.row.uid.clone(),
            incarnation: claim.row.incarnation,
            epoch: claim.epoch,
            decided_through: progress.decided_through,
            next_at: None,
            release: false,
            last_window_end: progress.last_window_end,
            run: Some(self.run),
            skipped,
            state: self.decision.state,
            changes: self.changes,
            notices: self.notices,
        }
    }
}

async fn evaluate_slot(
    shared: &Shared,
    active: &Active,
    definition: &RuleDefinition,
    progress: &Progress,
    state: &RuleState,
    slot: Slot,
) -> Done {
    let started_at = shared.clock.now();
    let window = definition.schedule.window_of(slot.scheduled_for, progress.last_window_end);
    let context = SlotContext { scheduled_for: slot.scheduled_for, window };
    let begun = std::time::Instant::now();
    let outcome = ask(&active.telemetry, definition, &context).await;
    let query_time = begun.elapsed();
    KillPoint::AfterQuery.pass();
    let next_run_at = definition.schedule.cadence.next_after(slot.scheduled_for);
    let mut decision = alerts::evaluate(&definition.rule, state, &outcome, &RunContext { slot, window, next_run_at });
    let verdict = decision.verdict.as_str();
    shared.metrics.evaluated(verdict, started_at.since(slot.scheduled_for), query_time);
    let failure = failure_text(&outcome, &decision);
    if let Some(failure) = &failure {
        warn!(rule.id = %definition.rule.uid, slot = %slot.scheduled_for, error = %failure, "Rule `{}` could not be evaluated", definition.rule.name);
    }
    let changes = decision.state.changes_from(state);
    let created_at = shared.clock.now();
    let decided = std::mem::take(&mut decision.notices);
    let notices = outbox::notices(&definition.rule, decided, active.public_url.as_deref(), created_at);
    for notice in &notices {
        let notification = &notice.notification;
        tracing::info!(
            rule.id = %definition.rule.uid, notification.id = %notification.id, reason = %notification.reason, slot = %slot.scheduled_for,
            "Rule `{}` tells {}", definition.rule.name, notification.kind
        );
    }
    let run = RunRecord {
        scheduled_for: slot.scheduled_for,
        window,
        status: if failure.is_some() { RunStatus::Failed } else { RunStatus::Ran },
        outcome: verdict.to_owned(),
        row_count: match &outcome {
            Outcome::Rows(observation) => observation.row_count,
            Outcome::NoData | Outcome::Failed(_) => 0,
        },
        notified: notices.iter().map(|notice| notice.receivers.len() as u64).sum(),
        error: failure,
        started_at,
        finished_at: created_at,
    };
    Done { window, succeeded: !matches!(decision.verdict, alerts::Verdict::Failed), decision, changes, notices, run }
}

/// Asks the query; a source that cannot be read is asked again, twice, over the same window.
pub(crate) async fn ask(telemetry: &Telemetry, definition: &RuleDefinition, context: &SlotContext) -> Outcome {
    let mut outcome = telemetry.evaluate(&definition.query, context).await;
    for wait in SOURCE_RETRIES {
        let again = matches!(&outcome, Outcome::Failed(failure) if failure.code.is_transient());
        if !again {
            break;
        }
        tokio::time::sleep(wait).await;
        outcome = telemetry.evaluate(&definition.query, context).await;
    }
    outcome
}

/// Why the evaluation failed: the query, or the decision over its rows (duplicate keys).
fn failure_text(outcome: &Outcome, decision: &alerts::Decision) -> Option<String> {
    match (outcome, &decision.state.health) {
        (Outcome::Failed(failure), _) => Some(failure.to_string()),
        (_, alerts::Health::Error { failure, .. }) if failure.code == FailureCode::DuplicateKey => {
            Some(failure.to_string())
        }
        _ => None,
    }
}

/// What became of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stored {
    /// It is in the store.
    Yes,
    /// Somebody else has the rule; the result was dropped.
    LeaseLost,
    /// The store refused it, or we are stopping.
    No,
}

async fn commit_one(shared: &Shared, claim: &ClaimedRule, commit: EvaluationCommit) -> Stored {
    let tells = !commit.notices.is_empty();
    let _no_takeover = shared.takeover.read().await;
    match shared.evaluations.commit(commit).await {
        Some(CommitOutcome::Committed) => {
            shared.commits.send_modify(|commits| *commits += 1);
            if tells {
                shared.deliveries_due.notify_one();
            }
            Stored::Yes
        }
        Some(CommitOutcome::LeaseLost) => {
            shared.metrics.lost_leases.inc();
            warn!(rule.id = %claim.row.uid, "The lease of a rule was lost; its result is dropped, whoever has it decides");
            Stored::LeaseLost
        }
        Some(CommitOutcome::Refused { detail }) => {
            error!(rule.id = %claim.row.uid, error = detail, "A decision could not be stored; its slot will be decided again");
            Stored::No
        }
        None => {
            warn!(rule.id = %claim.row.uid, "A decision was not stored before the stop; its slot will be decided again");
            Stored::No
        }
    }
}

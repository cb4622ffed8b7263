//! Claims what is due, at its instant, and starts one task per claimed rule.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tracing::{Instrument, info_span, warn};
use watchfire_alerts::RuleState;
use watchfire_model::{RuleUid, Timestamp};
use watchfire_store::ClaimedRule;

use crate::definition::Active;
use crate::evaluate_rule::evaluate_claim;
use crate::kill_point::KillPoint;
use crate::shared::Shared;
use crate::supervise::next_beat;

/// Most rules in one claim.
const CLAIM_MAX: usize = 500;
/// Most rules that are being evaluated, or wait for their query, at once; the others stay due, and their slots that
/// pass meanwhile are treated as their `catch_up` says.
const IN_FLIGHT_MAX: usize = 512;
/// How far ahead a slot may be for us to sleep to its very instant; later ones wait for a beat.
const AHEAD: Duration = Duration::from_secs(2);
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
pub(crate) struct Lease {
    shared: Arc<Shared>,
    pub(crate) claim: ClaimedRule,
    /// Whether the store knows that the claim has ended.
    pub(crate) is_settled: bool,
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

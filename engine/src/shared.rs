//! What the loops share.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use watchfire_alerts::RuleState;
use watchfire_channels::Sender;
use watchfire_model::RuleUid;
use watchfire_storage::Storage;
use watchfire_store::{CommitOutcome, DeliveryFinish, EvaluationCommit, Store};

use crate::agenda::Agenda;
use crate::clock::Clock;
use crate::definition::Active;
use crate::group_commit::GroupCommit;
use crate::ingest::{AcceptedTimes, Arrivals, Room, Workers};
use crate::metrics::Metrics;
use crate::report_memory::ReportMemory;
use crate::supervise::Supervisor;

pub(crate) struct Shared {
    pub(crate) store: Store,
    /// Where telemetry that is sent to us is kept.
    pub(crate) storage: Storage,
    /// The memory of requests with telemetry.
    pub(crate) room: Room,
    /// Those whose rows cannot be asked for yet.
    pub(crate) arrivals: Arc<Arrivals>,
    /// Who works on them.
    pub(crate) workers: Workers,
    pub(crate) clock: Arc<dyn Clock>,
    /// Which times of sent rows are believed.
    pub(crate) accepted: AcceptedTimes,
    pub(crate) metrics: Metrics,
    pub(crate) supervisor: Supervisor,
    pub(crate) agenda: Agenda,
    pub(crate) sender: Sender,
    /// Hard total of one request to a receiver.
    pub(crate) request_timeout: Duration,
    /// Told when a commit may have put rows into the outbox, or a channel has room again.
    pub(crate) deliveries_due: Notify,
    pub(crate) evaluations: GroupCommit<EvaluationCommit, CommitOutcome>,
    pub(crate) finishes: GroupCommit<DeliveryFinish, CommitOutcome>,
    /// How many evaluations were committed: what waits for one, waits here.
    pub(crate) commits: watch::Sender<u64>,
    /// Held for reading by each claim and each commit of an evaluation, for writing by a takeover of definitions:
    /// the episodes that a takeover ends are those that were committed before it, and none is committed while it looks.
    pub(crate) takeover: tokio::sync::RwLock<()>,
    /// What reports hold between their query and their commit.
    pub(crate) report_memory: ReportMemory,
    active: RwLock<Arc<Active>>,
    states: Mutex<HashMap<RuleUid, KnownState>>,
    /// The rules that are being evaluated here, with the number of their claim.
    claims: Mutex<HashMap<RuleUid, u64>>,
    /// Whether the store may hold a claim of ours that nobody here is working on.
    has_stray_claims: AtomicBool,
}

/// The state that a rule had when we released it: still true if nobody claimed it since.
struct KnownState {
    epoch: u64,
    state: RuleState,
}

/// What [`Shared::new`] is made of.
pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) storage: Storage,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) accepted: AcceptedTimes,
    pub(crate) supervisor: Supervisor,
    pub(crate) sender: Sender,
    pub(crate) request_timeout: Duration,
    pub(crate) evaluations: GroupCommit<EvaluationCommit, CommitOutcome>,
    pub(crate) finishes: GroupCommit<DeliveryFinish, CommitOutcome>,
    pub(crate) active: Active,
}

impl Shared {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts {
            store,
            storage,
            clock,
            accepted,
            supervisor,
            sender,
            request_timeout,
            evaluations,
            finishes,
            active,
        } = parts;
        Self {
            store,
            storage,
            room: Room::default(),
            arrivals: Arc::default(),
            workers: Workers::default(),
            clock,
            accepted,
            metrics: Metrics::new(),
            supervisor,
            agenda: Agenda::default(),
            sender,
            request_timeout,
            deliveries_due: Notify::new(),
            evaluations,
            finishes,
            commits: watch::Sender::new(0),
            takeover: tokio::sync::RwLock::default(),
            report_memory: ReportMemory::default(),
            active: RwLock::new(Arc::new(active)),
            states: Mutex::default(),
            claims: Mutex::default(),
            has_stray_claims: AtomicBool::new(false),
        }
    }

    /// The definitions in force.
    pub(crate) fn active(&self) -> Arc<Active> {
        Arc::clone(&self.active.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn replace_active(&self, active: Arc<Active>) {
        *self.active.write().unwrap_or_else(PoisonError::into_inner) = active;
    }

    /// Takes the state of a rule that was claimed with this epoch, if nobody had it in between.
    pub(crate) fn take_state(&self, uid: &RuleUid, epoch: u64) -> Option<RuleState> {
        let known = self.lock_states().remove(uid)?;
        (known.epoch + 1 == epoch).then_some(known.state)
    }

    /// Keeps the state of a rule that was released with this epoch.
    pub(crate) fn keep_state(&self, uid: &RuleUid, epoch: u64, state: RuleState) {
        self.lock_states().insert(uid.clone(), KnownState { epoch, state });
    }

    pub(crate) fn forget_states<'a>(&self, uids: impl Iterator<Item = &'a RuleUid>) {
        let mut states = self.lock_states();
        uids.for_each(|uid| drop(states.remove(uid)));
    }

    /// Notes that a rule is evaluated here under this claim.
    pub(crate) fn take_claim(&self, uid: &RuleUid, epoch: u64) {
        self.lock_claims().insert(uid.clone(), epoch);
    }

    /// Notes that nobody here works under this claim any more. `true`: there was no room for more until now.
    pub(crate) fn leave_claim(&self, uid: &RuleUid, epoch: u64, at_most: usize) -> bool {
        let mut claims = self.lock_claims();
        let was_full = claims.len() >= at_most;
        if claims.get(uid) == Some(&epoch) {
            claims.remove(uid);
        }
        was_full
    }

    /// The claims that are being worked on here.
    pub(crate) fn claims(&self) -> Vec<(RuleUid, u64)> {
        self.lock_claims().iter().map(|(uid, epoch)| (uid.clone(), *epoch)).collect()
    }

    /// How many claims are being worked on here.
    pub(crate) fn claim_count(&self) -> usize {
        self.lock_claims().len()
    }

    /// Notes whether the store may hold a claim of ours that nobody here is working on.
    pub(crate) fn set_stray_claims(&self, may_be: bool) {
        self.has_stray_claims.store(may_be, Ordering::SeqCst);
    }

    /// Whether the store may hold a claim of ours that nobody here is working on.
    pub(crate) fn has_stray_claims(&self) -> bool {
        self.has_stray_claims.load(Ordering::SeqCst)
    }

    fn lock_claims(&self) -> std::sync::MutexGuard<'_, HashMap<RuleUid, u64>> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_states(&self) -> std::sync::MutexGuard<'_, HashMap<RuleUid, KnownState>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

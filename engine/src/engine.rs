//! The engine as the server sees it: start, replace definitions, look inside, stop.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex, watch};
use tracing::{info, warn};
use watchfire_channels::Sender;
use watchfire_scheduler::ticker::{self, Beat, Heartbeat};
use watchfire_storage::{Status as TelemetryStatus, Storage};
use watchfire_store::{DeliveryId, Store};
use watchfire_telemetry::Telemetry;

use crate::clock::Clock;
use crate::definition::{Active, Definitions, DefinitionsStatus, Refusal};
use crate::error::Error;
use crate::gate::Gates;
use crate::group_commit::GroupCommit;
use crate::ingest::AcceptedTimes;
use crate::kill_point::KillPoint;
use crate::look::Turns;
use crate::shared::{Parts, Shared};
use crate::state_tables::state_tables;
use crate::supervise::Supervisor;
use crate::sync_rules::sync_rules;
use crate::telemetry_work::TelemetryWork;
use crate::{claim_rules, deliver, housekeeping};

/// How long a question about our own health waits for the store.
const STORE_ANSWERS_WITHIN: Duration = Duration::from_secs(2);
/// How long shutdown waits for the database's connections to close.
const CLOSING_AT_MOST: Duration = Duration::from_secs(3);

/// A running engine.
pub struct Engine {
    pub(crate) shared: Arc<Shared>,
    telemetry_rounds: watch::Sender<u64>,
    /// Everybody reads through it who only wants to look.
    pub(crate) turns: Turns,
    heartbeat: Mutex<Option<Heartbeat>>,
    /// One replacement of definitions at a time.
    replacing: Mutex<()>,
    status: std::sync::Mutex<DefinitionsStatus>,
}

/// What an engine is started with.
pub struct EngineParts {
    /// The opened store; the engine closes it.
    pub store: Store,
    /// Where telemetry that is sent to us is kept; the engine flushes it and keeps its files in order.
    pub storage: Storage,
    /// Queries over the sources of `definitions`.
    pub telemetry: Telemetry,
    /// What it works on.
    pub definitions: Definitions,
    /// Where it takes the time from.
    pub clock: Arc<dyn Clock>,
    /// Which times of sent rows are believed.
    pub accepted: AcceptedTimes,
    /// Hard total of one request to a receiver.
    pub request_timeout: Duration,
}

impl Engine {
    /// Brings the store in line with the definitions and starts the loops.
    pub async fn start(parts: EngineParts) -> Result<Arc<Self>, Error> {
        let EngineParts { store, telemetry, definitions, storage, clock, accepted, request_timeout } = parts;
        let supervisor = Supervisor::default();
        let committing = supervisor.committing().clone();
        let evaluations = {
            let store = store.clone();
            let commit = move |batch: Arc<Vec<_>>| {
                let store = store.clone();
                let commit = async move {
                    KillPoint::BeforeCommit.pass();
                    let outcomes = store.commit_evaluations(&batch).await?;
                    KillPoint::AfterCommit.pass();
                    Ok(outcomes)
                };
                Box::pin(commit) as futures::future::BoxFuture<'static, _>
            };
            GroupCommit::start(&committing, "evaluations", Box::new(commit))
        };
        let finishes = {
            let store = store.clone();
            let commit = move |batch: Arc<Vec<_>>| {
                let store = store.clone();
                let commit = async move {
                    KillPoint::BeforeAck.pass();
                    store.finish_deliveries(&batch).await
                };
                Box::pin(commit) as futures::future::BoxFuture<'static, _>
            };
            GroupCommit::start(&committing, "deliveries", Box::new(commit))
        };
        let telemetry = telemetry.with_state(state_tables(store.clone()));
        let sender = Sender::new(request_timeout)?;
        let status = DefinitionsStatus::taken(clock.now(), &definitions);
        let active = Active::new(definitions, telemetry);
        // What is in memory alone is never due for anything.
        let parts = Parts {
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
        };
        let shared = Arc::new(Shared::new(parts));
        sync_rules(&shared, None, &shared.active()).await?;
        let heartbeat = ticker::start().await?;
        let seconds = heartbeat.listen(Beat::Second);
        let supervisor = shared.supervisor.clone();
        let (evaluating, beats) = (Arc::clone(&shared), seconds.clone());
        supervisor
            .deciding()
            .spawn_forever("evaluations", move || claim_rules::run(Arc::clone(&evaluating), beats.clone()));
        let gates = Arc::new(Gates::default());
        let delivering = Arc::clone(&shared);
        supervisor.delivering().spawn_forever("deliveries", move || {
            deliver::run(Arc::clone(&delivering), Arc::clone(&gates), seconds.clone())
        });
        let living = Arc::clone(&shared);
        supervisor.committing().spawn_forever("signs of life", move || housekeeping::live(Arc::clone(&living)));
        let tidying = Arc::clone(&shared);
        supervisor.committing().spawn_forever("housekeeping", move || housekeeping::tidy(Arc::clone(&tidying)));
        let telemetry_rounds = watch::Sender::new(0);
        if shared.storage.is_durable() {
            let work = TelemetryWork {
                storage: shared.storage.clone(),
                clock: Arc::clone(&shared.clock),
                group: supervisor.keeping().clone(),
                metrics: shared.metrics.telemetry.clone(),
                rounds: telemetry_rounds.clone(),
            };
            work.start();
        }
        Ok(Arc::new(Self {
            shared,
            telemetry_rounds,
            turns: Turns::default(),
            heartbeat: Mutex::new(Some(heartbeat)),
            replacing: Mutex::new(()),
            status: std::sync::Mutex::new(status),
        }))
    }

    /// Takes changed definitions over while running: whole, or not at all.
    pub async fn replace_definitions(&self, definitions: Definitions) -> Result<(), Error> {
        let _one_at_a_time = self.replacing.lock().await;
        let before = self.shared.active();
        let status = DefinitionsStatus::taken(self.shared.clock.now(), &definitions);
        let telemetry = before.telemetry.with_sources(&definitions.sources)?;
        let active = Arc::new(Active::new(definitions, telemetry));
        sync_rules(&self.shared, Some(&before), &active).await?;
        self.shared.agenda.earlier.notify_one();
        self.shared.deliveries_due.notify_one();
        self.shared.metrics.reloaded("taken");
        *self.status.lock().unwrap_or_else(PoisonError::into_inner) = status;
        Ok(())
    }

    /// Notes that changed definitions were refused, with every reason; the old ones stay.
    pub fn definitions_refused(&self, problems: Vec<String>) {
        self.shared.metrics.reloaded("refused");
        let refusal = Refusal { at: self.shared.clock.now(), problems };
        self.status.lock().unwrap_or_else(PoisonError::into_inner).refused = Some(refusal);
    }

    /// Which definitions are in force, and whether newer ones were refused.
    pub fn definitions_status(&self) -> DefinitionsStatus {
        self.status.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Follows the number of evaluations that were committed since the start.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.shared.commits.subscribe()
    }

    /// How telemetry is kept at this moment.
    pub fn telemetry_status(&self) -> TelemetryStatus {
        self.shared.storage.status()
    }

    /// Follows the number of times that something was done with telemetry's files since the start.
    pub fn telemetry_rounds(&self) -> watch::Receiver<u64> {
        self.telemetry_rounds.subscribe()
    }

    /// Whether the store answers, and soon, and telemetry can be taken without a restart.
    pub async fn is_ready(&self) -> Result<(), Error> {
        let TelemetryStatus { log_is_broken, append_failure, .. } = self.telemetry_status();
        if log_is_broken {
            return Err(Error::LogBroken { reason: append_failure.unwrap_or_default() });
        }
        match tokio::time::timeout(STORE_ANSWERS_WITHIN, self.shared.store.ping()).await {
            Ok(answered) => Ok(answered?),
            Err(_) => Err(Error::StoreSilent { waited: STORE_ANSWERS_WITHIN }),
        }
    }

    /// Figures for Prometheus.
    pub async fn metrics(&self) -> String {
        // A scrape must not wait for a database that is away: those are the minutes in which it is looked at.
        if let Ok(Ok(depth)) = tokio::time::timeout(STORE_ANSWERS_WITHIN, self.shared.store.outbox_depth()).await {
            let depth: Vec<_> = depth
                .into_iter()
                .map(|(channel, state, rows)| (channel.as_str().to_owned(), state.as_str().to_owned(), rows))
                .collect();
            self.shared.metrics.show_outbox(&depth);
        }
        self.shared.metrics.telemetry.show(&self.telemetry_status(), self.shared.clock.now());
        self.shared.metrics.text()
    }

    /// Makes a dead or waiting delivery due now. `false`: there is none with this id that could be tried again.
    pub async fn retry_delivery(&self, id: &str) -> Result<bool, Error> {
        let Some(id) = DeliveryId::parse(id) else { return Ok(false) };
        let found = self.shared.store.retry_delivery(&id, self.shared.clock.now()).await?;
        self.shared.deliveries_due.notify_one();
        Ok(found)
    }

    /// Lets what is under way end, keeps the rest for the next start, and closes the store.
    pub async fn stop(&self) {
        self.shared.supervisor.stop(self.shared.request_timeout).await;
        self.shared.storage.shutdown().await;
        if let Some(heartbeat) = self.heartbeat.lock().await.take() {
            heartbeat.shutdown().await;
        }
        // Other servers need not wait until we are taken for dead.
        let released = self.shared.store.release_other_claims(&[]);
        if !matches!(tokio::time::timeout(STORE_ANSWERS_WITHIN, released).await, Ok(Ok(_))) {
            warn!("Claims could not be given back; they end by themselves");
        }
        // A connection that hangs is not waited for: what is not committed is not lost, only decided again.
        if tokio::time::timeout(CLOSING_AT_MOST, self.shared.store.clone().close()).await.is_err() {
            warn!("Stopping without waiting longer for the database");
        }
        info!("Stopped");
    }
}

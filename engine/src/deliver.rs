//! Delivers what is in the outbox: lease, render, send once, classify, record.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::watch;
use tracing::{Instrument, error, info, info_span, warn};
use watchfire_channels::delivery::{NextStep, next_step};
use watchfire_channels::limits::RETRY_BASE;
use watchfire_channels::{Answer, Form, Scope, SendOutcome, Telling, spec::ChannelSpec};
use watchfire_model::{ChannelName, Timestamp};
use watchfire_store::{Attempt, ClaimedDelivery, CommitOutcome, DeliveryEnd, DeliveryFinish};

use crate::gate::{Gates, earlier};
use crate::kill_point::KillPoint;
use crate::shared::Shared;
use crate::supervise::{next_beat, panic_text};

/// How far ahead a due row may be for us to sleep to its instant; later ones wait for a beat.
const AHEAD: Duration = Duration::from_secs(2);
/// What is due is looked at so often even without a beat.
const BEAT_AT_LATEST: Duration = Duration::from_secs(2);
/// The wait between two tries to reach the store.
const STORE_RETRY: Duration = Duration::from_millis(500);

/// Leases and sends due rows until the engine stops, and then once more.
pub(crate) async fn run(shared: Arc<Shared>, gates: Arc<Gates>, mut beats: watch::Receiver<u64>) {
    let group = shared.supervisor.delivering().clone();
    while !group.is_stopping() {
        let next = send_due(&shared, &gates).await;
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
            () = shared.deliveries_due.notified() => {}
            () = sleep => {}
        }
    }
    // What the last evaluations told goes out too; what is behind it in its lane, or finds no room, the next start
    // sends within a second. To begin it now would only mean to break it off.
    send_due(&shared, &gates).await;
    while !gates.is_empty() {
        shared.deliveries_due.notified().await;
    }
}

/// Starts what is due and has room, and returns the next instant worth waking for.
async fn send_due(shared: &Arc<Shared>, gates: &Arc<Gates>) -> Option<Timestamp> {
    // Claiming frees leases that ended. After minutes without the database those are ours, of messages that have
    // arrived and wait to be recorded: they go first, or all of them would be sent again.
    if shared.finishes.is_stuck() {
        return None;
    }
    let now = shared.clock.now();
    let active = shared.active();
    let (capacity, opens_at) = gates.room(&active.channels, now);
    // Twice the timeout and a little: a request that is under way never loses its lease.
    let lease_for = shared.request_timeout * 2 + Duration::from_secs(10);
    let claimed = match shared.store.claim_deliveries(now, &capacity, lease_for).await {
        Ok(claimed) => claimed,
        Err(trouble) => {
            warn!(error = %trouble, "Due deliveries cannot be leased; trying again");
            tokio::time::sleep(STORE_RETRY).await;
            return None;
        }
    };
    for delivery in claimed {
        let Some(channel) = active.channels.get(&delivery.channel).cloned() else { continue };
        gates.enter(&channel, now);
        let span = info_span!("delivery", delivery.id = %delivery.id, channel = %delivery.channel);
        let task = deliver(Arc::clone(shared), channel, delivery, now, Arc::clone(gates)).instrument(span);
        shared.supervisor.delivering().spawn(task);
    }
    let next = shared.store.next_delivery_at().await.ok().flatten().filter(|at| *at > now);
    earlier(next, opens_at).filter(|at| *at <= now.plus(AHEAD))
}

/// Gives the room in the channel back, whatever ends the task.
struct Room {
    shared: Arc<Shared>,
    gates: Arc<Gates>,
    channel: ChannelName,
}

impl Drop for Room {
    fn drop(&mut self) {
        self.gates.leave(&self.channel);
        self.shared.deliveries_due.notify_one();
    }
}

async fn deliver(
    shared: Arc<Shared>,
    channel: Arc<ChannelSpec>,
    delivery: ClaimedDelivery,
    claimed_at: Timestamp,
    gates: Arc<Gates>,
) {
    let _room = Room { shared: Arc::clone(&shared), gates: Arc::clone(&gates), channel: delivery.channel.clone() };
    let started_at = shared.clock.now();
    if started_at.since(claimed_at) > shared.request_timeout && !still_leased(&shared, &delivery).await {
        return;
    }
    // A message that breaks us must not be forgotten under its lease: it counts as tried, waits, and one day expires.
    let tried = AssertUnwindSafe(attempt(&shared, &channel, &delivery, started_at)).catch_unwind().await;
    let answer = tried.unwrap_or_else(|panic| broken(panic_text(&*panic)));
    KillPoint::AfterSend.pass();
    let now = shared.clock.now();
    let attempt_number = delivery.attempts + 1;
    let plainer = channel.target.plainer(form(&delivery));
    let step = next_step(&answer.outcome, attempt_number, now, delivery.expires_at, rand::random::<f64>(), plainer);
    report(&shared, &delivery, &answer, attempt_number, &step);
    if let SendOutcome::Throttled { after, scope: Scope::Channel } = &answer.outcome {
        // Whoever goes on talking to a vendor that asked for quiet is shut out for longer. The channel waits as
        // long as it was asked to; this message, which has failed before, may wait longer.
        gates.pause(&delivery.channel, now.plus(after.unwrap_or(RETRY_BASE)));
    }
    let end = match step {
        NextStep::Done { remote } => DeliveryEnd::Done { remote },
        NextStep::Retry { at, form } => {
            DeliveryEnd::Retry { at, reason: why(&answer), form: form.map(|form| form.as_str().to_owned()) }
        }
        NextStep::Dead { reason } => DeliveryEnd::Dead { reason: format!("{}: {}", reason.as_str(), why(&answer)) },
    };
    let attempt = Attempt { started_at, outcome: answer.outcome.as_str().to_owned(), detail: Some(why(&answer)) };
    let finish = DeliveryFinish {
        id: delivery.id.clone(),
        epoch: delivery.epoch,
        end,
        finished_at: now,
        attempt: Some(attempt),
    };
    match shared.finishes.commit(finish).await {
        Some(CommitOutcome::Committed) => {}
        Some(CommitOutcome::LeaseLost) => {
            shared.metrics.lost_leases.inc();
            warn!("The lease of a delivery was lost; whoever has it now records it");
        }
        Some(CommitOutcome::Refused { detail }) => {
            error!(error = detail, "The end of a delivery could not be stored; it will be sent again")
        }
        None => warn!("The end of a delivery was not stored before the stop; it will be sent again"),
    }
}

/// The answer in one line: what it means, its status, and the receiver's words.
fn why(answer: &Answer) -> String {
    let status = answer.status.map(|status| format!(" ({status})")).unwrap_or_default();
    let detail = if answer.detail.is_empty() { String::new() } else { format!(": {}", answer.detail) };
    format!("{}{status}{detail}", answer.outcome.as_str())
}

async fn still_leased(shared: &Shared, delivery: &ClaimedDelivery) -> bool {
    let claim = [(delivery.id.clone(), delivery.epoch)];
    matches!(shared.store.still_leased(&claim).await.as_deref(), Ok([true]))
}

async fn attempt(shared: &Shared, channel: &ChannelSpec, delivery: &ClaimedDelivery, at: Timestamp) -> Answer {
    let presentation = shared.active().presentation(&delivery.notification);
    let telling = Telling {
        notification: &delivery.notification,
        presentation: &presentation,
        form: form(delivery),
        root: delivery.root_remote_id.as_deref(),
        attempted_at: at,
    };
    match watchfire_channels::render(channel, &telling) {
        Ok(wire) => shared.sender.send(&wire).await,
        Err(trouble) => {
            Answer { outcome: trouble.outcome(), status: None, detail: trouble.to_string(), duration: Duration::ZERO }
        }
    }
}

/// The form that the store keeps; whatever it cannot be is the plainest.
fn form(delivery: &ClaimedDelivery) -> Form {
    Form::parse(&delivery.form).unwrap_or(Form::Plain)
}

/// The answer when the attempt itself broke: whether the message left is unknown.
fn broken(panic: &str) -> Answer {
    let detail = format!("a fault of Watchfire: {panic}");
    Answer { outcome: SendOutcome::Unknown, status: None, detail, duration: Duration::ZERO }
}

fn report(shared: &Shared, delivery: &ClaimedDelivery, answer: &Answer, attempt: u32, step: &NextStep) {
    let outcome = answer.outcome.as_str();
    shared.metrics.delivered(delivery.channel.as_str(), outcome);
    let status = answer.status;
    let kind = delivery.notification.kind;
    match step {
        NextStep::Done { .. } => info!(attempt, status, "Delivered {kind} to `{}`", delivery.channel),
        NextStep::Retry { at, form: Some(form) } => {
            warn!(attempt, status, next_at = %at, detail = answer.detail, "`{}` refused {kind}; trying it as {} text", delivery.channel, form.as_str());
        }
        NextStep::Retry { at, form: None } => {
            warn!(attempt, status, outcome, next_at = %at, detail = answer.detail, "`{}` did not take {kind}; trying again", delivery.channel);
        }
        NextStep::Dead { reason } => {
            error!(
                attempt,
                status,
                outcome,
                reason = reason.as_str(),
                detail = answer.detail,
                "`{}` will not get {kind}; see `watchfire deliveries list`",
                delivery.channel
            );
        }
    }
}

//! Figures about the engine itself, in the text format that Prometheus reads.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct OutcomeLabel {
    outcome: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ReasonLabel {
    reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ChannelOutcomeLabel {
    channel: String,
    outcome: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ChannelStateLabel {
    channel: String,
    state: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct TableLabel {
    table: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct SignalCodeLabel {
    signal: String,
    code: String,
}

/// All figures of one engine.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    evaluations: Family<OutcomeLabel, Counter>,
    skipped_slots: Family<ReasonLabel, Counter>,
    lateness: Histogram,
    query_time: Histogram,
    slot_to_commit: Histogram,
    deliveries: Family<ChannelOutcomeLabel, Counter>,
    outbox: Family<ChannelStateLabel, Gauge>,
    reloads: Family<OutcomeLabel, Counter>,
    ingested_rows: Family<TableLabel, Counter>,
    ingest_requests: Family<SignalCodeLabel, Counter>,
    pub(crate) ingest_rejected: Counter,
    pub(crate) lost_leases: Counter,
    pub(crate) clock_jumps: Counter,
    pub(crate) rules: Gauge,
}

/// Bounds of the histograms in seconds.
const SECONDS: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Bounds from a millisecond to ten minutes, each a quarter above the one before: percentiles are read from it.
fn fine_seconds() -> impl Iterator<Item = f64> {
    std::iter::successors(Some(0.001), |bound| Some(bound * 1.25)).take_while(|bound| *bound < 600.0)
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("watchfire");
        let metrics = Self {
            evaluations: Family::default(),
            skipped_slots: Family::default(),
            lateness: Histogram::new(SECONDS),
            query_time: Histogram::new(SECONDS),
            slot_to_commit: Histogram::new(fine_seconds()),
            deliveries: Family::default(),
            outbox: Family::default(),
            reloads: Family::default(),
            ingested_rows: Family::default(),
            ingest_requests: Family::default(),
            ingest_rejected: Counter::default(),
            lost_leases: Counter::default(),
            clock_jumps: Counter::default(),
            rules: Gauge::default(),
            registry: Registry::default(),
        };
        registry.register("evaluations", "Evaluations by outcome", metrics.evaluations.clone());
        registry.register("skipped_slots", "Slots that were not evaluated, by reason", metrics.skipped_slots.clone());
        registry.register_with_unit(
            "evaluation_lateness",
            "From the slot to the start of its evaluation",
            Unit::Seconds,
            metrics.lateness.clone(),
        );
        registry.register_with_unit("query_time", "Duration of queries", Unit::Seconds, metrics.query_time.clone());
        registry.register_with_unit(
            "slot_to_commit",
            "From the slot to the commit of what it decided",
            Unit::Seconds,
            metrics.slot_to_commit.clone(),
        );
        registry.register("deliveries", "Attempts to deliver, by channel and outcome", metrics.deliveries.clone());
        registry.register("outbox_depth", "Outbox rows, by channel and state", metrics.outbox.clone());
        registry.register("reloads", "Takeovers of changed definitions, by outcome", metrics.reloads.clone());
        let (rows, requests) = (metrics.ingested_rows.clone(), metrics.ingest_requests.clone());
        registry.register("ingested_rows", "Rows of telemetry that were taken, by table", rows);
        registry.register("ingest_requests", "Requests with telemetry, by signal and status of the answer", requests);
        let rejected = metrics.ingest_rejected.clone();
        registry.register("ingest_rejected", "Spans, log records and points that were not taken", rejected);
        registry.register("lost_leases", "Results that came after their lease", metrics.lost_leases.clone());
        registry.register("clock_jumps", "Times that the clock went back", metrics.clock_jumps.clone());
        registry.register("rules", "Enabled rules", metrics.rules.clone());
        Self { registry, ..metrics }
    }

    pub(crate) fn evaluated(&self, outcome: &str, lateness: Duration, query_time: Duration) {
        self.evaluations.get_or_create(&OutcomeLabel { outcome: outcome.to_owned() }).inc();
        self.lateness.observe(lateness.as_secs_f64());
        self.query_time.observe(query_time.as_secs_f64());
    }

    pub(crate) fn committed(&self, after_slot: Duration) {
        self.slot_to_commit.observe(after_slot.as_secs_f64());
    }

    pub(crate) fn skipped(&self, reason: &str, count: u64) {
        self.skipped_slots.get_or_create(&ReasonLabel { reason: reason.to_owned() }).inc_by(count);
    }

    pub(crate) fn delivered(&self, channel: &str, outcome: &str) {
        let label = ChannelOutcomeLabel { channel: channel.to_owned(), outcome: outcome.to_owned() };
        self.deliveries.get_or_create(&label).inc();
    }

    pub(crate) fn reloaded(&self, outcome: &str) {
        self.reloads.get_or_create(&OutcomeLabel { outcome: outcome.to_owned() }).inc();
    }

    pub(crate) fn ingested(&self, table: &str, rows: u64) {
        self.ingested_rows.get_or_create(&TableLabel { table: table.to_owned() }).inc_by(rows);
    }

    pub(crate) fn ingest_answered(&self, signal: &str, code: u16) {
        let label = SignalCodeLabel { signal: signal.to_owned(), code: code.to_string() };
        self.ingest_requests.get_or_create(&label).inc();
    }

    /// Replaces the depth of the outbox by what the store counted.
    pub(crate) fn show_outbox(&self, depth: &[(String, String, u64)]) {
        self.outbox.clear();
        for (channel, state, rows) in depth {
            let label = ChannelStateLabel { channel: channel.clone(), state: state.clone() };
            self.outbox.get_or_create(&label).set(i64::try_from(*rows).unwrap_or(i64::MAX));
        }
    }

    /// All figures as text.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

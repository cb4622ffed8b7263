//! Figures about telemetry that is kept.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use watchfire_model::Timestamp;
use watchfire_storage::Status;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct OutcomeLabel {
    outcome: String,
}

/// All of them; clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct TelemetryMetrics {
    hot_rows: Gauge,
    hot_bytes: Gauge,
    unflushed_rows: Gauge,
    unflushed_bytes: Gauge,
    log_bytes: Gauge,
    files: Gauge,
    file_bytes: Gauge,
    flushes: Family<OutcomeLabel, Counter>,
    last_flush_age: Gauge<f64, AtomicU64>,
    append_failing: Gauge,
    flush_failing: Gauge,
    damaged: Gauge,
    misfits: Gauge,
}

impl TelemetryMetrics {
    /// Adds them to the others.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let gauges = [
            ("hot_rows", "Rows of telemetry in memory", &self.hot_rows),
            ("unflushed_rows", "Rows of telemetry that are in no file yet", &self.unflushed_rows),
            ("files", "Files of telemetry", &self.files),
            ("append_failing", "1 while the disk refuses what is sent, else 0", &self.append_failing),
            ("flush_failing", "1 while telemetry cannot be written into files, else 0", &self.flush_failing),
            ("log_damages", "Places at which the disk had lost something of the log", &self.damaged),
            ("misfits", "Files of telemetry that do not fit their list; `watchfire repair` mends it", &self.misfits),
        ];
        for (name, help, gauge) in gauges {
            registry.register(format!("telemetry_{name}"), help, gauge.clone());
        }
        let sizes = [
            ("hot", "Memory for rows of telemetry", &self.hot_bytes),
            ("unflushed", "Memory for rows that are in no file yet", &self.unflushed_bytes),
            ("log", "Size of telemetry's log", &self.log_bytes),
            ("file", "Size of telemetry's files", &self.file_bytes),
        ];
        for (name, help, gauge) in sizes {
            registry.register_with_unit(format!("telemetry_{name}"), help, Unit::Bytes, gauge.clone());
        }
        registry.register("telemetry_flushes", "Flushes of telemetry into files, by outcome", self.flushes.clone());
        registry.register_with_unit(
            "telemetry_last_flush_age",
            "Time since telemetry was last flushed, or since its oldest row waits if that is less; 0 while none waits",
            Unit::Seconds,
            self.last_flush_age.clone(),
        );
    }

    pub(crate) fn flushed(&self, is_ok: bool) {
        let outcome = if is_ok { "done" } else { "failed" }.to_owned();
        self.flushes.get_or_create(&OutcomeLabel { outcome }).inc();
    }

    pub(crate) fn misfits(&self, files: usize) {
        set(&self.misfits, files as u64);
    }

    /// Replaces the figures of the moment.
    pub(crate) fn show(&self, status: &Status, now: Timestamp) {
        set(&self.hot_rows, status.hot_rows);
        set(&self.hot_bytes, status.hot_bytes);
        set(&self.unflushed_rows, status.unflushed_rows);
        set(&self.unflushed_bytes, status.unflushed_bytes);
        set(&self.log_bytes, status.wal_bytes);
        set(&self.files, status.files);
        set(&self.file_bytes, status.file_bytes);
        set(&self.damaged, status.damaged.len() as u64);
        self.append_failing.set(i64::from(status.append_failure.is_some()));
        self.flush_failing.set(i64::from(status.flush_failure.is_some()));
        // A server that nobody sends to has nothing to flush.
        let since = status.oldest_unflushed_at.map(|oldest| status.last_flush_at.unwrap_or(oldest).max(oldest));
        self.last_flush_age.set(since.map_or(0.0, |since| now.since(since).as_secs_f64()));
    }
}

fn set(gauge: &Gauge, value: u64) {
    gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
}

//! Telemetry that is kept in the data folder.

use std::io::IsTerminal;
use std::path::Path;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use tracing::{info, warn};
use watchfire_config::{Settings, TelemetrySettings};
use watchfire_engine::{AcceptedTimes, open_telemetry, open_telemetry_read_only};
use watchfire_ingest::table::Shredding;
use watchfire_storage::{ReplayProgress, Storage, StorageOptions};
use watchfire_store::Store;

use crate::definitions;

/// A log of so many bytes is read in about a second: nobody needs to hear of it.
const QUIET_BYTES: u64 = 64 << 20;

/// What the settings say, with storage's own defaults for the rest.
pub(crate) fn options(settings: &TelemetrySettings) -> StorageOptions {
    let defaults = StorageOptions::default();
    StorageOptions {
        shredding: settings.shredded_attributes.clone().map_or(defaults.shredding, Shredding::new),
        hot_window: settings.hot_window,
        hot_bytes: settings.hot_memory.map_or(defaults.hot_bytes, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX)),
        retention: settings.retention,
        ..defaults
    }
}

/// Which times of sent rows are believed, with the usual ones where the settings say nothing.
pub(crate) fn accepted(settings: &TelemetrySettings) -> AcceptedTimes {
    let usual = AcceptedTimes::default();
    AcceptedTimes {
        past: settings.accepted_past.unwrap_or(usual.past),
        future: settings.accepted_future.unwrap_or(usual.future),
    }
}

/// Opens it to keep more; says how far it is when that takes a while.
pub(crate) async fn open(store: &Store, data: &Path, settings: &TelemetrySettings) -> anyhow::Result<Storage> {
    let mut progress = Progress::default();
    let storage = open_telemetry(store, data, options(settings), move |at| progress.show(at)).await;
    let storage = storage.with_context(|| format!("telemetry in {} cannot be opened", data.display()))?;
    let status = storage.status();
    for damage in &status.damaged {
        warn!("The disk had lost something of telemetry's log: {damage}");
    }
    info!(
        telemetry.files = status.files,
        telemetry.file_bytes = status.file_bytes,
        telemetry.hot_rows = status.hot_rows,
        "Telemetry is open"
    );
    Ok(storage)
}

/// What the data folder of the store keeps; it is only read, beside a running server too.
pub(crate) async fn open_read_only(store: &Store, data: &Path, settings: Option<&Settings>) -> anyhow::Result<Storage> {
    let options = settings.map(|settings| options(&settings.telemetry)).unwrap_or_default();
    let storage = open_telemetry_read_only(store, data, options).await;
    let storage = storage.with_context(|| format!("telemetry in {} cannot be read", data.display()))?;
    Ok(storage.unwrap_or_else(definitions::nothing_kept))
}

/// How far reading the log is: a bar on a terminal, a line for each tenth elsewhere.
#[derive(Default)]
struct Progress {
    bar: Option<ProgressBar>,
    tenths: u64,
}

impl Progress {
    fn show(&mut self, at: ReplayProgress) {
        if at.all_bytes < QUIET_BYTES {
            return;
        }
        if std::io::stderr().is_terminal() {
            let bar = self.bar.get_or_insert_with(|| bar(at.all_bytes));
            bar.set_position(at.done_bytes);
            if at.done_bytes >= at.all_bytes {
                bar.finish_and_clear();
            }
            return;
        }
        let tenths = at.done_bytes.saturating_mul(10) / at.all_bytes.max(1);
        if tenths > self.tenths {
            self.tenths = tenths;
            info!(done_bytes = at.done_bytes, all_bytes = at.all_bytes, "Reading telemetry's log: {} %", tenths * 10);
        }
    }
}

fn bar(all_bytes: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("reading telemetry's log {wide_bar} {bytes}/{total_bytes} {eta}");
    let bar = ProgressBar::new(all_bytes);
    bar.with_style(style.expect("the template names what there is"))
}

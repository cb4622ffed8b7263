//! The folder that the demo runs on: definitions and tables, as a team would have them.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context;
use watchfire_config::Loaded;
use watchfire_model::Timestamp;

use super::fixture;

/// The definitions, by their file names.
const DEFINITIONS: [(&str, &str); 4] = [
    ("channels.yaml", include_str!("../../demo/channels.yaml")),
    ("sources.yaml", include_str!("../../demo/sources.yaml")),
    ("alerts.yaml", include_str!("../../demo/alerts.yaml")),
    ("reports.yaml", include_str!("../../demo/reports.yaml")),
];

const FLAGS: &str = include_str!("../../demo/feature_flags.csv");
const FLAGS_CHANGED: &str = include_str!("../../demo/feature_flags_changed.csv");
const FLAGS_FILE: &str = "feature_flags.csv";

/// Where the receivers that stand in for the four services listen.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StandIns {
    pub(crate) http: SocketAddr,
    pub(crate) smtp: SocketAddr,
}

/// Writes the folder; `records` (or the built-in ones) happen around `now`. Returns how many there are.
pub(crate) fn write(dir: &Path, stand_ins: StandIns, records: Option<&Path>, now: Timestamp) -> anyhow::Result<usize> {
    let moved = match records {
        None => fixture::moved_to(fixture::RECORDS, now)?,
        Some(file) => {
            let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
            fixture::moved_to(&text, now).with_context(|| file.display().to_string())?
        }
    };
    for (name, text) in DEFINITIONS {
        let text = text.replace("DEMO_SMTP_PORT", &stand_ins.smtp.port().to_string());
        put(&dir.join(name), &text)?;
    }
    put(&dir.join("records.ndjson"), &moved.lines)?;
    put(&dir.join(FLAGS_FILE), FLAGS)?;
    Ok(moved.count)
}

/// What somebody does to the table while the demo runs.
pub(crate) fn change_flags(dir: &Path) -> anyhow::Result<()> {
    // Whole or not at all: the table is being read.
    let next = dir.join("feature_flags.next");
    put(&next, FLAGS_CHANGED)?;
    std::fs::rename(&next, dir.join(FLAGS_FILE)).context("changing the demo's feature flags")
}

/// Reads the folder as `watchfire serve` would.
pub(crate) fn load(dir: &Path, stand_ins: StandIns) -> anyhow::Result<Loaded> {
    let environment = |name: &str| match name {
        "DEMO_HTTP" => Some(format!("http://{}", stand_ins.http)),
        "DEMO_OPSGENIE_KEY" => Some("00000000-0000-0000-0000-000000000000".to_owned()),
        _ => None,
    };
    Ok(watchfire_config::load(dir, &environment)?)
}

fn put(path: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
}

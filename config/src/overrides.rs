//! Settings from the environment: `WATCHFIRE_LIMITS_MEMORY` stands for `limits: {memory: …}`.
//!
//! Each variable is read as if it were a file of one setting, so it is checked like one, and a
//! mistake in it is told with the variable's name in place of the file's.

use std::path::Path;

use crate::build::{self, Surroundings};
use crate::load::parse;
use crate::raw::{RawDelivery, RawLimits, RawServer, RawSettings, RawStorage, RawTelemetry};
use crate::read::{Key, Keys};
use crate::report::Report;
use crate::settings::Settings;

/// The sections of `watchfire.yaml` with their keys.
const SECTIONS: [(&str, &[Key]); 5] = [
    ("server", RawServer::KEYS),
    ("storage", RawStorage::KEYS),
    ("telemetry", RawTelemetry::KEYS),
    ("delivery", RawDelivery::KEYS),
    ("limits", RawLimits::KEYS),
];

/// One setting that a variable gives.
pub(crate) struct Override {
    section: &'static str,
    key: &'static str,
    pub(crate) raw: Option<RawSettings>,
    pub(crate) report: Report,
}

/// All settings that variables give; an empty variable gives none.
pub(crate) fn read(environment: &dyn Fn(&str) -> Option<String>) -> Vec<Override> {
    let settings = SECTIONS.iter().flat_map(|(section, keys)| keys.iter().map(|key| (*section, key.name)));
    settings.filter_map(|(section, key)| one(section, key, environment)).collect()
}

fn one(section: &'static str, key: &'static str, environment: &dyn Fn(&str) -> Option<String>) -> Option<Override> {
    let variable = format!("WATCHFIRE_{section}_{key}").to_uppercase();
    let value = environment(&variable).filter(|value| !value.trim().is_empty())?;
    let quoted = |text: &str| serde_json::Value::from(text.trim()).to_string();
    let shown = match key {
        // It may hold a password, which is at home in the environment and nowhere else.
        "database_url" => quoted(&format!("${{{variable}}}")),
        "allow_addresses" | "shredded_attributes" => {
            format!("[{}]", value.split(',').map(quoted).collect::<Vec<_>>().join(", "))
        }
        _ => quoted(&value),
    };
    let text = format!("{{version: 1, {section}: {{{key}: {shown}}}}}");
    let (raw, report) = parse(Path::new(&variable).into(), text.as_bytes());
    Some(Override { section, key, raw, report })
}

impl Override {
    /// Puts its setting in the place of what the file says. A path is relative to where we are, as in a flag.
    pub(crate) fn apply(&mut self, environment: &dyn Fn(&str) -> Option<String>, settings: &mut Settings) {
        let Some(raw) = &self.raw else { return };
        let around = Surroundings { environment, folder: Path::new("") };
        let given = build::settings(raw, &around, &mut self.report);
        match (self.section, self.key) {
            ("server", "listen") => settings.server.listen = given.server.listen,
            ("server", "otlp_grpc") => settings.server.otlp_grpc = given.server.otlp_grpc,
            ("server", "public_url") => settings.server.public_url = given.server.public_url,
            ("storage", "database_url") => settings.storage.database_url = given.storage.database_url,
            ("storage", "data") => settings.storage.data = given.storage.data,
            ("telemetry", "hot_window") => settings.telemetry.hot_window = given.telemetry.hot_window,
            ("telemetry", "hot_memory") => settings.telemetry.hot_memory = given.telemetry.hot_memory,
            ("telemetry", "shredded_attributes") => {
                settings.telemetry.shredded_attributes = given.telemetry.shredded_attributes;
            }
            ("telemetry", "accepted_past") => settings.telemetry.accepted_past = given.telemetry.accepted_past,
            ("telemetry", "accepted_future") => settings.telemetry.accepted_future = given.telemetry.accepted_future,
            ("telemetry", "retention") => settings.telemetry.retention = given.telemetry.retention,
            ("delivery", "fallback_channel") => settings.delivery.fallback_channel = given.delivery.fallback_channel,
            ("delivery", "allow_addresses") => settings.delivery.allow_addresses = given.delivery.allow_addresses,
            ("delivery", "timeout") => settings.delivery.timeout = given.delivery.timeout,
            ("limits", "memory") => settings.limits.memory = given.limits.memory,
            ("limits", "query_timeout") => settings.limits.query_timeout = given.limits.query_timeout,
            ("limits", "max_rows") => settings.limits.max_rows = given.limits.max_rows,
            ("limits", "max_instances") => settings.limits.max_instances = given.limits.max_instances,
            ("limits", "request_size") => settings.limits.request_size = given.limits.request_size,
            (section, key) => unreachable!("`{section}.{key}` is a key of watchfire.yaml without a setting"),
        }
    }
}

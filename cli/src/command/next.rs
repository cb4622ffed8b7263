//! `watchfire next`: the next slots of a rule, or of a cron pattern in a zone.

use anyhow::{Context, bail};
use chrono_tz::Tz;
use serde_json::json;
use watchfire_engine::clock::{Clock, SystemClock};
use watchfire_model::Timestamp;
use watchfire_scheduler::Cadence;

use crate::arguments::{Next, Output};
use crate::definitions;
use crate::exit::Exit;
use crate::output;

pub(crate) fn run(options: Next, form: Output) -> anyhow::Result<Exit> {
    let (cadence, zone) = match (&options.cron, &options.rule, &options.config) {
        (Some(pattern), _, _) => of_pattern(pattern, &options.timezone)?,
        (None, Some(name), Some(dir)) => {
            let loaded = definitions::load(dir)?;
            let Some(rule) = definitions::rule(&loaded, name) else {
                return definitions::explain_missing_rule(&loaded, name, form);
            };
            (rule.schedule.cadence.clone(), rule.schedule.zone)
        }
        (None, _, _) => {
            bail!("next of what? Name a rule (`next RULE --config DIR`), or give a pattern (`next --cron PATTERN`)")
        }
    };
    let after = options.after.unwrap_or_else(|| SystemClock.now());
    let slots: Vec<Timestamp> = cadence.slots_after(after).take(options.count).collect();
    match form {
        Output::Json => {
            output::json(&slots.iter().map(|slot| json!({"utc": utc(*slot), "local": local(*slot, zone)})).collect())?;
        }
        Output::Text if slots.is_empty() => eprintln!("no slots: the pattern matches no date"),
        Output::Text => {
            for slot in slots {
                output::line(&format!("{}  {}", utc(slot), local(slot, zone)))?;
            }
        }
    }
    Ok(Exit::Fine)
}

fn of_pattern(pattern: &str, zone: &str) -> anyhow::Result<(Cadence, Tz)> {
    let zone: Tz = zone
        .parse()
        .ok()
        .with_context(|| format!("`{zone}` is not an IANA zone; write for example Europe/Berlin or UTC"))?;
    let cadence = Cadence::cron(pattern, zone).map_err(|trouble| anyhow::anyhow!("--cron \"{pattern}\": {trouble}"))?;
    Ok((cadence, zone))
}

/// Whole seconds, UTC.
fn utc(slot: Timestamp) -> String {
    Timestamp::from_seconds(slot.as_micros().div_euclid(1_000_000)).to_string()
}

/// The same instant on the clocks of the zone, with its offset.
fn local(slot: Timestamp, zone: Tz) -> String {
    slot.to_chrono()
        .map(|instant| instant.with_timezone(&zone).format("%Y-%m-%dT%H:%M:%S%:z").to_string())
        .unwrap_or_default()
}

//! Items that were not taken, because their times cannot be right.
//!
//! A sender whose clock is wrong must hear of it, and so must the people who wait for its rows: the sender in the answer,
//! the people by a record that says `logfire ingest error`, as Logfire does.

use std::collections::BTreeSet;
use std::sync::Arc;

use watchfire_model::Timestamp;

use super::attributes::Attributes;
use super::decode::{Arrival, Signal};
use super::ids::{Derived, lone_trace_id};
use super::level::ERROR;
use super::origin::Origin;
use super::proto::Value;
use super::record::RecordKind;
use super::row::{Row, Scratch};
use super::rows::{Rows, Stop};
use super::text::cut;
use crate::limits::{MESSAGE_BYTES_MAX, NAMED_SERVICES_MAX};

/// The `span_name` of the record that tells of them.
const SPAN_NAME: &str = "logfire ingest error";

/// How many items were not taken, and what can be said of them.
#[derive(Debug, Default)]
pub(super) struct Refused {
    /// Outside of the time that is accepted.
    times: Option<Times>,
    /// Points of summaries, which have no place in `metrics`.
    pub summaries: u64,
}

#[derive(Debug)]
struct Times {
    count: u64,
    earliest: Timestamp,
    latest: Timestamp,
    /// The first [`NAMED_SERVICES_MAX`].
    services: BTreeSet<String>,
    has_more_services: bool,
    /// Of the first.
    origin: Arc<Origin>,
}

impl Refused {
    /// One more that is outside of the time that is accepted.
    pub fn add(&mut self, at: Timestamp, origin: &Arc<Origin>) {
        let times = self.times.get_or_insert_with(|| Times {
            count: 0,
            earliest: at,
            latest: at,
            services: BTreeSet::new(),
            has_more_services: false,
            origin: Arc::clone(origin),
        });
        times.count += 1;
        times.earliest = times.earliest.min(at);
        times.latest = times.latest.max(at);
        let service = origin.service_name.as_deref().unwrap_or("unknown");
        if times.services.len() < NAMED_SERVICES_MAX {
            times.services.insert(service.to_owned());
        } else if !times.services.contains(service) {
            times.has_more_services = true;
        }
    }

    /// All that were not taken.
    pub fn count(&self) -> u64 {
        self.times.as_ref().map_or(0, |times| times.count) + self.summaries
    }

    /// What the sender should hear, if anything.
    pub fn message(&self, signal: Signal, arrival: &Arrival) -> Option<String> {
        let times = self.times.as_ref().map(|times| times.message(signal, arrival));
        let summaries = (self.summaries > 0).then(|| {
            let count = counted(self.summaries, "data point");
            format!("{count} of summaries dropped: this server keeps gauges, sums and histograms only")
        });
        let parts: Vec<String> = times.into_iter().chain(summaries).collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

impl Times {
    fn message(&self, signal: Signal, arrival: &Arrival) -> String {
        let count = counted(self.count, signal.item());
        let Self { earliest, latest, .. } = self;
        let times =
            if earliest == latest { format!("time {earliest}") } else { format!("times from {earliest} to {latest}") };
        let (from, until) = (arrival.accepted_from(), arrival.accepted_until());
        let services = self.services();
        format!(
            "{count} of {services} dropped: {times} outside of what is accepted, {from} to {until}; check the clock"
        )
    }

    fn services(&self) -> String {
        let names: Vec<String> = self.services.iter().map(|name| format!("`{}`", cut(name, 100))).collect();
        let more = if self.has_more_services { " and others" } else { "" };
        format!("{}{more}", names.join(", "))
    }
}

/// `1 span`, `2 spans`.
fn counted(count: u64, item: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {item}{ending}")
}

/// Adds the record that tells of items outside of the accepted time, when there are some.
pub(super) fn tell(signal: Signal, rows: &mut Rows<'_>, scratch: &mut Scratch) -> Result<(), Stop> {
    let (arrival, Some(times)) = (rows.arrival, rows.refused.times.as_ref()) else { return Ok(()) };
    let message = times.message(signal, arrival);
    let text = |text: String| Value::Text(text.into());
    let attributes = Attributes::default()
        .with("signal", text(signal.as_str().to_owned()))
        .with("dropped", Value::Int(i64::try_from(times.count).unwrap_or(i64::MAX)))
        .with("services", text(times.services()))
        .with("earliest", text(times.earliest.to_string()))
        .with("latest", text(times.latest.to_string()))
        .with("accepted_from", text(arrival.accepted_from().to_string()))
        .with("accepted_until", text(arrival.accepted_until().to_string()));
    scratch.attributes.write(&attributes, &mut scratch.names)?;
    let id = Derived::new().with(message.as_bytes()).with(&arrival.at.as_micros().to_le_bytes()).span_id();
    // Of one service the record has its columns too, so that a query for the service finds it.
    let origin = match times.services.len() {
        1 => Arc::clone(&times.origin),
        _ => Arc::new(Origin::nobody(&arrival.project)),
    };
    let trace_id = lone_trace_id(&id);
    let row = Row {
        trace_id: trace_id.as_str(),
        span_id: id.as_str(),
        span_name: SPAN_NAME,
        message: cut(&message, MESSAGE_BYTES_MAX),
        kind: RecordKind::Log,
        level: ERROR,
        ..Row::of(&attributes, &scratch.attributes, &origin, arrival.at)?
    };
    rows.push(&row)
}

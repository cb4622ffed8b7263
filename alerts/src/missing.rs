//! A known instance is in a successful, complete result, or is not.

use watchfire_model::{Reason, Timestamp};

use crate::condition::Sight;
use crate::instances::Sighting;
use crate::rule::{Missing, Patience, Rule};
use crate::state::{Absence, Instance};

/// What one evaluation means for one instance, whether its row is there or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Presence {
    /// What the condition is told.
    pub sight: Sight,
    /// What is remembered of its absence.
    pub absence: Option<Absence>,
    /// What there is to tell about its absence itself.
    pub news: Option<News>,
    /// The reason of the resolve, should it resolve now.
    pub resolve_reason: Reason,
}

/// What there is to tell about an absence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    /// It has been away for too long.
    Missing { since: Timestamp },
    /// It was told missing and is there again.
    Back { since: Timestamp },
}

/// The row is there.
pub(crate) fn present(previous: Option<&Instance>, sighting: &Sighting) -> Presence {
    let told = previous.and_then(|instance| instance.absence).filter(|absence| absence.told_at.is_some());
    Presence {
        sight: if sighting.breaches { Sight::Breach } else { Sight::Clear { recovered: sighting.recovered } },
        absence: None,
        news: told.map(|absence| News::Back { since: absence.since }),
        resolve_reason: Reason::Resolved,
    }
}

/// The evaluation proves that the row is not there.
pub(crate) fn absent(rule: &Rule, previous: &Instance, at: Timestamp, catching_up: bool) -> Presence {
    let absence = longer(previous.absence, at);
    let gone = Sight::Clear { recovered: true };
    let (sight, news, absence) = match rule.missing {
        Missing::Recovers => (gone, None, absence),
        Missing::Resolve(patience) if reached(patience, absence.since, absence.runs, at) => (gone, None, absence),
        Missing::Resolve(_) => (Sight::Unknown, None, absence),
        // What is no longer counted is no longer written: the first absence is all that is kept.
        Missing::Keep => (Sight::Unknown, None, previous.absence.unwrap_or(absence)),
        Missing::Alert(patience) => alerted(previous.absence, absence, patience, at, catching_up),
    };
    let resolve_reason = match rule.missing {
        Missing::Resolve(_) => Reason::Missing,
        Missing::Recovers | Missing::Keep | Missing::Alert(_) => Reason::Resolved,
    };
    Presence { sight, absence: Some(absence), news, resolve_reason }
}

/// The evaluation says nothing about it.
pub(crate) const fn unproven(previous: &Instance) -> Presence {
    Presence { sight: Sight::Unknown, absence: previous.absence, news: None, resolve_reason: Reason::Resolved }
}

fn longer(previous: Option<Absence>, at: Timestamp) -> Absence {
    match previous {
        None => Absence { since: at, runs: 1, told_at: None },
        Some(absence) => Absence { runs: absence.runs.saturating_add(1), ..absence },
    }
}

fn alerted(
    previous: Option<Absence>,
    absence: Absence,
    patience: Patience,
    at: Timestamp,
    catching_up: bool,
) -> (Sight, Option<News>, Absence) {
    match previous {
        Some(told) if told.told_at.is_some() => (Sight::Unknown, None, told),
        // History that is caught up is not news; the present is told once it is reached.
        _ if !catching_up && reached(patience, absence.since, absence.runs, at) => {
            let news = News::Missing { since: absence.since };
            (Sight::Unknown, Some(news), Absence { told_at: Some(at), ..absence })
        }
        _ => (Sight::Unknown, None, absence),
    }
}

/// Whether something that lasts since `since`, for `runs` evaluations in a row, is no longer borne.
pub(crate) fn reached(patience: Patience, since: Timestamp, runs: u64, at: Timestamp) -> bool {
    match patience {
        Patience::Runs(needed) => runs >= needed,
        Patience::Time(duration) => at.since(since) >= duration,
    }
}

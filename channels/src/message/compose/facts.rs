//! Single facts, the most important first: the value against its limit, how long, who owns it.

use std::collections::BTreeMap;

use watchfire_model::{ErrorFacts, NotificationKind, Reason, Timestamp, Value};

use super::{Scene, counted, report};
use crate::limits::{FACT_NAME_MAX_CHARS, FACT_VALUE_MAX_CHARS};
use crate::message::text::{cut, one_line_cut};
use crate::message::value_text::{name_text, value_text};
use crate::message::{Fact, clock_text, duration_text, span_text};

/// How many instances of a message about several are named.
const NAMED_INSTANCES: usize = 5;

pub(super) fn of(scene: &Scene<'_>) -> Vec<Fact> {
    let mut facts = match scene.notification.kind {
        NotificationKind::AlertMatches
        | NotificationKind::AlertStarted
        | NotificationKind::AlertRepeated
        | NotificationKind::AlertUpdated => fires(scene),
        NotificationKind::AlertResolved | NotificationKind::AlertSummary => is_over(scene),
        NotificationKind::AlertNoData => lasts("Since", scene),
        NotificationKind::AlertFailed => scene.notification.error.as_ref().map_or_else(Vec::new, |e| fails(scene, e)),
        NotificationKind::AlertRecovered => was_failing(scene),
        NotificationKind::ReportReady => report::facts(scene),
        NotificationKind::ChannelBroken => {
            scene.notification.error.as_ref().map_or_else(|| lasts("Since", scene), |error| fails(scene, error))
        }
        NotificationKind::AlertChanged
        | NotificationKind::IssueNew
        | NotificationKind::IssueRegressed
        | NotificationKind::IssueEscalating
        | NotificationKind::IssueDigest
        | NotificationKind::Test => Vec::new(),
    };
    facts.extend(about(scene));
    facts
}

fn fires(scene: &Scene<'_>) -> Vec<Fact> {
    let notification = scene.notification;
    let mut facts: Vec<Fact> = value_against_limit("Value", notification.value.as_ref(), scene).into_iter().collect();
    facts.extend(peak(scene));
    facts.extend(lasts("Firing", scene));
    facts.extend(members(scene));
    facts
}

fn is_over(scene: &Scene<'_>) -> Vec<Fact> {
    let notification = scene.notification;
    let was_firing = notification.since.map(|since| {
        let lasted = scene.lasted().map_or_else(String::new, |lasted| format!(" ({lasted})"));
        let span = span_text(since, scene.now(), scene.now(), scene.zone());
        Fact { at: Some(since), ..fact("Was firing", format!("{span}{lasted}")) }
    });
    let mut facts: Vec<Fact> = was_firing.into_iter().collect();
    facts.extend(peak(scene));
    facts.extend(value_against_limit("Last value", notification.last_value.as_ref(), scene));
    // The last breaching value only says something that the peak does not.
    if notification.value != notification.peak {
        let shown = shown(notification.value.as_ref());
        facts.extend(shown.map(|value| fact("Last breach", value_text(value, scene.zone()))));
    }
    facts.extend(members(scene));
    facts
}

fn fails(scene: &Scene<'_>, error: &ErrorFacts) -> Vec<Fact> {
    let clock = |at: Timestamp| clock_text(at, scene.now(), scene.zone());
    let mut facts = vec![Fact {
        at: Some(error.since),
        ..fact("Failing since", format!("{} ({})", clock(error.since), lasting(scene, error)))
    }];
    facts.push(match error.last_success_at {
        Some(at) => Fact { at: Some(at), ..fact("Last good run", clock(at)) },
        None => fact("Last good run", "never"),
    });
    facts.extend(error.next_run_at.map(|at| Fact { at: Some(at), ..fact("Next try", clock(at)) }));
    facts.push(fact("Error", one_line_cut(&error.code, FACT_VALUE_MAX_CHARS)));
    facts
}

fn was_failing(scene: &Scene<'_>) -> Vec<Fact> {
    let Some(error) = &scene.notification.error else { return lasts("Since", scene) };
    let span = span_text(error.since, scene.now(), scene.now(), scene.zone());
    let was = fact("Was failing", format!("{span} ({})", lasting(scene, error)));
    vec![Fact { at: Some(error.since), ..was }, fact("Error", one_line_cut(&error.code, FACT_VALUE_MAX_CHARS))]
}

/// `3 runs, 8 m`
fn lasting(scene: &Scene<'_>, error: &ErrorFacts) -> String {
    let lasted = i64::try_from(scene.now().since(error.since).as_micros()).unwrap_or(i64::MAX);
    let runs = counted(error.failed_runs, "run");
    if lasted > 0 { format!("{runs}, {}", duration_text(lasted)) } else { runs }
}

/// `Firing for: 5 m (since 06:00 UTC)`, or `Firing since: 06:00 UTC` when that is now.
fn lasts(word: &str, scene: &Scene<'_>) -> Vec<Fact> {
    let Some(since) = scene.notification.since else { return Vec::new() };
    let clock = clock_text(since, scene.now(), scene.zone());
    let fact = match (scene.lasted(), word) {
        (Some(lasted), "Since") => fact(word, format!("{clock} ({lasted})")),
        (Some(lasted), _) => fact(format!("{word} for"), format!("{lasted} (since {clock})")),
        (None, "Since") => fact(word, clock),
        (None, _) => fact(format!("{word} since"), clock),
    };
    vec![Fact { at: Some(since), ..fact }]
}

fn value_against_limit(name: &str, value: Option<&Value>, scene: &Scene<'_>) -> Option<Fact> {
    let value = shown(value).map(|value| value_text(value, scene.zone()));
    let limit = scene.presentation.condition.as_ref().map(|condition| format!("(limit: {condition})"));
    match (value, limit) {
        (Some(value), Some(limit)) => Some(fact(name, format!("{value} {limit}"))),
        (Some(value), None) => Some(fact(name, value)),
        (None, _) => None,
    }
}

fn peak(scene: &Scene<'_>) -> Option<Fact> {
    let peak = shown(scene.notification.peak.as_ref())?;
    // A rule may watch for too little: then the worst value is the least.
    let last = scene.notification.last_value.as_ref().and_then(Value::as_f64);
    let is_least = last.zip(peak.as_f64()).is_some_and(|(last, peak)| last > peak);
    Some(fact(if is_least { "Lowest" } else { "Peak" }, value_text(peak, scene.zone())))
}

fn shown(value: Option<&Value>) -> Option<&Value> {
    value.filter(|value| !value.is_null())
}

/// The first names of a message about several instances, from the first column that holds names.
fn members(scene: &Scene<'_>) -> Option<Fact> {
    let notification = scene.notification;
    let is_about_several = matches!(
        notification.reason,
        Reason::FirstFiring | Reason::NewInstances | Reason::SomeResolved | Reason::AllResolved
    );
    if !is_about_several || notification.instance.is_some() {
        return None;
    }
    let place = notification.columns.iter().position(|column| !column.kind.is_numeric())?;
    let mut names: Vec<String> = Vec::new();
    for value in notification.rows.iter().filter_map(|row| row.get(place)) {
        let name = cut(&name_text(value, scene.zone()), FACT_NAME_MAX_CHARS);
        if !names.contains(&name) {
            names.push(name);
        }
        if names.len() > NAMED_INSTANCES {
            break;
        }
    }
    let more = names.len() > NAMED_INSTANCES || notification.truncated;
    names.truncate(NAMED_INSTANCES);
    let ending = if more { ", …" } else { "" };
    (!names.is_empty()).then(|| fact(&notification.columns[place].name, format!("{}{ending}", names.join(", "))))
}

/// Instance, owner and labels.
fn about(scene: &Scene<'_>) -> Vec<Fact> {
    let notification = scene.notification;
    let instance = notification.instance.as_ref().filter(|key| !key.parts().is_empty()).map(|key| {
        let parts = key.parts().iter().map(|(name, value)| (name.as_str(), name_text(value, scene.zone())));
        fact("Instance", pairs(parts))
    });
    let owner = scene.presentation.owner.as_ref().map(|owner| fact("Owner", owner.as_str()));
    let labels = notification.rule.as_ref().map(|rule| &rule.labels).filter(|labels| !labels.is_empty());
    let labels = labels.map(|labels: &BTreeMap<String, String>| {
        fact("Labels", pairs(labels.iter().map(|(name, value)| (name.as_str(), value.clone()))))
    });
    [instance, owner, labels].into_iter().flatten().collect()
}

fn pairs<'a>(parts: impl Iterator<Item = (&'a str, String)>) -> String {
    let mut text = String::new();
    for (name, value) in parts {
        if text.len() > FACT_VALUE_MAX_CHARS * 4 {
            break;
        }
        let separator = if text.is_empty() { "" } else { ", " };
        text.push_str(&format!("{separator}{}={}", cut(name, FACT_NAME_MAX_CHARS), cut(&value, FACT_VALUE_MAX_CHARS)));
    }
    text
}

pub(super) fn fact(name: impl Into<String>, value: impl Into<String>) -> Fact {
    Fact { name: name.into(), value: value.into(), at: None }
}

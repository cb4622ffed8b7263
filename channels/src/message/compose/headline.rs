//! State and title: what a locked screen shows.

use watchfire_model::{Notification, NotificationKind, Reason, RuleEnd, RuleKind};

use super::{Scene, changes, counted, report};
use crate::limits::TITLE_MAX_CHARS;
use crate::message::text::one_line_cut;
use crate::message::value_text::name_text;

/// State and severity in words.
pub(super) fn state(scene: &Scene<'_>) -> String {
    let notification = scene.notification;
    match notification.rule_end {
        Some(RuleEnd::Removed) => return "RULE REMOVED, no longer watched".to_owned(),
        Some(RuleEnd::Changed) => return "RULE CHANGED, no longer watched as before".to_owned(),
        None => {}
    }
    match notification.kind {
        NotificationKind::AlertMatches => rated("MATCHES", notification),
        NotificationKind::AlertStarted => rated("FIRING", notification),
        NotificationKind::AlertRepeated => lasting(&rated("STILL FIRING", notification), " for ", scene),
        NotificationKind::AlertUpdated => updated(scene),
        NotificationKind::AlertResolved => resolved(scene),
        NotificationKind::AlertChanged => rated_above_warning("ROWS CHANGED", notification),
        NotificationKind::AlertNoData if notification.reason == Reason::DataBack => {
            lasting("DATA IS BACK", " after ", scene)
        }
        NotificationKind::AlertNoData if notification.reason == Reason::Missing => rated("MISSING", notification),
        NotificationKind::AlertNoData => "NO DATA: state is UNKNOWN, not OK".to_owned(),
        NotificationKind::AlertFailed => "QUERY FAILS: state is UNKNOWN, not OK".to_owned(),
        NotificationKind::AlertRecovered => lasting("QUERY WORKS AGAIN", " after ", scene),
        NotificationKind::AlertSummary => rated("FIRED WHILE AWAY", notification),
        NotificationKind::ReportReady => "REPORT".to_owned(),
        NotificationKind::IssueNew => rated("NEW ISSUE", notification),
        NotificationKind::IssueRegressed => rated("REGRESSED", notification),
        NotificationKind::IssueEscalating => rated("ESCALATING", notification),
        NotificationKind::IssueDigest => "ISSUES".to_owned(),
        NotificationKind::ChannelBroken => "CHANNEL BROKEN".to_owned(),
        NotificationKind::Test => "TEST".to_owned(),
    }
}

/// The built-in title: the rule's name and what of it this is about. Never empty.
pub(super) fn title(scene: &Scene<'_>) -> String {
    let notification = scene.notification;
    let Some(rule) = &notification.rule else {
        let is_broken = notification.kind == NotificationKind::ChannelBroken;
        return if is_broken { "A channel does not take messages" } else { "Test message from Watchfire" }.to_owned();
    };
    let name = one_line_cut(rule.name.as_str(), TITLE_MAX_CHARS * 2 / 3);
    match about(scene) {
        Some(about) => format!("{name}: {about}"),
        None if name.is_empty() => "Unnamed rule".to_owned(),
        None => name,
    }
}

fn about(scene: &Scene<'_>) -> Option<String> {
    let notification = scene.notification;
    if let Some(key) = &notification.instance {
        let values: Vec<String> = key.parts().iter().map(|(_, value)| name_text(value, scene.zone())).collect();
        return Some(values.join(", ")).filter(|values| !values.is_empty());
    }
    match notification.kind {
        NotificationKind::AlertChanged => Some(changes::counts(notification)),
        NotificationKind::ReportReady => report::headline(scene),
        NotificationKind::AlertFailed => {
            let runs = notification.error.as_ref().map(|error| error.failed_runs).filter(|runs| *runs > 1);
            runs.map(|runs| format!("failed {runs} times in a row"))
        }
        NotificationKind::AlertMatches | NotificationKind::AlertStarted if notification.row_count > 0 => {
            Some(counted(notification.row_count, "row"))
        }
        NotificationKind::AlertMatches
        | NotificationKind::AlertStarted
        | NotificationKind::AlertRepeated
        | NotificationKind::AlertUpdated
        | NotificationKind::AlertResolved
        | NotificationKind::AlertNoData
        | NotificationKind::AlertRecovered
        | NotificationKind::AlertSummary
        | NotificationKind::IssueNew
        | NotificationKind::IssueRegressed
        | NotificationKind::IssueEscalating
        | NotificationKind::IssueDigest
        | NotificationKind::ChannelBroken
        | NotificationKind::Test => None,
    }
}

fn updated(scene: &Scene<'_>) -> String {
    let notification = scene.notification;
    let level = notification.severity.map_or("another severity", watchfire_model::Severity::as_str);
    match notification.reason {
        Reason::SeverityRaised => format!("RAISED to {level}"),
        Reason::SeverityLowered => format!("LOWERED to {level}"),
        Reason::Flapping => rated("FLAPPING", notification),
        Reason::FlappingOver => "NO LONGER FLAPPING".to_owned(),
        Reason::SilenceEnded => lasting(&rated("STILL FIRING", notification), " for ", scene),
        Reason::Overflow => rated("TOO MANY INSTANCES", notification),
        // All others belong to other kinds.
        _ => rated("UPDATED", notification),
    }
}

fn resolved(scene: &Scene<'_>) -> String {
    if scene.notification.reason == Reason::SomeResolved {
        return "RESOLVED in part".to_owned();
    }
    lasting("RESOLVED", " after ", scene)
}

fn rated(word: &str, notification: &Notification) -> String {
    match notification.severity {
        Some(severity) => format!("{word} ({severity})"),
        None => word.to_owned(),
    }
}

/// A changed row is news, not a breach: only a level that somebody chose is worth a word.
fn rated_above_warning(word: &str, notification: &Notification) -> String {
    match notification.severity {
        Some(severity) if severity > watchfire_model::Severity::Warning => format!("{word} ({severity})"),
        Some(_) | None => word.to_owned(),
    }
}

fn lasting(word: &str, joint: &str, scene: &Scene<'_>) -> String {
    scene.lasted().map_or_else(|| word.to_owned(), |lasted| format!("{word}{joint}{lasted}"))
}

/// `rule`, `report` or `issues`: what a footer calls it.
pub(super) const fn noun(kind: RuleKind) -> &'static str {
    match kind {
        RuleKind::Alert => "rule",
        RuleKind::Report => "report",
        RuleKind::Issue => "issues",
    }
}

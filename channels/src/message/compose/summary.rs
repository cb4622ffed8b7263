//! The built-in text below the title: what the file says about the rule, and why this is told.

use watchfire_model::{NotificationKind, Reason, RuleEnd};

use super::{Scene, changes, counted, report};

/// The description, then the reason in a sentence.
pub(super) fn of(scene: &Scene<'_>) -> String {
    let notification = scene.notification;
    let description = notification.rule.as_ref().and_then(|rule| rule.description.as_deref()).unwrap_or("").trim();
    let reason = reason(scene);
    match (description.is_empty(), reason.is_empty()) {
        (false, false) => format!("{description}\n{reason}"),
        _ => format!("{description}{reason}"),
    }
}

fn reason(scene: &Scene<'_>) -> String {
    let notification = scene.notification;
    match notification.rule_end {
        Some(RuleEnd::Removed) => {
            return "The rule was removed while this was open. Nobody watches it any more; this does not mean that all is well."
                .to_owned();
        }
        Some(RuleEnd::Changed) => {
            return "The rule was changed while this was open, and watches something else now; this does not mean that all is well."
                .to_owned();
        }
        None => {}
    }
    match notification.reason {
        Reason::StartedFiring | Reason::FirstFiring => format!("{}.", breach("It started to fire", scene)),
        Reason::NewInstances => format!("{}.", breach("More instances fire", scene)),
        Reason::Matches => format!("{}.", breach("It matches", scene)),
        Reason::Repeat => format!("{}.", breach("It still fires", scene)),
        Reason::Resolved => format!("{}.", over("It is over", scene)),
        Reason::AllResolved => format!("{}.", over("All instances are over", scene)),
        Reason::SomeResolved => "Some instances are over, others still fire.".to_owned(),
        Reason::SeverityRaised => format!("It got worse: {}.", severity(scene)),
        Reason::SeverityLowered => format!("It still fires, but got better: {}.", severity(scene)),
        Reason::RowsChanged => changes::sentence(notification),
        Reason::Missing if notification.kind == NotificationKind::AlertNoData => {
            "It is no longer in the result: nobody can tell whether it is well.".to_owned()
        }
        Reason::Missing => "It is no longer in the result, which counts as over.".to_owned(),
        Reason::NoData => "The query has nothing to read: its input is empty. This is not an OK.".to_owned(),
        Reason::DataBack => "The query has something to read again.".to_owned(),
        Reason::QueryFailed => "The query cannot be evaluated; what it watches is unknown until it can.".to_owned(),
        Reason::QueryRecovered => "The query is evaluated again; its state is known.".to_owned(),
        Reason::Flapping => {
            "It starts and stops too often to tell each time. The next message comes when it has been stable for a while."
                .to_owned()
        }
        Reason::FlappingOver => "It has been stable for a while; each change is told again.".to_owned(),
        Reason::SilenceEnded => "Its silence ended while it still fires.".to_owned(),
        Reason::Overflow => {
            "The result has more instances than the rule allows. Those beyond the cap are not evaluated.".to_owned()
        }
        Reason::CaughtUp => "It fired and was over while the server was away.".to_owned(),
        Reason::Report => report::sentence(scene),
        Reason::Test => "Somebody tries this channel. If you can read this, it works.".to_owned(),
        Reason::ChannelTrouble => "Its messages wait, and are sent when it takes them again.".to_owned(),
    }
}

/// `It started to fire: 3 rows match error_rate > 0.05`
fn breach(words: &str, scene: &Scene<'_>) -> String {
    let rows = scene.notification.row_count;
    if rows == 0 {
        return words.to_owned();
    }
    let verb = if rows == 1 { "matches" } else { "match" };
    match &scene.presentation.condition {
        Some(condition) => format!("{words}: {} {verb} {condition}", counted(rows, "row")),
        None => format!("{words}: {} {verb}", counted(rows, "row")),
    }
}

fn over(words: &str, scene: &Scene<'_>) -> String {
    match &scene.presentation.condition {
        Some(condition) => format!("{words}: {condition} no longer holds"),
        None => format!("{words}: no row matches any more"),
    }
}

fn severity(scene: &Scene<'_>) -> String {
    scene.notification.severity.map_or_else(|| "the severity changed".to_owned(), |level| format!("now {level}"))
}

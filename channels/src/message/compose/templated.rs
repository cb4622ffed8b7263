//! The texts that a rule's file gives take the place of the built-in ones, when they can be rendered.

use watchfire_model::{Notification, NotificationKind, Reason};

use super::{Scene, counted};
use crate::limits::{FOOTER_PART_MAX_CHARS, TEMPLATE_INSTANCES_MAX};
use crate::message::Message;
use crate::message::text::{cut, one_line};
use crate::template::{Template, context, context_of_row};

pub(super) fn apply(scene: &Scene<'_>, message: &mut Message) {
    if !is_about_rows(scene.notification) {
        return;
    }
    let presentation = scene.presentation;
    if let Some(title) = rendered("title", " · ", presentation.title.as_ref(), scene, &mut message.footer) {
        message.title = title;
    }
    if let Some(body) = rendered("body", "\n", presentation.body.as_ref(), scene, &mut message.footer) {
        message.summary = body;
    }
}

/// A template speaks of rows and their values. What is told about the rule as a whole has none, and a text that
/// says "7.4 % errors" would be wrong there.
fn is_about_rows(notification: &Notification) -> bool {
    match notification.kind {
        NotificationKind::AlertMatches
        | NotificationKind::AlertStarted
        | NotificationKind::AlertRepeated
        | NotificationKind::AlertResolved
        | NotificationKind::AlertChanged
        | NotificationKind::AlertSummary
        | NotificationKind::ReportReady
        | NotificationKind::IssueNew
        | NotificationKind::IssueRegressed
        | NotificationKind::IssueEscalating
        | NotificationKind::IssueDigest => true,
        NotificationKind::AlertUpdated => notification.reason != Reason::Overflow,
        NotificationKind::AlertNoData
        | NotificationKind::AlertFailed
        | NotificationKind::AlertRecovered
        | NotificationKind::ChannelBroken
        | NotificationKind::Test => false,
    }
}

/// `None` when there is no template, it failed, or it says nothing: then the built-in text stays.
fn rendered(
    word: &str,
    joint: &str,
    template: Option<&Template>,
    scene: &Scene<'_>,
    footer: &mut Vec<String>,
) -> Option<String> {
    let template = template?;
    let notification = scene.notification;
    let is_of_several = template.needs_instance() && notification.instance.is_none();
    // What is over may have left no row behind: then there is nothing to fill the template with.
    if notification.rows.is_empty() && (template.needs_row() || is_of_several) {
        return None;
    }
    let text = if is_of_several {
        of_each(template, joint, scene)
    } else {
        template.render(&context(notification, scene.presentation))
    };
    match text {
        Ok(text) => Some(text).filter(|text| !one_line(text).is_empty()),
        Err(problem) => {
            footer.push(cut(&format!("the {word} template failed: {problem}"), FOOTER_PART_MAX_CHARS));
            None
        }
    }
}

/// One message about several instances says the template once for each of the first ones.
fn of_each(template: &Template, joint: &str, scene: &Scene<'_>) -> Result<String, String> {
    let notification = scene.notification;
    let shown = notification.rows.len().min(TEMPLATE_INSTANCES_MAX);
    let mut parts = (0..shown)
        .map(|place| template.render(&context_of_row(notification, scene.presentation, place)))
        .collect::<Result<Vec<String>, String>>()?;
    let more = notification.row_count.max(notification.rows.len() as u64) - shown as u64;
    if more > 0 {
        parts.push(format!("and {}", counted(more, "more row")));
    }
    Ok(parts.join(joint))
}

//! The first line of what has one line only: a pager's message, a mail's subject.

use watchfire_model::{Notification, NotificationKind, Reason, Severity};

use crate::message::Message;
use crate::message::text::one_line;

/// What it is about in one line, its urgency or kind before it: `[critical] Error rate above 5 %`.
///
/// Whether it still holds is not said: the line stays with an incident or a thread of mails to its end.
pub(crate) fn headline(notification: &Notification, message: &Message) -> String {
    let title = one_line(&message.title);
    match tag(notification, message.severity) {
        Some(tag) => format!("[{tag}] {title}"),
        None => title,
    }
}

fn tag(notification: &Notification, severity: Option<Severity>) -> Option<&'static str> {
    match notification.kind {
        NotificationKind::AlertMatches
        | NotificationKind::AlertStarted
        | NotificationKind::AlertRepeated
        | NotificationKind::AlertUpdated
        | NotificationKind::AlertChanged => Some(severity.map_or("alert", Severity::as_str)),
        NotificationKind::AlertResolved => Some("resolved"),
        NotificationKind::AlertNoData if notification.reason == Reason::DataBack => Some("resolved"),
        NotificationKind::AlertNoData => Some("no data"),
        NotificationKind::AlertFailed | NotificationKind::AlertRecovered | NotificationKind::ChannelBroken => {
            Some("engine")
        }
        NotificationKind::AlertSummary => Some("summary"),
        NotificationKind::ReportReady => None,
        NotificationKind::IssueNew
        | NotificationKind::IssueRegressed
        | NotificationKind::IssueEscalating
        | NotificationKind::IssueDigest => Some("issue"),
        NotificationKind::Test => Some("test"),
    }
}

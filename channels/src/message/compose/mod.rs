//! From a notification to what people read: one match over kinds and reasons, its words in leaf files.
//!
//! Pure, and without a clock: every duration is counted from the notification's own instants, so that a message
//! that waited says the same as one that was sent at once.

mod bounded;
mod changes;
mod facts;
mod footer;
mod headline;
mod links;
mod report;
mod rows;
mod summary;
mod templated;

pub(crate) use changes::difference;

use chrono_tz::Tz;
use watchfire_model::{ChannelName, Notification, NotificationKind, Reason, Timestamp};

use super::{Message, Tone, duration_text, text};
use crate::limits::ERROR_MAX_CHARS;
use crate::presentation::{Format, Presentation};

/// What is told, and how it shall look.
#[derive(Debug, Clone, Copy)]
struct Scene<'a> {
    notification: &'a Notification,
    presentation: &'a Presentation,
    format: &'a Format,
}

/// Says a notification in words, as its rule wants it to look in this channel.
///
/// Every part keeps the limits of [`crate::limits`]. The rule's name is always in it. A template that fails
/// gives way to the built-in text, with a word about it in the footer.
pub fn compose(notification: &Notification, presentation: &Presentation, channel: &ChannelName) -> Message {
    let plain = Format::default();
    let format = presentation.formats.get(channel).unwrap_or(&plain);
    let scene = Scene { notification, presentation, format };
    let rows = rows::of(&scene);
    let mut message = Message {
        tone: tone(notification),
        severity: notification.severity,
        state: headline::state(&scene),
        title: headline::title(&scene),
        summary: summary::of(&scene),
        facts: facts::of(&scene),
        footer: footer::of(&scene, rows.as_ref()),
        table: rows.map(|rows| rows.table),
        changes: changes::of(&scene),
        error: error(notification),
        links: links::of(notification),
        at: notification.occurred_at,
    };
    templated::apply(&scene, &mut message);
    bounded::keep(&mut message);
    message
}

/// What failed, word for word. When it works again its code is enough: the text would read like a new failure.
fn error(notification: &Notification) -> Option<String> {
    let error = notification.error.as_ref().filter(|_| notification.kind != NotificationKind::AlertRecovered)?;
    Some(text::cut_middle(&text::lines(&error.message), ERROR_MAX_CHARS))
}

/// Color and symbol.
fn tone(notification: &Notification) -> Tone {
    if notification.rule_end.is_some() {
        // Neither well nor worse: nobody looks any more.
        return Tone::Changed;
    }
    match notification.kind {
        NotificationKind::AlertMatches
        | NotificationKind::AlertStarted
        | NotificationKind::AlertRepeated
        | NotificationKind::IssueNew => Tone::Firing,
        NotificationKind::AlertUpdated => {
            let is_bad = matches!(notification.reason, Reason::SeverityRaised | Reason::SilenceEnded);
            if is_bad { Tone::Firing } else { Tone::Changed }
        }
        NotificationKind::AlertChanged
        | NotificationKind::AlertSummary
        | NotificationKind::IssueRegressed
        | NotificationKind::IssueEscalating
        | NotificationKind::IssueDigest => Tone::Changed,
        NotificationKind::AlertResolved | NotificationKind::AlertRecovered => Tone::Resolved,
        NotificationKind::AlertNoData if notification.reason == Reason::DataBack => Tone::Resolved,
        NotificationKind::AlertNoData => Tone::Trouble,
        NotificationKind::AlertFailed | NotificationKind::ChannelBroken => Tone::Trouble,
        NotificationKind::ReportReady => Tone::Report,
        NotificationKind::Test => Tone::Test,
    }
}

impl Scene<'_> {
    fn zone(&self) -> Tz {
        self.presentation.timezone
    }

    /// When it became true: the day that clocks are shown without a date.
    fn now(&self) -> Timestamp {
        self.notification.occurred_at
    }

    /// How long it lasts or lasted; `None` when nobody knows since when, or since this very instant.
    fn lasted(&self) -> Option<String> {
        let lasted = self.now().since(self.notification.since?);
        let micros = i64::try_from(lasted.as_micros()).unwrap_or(i64::MAX);
        (micros > 0).then(|| duration_text(micros))
    }
}

/// `1 row`, `3 rows`, `1,200 rows`.
fn counted(number: u64, noun: &str) -> String {
    let digits = super::number_text::grouped(&number.to_string());
    if number == 1 { format!("1 {noun}") } else { format!("{digits} {noun}s") }
}

#[cfg(test)]
mod any;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod tests;

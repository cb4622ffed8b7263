//! From a notification to what people read.

use std::collections::BTreeSet;

use watchfire_model::{ChannelName, Notification};

use super::table::Choice;
use super::{Message, Table, Tone};
use crate::presentation::Presentation;

/// Says a notification in words, as its rule wants it to look in this channel.
pub fn compose(notification: &Notification, presentation: &Presentation, channel: &ChannelName) -> Message {
    let format = presentation.formats.get(channel);
    let max_rows = format.and_then(|format| format.max_rows).unwrap_or(usize::MAX);
    let choice = Choice { first: &BTreeSet::new(), max_rows, zone: presentation.timezone };
    let table = Table::of(&notification.columns, &notification.rows, notification.row_count, choice);
    Message {
        tone: Tone::Firing,
        severity: notification.severity,
        state: notification.kind.to_string(),
        title: notification.rule.as_ref().map_or_else(|| "Test".to_owned(), |rule| rule.name.to_string()),
        summary: String::new(),
        facts: Vec::new(),
        table: table.map(|(table, _)| table),
        changes: None,
        error: None,
        links: Vec::new(),
        footer: Vec::new(),
        at: notification.occurred_at,
    }
}

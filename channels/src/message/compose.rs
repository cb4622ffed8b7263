//! From a notification to what people read.

use watchfire_model::{ChannelName, Notification};

use super::{Message, Tone};
use crate::presentation::Presentation;

/// Says a notification in words, as its rule wants it to look in this channel.
pub fn compose(notification: &Notification, _presentation: &Presentation, _channel: &ChannelName) -> Message {
    Message {
        tone: Tone::Firing,
        severity: notification.severity,
        state: notification.kind.to_string(),
        title: notification.rule.as_ref().map_or_else(|| "Test".to_owned(), |rule| rule.name.to_string()),
        summary: String::new(),
        facts: Vec::new(),
        table: None,
        changes: None,
        error: None,
        links: Vec::new(),
        footer: Vec::new(),
        at: notification.occurred_at,
    }
}

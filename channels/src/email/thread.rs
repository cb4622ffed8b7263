//! What makes mails one conversation, and tells machines what they are about.

use lettre::message::Mailbox;
use serde_json::{Value as Json, json};
use url::Url;
use watchfire_model::Notification;

/// A mail that later ones reply to. Kept as text with the delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Root {
    /// Its `Message-ID`, with angle brackets.
    pub(super) message_id: String,
    /// Its subject.
    pub(super) subject: String,
}

impl Root {
    /// Reads what [`Self::to_text`] wrote; `None` for anything else, and the mail then begins a thread.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let kept: Json = serde_json::from_str(text).ok()?;
        let message_id = kept["message_id"].as_str()?;
        let is_id = message_id.len() > 2
            && message_id.starts_with('<')
            && message_id.ends_with('>')
            && message_id.chars().all(|c| c.is_ascii_graphic());
        let subject = kept["subject"].as_str().map(crate::message::text::one_line)?;
        is_id.then(|| Self { message_id: message_id.to_owned(), subject })
    }

    /// The text that is kept.
    pub(super) fn to_text(&self) -> String {
        json!({"message_id": self.message_id, "subject": self.subject}).to_string()
    }
}

/// `<{notification id}@{domain of the sender}>`: the same at each attempt, and no two notifications share it.
pub(super) fn message_id(notification: &Notification, from: &Mailbox) -> String {
    format!("<{}@{}>", word(notification.id.as_str()), domain(from))
}

/// `<{rule}.{project}.watchfire.{domain}>`, by which people sort their mail.
pub(super) fn list_id(notification: &Notification, from: &Mailbox) -> String {
    let project = label(notification.project.as_str());
    match &notification.rule {
        Some(rule) => format!("<{}.{project}.watchfire.{}>", label(rule.name.as_str()), domain(from)),
        None => format!("<{project}.watchfire.{}>", domain(from)),
    }
}

/// A text as one word of a header.
pub(super) fn word(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' }).collect()
}

/// A text as a part of a name with dots, at most 60 characters.
pub(super) fn label(text: &str) -> String {
    let label: String =
        text.chars().take(60).map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    match label.trim_matches('-') {
        "" => "unnamed".to_owned(),
        label => label.to_owned(),
    }
}

/// The sender's domain as a name; ids need one that nobody else makes ids with.
fn domain(from: &Mailbox) -> String {
    let parsed = Url::parse(&format!("http://{}/", from.email.domain())).ok();
    let host = parsed.as_ref().and_then(Url::host_str).filter(|host| !host.starts_with('['));
    host.unwrap_or("watchfire.invalid").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_of_a_mail_is_read_again_and_junk_is_none() {
        let root = Root { message_id: "<nt_1@example.com>".into(), subject: "[critical] a \"b\"".into() };
        assert_eq!(Root::parse(&root.to_text()), Some(root));
        for text in [
            "",
            "null",
            "<nt_1@example.com>",
            r#"{"message_id": "<a@b>"}"#,
            r#"{"message_id": "a@b", "subject": "s"}"#,
            r#"{"message_id": "<a@b>\r\nBcc: c@d>", "subject": "s"}"#,
        ] {
            assert_eq!(Root::parse(text), None, "{text}");
        }
    }
}

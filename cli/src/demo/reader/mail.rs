//! A mail on the screen.

use mail_parser::{MessageParser, MimeHeaders};

use crate::demo::mail_server::Mail;

/// Head and text, and what is attached.
pub(super) fn seen(mail: &Mail) -> String {
    let Some(message) = MessageParser::default().parse(&mail.message) else {
        return format!("From {} to {}: no mail that can be read", mail.from, mail.to.join(", "));
    };
    let mut lines = vec![format!("Subject: {}", message.subject().unwrap_or_default())];
    lines.push(format!("To:      {}", mail.to.join(", ")));
    if let Some(root) = message.in_reply_to().as_text() {
        lines.push(format!("Thread:  answers <{root}>"));
    }
    lines.push(String::new());
    lines.push(message.body_text(0).map(|text| text.replace("\r\n", "\n")).unwrap_or_default().trim_end().to_owned());
    for part in message.attachments() {
        lines.push(format!("[attached: {}, {} bytes]", part.attachment_name().unwrap_or("?"), part.len()));
    }
    lines.join("\n")
}

//! Mail: one message with text, HTML and, where a rule wants it, its rows as a CSV file.
//!
//! ```text
//!  multipart/mixed
//!  ├── multipart/alternative
//!  │   ├── text/plain    readers take the last part that they can show
//!  │   └── text/html
//!  └── text/csv          only where there is one; else the alternative is the whole
//! ```
//!
//! The `Message-ID` comes from the notification, so that a mail that arrives twice is one mail. All receivers
//! stand in `To`: a team sees who else was told.

mod address;
mod csv_file;
mod page;
mod thread;

use std::time::{Duration, UNIX_EPOCH};

use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder, MultiPart, SinglePart};
use lettre::{Message as Mail, address::Envelope};
use watchfire_model::{Notification, NotificationKind, Severity, ThreadKey};

use crate::channel::{RenderError, Telling};
use crate::check::SpecError;
use crate::headline::headline;
use crate::limits::{MAIL_RECEIVERS_MAX, MAIL_ROWS_MAX, MAIL_SUBJECT_MAX_CHARS, MAIL_TABLE_WIDTH, MAIL_TEXT_MAX_CHARS};
use crate::message::Message;
use crate::message::text::{cut, lines, one_line};
use crate::plain_text::plain_text;
use crate::spec::EmailSpec;
use crate::wire::{Wire, WireMail};

pub use address::check_mail_address;

/// Makes the mail that tells a message. Nothing in it depends on chance.
///
/// # Errors
/// When the definition has no sender or receiver that is a mail address, or too many receivers.
pub fn render(
    spec: &EmailSpec,
    message: &Message,
    telling: &Telling<'_>,
    attaches_csv: bool,
) -> Result<Wire, RenderError> {
    let from = address::mailbox(&spec.from)?;
    let to = receivers(spec)?;
    let own_id = thread::message_id(telling.notification, &from);
    let root = telling.root.and_then(thread::Root::parse);
    let subject = root.as_ref().map_or_else(|| subject(telling.notification, message), |root| root.subject.clone());
    let remote = thread::Root { message_id: own_id.clone(), subject: subject.clone() }.to_text();

    let mut builder = head(telling, &from, &to, &own_id);
    builder = match &root {
        Some(root) => builder
            .subject(format!("Re: {subject}"))
            .in_reply_to(root.message_id.clone())
            .references(root.message_id.clone()),
        None => builder.subject(subject),
    };
    let mail = builder
        .multipart(parts(message, telling.notification, attaches_csv))
        .map_err(|_| SpecError::MailAddress { why: "the envelope cannot be written" })?;
    Ok(Wire::Mail(WireMail {
        smtp: spec.smtp.clone(),
        from: from.email.to_string(),
        to: to.iter().map(|mailbox| mailbox.email.to_string()).collect(),
        message: mail.formatted(),
        remote,
    }))
}

/// Each receiver once, in order.
fn receivers(spec: &EmailSpec) -> Result<Vec<Mailbox>, SpecError> {
    let mut receivers: Vec<Mailbox> = Vec::new();
    for text in &spec.to {
        let mailbox = address::mailbox(text)?;
        if !receivers.iter().any(|known| known.email == mailbox.email) {
            receivers.push(mailbox);
        }
    }
    match receivers.len() {
        1..=MAIL_RECEIVERS_MAX => Ok(receivers),
        count => Err(SpecError::MailReceivers { count }),
    }
}

/// The headers that do not depend on the thread.
///
/// `Date` is the attempt's: a mail that waited is sorted among those of the hour in which it comes, and says
/// itself when it became true.
fn head(telling: &Telling<'_>, from: &Mailbox, to: &[Mailbox], own_id: &str) -> MessageBuilder {
    let notification = telling.notification;
    let micros = u64::try_from(telling.attempted_at.as_micros()).unwrap_or(0);
    let envelope = Envelope::new(Some(from.email.clone()), to.iter().map(|mailbox| mailbox.email.clone()).collect());
    let mut builder = Mail::builder().from(from.clone());
    for mailbox in to {
        builder = builder.to(mailbox.clone());
    }
    builder = builder
        .envelope(envelope.expect("there is at least one receiver"))
        .date(UNIX_EPOCH + Duration::from_micros(micros))
        .message_id(Some(own_id.to_owned()));
    let alert = notification.thread.as_ref().map_or_else(|| notification.id.as_str(), ThreadKey::as_str);
    let mut extra = vec![
        ("Auto-Submitted", "auto-generated".to_owned()),
        ("X-Auto-Response-Suppress", "All".to_owned()),
        ("List-Id", thread::list_id(notification, from)),
        ("X-Alert-Id", thread::word(alert)),
    ];
    if is_urgent(notification) {
        extra.push(("Importance", "high".to_owned()));
    }
    for (name, value) in extra {
        builder = builder.raw_header(HeaderValue::new(HeaderName::new_from_ascii_str(name), value));
    }
    builder
}

/// Critical, and not over.
fn is_urgent(notification: &Notification) -> bool {
    let is_over = matches!(
        notification.kind,
        NotificationKind::AlertResolved | NotificationKind::AlertRecovered | NotificationKind::AlertSummary
    );
    notification.severity == Some(Severity::Critical) && !is_over
}

fn subject(notification: &Notification, message: &Message) -> String {
    // What looks like an encoded word in the data would be decoded by readers.
    let line = headline(notification, message).replace("=?", "= ?");
    cut(&one_line(&line), MAIL_SUBJECT_MAX_CHARS)
}

fn parts(message: &Message, notification: &Notification, attaches_csv: bool) -> MultiPart {
    let csv = (attaches_csv && !notification.columns.is_empty()).then(|| csv_file::CsvFile::of(notification));
    let note = csv.as_ref().map(csv_file::CsvFile::note);
    let alternative = MultiPart::alternative()
        .boundary(boundary(notification, "alternative"))
        .singlepart(part(ContentType::TEXT_PLAIN, text(message, note.as_deref())))
        .singlepart(part(ContentType::TEXT_HTML, page::page(message, note.as_deref())));
    match csv {
        Some(csv) => MultiPart::mixed()
            .boundary(boundary(notification, "mixed"))
            .multipart(alternative)
            .singlepart(csv.part(notification)),
        None => alternative,
    }
}

fn text(message: &Message, note: Option<&str>) -> String {
    let mut text = plain_text(message, MAIL_TABLE_WIDTH, MAIL_ROWS_MAX);
    if let Some(note) = note {
        text.push_str("\n\n");
        text.push_str(note);
    }
    format!("{}\n", cut(&lines(&text), MAIL_TEXT_MAX_CHARS))
}

/// A part whose lines are short and whose bytes are ASCII, whatever its text is.
fn part(kind: ContentType, text: String) -> SinglePart {
    SinglePart::builder().header(kind).header(ContentTransferEncoding::QuotedPrintable).body(text)
}

/// What separates parts: `=_` cannot occur in an encoded part, so no text can imitate it.
fn boundary(notification: &Notification, part: &str) -> String {
    format!("=_{}_{part}", thread::word(notification.id.as_str()))
}

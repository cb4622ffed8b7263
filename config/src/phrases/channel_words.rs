//! Words of channels.

use watchfire_channels::SmtpTls;

use crate::read::Phrase;

/// `layout` of a Slack channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    Attachment,
    Blocks,
}

impl Phrase for Layout {
    const CODE: &'static str = "unknown_layout";
    const NOUN: &'static str = "a layout";
    const EXPECTED: &'static str = "attachment or blocks";
    const EXAMPLE: &'static str = "attachment";
    const WORDS: &'static [&'static str] = &["attachment", "blocks"];

    fn parse(text: &str) -> Option<Self> {
        match text {
            "attachment" => Some(Self::Attachment),
            "blocks" => Some(Self::Blocks),
            _ => None,
        }
    }
}

/// `tls` of an SMTP server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tls(pub SmtpTls);

impl Phrase for Tls {
    const CODE: &'static str = "unknown_tls";
    const NOUN: &'static str = "a way to protect the connection";
    const EXPECTED: &'static str = "none, starttls or implicit";
    const EXAMPLE: &'static str = "starttls";
    const WORDS: &'static [&'static str] = &["none", "starttls", "implicit"];

    fn parse(text: &str) -> Option<Self> {
        match text {
            "none" => Some(Self(SmtpTls::None)),
            "starttls" => Some(Self(SmtpTls::Starttls)),
            "implicit" => Some(Self(SmtpTls::Implicit)),
            _ => None,
        }
    }
}

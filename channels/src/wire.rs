//! A request as the receiver will see it, and as people may see it.

use std::fmt;

use base64::{Engine, prelude::BASE64_STANDARD as BASE64};
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use url::Url;
use watchfire_model::Timestamp;

use crate::address::masked_address;
use crate::redact::Redactor;
use crate::spec::SmtpSpec;

/// What stands for a value that is not shown.
const MASK: &str = "***";

/// Headers whose values are no secrets, whoever set them.
const HARMLESS_HEADERS: [&str; 4] = ["content-type", "user-agent", "webhook-id", "webhook-timestamp"];

/// Who we are to receivers over HTTP.
pub(crate) const USER_AGENT: &str = concat!("Watchfire/", env!("CARGO_PKG_VERSION"));

/// What goes over the wire in one attempt.
#[derive(Debug, Clone)]
pub enum Wire {
    /// One HTTP request.
    Http(WireRequest),
    /// One mail.
    Mail(WireMail),
    /// Nothing: this receiver has no words for it.
    Nothing {
        /// Why, in a sentence for people.
        why: String,
    },
}

/// Whose answers are to be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Vendor {
    /// Anybody who takes our own body.
    Webhook,
    /// Slack, or who speaks like it.
    Slack,
    /// Discord.
    Discord,
    /// Opsgenie or Jira Service Management.
    Opsgenie,
}

/// One mail, rendered and not yet sent. `Debug` shows no address and no text.
#[derive(Clone)]
pub struct WireMail {
    /// The server that takes it.
    pub smtp: SmtpSpec,
    /// The envelope's sender, an address.
    pub from: String,
    /// The envelope's receivers, addresses.
    pub to: Vec<String>,
    /// The whole message, headers and parts, as it is handed over.
    pub message: Vec<u8>,
    /// What later mails of the thread need to know of this one.
    pub remote: String,
}

/// One HTTP request, rendered and not yet sent. `Debug` shows no secret and no body.
#[derive(Clone)]
pub struct WireRequest {
    /// Whose answer it gets.
    pub vendor: Vendor,
    /// The HTTP method.
    pub method: Method,
    /// The whole address.
    pub url: SecretString,
    /// Headers in the order in which they are sent; names in lower case.
    pub headers: Vec<(String, HeaderText)>,
    /// The exact bytes of the body; a signature covers them.
    pub body: Vec<u8>,
    /// The instant of the attempt that this request is for.
    pub attempted_at: Timestamp,
}

impl WireMail {
    /// The mail as its server will see it: the envelope, then the message, byte for byte.
    ///
    /// Holds no password; addresses and texts are shown as they are.
    pub fn preview(&self) -> String {
        let receivers: String = self.to.iter().map(|address| format!("RCPT TO:<{address}>\n")).collect();
        let message = String::from_utf8_lossy(&self.message).replace("\r\n", "\n");
        format!("MAIL FROM:<{}>\n{receivers}\n{message}", self.from)
    }
}

impl fmt::Debug for WireMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WireMail")
            .field("host", &self.smtp.host)
            .field("port", &self.smtp.port)
            .field("tls", &self.smtp.tls)
            .field("receivers", &self.to.len())
            .field("message_bytes", &self.message.len())
            .finish()
    }
}

/// The value of a header; may be a secret, so neither `Debug` nor `Display` shows it.
#[derive(Clone)]
pub struct HeaderText(SecretString);

impl HeaderText {
    /// Wraps a value.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The value itself, for the wire only.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for HeaderText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Display for HeaderText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl WireRequest {
    /// The address as people may see it: `https://host/… (3f9a)`.
    ///
    /// For Opsgenie with its path, which says what the request does: its key is in a header. The query is masked.
    pub fn masked_url(&self) -> String {
        let masked = masked_address(self.url.expose_secret());
        match (self.vendor, Url::parse(self.url.expose_secret().trim())) {
            (Vendor::Opsgenie, Ok(url)) => {
                let query = if url.query().is_some() { "?…" } else { "" };
                masked.replacen("/…", &format!("{}{query}", url.path()), 1)
            }
            (Vendor::Opsgenie, Err(_)) | (Vendor::Webhook | Vendor::Slack | Vendor::Discord, _) => masked,
        }
    }

    /// The headers as people may see them: harmless ones as they are, `***` for every other value.
    pub fn masked_headers(&self) -> Vec<(&str, &str)> {
        self.headers.iter().map(|(name, text)| (name.as_str(), shown(name, text))).collect()
    }

    /// Removes from what the receiver says whatever it was told in confidence.
    pub(crate) fn redactor(&self) -> Redactor {
        let mut redactor = Redactor::default();
        redactor.address(self.url.expose_secret());
        if let Ok(url) = Url::parse(self.url.expose_secret().trim()) {
            redactor.parts_of(&url);
        }
        for (_, text) in self.headers.iter().filter(|(name, _)| !is_harmless(name)) {
            redactor.header(text.expose());
            // A receiver may name the password that it decoded.
            if let Some(pair) = text.expose().strip_prefix("Basic ").and_then(|encoded| BASE64.decode(encoded).ok()) {
                redactor.header(&String::from_utf8_lossy(&pair).replacen(':', " ", 1));
            }
        }
        redactor
    }
}

impl fmt::Debug for WireRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WireRequest")
            .field("method", &self.method)
            .field("url", &self.masked_url())
            .field("headers", &self.masked_headers())
            .field("body_bytes", &self.body.len())
            .field("attempted_at", &self.attempted_at.to_string())
            .finish()
    }
}

fn is_harmless(name: &str) -> bool {
    HARMLESS_HEADERS.iter().any(|harmless| name.eq_ignore_ascii_case(harmless))
}

fn shown<'a>(name: &str, text: &'a HeaderText) -> &'a str {
    if is_harmless(name) { text.expose() } else { MASK }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> WireRequest {
        WireRequest {
            vendor: Vendor::Webhook,
            method: Method::POST,
            url: "https://example.com/services/SECRET".into(),
            headers: vec![
                ("content-type".into(), HeaderText::new("application/json")),
                ("webhook-signature".into(), HeaderText::new("v1,SECRET")),
                ("authorization".into(), HeaderText::new("Bearer SECRET")),
            ],
            body: b"SECRET".to_vec(),
            attempted_at: Timestamp::EPOCH,
        }
    }

    #[test]
    fn harmless_headers_are_shown_and_every_other_value_is_masked() {
        assert_eq!(
            request().masked_headers(),
            [("content-type", "application/json"), ("webhook-signature", "***"), ("authorization", "***")]
        );
    }

    #[test]
    fn what_a_request_to_opsgenie_does_is_seen_in_its_path() {
        let url = "https://ann:SECRET@api.opsgenie.com/v2/alerts/a1/close?identifierType=SECRET";
        let shown = WireRequest { vendor: Vendor::Opsgenie, url: url.into(), ..request() }.masked_url();
        assert!(shown.starts_with("https://api.opsgenie.com/v2/alerts/a1/close?… ("), "{shown}");
        assert!(!shown.contains("SECRET"), "{shown}");
    }

    #[test]
    fn no_secret_and_no_body_is_in_any_text_of_a_request() {
        let request = request();
        let header = &request.headers[2].1;
        let texts = format!("{request:?} {request:#?} {header} {header:?} {}", request.masked_url());
        assert!(!texts.contains("SECRET"), "{texts}");
        assert!(texts.contains("body_bytes: 6"), "{texts}");
    }
}

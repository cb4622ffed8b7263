//! One attempt. Never a second one: `delivery` decides about that.

use std::error::Error as _;
use std::time::{Duration, Instant};

use reqwest::{Client, ClientBuilder, Response};
use secrecy::ExposeSecret;
use tracing::warn;

use crate::classify::{SendOutcome, classify};
use crate::limits::{
    ANSWER_MAX_BYTES, CONNECT_TIMEOUT, DETAIL_MAX_BYTES, IDLE_CONNECTION_FOR, OPSGENIE_STATUS_AFTER,
    REQUEST_TIMEOUT_MAX,
};
use crate::opsgenie;
use crate::smtp::Postman;
use crate::wire::{Vendor, Wire, WireRequest};

/// Sends requests. One for the whole process: it keeps connections open between messages.
///
/// Redirects are not followed, proxies of the environment are not asked, nothing is sent twice.
#[derive(Debug, Clone)]
pub struct Sender {
    client: Client,
    timeout: Duration,
    status_after: Duration,
    postman: Postman,
}

/// What came of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What it means.
    pub outcome: SendOutcome,
    /// The HTTP status, or the code of a mail server's reply; `None` when there was no answer.
    pub status: Option<u16>,
    /// The receiver's words, or why there are none: at most 2 KB, without the secrets of the request.
    pub detail: String,
    /// How long it took, from the first byte to the last.
    pub duration: Duration,
}

/// Why no sender could be made.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The timeout is zero or too long.
    #[error("a delivery timeout of {} s is not between 1 ms and {} s", .timeout.as_secs_f64(), REQUEST_TIMEOUT_MAX.as_secs())]
    Timeout {
        /// The timeout asked for.
        timeout: Duration,
    },
    /// The certificate of an authority cannot be read.
    #[error("the certificate authority cannot be read: {reason}")]
    Root {
        /// What the parser missed.
        reason: String,
    },
    /// The HTTP client does not start.
    #[error("the HTTP client does not start: {reason}")]
    Client {
        /// What it says.
        reason: String,
    },
}

/// Whose certificates are believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    System,
    Nobody,
}

impl Sender {
    /// A sender whose attempts take at most `timeout`, a hard total over connecting, sending and reading.
    pub fn new(timeout: Duration) -> Result<Self, SendError> {
        if timeout < Duration::from_millis(1) || timeout > REQUEST_TIMEOUT_MAX {
            return Err(SendError::Timeout { timeout });
        }
        // A process has one provider; that somebody else installed it first is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = client(timeout, Trust::System).or_else(|error| {
            // A bare container has no certificates. Plain http still works there, so start,
            // and let each https attempt say what is missing.
            let reason = chain(error);
            warn!(reason, "No system certificates: deliveries over https will fail");
            client(timeout, Trust::Nobody).map_err(|error| SendError::Client { reason: chain(error) })
        })?;
        Ok(Self { client, timeout, status_after: OPSGENIE_STATUS_AFTER, postman: Postman::new(timeout) })
    }

    /// The same sender, which asks Opsgenie after this wait what came of an accepted request.
    #[must_use]
    pub fn with_status_after(self, wait: Duration) -> Self {
        Self { status_after: wait, ..self }
    }

    /// The same sender, which also believes mail servers whose certificate comes from this authority (PEM).
    ///
    /// # Errors
    /// When it is no certificate.
    pub fn with_mail_root(self, pem: &[u8]) -> Result<Self, SendError> {
        Ok(Self { postman: self.postman.with_root(pem)?, ..self })
    }

    /// Sends once and says what came of it. Never fails: a failure is an answer too.
    pub async fn send(&self, wire: &Wire) -> Answer {
        match wire {
            Wire::Http(request) => self.request(request).await,
            Wire::Mail(mail) => self.postman.deliver(mail).await,
            Wire::Nothing { why } => Answer {
                outcome: SendOutcome::Sent { remote: None },
                status: None,
                detail: why.clone(),
                duration: Duration::ZERO,
            },
        }
    }

    async fn request(&self, request: &WireRequest) -> Answer {
        let started = Instant::now();
        let first = self.first(request, started).await;
        match (request.vendor, first.status) {
            (Vendor::Opsgenie, Some(status)) => self.settle(request, first, status, started).await,
            (Vendor::Opsgenie, None) | (Vendor::Webhook | Vendor::Slack | Vendor::Discord, _) => first,
        }
    }

    /// Asks once what came of a request that was accepted, and says what both answers mean.
    async fn settle(&self, request: &WireRequest, first: Answer, status: u16, started: Instant) -> Answer {
        let second = match opsgenie::follow_up(request, &first.outcome) {
            Some(question) => self.second(&question, started).await,
            None => None,
        };
        let outcome = opsgenie::settled(request, first.outcome, status, second.as_deref());
        let detail = second.map_or(first.detail, |body| words(&body, false, request));
        Answer { outcome, detail, duration: started.elapsed(), ..first }
    }

    /// The body of the second answer; `None` when there is no time left to ask, or nobody knows.
    async fn second(&self, question: &WireRequest, started: Instant) -> Option<Vec<u8>> {
        let left = self.timeout.checked_sub(started.elapsed())?;
        let asked = async {
            tokio::time::sleep(self.status_after).await;
            let response = self.attempt(question).await.ok()?;
            if response.status().is_success() { Some(read(response).await.0) } else { None }
        };
        tokio::time::timeout(left, asked).await.ok().flatten()
    }

    async fn first(&self, request: &WireRequest, started: Instant) -> Answer {
        let (outcome, status, detail) = match self.attempt(request).await {
            Ok(response) => {
                let status = response.status().as_u16();
                let answered_at = request.attempted_at.plus(started.elapsed());
                let headers = response.headers().clone();
                let (body, is_cut) = read(response).await;
                let outcome = classify(request.vendor, status, &headers, &body, answered_at);
                (outcome, Some(status), words(&body, is_cut, request))
            }
            Err(error) => {
                let outcome = failure(&error);
                (outcome, None, kept(&request.redactor().apply(&chain(error), false)))
            }
        };
        Answer { outcome, status, detail, duration: started.elapsed() }
    }

    async fn attempt(&self, request: &WireRequest) -> reqwest::Result<Response> {
        let mut builder = self.client.request(request.method.clone(), request.url.expose_secret());
        for (name, text) in &request.headers {
            builder = builder.header(name, text.expose());
        }
        builder.body(request.body.clone()).send().await
    }
}

fn client(timeout: Duration, trust: Trust) -> reqwest::Result<Client> {
    let builder = ClientBuilder::new()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .timeout(timeout)
        // Shorter than the whole, so that an address where nobody answers is told apart from
        // a receiver that took the message and fell silent.
        .connect_timeout(CONNECT_TIMEOUT.min(timeout / 2))
        .pool_idle_timeout(IDLE_CONNECTION_FOR);
    match trust {
        Trust::System => builder.build(),
        Trust::Nobody => builder.tls_certs_only([]).build(),
    }
}

/// What an attempt without an answer means.
fn failure(error: &reqwest::Error) -> SendOutcome {
    if error.is_builder() {
        SendOutcome::Config
    } else if error.is_connect() {
        SendOutcome::Transient
    } else {
        // The connection stood. Whether the receiver read the message before it fell silent
        // or hung up cannot be known from here.
        SendOutcome::Unknown
    }
}

/// The error and its causes in one line, without the address.
fn chain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

/// What the receiver says, as far as it is read, and whether there is more.
///
/// The status has been given: a body that breaks off or never ends changes nothing about it.
async fn read(mut response: Response) -> (Vec<u8>, bool) {
    let mut bytes = Vec::new();
    let is_cut = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => break bytes.len() > ANSWER_MAX_BYTES,
            Err(_) => break true,
        }
        if bytes.len() > ANSWER_MAX_BYTES {
            break true;
        }
    };
    bytes.truncate(ANSWER_MAX_BYTES);
    (bytes, is_cut)
}

fn words(body: &[u8], is_cut: bool, request: &WireRequest) -> String {
    if body.is_empty() {
        return String::new();
    }
    kept(&request.redactor().apply(&String::from_utf8_lossy(body), is_cut))
}

/// As much of a text as is kept with an attempt. Control characters become blanks: no database
/// takes a NUL in a text, and no terminal should obey a receiver.
pub(crate) fn kept(text: &str) -> String {
    let printable: String =
        text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { ' ' } else { c }).collect();
    let mut printable = printable.trim().to_owned();
    printable.truncate(printable.floor_char_boundary(DETAIL_MAX_BYTES));
    printable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_certificates_still_has_a_client() {
        // `Sender::new` also installs the process's TLS provider.
        Sender::new(CONNECT_TIMEOUT).unwrap();
        assert!(client(CONNECT_TIMEOUT, Trust::Nobody).is_ok());
    }

    #[test]
    fn what_is_kept_ends_at_a_whole_character_within_the_limit() {
        for (text, bytes) in [("é".repeat(2_000), 2_048), (format!("a{}", "é".repeat(2_000)), 2_047)] {
            assert_eq!(kept(&text).len(), bytes);
        }
        assert_eq!(kept(" a\r\nb\tc\u{0}\u{1b}[2Jd\u{9b}e\n"), "a \nb\tc  [2Jd e");
    }
}

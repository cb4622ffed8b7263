//! Hands a mail to its server, once.
//!
//! ```text
//!  connect ─► (TLS) ─► (login) ─► MAIL ─► RCPT for each ─► DATA ─► the mail ─► 250
//!                                                                  └─ silence from here on: nobody knows
//! ```
//!
//! The steps are taken one by one, so that each receiver's refusal is its own: the others get the mail all
//! the same. Whoever has it already is left out of the next attempt.

mod fate;
mod partial;
mod words;

use std::time::{Duration, Instant};

use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use lettre::transport::smtp::response::Response;
use secrecy::ExposeSecret;

use crate::classify::SendOutcome;
use crate::limits::{MAIL_COMMAND_TIMEOUT, MAIL_CONNECT_TIMEOUT};
use crate::send::{Answer, SendError};
use crate::spec::{SmtpSpec, SmtpTls};
use crate::wire::WireMail;

use fate::{Fate, Fault, Stage, sum};
use partial::Partial;

/// How long the server may take to say goodbye, beyond the time of the attempt; the mail is through.
const FAREWELL_TIMEOUT: Duration = Duration::from_millis(200);

/// Brings mails to their servers. Opens a connection for each.
#[derive(Debug, Clone)]
pub(crate) struct Postman {
    total: Duration,
    root: Option<Certificate>,
    partial: Partial,
}

impl Postman {
    /// `total` is for the whole talk, like that of an HTTP request: the lease of its delivery covers no more.
    pub(crate) fn new(total: Duration) -> Self {
        Self { total, root: None, partial: Partial::default() }
    }

    /// The same, which also believes servers whose certificate comes from this authority (PEM).
    pub(crate) fn with_root(self, pem: &[u8]) -> Result<Self, SendError> {
        let root = Certificate::from_pem(pem).map_err(|error| SendError::Root { reason: error.to_string() })?;
        Ok(Self { root: Some(root), ..self })
    }

    /// Makes one attempt. A failure is an answer too.
    pub(crate) async fn deliver(&self, mail: &WireMail) -> Answer {
        let started = Instant::now();
        let mut talk = Talk { stage: Stage::Connect, fates: Vec::new() };
        let ended = match tokio::time::timeout(self.total, self.converse(mail, &mut talk)).await {
            Ok(ended) => ended,
            Err(_) => Err(Fault::silence(talk.stage, self.total)),
        };
        let (outcome, status, detail) = match ended {
            Ok((reply, mut connection)) => {
                drop(tokio::time::timeout(FAREWELL_TIMEOUT, connection.quit()).await);
                self.delivered(mail, &talk, &reply)
            }
            Err(fault) => (fault.outcome(), fault.code, fault.told()),
        };
        Answer { outcome, status, detail: words::shown(&detail, mail), duration: started.elapsed() }
    }

    /// What it means that the server took the mail, or all that it could be asked of was refused.
    fn delivered(&self, mail: &WireMail, talk: &Talk, reply: &Reply) -> (SendOutcome, Option<u16>, String) {
        let known_as = known_as(mail);
        let outcome = sum(&talk.fates, &mail.remote, self.partial.rounds(&known_as) + 1);
        let detail = fate::told(&talk.fates, &reply.words);
        match outcome {
            SendOutcome::Sent { .. } | SendOutcome::Payload => self.partial.forget(&known_as),
            SendOutcome::Throttled { .. }
            | SendOutcome::Transient
            | SendOutcome::Unknown
            | SendOutcome::Config
            | SendOutcome::Gone => {
                self.partial.remember(&known_as, talk.fates.iter().filter_map(|(address, fate)| fate.has_it(address)));
            }
        }
        (outcome, reply.code, detail)
    }

    async fn converse(&self, mail: &WireMail, talk: &mut Talk) -> Result<(Reply, AsyncSmtpConnection), Fault> {
        let from = address(&mail.from)?;
        let mut connection = self.connect(&mail.smtp, &from, talk).await?;
        login(&mut connection, &mail.smtp, talk).await?;

        talk.stage = Stage::From;
        let parameters = if mail.message.is_ascii() { vec![] } else { vec![MailParameter::SmtpUtfEight] };
        if !parameters.is_empty() && !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            return Err(Fault::own(Stage::From, "an address is not ASCII, and the server takes none (SMTPUTF8)"));
        }
        ask(Stage::From, connection.command(Mail::new(Some(from), parameters))).await?;

        talk.stage = Stage::To;
        talk.fates = self.receivers(&mut connection, mail).await?;
        let taken = talk.fates.iter().any(|(_, fate)| matches!(fate, Fate::Taken));
        let reply = if taken {
            talk.stage = Stage::Data;
            ask(Stage::Data, connection.command(Data)).await?;
            talk.stage = Stage::Body;
            Reply::from(ask(Stage::Body, connection.message(&mail.message)).await?)
        } else {
            Reply::default()
        };
        Ok((reply, connection))
    }

    async fn connect(&self, smtp: &SmtpSpec, from: &Address, talk: &mut Talk) -> Result<AsyncSmtpConnection, Fault> {
        let hello = ClientId::Domain(from.domain().to_owned());
        let server = (smtp.host.as_str(), smtp.port);
        let tls = match smtp.tls {
            SmtpTls::None => None,
            SmtpTls::Starttls | SmtpTls::Implicit => Some(self.tls(&smtp.host)?),
        };
        let implicit = tls.clone().filter(|_| smtp.tls == SmtpTls::Implicit);
        let connecting =
            AsyncSmtpConnection::connect_tokio1(server, Some(MAIL_CONNECT_TIMEOUT), &hello, implicit, None);
        let mut connection = ask(Stage::Connect, Box::pin(connecting)).await?;
        if let Some(tls) = tls.filter(|_| smtp.tls == SmtpTls::Starttls) {
            talk.stage = Stage::Tls;
            ask(Stage::Tls, Box::pin(connection.starttls(tls, &hello))).await?;
        }
        Ok(connection)
    }

    fn tls(&self, host: &str) -> Result<TlsParameters, Fault> {
        let mut builder = TlsParameters::builder(host.to_owned());
        if let Some(root) = &self.root {
            builder = builder.add_root_certificate(root.clone());
        }
        builder.build().map_err(|error| Fault::own(Stage::Tls, &error.to_string()))
    }

    /// Names each receiver that does not have the mail yet. A refusal is that receiver's fate, not the mail's.
    async fn receivers(
        &self,
        connection: &mut AsyncSmtpConnection,
        mail: &WireMail,
    ) -> Result<Vec<(String, Fate)>, Fault> {
        let known = self.partial.known(&known_as(mail));
        let mut fates = Vec::new();
        for receiver in &mail.to {
            let fate = if known.contains(receiver) {
                Fate::Known
            } else {
                match ask(Stage::To, connection.command(Rcpt::new(address(receiver)?, vec![]))).await {
                    Ok(_) => Fate::Taken,
                    Err(fault) => Fate::of(fault)?,
                }
            };
            fates.push((receiver.clone(), fate));
        }
        Ok(fates)
    }
}

/// How far a talk has come.
struct Talk {
    stage: Stage,
    fates: Vec<(String, Fate)>,
}

/// A reply that says yes.
#[derive(Debug, Default)]
struct Reply {
    code: Option<u16>,
    words: String,
}

impl From<Response> for Reply {
    fn from(response: Response) -> Self {
        let lines: Vec<&str> = response.message().collect();
        let code = response.code().to_string();
        Self { code: code.parse().ok(), words: format!("{code} {}", lines.join(" ")) }
    }
}

async fn login(connection: &mut AsyncSmtpConnection, smtp: &SmtpSpec, talk: &mut Talk) -> Result<(), Fault> {
    talk.stage = Stage::Login;
    let (Some(user), Some(password)) = (&smtp.username, &smtp.password) else { return Ok(()) };
    let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
    ask(Stage::Login, connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials)).await?;
    Ok(())
}

/// One question and its answer, within the time for it.
async fn ask<T>(
    stage: Stage,
    question: impl Future<Output = Result<T, lettre::transport::smtp::Error>>,
) -> Result<T, Fault> {
    match tokio::time::timeout(MAIL_COMMAND_TIMEOUT, question).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(Fault::of(stage, &error)),
        Err(_) => Err(Fault::silence(stage, MAIL_COMMAND_TIMEOUT)),
    }
}

fn address(text: &str) -> Result<Address, Fault> {
    text.parse().map_err(|_| Fault::own(Stage::Connect, "the envelope holds what is no mail address"))
}

/// What a mail is remembered by: its own id, whatever its subject is today, for these receivers at this server.
fn known_as(mail: &WireMail) -> String {
    let remote: serde_json::Value = serde_json::from_str(&mail.remote).unwrap_or_default();
    format!("{} {} {}", remote["message_id"], mail.smtp.host, mail.to.join(" "))
}

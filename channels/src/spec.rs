//! Channels as their definitions describe them. Secrets stay wrapped until the request is built.

use secrecy::SecretString;
use watchfire_model::{ChannelClass, ChannelName};

use crate::form::Form;

/// One channel.
#[derive(Debug, Clone)]
pub struct ChannelSpec {
    /// Its name.
    pub name: ChannelName,
    /// Where it leads.
    pub target: Target,
}

/// Kinds of channels with their settings.
#[derive(Debug, Clone)]
pub enum Target {
    /// An HTTP endpoint that takes our own JSON body.
    Webhook(WebhookSpec),
    /// A Slack channel, through an incoming webhook.
    Slack(SlackSpec),
    /// A Discord channel, through a webhook.
    Discord(DiscordSpec),
    /// Opsgenie, or Jira Service Management, which speaks the same.
    Opsgenie(OpsgenieSpec),
    /// Mail, through an SMTP server.
    Email(EmailSpec),
}

/// An HTTP endpoint.
#[derive(Debug, Clone)]
pub struct WebhookSpec {
    /// Its address; a secret, since many addresses hold a token.
    pub url: SecretString,
    /// Extra headers, in order.
    pub headers: Vec<(String, SecretString)>,
    /// Standard Webhooks signing secret (`whsec_…`).
    pub secret: Option<SecretString>,
}

/// A Slack incoming webhook.
#[derive(Debug, Clone)]
pub struct SlackSpec {
    /// The webhook's address, which is the secret; any host, so that a stand-in can take its place.
    pub url: SecretString,
    /// Whether details stand in plain blocks, without the bar of color at their side.
    pub plain_blocks: bool,
}

/// A Discord webhook.
#[derive(Debug, Clone)]
pub struct DiscordSpec {
    /// The webhook's address, which is the secret; any host, so that a stand-in can take its place.
    pub url: SecretString,
    /// The thread of the channel that the messages go to.
    pub thread_id: Option<String>,
}

/// An API integration of Opsgenie or Jira Service Management.
#[derive(Debug, Clone)]
pub struct OpsgenieSpec {
    /// The key of the integration.
    pub auth_key: SecretString,
    /// The base address, for example `https://api.opsgenie.com`; `/v2/alerts` follows.
    pub base_url: String,
    /// Who is called, beside whom the integration itself calls: names of teams.
    pub teams: Vec<String>,
}

/// Mail.
#[derive(Debug, Clone)]
pub struct EmailSpec {
    /// The server that takes the mail.
    pub smtp: SmtpSpec,
    /// The sender, `Name <address>` or an address.
    pub from: String,
    /// The receivers, each `Name <address>` or an address.
    pub to: Vec<String>,
}

/// An SMTP server.
#[derive(Debug, Clone)]
pub struct SmtpSpec {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: SmtpTls,
    /// Who we are there.
    pub username: Option<String>,
    /// The word for it.
    pub password: Option<SecretString>,
}

/// How a connection to an SMTP server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SmtpTls {
    /// Not at all.
    None,
    /// Begins in the clear and must then change to TLS, or nothing is sent.
    Starttls,
    /// TLS from the first byte.
    Implicit,
}

impl Target {
    /// The word for its type in the file.
    pub const fn type_word(&self) -> &'static str {
        match self {
            Self::Webhook(_) => "webhook",
            Self::Slack(_) => "slack",
            Self::Discord(_) => "discord",
            Self::Opsgenie(_) => "opsgenie",
            Self::Email(_) => "email",
        }
    }

    /// The form that a message gets whose present form the receiver refused; `None`: there is no plainer one.
    pub const fn plainer(&self, form: Form) -> Option<Form> {
        match (self, form) {
            (Self::Slack(_), Form::Native) => Some(Form::Mono),
            (Self::Slack(_), Form::Mono) | (Self::Discord(_) | Self::Opsgenie(_), Form::Native | Form::Mono) => {
                Some(Form::Plain)
            }
            (Self::Webhook(_) | Self::Email(_), _)
            | (Self::Slack(_) | Self::Discord(_) | Self::Opsgenie(_), Form::Plain) => None,
        }
    }
}

impl ChannelSpec {
    /// What kind of receiver it is.
    pub const fn class(&self) -> ChannelClass {
        match self.target {
            Target::Webhook(_) => ChannelClass::Webhook,
            Target::Slack(_) | Target::Discord(_) => ChannelClass::Chat,
            Target::Opsgenie(_) => ChannelClass::Paging,
            Target::Email(_) => ChannelClass::Mail,
        }
    }
}

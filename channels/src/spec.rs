//! Channels as their definitions describe them. Secrets stay wrapped until the request is built.

use secrecy::SecretString;
use watchfire_model::{ChannelClass, ChannelName};

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

impl ChannelSpec {
    /// What kind of receiver it is.
    pub const fn class(&self) -> ChannelClass {
        match self.target {
            Target::Webhook(_) => ChannelClass::Webhook,
        }
    }
}

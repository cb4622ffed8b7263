//! What the reader of a message sees, as text: the demo prints it.

mod chat_text;
mod discord;
mod mail;
mod opsgenie;
mod slack;

use watchfire_server::stand_in::Taken;

use super::mail_server::Mail;

/// A message as its reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Where it was read, for example `Slack`.
    pub(crate) place: &'static str,
    /// The lines on the screen.
    pub(crate) text: String,
}

/// What is seen of a message that came over HTTP.
pub(crate) fn of_http(taken: &Taken) -> Seen {
    match taken {
        Taken::Slack(body) => Seen { place: "Slack", text: slack::seen(body) },
        Taken::Discord(body) => Seen { place: "Discord", text: discord::seen(body) },
        Taken::OpsgenieCreate(body) => Seen { place: "Opsgenie", text: opsgenie::created(body) },
        Taken::OpsgenieUpdate { alias, action, body } => {
            Seen { place: "Opsgenie", text: opsgenie::updated(alias, action, body) }
        }
    }
}

/// What is seen of a mail.
pub(crate) fn of_mail(mail: &Mail) -> Seen {
    Seen { place: "Mail", text: mail::seen(mail) }
}

//! Rendering for whatever channel it is. One arm per kind; the work is in the channel's own file.

use watchfire_model::{Notification, Timestamp};

use crate::check::SpecError;
use crate::classify::SendOutcome;
use crate::form::Form;
use crate::message::compose;
use crate::presentation::Presentation;
use crate::spec::{ChannelSpec, Target};
use crate::wire::Wire;
use crate::{discord, email, opsgenie, slack, webhook};

/// Why a notification could not become a request. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The channel's definition is wrong; no message can go out until it is mended.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// This message cannot be made small enough; others can go out.
    #[error("the message has {bytes} bytes without any row, more than the {max_bytes} that a receiver may get")]
    TooLarge {
        /// Its size with all rows and changes dropped.
        bytes: usize,
        /// The limit of the channel.
        max_bytes: usize,
    },
}

impl RenderError {
    /// What it means for the delivery: the same as if the receiver had said it.
    pub const fn outcome(&self) -> SendOutcome {
        match self {
            Self::Spec(_) => SendOutcome::Config,
            Self::TooLarge { .. } => SendOutcome::Payload,
        }
    }
}

/// What an attempt tells, and how.
#[derive(Debug, Clone, Copy)]
pub struct Telling<'a> {
    /// The fact, as it was decided.
    pub notification: &'a Notification,
    /// How its rule wants to look.
    pub presentation: &'a Presentation,
    /// How plainly it is written.
    pub form: Form,
    /// What the receiver called the first message of the same thread, as [`SendOutcome::Sent`] gave it.
    pub root: Option<&'a str>,
    /// The instant of this attempt: receivers refuse old signatures, so each attempt is rendered anew.
    pub attempted_at: Timestamp,
}

impl<'a> Telling<'a> {
    /// The first attempt of a message that stands alone.
    pub const fn first(
        notification: &'a Notification,
        presentation: &'a Presentation,
        attempted_at: Timestamp,
    ) -> Self {
        Self { notification, presentation, form: Form::Native, root: None, attempted_at }
    }
}

/// Makes what goes over the wire to `channel`.
///
/// # Errors
/// When the channel's definition is wrong, or the message cannot be made small enough.
pub fn render(channel: &ChannelSpec, telling: &Telling<'_>) -> Result<Wire, RenderError> {
    let message = || compose(telling.notification, telling.presentation, &channel.name);
    match &channel.target {
        Target::Webhook(spec) => webhook::render(spec, telling.notification, telling.attempted_at).map(Wire::Http),
        Target::Slack(spec) => slack::render(spec, &message(), telling),
        Target::Discord(spec) => discord::render(spec, &message(), telling),
        Target::Opsgenie(spec) => opsgenie::render(spec, &message(), telling),
        Target::Email(spec) => {
            let format = telling.presentation.formats.get(&channel.name);
            email::render(spec, &message(), telling, format.is_some_and(|format| format.attaches_csv))
        }
    }
}

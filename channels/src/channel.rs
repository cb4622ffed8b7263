//! Rendering for whatever channel it is. One arm per kind; the work is in the channel's own file.

use watchfire_model::{Notification, Timestamp};

use crate::check::SpecError;
use crate::classify::SendOutcome;
use crate::spec::{ChannelSpec, Target};
use crate::webhook;
use crate::wire::WireRequest;

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

/// Makes the request that tells `notification` to `channel`.
///
/// `attempted_at` is the instant of this attempt: receivers refuse old signatures, so each attempt is rendered anew.
pub fn render(
    channel: &ChannelSpec,
    notification: &Notification,
    attempted_at: Timestamp,
) -> Result<WireRequest, RenderError> {
    match &channel.target {
        Target::Webhook(spec) => webhook::render(spec, notification, attempted_at),
    }
}

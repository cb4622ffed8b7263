//! Mail.

use crate::channel::{RenderError, Telling};
use crate::message::Message;
use crate::spec::EmailSpec;
use crate::wire::Wire;

/// Makes what tells a message.
pub fn render(_spec: &EmailSpec, message: &Message, _telling: &Telling<'_>) -> Result<Wire, RenderError> {
    Ok(Wire::Nothing { why: message.title.clone() })
}

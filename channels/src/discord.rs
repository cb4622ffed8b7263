//! Discord: the body of a webhook.
//!
//! ```text
//!  Native, Mono  one embed: title, description with table or changes in a code block, fields, footer
//!  Plain         content alone
//! ```
//!
//! Discord has no tables, so its best form is already text of a fixed width. Nobody is ever called:
//! `allowed_mentions` names nobody, whatever the text holds.

mod address;
pub(crate) mod classify;
mod details;
mod embed;
mod limits;
mod markdown;
mod plain;

use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value as Json, json};

use crate::channel::{RenderError, Telling};
use crate::check::check_url;
use crate::form::Form;
use crate::message::Message;
use crate::spec::DiscordSpec;
use crate::wire::{HeaderText, Vendor, Wire, WireRequest};

/// Who speaks in the channel.
const USERNAME: &str = "Watchfire";

/// The flag that keeps addresses in a text from growing previews.
const NO_PREVIEWS: u32 = 1 << 2;

/// Makes the request that tells a message.
///
/// # Errors
/// When the address cannot be read. Any message fits: what is too long is cut and says so.
pub fn render(spec: &DiscordSpec, message: &Message, telling: &Telling<'_>) -> Result<Wire, RenderError> {
    let url = check_url(spec.url.expose_secret())?;
    Ok(Wire::Http(WireRequest {
        vendor: Vendor::Discord,
        method: Method::POST,
        url: String::from(address::posting(&url, spec.thread_id.as_deref())).into(),
        headers: vec![
            ("content-type".to_owned(), HeaderText::new("application/json")),
            // Discord answers nobody who has no name.
            ("user-agent".to_owned(), HeaderText::new(crate::wire::USER_AGENT)),
        ],
        body: body(message, telling.form).to_string().into_bytes(),
        attempted_at: telling.attempted_at,
    }))
}

/// The JSON that tells a message: within every limit of Discord's, whatever the message holds.
pub fn body(message: &Message, form: Form) -> Json {
    let mut body = json!({"username": USERNAME, "allowed_mentions": {"parse": []}});
    match form {
        Form::Native | Form::Mono => body["embeds"] = json!([embed::embed(message)]),
        Form::Plain => {
            body["content"] = json!(plain::content(message).as_str());
            body["flags"] = json!(NO_PREVIEWS);
        }
    }
    body
}

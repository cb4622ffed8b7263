//! Slack: the body of an incoming webhook, and of whoever takes the same.
//!
//! ```text
//!  Native  headline + attachment with a bar of color: summary, facts, table block, links, footer
//!  Mono    the same with the table as text of a fixed width
//!  Plain   text alone
//! ```
//!
//! An incoming webhook says nothing of the message that it makes, so messages are neither edited nor
//! answered in a thread. Whether it takes table blocks is not documented: the plainer forms are for that,
//! and for receivers that know no blocks at all.

mod blocks;
pub(crate) mod classify;
mod limits;
mod mrkdwn;
mod plain;
mod rich;
mod table;

use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value as Json, json};

use crate::channel::{RenderError, Telling};
use crate::check::check_url;
use crate::form::Form;
use crate::message::Message;
use crate::spec::SlackSpec;
use crate::wire::{HeaderText, Vendor, Wire, WireRequest};
use limits::{HEADLINE_MAX_CHARS, STATE_MAX_CHARS};
use mrkdwn::Mrkdwn;

/// Makes the request that tells a message.
///
/// # Errors
/// When the address cannot be read. Any message fits: what is too long is cut and says so.
pub fn render(spec: &SlackSpec, message: &Message, telling: &Telling<'_>) -> Result<Wire, RenderError> {
    let url = check_url(spec.url.expose_secret())?;
    Ok(Wire::Http(WireRequest {
        vendor: Vendor::Slack,
        method: Method::POST,
        url: String::from(url).into(),
        headers: vec![
            ("content-type".to_owned(), HeaderText::new("application/json")),
            ("user-agent".to_owned(), HeaderText::new(crate::wire::USER_AGENT)),
        ],
        body: body(message, telling.form, spec.plain_blocks).to_string().into_bytes(),
        attempted_at: telling.attempted_at,
    }))
}

/// The JSON that tells a message: within every limit of Slack's, whatever the message holds.
///
/// `has_plain_blocks` puts the details into blocks of the message itself, without a bar of color.
pub fn body(message: &Message, form: Form, has_plain_blocks: bool) -> Json {
    let headline = headline(message);
    let mut body = match form {
        Form::Native | Form::Mono if has_plain_blocks => {
            // A message with blocks shows its text in notifications alone.
            json!({"text": headline.as_str(), "blocks": blocks::blocks(message, form, Some(&headline))})
        }
        Form::Native | Form::Mono => match blocks::blocks(message, form, None) {
            blocks if blocks.is_empty() => json!({"text": headline.as_str()}),
            blocks => json!({
                "text": headline.as_str(),
                "attachments": [{
                    "color": format!("#{:06X}", message.tone.color()),
                    "fallback": headline.as_str(),
                    "blocks": blocks,
                }],
            }),
        },
        Form::Plain => json!({"text": plain::text(message, &headline).as_str()}),
    };
    body["unfurl_links"] = json!(false);
    body["unfurl_media"] = json!(false);
    body
}

/// State and title in one line: all that a lock screen shows.
fn headline(message: &Message) -> Mrkdwn {
    let state = Mrkdwn::bold(&message.state, STATE_MAX_CHARS);
    let left = HEADLINE_MAX_CHARS - state.json_chars();
    let title = Mrkdwn::foreign_line(&message.title, left);
    Mrkdwn::ours(message.tone.symbol()).with_word(&state).with_word(&title)
}

//! Discord.

use reqwest::Method;
use serde_json::json;

use crate::channel::{RenderError, Telling};
use crate::message::Message;
use crate::spec::DiscordSpec;
use crate::wire::{HeaderText, Vendor, Wire, WireRequest};

/// Makes the request that tells a message.
pub fn render(spec: &DiscordSpec, message: &Message, telling: &Telling<'_>) -> Result<Wire, RenderError> {
    Ok(Wire::Http(WireRequest {
        vendor: Vendor::Discord,
        method: Method::POST,
        url: spec.url.clone(),
        headers: vec![("content-type".to_owned(), HeaderText::new("application/json"))],
        body: json!({"content": format!("{} {}", message.state, message.title)}).to_string().into_bytes(),
        attempted_at: telling.attempted_at,
    }))
}

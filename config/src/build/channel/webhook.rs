//! Webhooks.

use secrecy::SecretString;
use watchfire_channels::{WebhookSpec, check_header_name, check_header_value, check_secret};

use super::address::address;
use crate::build::Surroundings;
use crate::build::secret::{Literal, refused, secret};
use crate::raw::RawWebhook;
use crate::read::{Item, SecretText, Text};
use crate::report::Report;

/// What a literal address means.
const LITERAL: &str = "the address of the webhook stands in the file; many hold a token";

/// Words in the name of a header whose value is a secret.
const SECRET_WORDS: [&str; 9] =
    ["authorization", "token", "secret", "password", "key", "cookie", "auth", "signature", "credential"];

pub(super) fn target(raw: &RawWebhook, around: &Surroundings<'_>, report: &mut Report) -> Option<WebhookSpec> {
    let url = address(&raw.url, LITERAL, around, report);
    let headers = match &raw.headers.value {
        Some(table) => table.0.iter().filter_map(|(name, value)| header(name, value, around, report)).collect(),
        None => Vec::new(),
    };
    let secret = signing_secret(raw, around, report);
    Some(WebhookSpec { url: url?, headers, secret })
}

fn header(
    name: &Item<Text>,
    value: &Item<SecretText>,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<(String, SecretString)> {
    let key = name.value.0.as_str();
    let lower = key.to_lowercase();
    let literal =
        if SECRET_WORDS.iter().any(|word| lower.contains(word)) { Literal::Refused } else { Literal::Allowed };
    let checked = check_header_name(key);
    if let Err(error) = &checked {
        report.error(name.at(), "bad_header", error.to_string()).help(error.help());
    }
    let (text, _) = secret(key, &value.node, &value.value, literal, around, report)?;
    if let Err(error) = check_header_value(&text) {
        refused("bad_header", key, &value.node, &error, report);
        return None;
    }
    checked.ok()?;
    Some((key.to_owned(), SecretString::from(text)))
}

fn signing_secret(raw: &RawWebhook, around: &Surroundings<'_>, report: &mut Report) -> Option<SecretString> {
    let (value, node) = (raw.secret.value.as_ref()?, raw.secret.node()?);
    let (text, _) = secret("secret", node, value, Literal::Refused, around, report)?;
    if let Err(error) = check_secret(&text) {
        refused("bad_secret", "secret", node, &error, report);
        return None;
    }
    Some(SecretString::from(text))
}

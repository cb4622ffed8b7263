//! Channels.

use secrecy::SecretString;
use watchfire_channels::check::travels_in_the_clear;
use watchfire_channels::{
    ChannelSpec, Target, WebhookSpec, check_header_name, check_header_value, check_secret, check_url,
};
use watchfire_model::ChannelName;

use super::Surroundings;
use super::names::check_name;
use super::secret::{Literal, refused, secret};
use crate::raw::{RawChannel, RawWebhook};
use crate::read::{Item, SecretText, Text, nearest, quoted};
use crate::report::Report;

/// Types that exist.
const TYPES: [&str; 1] = ["webhook"];

/// Words in the name of a header whose value is a secret.
const SECRET_WORDS: [&str; 9] =
    ["authorization", "token", "secret", "password", "key", "cookie", "auth", "signature", "credential"];

/// Makes a channel; `None` when something about it is wrong, which is then reported.
pub(crate) fn channel(raw: &RawChannel, around: &Surroundings<'_>, report: &mut Report) -> Option<ChannelSpec> {
    check_name(raw.name(), report);
    match raw {
        RawChannel::Webhook(raw) => webhook(raw, around, report),
        RawChannel::Later { .. } => None,
    }
}

fn webhook(raw: &RawWebhook, around: &Surroundings<'_>, report: &mut Report) -> Option<ChannelSpec> {
    let before = report.errors();
    let name = raw.name.value.as_ref();
    if !is_webhook(raw, report) {
        // What the other keys must hold depends on the type.
        return None;
    }
    let url = url(raw, around, report);
    let headers = match &raw.headers.value {
        Some(table) => table.0.iter().filter_map(|(name, value)| header(name, value, around, report)).collect(),
        None => Vec::new(),
    };
    let secret = signing_secret(raw, around, report);
    if report.errors() > before {
        return None;
    }
    Some(ChannelSpec {
        name: ChannelName::new(name?.0.trim()),
        target: Target::Webhook(WebhookSpec { url: SecretString::from(url?), headers, secret }),
    })
}

fn is_webhook(raw: &RawWebhook, report: &mut Report) -> bool {
    let (Some(kind), Some(node)) = (&raw.r#type.value, raw.r#type.node()) else { return false };
    match kind.0.as_str() {
        "webhook" => true,
        other => {
            let problem = report.error(
                node.at,
                "unknown_channel_type",
                format!("`type: {}` is no type of channel", quoted(other)),
            );
            match nearest(other, TYPES) {
                Some(word) => problem.help(format!("did you mean `{word}`?")),
                None => problem.help("write `type: webhook`"),
            };
            false
        }
    }
}

fn url(raw: &RawWebhook, around: &Surroundings<'_>, report: &mut Report) -> Option<String> {
    let (value, node) = (raw.url.value.as_ref()?, raw.url.node()?);
    let (text, literal) = secret("url", node, value, Literal::Allowed, around, report)?;
    let url = match check_url(&text) {
        Ok(url) => url,
        Err(error) => {
            refused("bad_url", "url", node, &error, report);
            return None;
        }
    };
    if literal {
        report
            .warning(node.at, "literal_url", "the address of the webhook stands in the file; many hold a token")
            .help("write `url: ${NAME}` or `url: {file: path}`");
    }
    if travels_in_the_clear(&url) {
        report
            .warning(node.at, "plain_http", "messages to this address can be read on their way")
            .help("use an address that begins with `https://`");
    }
    Some(text.trim().to_owned())
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

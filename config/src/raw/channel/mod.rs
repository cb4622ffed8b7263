//! Channels: each type has keys of its own.

mod discord;
mod email;
mod opsgenie;
mod slack;
mod webhook;

use std::rc::Rc;

use schemars::{Schema, SchemaGenerator, json_schema};

pub(crate) use discord::RawDiscord;
pub(crate) use email::{RawEmail, RawSmtp};
pub(crate) use opsgenie::RawOpsgenie;
pub(crate) use slack::RawSlack;
use watchfire_model::ChannelClass;
pub(crate) use webhook::RawWebhook;

use crate::read::{Field, FromNode, Keyed, Keys, Text, nearest, quoted, read_field};
use crate::report::Report;
use crate::yaml::{Node, NodeValue, Span};

/// Types that exist, in the order in which people are told of them.
const TYPES: [&str; 6] = ["slack", "discord", "opsgenie", "jsm", "email", "webhook"];

/// Types that will exist. Their keys are not known yet, so none of them is looked at.
const LATER_TYPES: [&str; 9] =
    ["pagerduty", "teams", "mattermost", "rocketchat", "telegram", "ntfy", "alertmanager", "googlechat", "pushover"];

/// A channel.
#[derive(Debug)]
pub(crate) enum RawChannel {
    Webhook(Box<RawWebhook>),
    Slack(Box<RawSlack>),
    Discord(Box<RawDiscord>),
    Opsgenie(Box<RawOpsgenie>),
    Email(Box<RawEmail>),
    /// Of a type that is missing, unknown or not built yet.
    Unknown {
        name: Field<Text>,
    },
}

impl RawChannel {
    /// Its name.
    pub(crate) fn name(&self) -> &Field<Text> {
        match self {
            Self::Webhook(raw) => &raw.name,
            Self::Slack(raw) => &raw.name,
            Self::Discord(raw) => &raw.name,
            Self::Opsgenie(raw) => &raw.name,
            Self::Email(raw) => &raw.name,
            Self::Unknown { name } => name,
        }
    }

    /// What kind of receiver it is, also when its definition has mistakes; `None`: nobody knows.
    pub(crate) const fn class(&self) -> Option<ChannelClass> {
        match self {
            Self::Webhook(_) => Some(ChannelClass::Webhook),
            Self::Slack(_) | Self::Discord(_) => Some(ChannelClass::Chat),
            Self::Opsgenie(_) => Some(ChannelClass::Paging),
            Self::Email(_) => Some(ChannelClass::Mail),
            Self::Unknown { .. } => None,
        }
    }
}

impl FromNode for RawChannel {
    fn from_node(node: &Rc<Node>, key: &Keyed, report: &mut Report) -> Option<Self> {
        let kind = node.entry("type").and_then(|entry| Some((entry.value.text()?, entry.value.at)));
        match kind {
            Some(("webhook", _)) => RawWebhook::from_node(node, key, report).map(|raw| Self::Webhook(Box::new(raw))),
            Some(("slack", _)) => RawSlack::from_node(node, key, report).map(|raw| Self::Slack(Box::new(raw))),
            Some(("discord", _)) => RawDiscord::from_node(node, key, report).map(|raw| Self::Discord(Box::new(raw))),
            // Jira Service Management took Opsgenie's interface over.
            Some(("opsgenie" | "jsm", _)) => {
                RawOpsgenie::from_node(node, key, report).map(|raw| Self::Opsgenie(Box::new(raw)))
            }
            Some(("email", _)) => RawEmail::from_node(node, key, report).map(|raw| Self::Email(Box::new(raw))),
            Some((word, at)) => Some(of_unknown_type(node, word, at, report)),
            None => without_type(node, report),
        }
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        let types = [
            (RawWebhook::schema(generator), ["webhook"].as_slice()),
            (RawSlack::schema(generator), &["slack"]),
            (RawDiscord::schema(generator), &["discord"]),
            (RawOpsgenie::schema(generator), &["opsgenie", "jsm"]),
            (RawEmail::schema(generator), &["email"]),
        ];
        let types: Vec<_> = types.into_iter().map(|(schema, words)| of_type(schema, words)).collect();
        json_schema!({"oneOf": types})
    }
}

/// The schema of one type, which its word picks.
fn of_type(schema: Schema, words: &[&str]) -> Schema {
    let mut schema = schema;
    if let Some(kind) = schema.pointer_mut("/properties/type").and_then(|kind| kind.as_object_mut()) {
        kind.retain(|key, _| key == "description");
        match words {
            [word] => kind.insert("const".to_owned(), (*word).into()),
            words => kind.insert("enum".to_owned(), words.into()),
        };
    }
    schema
}

/// A channel of which only the name can be read. Its secrets are hidden although nobody reads them:
/// another line may show them.
fn of_unknown_type(node: &Rc<Node>, word: &str, at: Span, report: &mut Report) -> RawChannel {
    let known = || format!("the types are {}", listed());
    if LATER_TYPES.contains(&word) {
        report.error(at, "not_supported_yet", format!("`type: {word}` is not supported yet")).help(known());
    } else {
        let help = match nearest(word, TYPES) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => known(),
        };
        report.error(at, "unknown_channel_type", format!("`type: {}` is no type of channel", quoted(word))).help(help);
    }
    nameable(node, report)
}

fn without_type(node: &Rc<Node>, report: &mut Report) -> Option<RawChannel> {
    let NodeValue::Mapping(entries) = &node.value else {
        report.hide_all(node);
        let message = format!("a channel must be a mapping of keys, not {}", node.shape());
        report.error(node.at, "not_a_mapping", message).help("begin it with `name: …`");
        return None;
    };
    let misspelt = entries.iter().find(|entry| nearest(&entry.key, ["type"]).is_some());
    match (node.entry("type"), misspelt) {
        (Some(entry), _) => {
            let message = format!("`type` must be a word, not {}", entry.value.shape());
            report.error(entry.value.at, "not_a_text", message).help(format!("the types are {}", listed()));
        }
        (None, Some(entry)) => {
            report
                .error(entry.key_at, "unknown_key", format!("a channel has no key `{}`", quoted(&entry.key)))
                .help("did you mean `type`?");
        }
        (None, None) => {
            let at = entries.first().map_or(node.at, |entry| entry.key_at);
            report
                .error(at, "missing_key", "a channel needs `type`")
                .help(format!("add `type: …`; the types are {}", listed()));
        }
    }
    Some(nameable(node, report))
}

fn nameable(node: &Rc<Node>, report: &mut Report) -> RawChannel {
    if let NodeValue::Mapping(entries) = &node.value {
        let values = entries.iter().filter(|entry| !matches!(entry.key.as_str(), "name" | "type"));
        values.for_each(|entry| report.hide_all(&entry.value));
        if node.entry("name").is_none() {
            let at = entries.first().map_or(node.at, |entry| entry.key_at);
            report.error(at, "missing_key", "a channel needs `name`").help("add `name: …`");
        }
    }
    RawChannel::Unknown { name: read_field(node, &RawWebhook::KEYS[0], report) }
}

fn listed() -> String {
    let [others @ .., last] = &TYPES;
    let others: Vec<_> = others.iter().map(|word| format!("`{word}`")).collect();
    format!("{} and `{last}`", others.join(", "))
}

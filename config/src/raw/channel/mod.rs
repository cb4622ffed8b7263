//! Channels.

use std::rc::Rc;

use schemars::{Schema, SchemaGenerator};

use crate::read::{Field, FromNode, Keyed, Keys, NotYet, SecretText, Table, Text, mapping, read_field};
use crate::report::Report;
use crate::yaml::{Node, NodeValue};

/// Types that will exist. Their keys are not known yet, so none of them is looked at.
const LATER_TYPES: [&str; 14] = [
    "slack",
    "discord",
    "opsgenie",
    "jsm",
    "email",
    "pagerduty",
    "teams",
    "mattermost",
    "rocketchat",
    "telegram",
    "ntfy",
    "alertmanager",
    "googlechat",
    "pushover",
];

mapping! {
    /// Where messages go.
    pub(crate) struct RawWebhook, "a channel" {
        /// Its name, by which rules call it.
        name: Text, required;
        /// What kind of receiver it is: `webhook`.
        r#type: Text, required;
        /// The address that takes the messages.
        url: SecretText, required;
        /// Extra headers of each request.
        headers: Table<SecretText>;
        /// Standard Webhooks signing secret, `whsec_…`.
        secret: SecretText;
        /// How the body looks; not supported yet.
        format: NotYet;
    }
}

/// A channel, of a type that exists or will.
#[derive(Debug)]
pub(crate) enum RawChannel {
    Webhook(Box<RawWebhook>),
    Later { name: Field<Text> },
}

impl RawChannel {
    /// Its name.
    pub(crate) fn name(&self) -> &Field<Text> {
        match self {
            Self::Webhook(webhook) => &webhook.name,
            Self::Later { name } => name,
        }
    }
}

impl FromNode for RawChannel {
    fn from_node(node: &Rc<Node>, key: &Keyed, report: &mut Report) -> Option<Self> {
        let later = node.entry("type").filter(|kind| kind.value.text().is_some_and(|text| LATER_TYPES.contains(&text)));
        let Some(kind) = later else {
            return RawWebhook::from_node(node, key, report).map(|raw| Self::Webhook(Box::new(raw)));
        };
        let word = kind.value.text().unwrap_or_default();
        // Its secrets are hidden although nobody reads them: another line may show them.
        if let NodeValue::Mapping(entries) = &node.value {
            entries
                .iter()
                .filter(|entry| entry.key != "name" && entry.key != "type")
                .for_each(|entry| report.hide_all(&entry.value));
        }
        report
            .error(kind.value.at, "not_supported_yet", format!("`type: {word}` is not supported yet"))
            .help("write `type: webhook`");
        Some(Self::Later { name: read_field(node, &RawWebhook::KEYS[0], report) })
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        RawWebhook::schema(generator)
    }
}

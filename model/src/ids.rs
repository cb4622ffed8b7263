//! Names and identities. Each is its own type, so that one is never taken for another.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::fingerprint::Fingerprint;
use crate::instance::InstanceKey;
use crate::notification::Reason;
use crate::time::Timestamp;

macro_rules! text_newtype {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the text as it is; whoever parses it has checked it.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_newtype! {
    /// A rule's name as its file says it; unique within a project.
    RuleName
}
text_newtype! {
    /// A channel's name as its file says it.
    ChannelName
}
text_newtype! {
    /// A project's name; `default` when nobody says otherwise.
    ProjectName
}
text_newtype! {
    /// What a rule is known by for ever: its project and its `id`, else its name.
    RuleUid
}
text_newtype! {
    /// The identity of one fact to tell: `nt_` and 32 hexadecimal digits.
    NotificationId
}
text_newtype! {
    /// What all messages about one episode share: `th_` and 32 hexadecimal digits.
    ///
    /// A receiver's alias or deduplication key, and the key under which a later message finds its first.
    ThreadKey
}

impl RuleUid {
    /// The identity of a rule from its project and its `id` (else its name).
    pub fn derive(project: &ProjectName, id_or_name: &str) -> Self {
        Self(format!("{project}/{id_or_name}"))
    }
}

/// What a thread of messages is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// An episode of an instance, by its number.
    Episode(u64),
    /// The query of the rule fails, since this slot.
    Failure(Timestamp),
    /// Data is missing, since this slot.
    NoData(Timestamp),
}

impl ThreadKey {
    /// Derives the key of the messages about one topic of one instance (or the whole rule).
    ///
    /// It does not depend on the rule's name, its severity or its text, so that an incident opened
    /// before an edit is closed after it.
    pub fn derive(rule: &RuleUid, incarnation: u64, instance: Option<&InstanceKey>, topic: Topic) -> Self {
        let mut parts = Fingerprint::builder("thread/1");
        parts.text(rule.as_str());
        parts.number(incarnation);
        match instance {
            Some(key) => parts.text(key.fingerprint().as_str()),
            None => parts.text(""),
        }
        match topic {
            Topic::Episode(number) => {
                parts.text("episode");
                parts.number(number);
            }
            Topic::Failure(since) => {
                parts.text("failure");
                parts.text(&since.as_micros().to_string());
            }
            Topic::NoData(since) => {
                parts.text("no_data");
                parts.text(&since.as_micros().to_string());
            }
        }
        Self(format!("th_{}", parts.finish().as_str()))
    }
}

impl NotificationId {
    /// Derives the id of what a rule tells at a slot.
    ///
    /// The same decision always gets the same id, so that a replay inserts nothing
    /// new; another slot or reason gets another, so that a repeat is not swallowed.
    pub fn derive(
        rule: &RuleUid,
        incarnation: u64,
        instance: Option<&InstanceKey>,
        scheduled_for: Timestamp,
        reason: Reason,
    ) -> Self {
        let mut parts = Fingerprint::builder("notification/1");
        parts.text(rule.as_str());
        parts.number(incarnation);
        match instance {
            Some(key) => parts.text(key.fingerprint().as_str()),
            None => parts.text(""),
        }
        parts.text(&scheduled_for.as_micros().to_string());
        parts.text(reason.as_str());
        Self(format!("nt_{}", parts.finish().as_str()))
    }

    /// The id of an event that has no slot (a test message, a broken channel), from the event's own id.
    pub fn of_event(event: &str) -> Self {
        let mut parts = Fingerprint::builder("event/1");
        parts.text(event);
        Self(format!("nt_{}", parts.finish().as_str()))
    }
}

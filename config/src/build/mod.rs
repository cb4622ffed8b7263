//! From raw types to domain types: defaults, references, secrets, checks.

mod alert;
mod basics;
mod cadence;
mod channel;
mod database_url;
mod environment;
mod format;
mod lint;
mod message;
mod names;
mod notify;
mod project;
mod report;
mod secret;
mod semantic_hash;
mod settings;
mod source;
mod sql_check;
mod sql_tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use watchfire_model::{ChannelClass, ChannelName};

use crate::settings::Settings;

pub(crate) use alert::alert;
pub(crate) use basics::project_name;
pub(crate) use channel::channel;
pub(crate) use names::Names;
pub(crate) use project::Projects;
pub(crate) use report::report;
pub(crate) use settings::{fallback_channel, settings};
pub(crate) use source::source;
pub(crate) use sql_tokens::names_any;

/// What the definitions of one file may look up.
pub(crate) struct Surroundings<'a> {
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// The folder of the file, absolute.
    pub folder: &'a Path,
}

/// What rules may refer to.
pub(crate) struct Known<'a> {
    pub settings: &'a Settings,
    pub channels: &'a BTreeMap<String, KnownChannel>,
    pub projects: &'a BTreeSet<String>,
}

/// A channel that some file names, also one with mistakes: rules may refer to it all the same.
pub(crate) struct KnownChannel {
    /// What kind of receiver it is; `None`: its type is missing, unknown or not built yet.
    pub class: Option<ChannelClass>,
}

impl Known<'_> {
    /// The channel of that name. One of which nobody knows the kind counts as a webhook.
    pub(crate) fn channel(&self, name: &str) -> Option<(ChannelName, ChannelClass)> {
        let known = self.channels.get(name)?;
        Some((ChannelName::new(name), known.class.unwrap_or(ChannelClass::Webhook)))
    }

    /// What kind of receiver the channel of that name is, where its file says it.
    pub(crate) fn class(&self, name: &str) -> Option<ChannelClass> {
        self.channels.get(name)?.class
    }
}

//! From raw types to domain types: defaults, references, secrets, checks.

mod cadence;
mod channel;
mod environment;
mod lint;
mod names;
mod notify;
mod rule;
mod secret;
mod semantic_hash;
mod settings;
mod source;
mod sql_tokens;

use std::collections::BTreeMap;
use std::path::Path;

use watchfire_channels::ChannelSpec;
use watchfire_model::{ChannelClass, ChannelName};

use crate::settings::Settings;

pub(crate) use channel::channel;
pub(crate) use names::Names;
pub(crate) use rule::rule;
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
}

/// A channel that some file names, also one with mistakes: rules may refer to it all the same.
pub(crate) struct KnownChannel {
    pub class: ChannelClass,
}

impl KnownChannel {
    pub(crate) fn new(spec: Option<&ChannelSpec>) -> Self {
        Self { class: spec.map_or(ChannelClass::Webhook, ChannelSpec::class) }
    }
}

impl Known<'_> {
    /// The channel of that name.
    pub(crate) fn channel(&self, name: &str) -> Option<(ChannelName, ChannelClass)> {
        self.channels.get(name).map(|known| (ChannelName::new(name), known.class))
    }
}

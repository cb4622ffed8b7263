//! What the engine works on: rules, channels and sources as their files define them.

use std::collections::HashMap;
use std::sync::Arc;

use watchfire_alerts::Rule;
use watchfire_channels::spec::ChannelSpec;
use watchfire_model::{ChannelName, QuerySpec, RuleUid, SourceSpec};
use watchfire_scheduler::Schedule;

/// One rule: what is asked, when, and what the answer means.
#[derive(Debug, Clone)]
pub struct RuleDefinition {
    /// What the answer means and who hears it.
    pub rule: Rule,
    /// When it is asked, over which window.
    pub schedule: Schedule,
    /// What is asked.
    pub query: QuerySpec,
    /// Whether it runs at all.
    pub enabled: bool,
}

/// Everything that files define, taken whole or not at all.
#[derive(Debug, Clone, Default)]
pub struct Definitions {
    /// Rules.
    pub rules: Vec<RuleDefinition>,
    /// Channels.
    pub channels: Vec<ChannelSpec>,
    /// Tables that are read where they lie.
    pub sources: Vec<SourceSpec>,
    /// The address under which people reach this server, for links in messages.
    pub public_url: Option<String>,
}

/// [`Definitions`] by name, as the loops look them up.
#[derive(Debug)]
pub(crate) struct Active {
    pub(crate) rules: HashMap<RuleUid, Arc<RuleDefinition>>,
    pub(crate) channels: HashMap<ChannelName, Arc<ChannelSpec>>,
    pub(crate) public_url: Option<String>,
    pub(crate) telemetry: watchfire_telemetry::Telemetry,
}

impl Active {
    pub(crate) fn new(definitions: Definitions, telemetry: watchfire_telemetry::Telemetry) -> Self {
        let Definitions { rules, channels, sources: _, public_url } = definitions;
        Self {
            rules: rules.into_iter().map(|rule| (rule.rule.uid.clone(), Arc::new(rule))).collect(),
            channels: channels.into_iter().map(|channel| (channel.name.clone(), Arc::new(channel))).collect(),
            public_url,
            telemetry,
        }
    }
}

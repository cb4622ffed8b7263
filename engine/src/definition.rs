//! What the engine works on: rules, channels and sources as their files define them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use watchfire_alerts::Rule;
use watchfire_channels::Presentation;
use watchfire_channels::spec::ChannelSpec;
use watchfire_model::{
    ChannelName, Notification, Project, ProjectName, QuerySpec, RuleName, RuleUid, SourceSpec, Timestamp,
};
use watchfire_scheduler::Schedule;

use crate::access::Access;

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
    /// How its messages look.
    pub presentation: Arc<Presentation>,
    /// What a report does beyond an alert; `None` for an alert.
    pub report: Option<ReportSpec>,
}

/// What a report does with its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportSpec {
    /// Whether the result is joined with that of the window before (`compare: previous_window`).
    pub compares: bool,
    /// How long its stored results are kept.
    pub kept_for: Duration,
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
    /// Whose telemetry is kept apart, with their tokens; `default` is added where it is missing.
    pub projects: Vec<Project>,
    /// The address under which people reach this server, for links in messages.
    pub public_url: Option<String>,
}

/// Which definitions are in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefinitionsStatus {
    /// Since when.
    pub since: Timestamp,
    /// How many rules they hold, disabled ones included.
    pub rules: usize,
    /// Newer ones that were refused since then.
    pub refused: Option<Refusal>,
}

/// Changed definitions that were not taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// When they were read.
    pub at: Timestamp,
    /// Every reason, as people read it.
    pub problems: Vec<String>,
}

impl DefinitionsStatus {
    pub(crate) fn taken(since: Timestamp, definitions: &Definitions) -> Self {
        Self { since, rules: definitions.rules.len(), refused: None }
    }
}

/// [`Definitions`] by name, as the loops look them up.
#[derive(Debug)]
pub(crate) struct Active {
    pub(crate) rules: HashMap<RuleUid, Arc<RuleDefinition>>,
    pub(crate) channels: HashMap<ChannelName, Arc<ChannelSpec>>,
    pub(crate) public_url: Option<String>,
    pub(crate) access: Arc<Access>,
    presentations: HashMap<(ProjectName, RuleName), Arc<Presentation>>,
    pub(crate) telemetry: watchfire_telemetry::Telemetry,
}

impl Active {
    pub(crate) fn new(definitions: Definitions, telemetry: watchfire_telemetry::Telemetry) -> Self {
        let Definitions { rules, channels, sources: _, projects, public_url } = definitions;
        let name = |rule: &Rule| (rule.project.clone(), rule.name.clone());
        Self {
            presentations: rules.iter().map(|rule| (name(&rule.rule), Arc::clone(&rule.presentation))).collect(),
            rules: rules.into_iter().map(|rule| (rule.rule.uid.clone(), Arc::new(rule))).collect(),
            channels: channels.into_iter().map(|channel| (channel.name.clone(), Arc::new(channel))).collect(),
            public_url,
            access: Arc::new(Access::new(projects)),
            telemetry,
        }
    }

    /// How the rule of a notification wants to look today; the default when its definition is gone.
    pub(crate) fn presentation(&self, notification: &Notification) -> Arc<Presentation> {
        let of_rule = notification
            .rule
            .as_ref()
            .and_then(|rule| self.presentations.get(&(notification.project.clone(), rule.name.clone())));
        of_rule.map_or_else(Default::default, Arc::clone)
    }
}

//! How the rules in force stand: all of them in short, one of them in full.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use watchfire_alerts::{Instance, Rule};
use watchfire_model::{ChannelName, ConditionName, InstanceKey, ProjectName, RuleKind, RuleName, RuleUid, Timestamp};
use watchfire_store::{
    DeliveryFilter, DeliveryRow, DeliveryState, InstancePlace, RuleSummary, RunFilter, RunRow, Store,
};

use super::explain::{Facts, LastRun, explain};
use super::rule_words::RuleWords;
use super::state::{HealthName, Told, worst_condition};
use crate::definition::{Active, RuleDefinition};
use crate::engine::Engine;
use crate::error::Error;

/// How many runs, and how many deliveries, stand beside a rule that is shown in full.
const LATEST: usize = 20;

/// Which rules to list. Of several conditions all must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertFilter {
    /// Alerts or reports.
    pub kind: RuleKind,
    /// Only those of this project.
    pub project: Option<ProjectName>,
    /// Only those whose worst instance stands so.
    pub state: Option<ConditionName>,
    /// Only those whose query stands so.
    pub health: Option<HealthName>,
    /// Only those with all of these labels.
    pub labels: Vec<(String, String)>,
    /// Only those after this name (and project) in the order of names: the next page.
    pub after: Option<(String, String)>,
    /// Most rules.
    pub limit: usize,
}

/// A rule and how it stands.
#[derive(Debug, Clone)]
pub struct AlertOverview {
    /// What its file says.
    pub words: RuleWords,
    /// The condition of its worst instance.
    pub state: ConditionName,
    /// Whether its query works and has input.
    pub health: HealthName,
    /// Since when it does not.
    pub health_since: Option<Timestamp>,
    /// Counts, times and troubles.
    pub summary: RuleSummary,
    /// Its last run.
    pub last_run: Option<RunRow>,
}

/// A rule in full.
#[derive(Debug, Clone)]
pub struct AlertDetail {
    /// What the list shows too.
    pub overview: AlertOverview,
    /// Why it fires or not, in one sentence.
    pub explanation: String,
    /// Its instances, the worst first, one more than was asked for when there are more.
    pub instances: Vec<AlertInstance>,
    /// Its newest runs.
    pub runs: Vec<RunRow>,
    /// Its newest deliveries.
    pub deliveries: Vec<DeliveryRow>,
}

/// One instance of a rule.
#[derive(Debug, Clone)]
pub struct AlertInstance {
    /// Where it stands in the list.
    pub place: InstancePlace,
    /// The values of `per`; without `per` empty.
    pub key: InstanceKey,
    /// What is remembered of it.
    pub instance: Instance,
}

impl Engine {
    /// Rules in the order of their names. Takes two statements, however many rules there are.
    ///
    /// # Errors
    /// When the store cannot be asked now.
    pub async fn alerts(&self, filter: &AlertFilter) -> Result<Vec<AlertOverview>, Error> {
        let active = self.shared.active();
        let mut wanted: Vec<&Arc<RuleDefinition>> =
            active.rules.values().filter(|definition| is_wanted(definition, filter)).collect();
        wanted.sort_by(|a, b| place(a).cmp(&place(b)));
        // Only the store knows states, so with such a condition all are looked up; else those of this page.
        if filter.state.is_none() && filter.health.is_none() {
            wanted.truncate(filter.limit);
        }
        let look = async |store: &Store| {
            let uids: Vec<RuleUid> = wanted.iter().map(|definition| definition.rule.uid.clone()).collect();
            let mut summaries = store.rule_summaries(&uids).await?;
            let shown: Vec<(&Arc<RuleDefinition>, RuleSummary)> = wanted
                .iter()
                .filter_map(|definition| Some((*definition, summaries.remove(&definition.rule.uid)?)))
                .filter(|(_, summary)| stands_so(summary, filter))
                .take(filter.limit)
                .collect();
            let uids: Vec<RuleUid> = shown.iter().map(|(definition, _)| definition.rule.uid.clone()).collect();
            let mut last_runs = store.last_runs(&uids).await?;
            let overview = |(definition, summary): (&Arc<RuleDefinition>, RuleSummary)| {
                overview(definition, summary, last_runs.remove(&definition.rule.uid))
            };
            Ok::<_, watchfire_store::Error>(shown.into_iter().map(overview).collect())
        };
        self.turns.pass(look(&self.shared.store)).await
    }

    /// One rule of this kind and name in full; `None` when no rule in force is that. Of rules of one name in several
    /// projects, unless one is named, the one in the project `default`, else the first.
    ///
    /// `instances` limits the instances, which begin after a place; one more than that is given when there are more.
    ///
    /// # Errors
    /// When the store cannot be asked now.
    pub async fn alert(
        &self,
        kind: RuleKind,
        name: &RuleName,
        project: Option<&ProjectName>,
        after: Option<&InstancePlace>,
        instances: usize,
    ) -> Result<Option<AlertDetail>, Error> {
        let active = self.shared.active();
        let Some(definition) = named(&active, kind, name, project) else { return Ok(None) };
        let uid = &definition.rule.uid;
        let look = async |store: &Store| {
            let Some(summary) = store.rule_summaries(std::slice::from_ref(uid)).await?.remove(uid) else {
                return Ok(None);
            };
            let last_run = store.last_runs(std::slice::from_ref(uid)).await?.remove(uid);
            let found = store.rule_instances(uid, after, instances + 1).await?;
            // Whatever page is looked at, the sentence is about the worst instance.
            let worst = match after {
                None => found.first().map(|(_, _, instance)| instance.clone()),
                Some(_) => store.rule_instances(uid, None, 1).await?.pop().map(|(_, _, instance)| instance),
            };
            let runs = store.runs(&RunFilter { uid: Some(uid.clone()), limit: LATEST, ..Default::default() }).await?;
            let project = Some(definition.rule.project.clone());
            let of_rule = DeliveryFilter { rule: Some(name.clone()), project, limit: LATEST, ..Default::default() };
            let deliveries = store.deliveries(&of_rule).await?;
            let overview = overview(definition, summary, last_run);
            let explanation = sentence(definition, &overview, worst.as_ref(), &deliveries);
            let instances = found.into_iter().map(|(place, key, instance)| AlertInstance { place, key, instance });
            let instances = instances.collect();
            Ok::<_, watchfire_store::Error>(Some(AlertDetail { overview, explanation, instances, runs, deliveries }))
        };
        self.turns.pass(look(&self.shared.store)).await
    }

    /// What the rule of this kind and name is known by; `None` when no rule in force is that.
    pub fn rule_uid(&self, kind: RuleKind, name: &RuleName, project: Option<&ProjectName>) -> Option<RuleUid> {
        named(&self.shared.active(), kind, name, project).map(|definition| definition.rule.uid.clone())
    }

    /// The names of the rules of this kind and project in force, or of all; for suggestions.
    pub fn rule_names(&self, kind: Option<RuleKind>, project: Option<&ProjectName>) -> Vec<String> {
        let active = self.shared.active();
        let is_wanted = |rule: &Rule| {
            kind.is_none_or(|kind| rule.kind == kind) && project.is_none_or(|project| rule.project == *project)
        };
        let wanted = active.rules.values().filter(|definition| is_wanted(&definition.rule));
        wanted.map(|definition| definition.rule.name.as_str().to_owned()).collect()
    }

    /// The names of the channels in force, of a project those that its rules tell; for suggestions.
    pub fn channel_names(&self, project: Option<&ProjectName>) -> Vec<String> {
        let active = self.shared.active();
        let told = |project: &ProjectName| {
            let rules = active.rules.values().map(|definition| &definition.rule);
            let rules = rules.filter(|rule| rule.project == *project);
            let channels = rules.flat_map(|rule| {
                let notified = rule.notify.iter().map(|assignment| &assignment.channel);
                notified.chain(&rule.owner_channel).chain(&rule.fallback_channel)
            });
            channels.cloned().collect::<BTreeSet<_>>()
        };
        let names = project.map_or_else(|| active.channels.keys().cloned().collect(), told);
        names.iter().map(|name| name.as_str().to_owned()).collect()
    }

    /// The address under which people reach this server, if its settings name one.
    pub fn public_url(&self) -> Option<String> {
        self.shared.active().public_url.clone()
    }
}

/// The rule of this kind and name, of this project or of any.
fn named<'a>(
    active: &'a Active,
    kind: RuleKind,
    name: &RuleName,
    project: Option<&ProjectName>,
) -> Option<&'a Arc<RuleDefinition>> {
    let so_named = |definition: &&Arc<RuleDefinition>| {
        let rule = &definition.rule;
        rule.name == *name && rule.kind == kind && project.is_none_or(|project| rule.project == *project)
    };
    let is_elsewhere = |project: &ProjectName| project.as_str() != "default";
    active
        .rules
        .values()
        .filter(so_named)
        .min_by_key(|definition| (is_elsewhere(&definition.rule.project), definition.rule.project.clone()))
}

/// The place of a rule in the list.
fn place(definition: &RuleDefinition) -> (&str, &str) {
    (definition.rule.name.as_str(), definition.rule.project.as_str())
}

fn is_wanted(definition: &RuleDefinition, filter: &AlertFilter) -> bool {
    let is_later = match &filter.after {
        Some((name, project)) => place(definition) > (name.as_str(), project.as_str()),
        None => true,
    };
    let labels = &definition.rule.labels;
    let has_labels = filter.labels.iter().all(|(label, value)| labels.get(label) == Some(value));
    let is_seen = filter.project.as_ref().is_none_or(|project| definition.rule.project == *project);
    definition.rule.kind == filter.kind && is_later && has_labels && is_seen
}

fn stands_so(summary: &RuleSummary, filter: &AlertFilter) -> bool {
    filter.state.is_none_or(|state| worst_condition(summary) == state)
        && filter.health.is_none_or(|health| HealthName::of(&summary.trouble).0 == health)
}

fn overview(definition: &RuleDefinition, summary: RuleSummary, last_run: Option<RunRow>) -> AlertOverview {
    let (health, health_since) = HealthName::of(&summary.trouble);
    let state = worst_condition(&summary);
    AlertOverview { words: RuleWords::of(definition), state, health, health_since, summary, last_run }
}

fn sentence(
    definition: &RuleDefinition,
    overview: &AlertOverview,
    worst: Option<&Instance>,
    deliveries: &[DeliveryRow],
) -> String {
    let rule = &definition.rule;
    let channels: Vec<&str> = overview.words.channels.iter().map(String::as_str).collect();
    let told: Vec<&str> =
        worst.map(|instance| instance.told.iter().map(|name| name.as_str()).collect()).unwrap_or_default();
    let undelivered = undelivered(&hearers(rule), deliveries);
    explain(&Facts {
        kind: rule.kind,
        enabled: definition.enabled,
        notify_when: rule.notify_when,
        no_data: rule.no_data,
        when: definition.query.when.as_deref(),
        has_per: !rule.per.is_empty(),
        hold_for: rule.hold_for,
        keep_firing_for: rule.keep_firing_for,
        channels: &channels,
        summary: &overview.summary,
        worst: worst.map(|instance| &instance.condition),
        told: &told,
        last_run: overview.last_run.as_ref().map(|run| LastRun {
            scheduled_for: run.scheduled_for,
            outcome: run.outcome.as_deref().unwrap_or("skipped"),
            row_count: run.row_count.unwrap_or(0),
        }),
        undelivered: undelivered.as_ref(),
    })
}

/// Every channel that may be told of a rule, also of its failures.
fn hearers(rule: &Rule) -> Vec<&ChannelName> {
    let assigned = rule.notify.iter().map(|assignment| &assignment.channel);
    assigned.chain(&rule.owner_channel).chain(&rule.fallback_channel).collect()
}

/// The newest message of any channel that the rule still has, if it has been tried in vain.
fn undelivered(hearers: &[&ChannelName], deliveries: &[DeliveryRow]) -> Option<Told> {
    let deliveries: Vec<&DeliveryRow> =
        deliveries.iter().filter(|delivery| hearers.contains(&&delivery.channel)).collect();
    let mut newest: HashMap<&str, &DeliveryRow> = HashMap::new();
    for delivery in &deliveries {
        newest.entry(delivery.channel.as_str()).or_insert(delivery);
    }
    let in_vain = |delivery: &&&DeliveryRow| match delivery.state {
        DeliveryState::Dead => true,
        DeliveryState::Pending | DeliveryState::Sending => delivery.attempts > 0,
        DeliveryState::Done | DeliveryState::Superseded => false,
    };
    let failed =
        deliveries.iter().filter(|delivery| newest[delivery.channel.as_str()].id == delivery.id).find(in_vain)?;
    Some(Told {
        channel: failed.channel.as_str().to_owned(),
        state: failed.state,
        last_error: failed.last_error.clone(),
    })
}

#[cfg(test)]
mod tests {
    use watchfire_model::{NotificationId, NotificationKind};
    use watchfire_store::DeliveryId;

    use super::*;

    fn delivery(channel: &str, state: DeliveryState) -> DeliveryRow {
        let channel = ChannelName::new(channel);
        DeliveryRow {
            id: DeliveryId { notification: NotificationId::new(channel.as_str()), channel: channel.clone() },
            channel,
            rule: Some(RuleName::new("high")),
            kind: NotificationKind::AlertStarted,
            state,
            attempts: 1,
            next_at: None,
            last_error: None,
            created_at: Timestamp::EPOCH,
            done_at: None,
        }
    }

    #[test]
    fn a_channel_that_the_rule_no_longer_has_is_not_spoken_of() {
        let deliveries = [delivery("old", DeliveryState::Dead), delivery("hook", DeliveryState::Dead)];
        let of = |names: &[&str]| {
            let names: Vec<ChannelName> = names.iter().map(|name| ChannelName::new(*name)).collect();
            undelivered(&names.iter().collect::<Vec<_>>(), &deliveries).map(|told| told.channel)
        };
        assert_eq!(of(&["hook"]).as_deref(), Some("hook"));
        assert_eq!(of(&["other"]), None);
    }
}

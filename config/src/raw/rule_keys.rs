//! The keys that alerts and reports have in common.

use std::collections::BTreeMap;
use std::time::Duration;

use watchfire_alerts::OnError;
use watchfire_scheduler::CatchUp;

use crate::phrases::{RawWindow, Zone};
use crate::raw::{RawAlert, RawMessage, RawReport};
use crate::read::{Count, Field, Flag, Items, Phrased, Table, Text};
use crate::yaml::Span;

/// The keys that alerts and reports have in common, so that both read them alike.
pub(crate) struct RuleKeys<'a> {
    pub name: &'a Field<Text>,
    pub id: &'a Field<Text>,
    pub description: &'a Field<Text>,
    pub owner: &'a Field<Text>,
    pub labels: &'a Field<Table<Text>>,
    pub query: &'a Field<Text>,
    pub every: &'a Field<Phrased<Duration>>,
    pub cron: &'a Field<Text>,
    pub timezone: &'a Field<Phrased<Zone>>,
    pub window: Option<RawWindow>,
    pub window_at: Option<Span>,
    pub delay: &'a Field<Phrased<Duration>>,
    pub on_error: &'a Field<Phrased<OnError>>,
    pub catch_up: &'a Field<Phrased<CatchUp>>,
    pub message: &'a Field<RawMessage>,
    pub window_on: &'a Field<Text>,
    pub environments: &'a Field<Items<Text>>,
    pub project: &'a Field<Text>,
    pub timeout: &'a Field<Phrased<crate::phrases::Span>>,
    pub max_rows: &'a Field<Count>,
    pub spread: &'a Field<Flag>,
    pub enabled: &'a Field<Flag>,
}

macro_rules! rule_keys {
    ($raw:ident, $window:expr) => {
        RuleKeys {
            name: &$raw.name,
            id: &$raw.id,
            description: &$raw.description,
            owner: &$raw.owner,
            labels: &$raw.labels,
            query: &$raw.query,
            every: &$raw.every,
            cron: &$raw.cron,
            timezone: &$raw.timezone,
            window: $window,
            window_at: $raw.window.at(),
            delay: &$raw.delay,
            on_error: &$raw.on_error,
            catch_up: &$raw.catch_up,
            message: &$raw.message,
            window_on: &$raw.window_on,
            environments: &$raw.environments,
            project: &$raw.project,
            timeout: &$raw.timeout,
            max_rows: &$raw.max_rows,
            spread: &$raw.spread,
            enabled: &$raw.enabled,
        }
    };
}

impl RuleKeys<'_> {
    /// The environments whose rows are read; `None`: all of them.
    pub(crate) fn environments(&self) -> Option<Vec<String>> {
        let items = self.environments.value.as_ref()?;
        Some(items.0.iter().map(|item| item.value.0.clone()).collect())
    }
}

impl<'a> From<&'a RawAlert> for RuleKeys<'a> {
    fn from(raw: &'a RawAlert) -> Self {
        rule_keys!(raw, raw.window.value.as_ref().map(|window| window.0))
    }
}

impl<'a> From<&'a RawReport> for RuleKeys<'a> {
    fn from(raw: &'a RawReport) -> Self {
        rule_keys!(raw, raw.window.value.as_ref().map(|window| window.0.0))
    }
}

impl RuleKeys<'_> {
    /// The texts under `labels`.
    pub(crate) fn labels(&self) -> BTreeMap<String, String> {
        let rows = self.labels.value.iter().flat_map(|table| &table.0);
        rows.map(|(key, value)| (key.value.0.clone(), value.value.0.clone())).collect()
    }
}

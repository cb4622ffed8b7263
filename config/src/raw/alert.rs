//! Alerts.

use std::rc::Rc;
use std::time::Duration;

use schemars::{Schema, SchemaGenerator, json_schema};
use watchfire_alerts::{FirstRun, Hold, Missing, Mode, NoData, OnError};
use watchfire_model::{ChangeKind, Reason, Severity};
use watchfire_scheduler::CatchUp;

use crate::phrases::{RaisedOrBoth, RawRepeat, RawTolerance, RawWindow, Span, Zone};
use crate::raw::RawSeverity;
use crate::read::{Columns, Count, Flag, FromNode, Items, Keyed, NotYet, Phrased, Table, Text, mapping};
use crate::report::Report;
use crate::yaml::{Node, NodeValue};

mapping! {
    /// A rule with a state.
    pub(crate) struct RawAlert, "an alert" {
        /// Its name, unique within the project.
        name: Text, required;
        /// What it is known by, so that it survives another name.
        id: Text;
        /// What it watches, for people.
        description: Text;
        /// The team or channel that hears of trouble with the rule itself.
        owner: Text;
        /// Text labels.
        labels: Table<Text>;
        /// Read-only SQL.
        query: Text, required "expr";
        /// The distance between two runs, `1s` to `31d`; default `1m`.
        every: Phrased<Duration>, alias "frequency";
        /// A cron pattern instead of `every`.
        cron: Text;
        /// The IANA zone of `cron` and of calendar windows; default `UTC`.
        timezone: Phrased<Zone>;
        /// How far each run looks back; default `every`, with `cron` from the run before.
        window: Phrased<RawWindow>, alias "time_window";
        /// How long late rows are waited for; default `0s`.
        delay: Phrased<Duration>, alias "watermark";
        /// Key columns: one state for each value.
        per: Columns;
        /// SQL condition over the result's columns; without it any row matches.
        when: Text;
        /// What is told: `any_results`, `transitions`, `onset` or `data_change`.
        notify_when: Phrased<Mode>;
        /// How long it must hold before it fires; a duration or `N runs`.
        r#for: Phrased<Hold>;
        /// How long it must be clear before it resolves; a duration or `N runs`.
        keep_firing_for: Phrased<Hold>;
        /// SQL condition that must hold before it resolves.
        recover_when: Text;
        /// What a known instance that is no longer in the result means.
        missing: Phrased<Missing>;
        /// What empty input means.
        no_data: Phrased<NoData>;
        /// When a failing query is told.
        on_error: Phrased<OnError>;
        /// Reminders while it fires: a duration or `never`.
        repeat: Phrased<RawRepeat>;
        /// What happens to runs that were missed.
        catch_up: Phrased<CatchUp>;
        /// A level, or levels with their SQL conditions.
        severity: RawSeverity;
        /// How `data_change` compares.
        change: RawChange;
        /// Who hears of it.
        notify: Items<RawNotify>;
        /// What messages say.
        message: RawMessage;
        /// The time column by which the window is cut.
        window_on: Text;
        /// Whether lowered severities are told too: `raised` or `both`.
        notify_severity: Phrased<RaisedOrBoth>;
        /// Whether a channel that is added hears the current state; only `false` for now.
        notify_on_join: Flag;
        /// Whose tables it reads; only `default` for now.
        project: Text;
        /// How long one run may take; default `30s`.
        timeout: Phrased<Span>;
        /// Most instances; default 500.
        max_instances: Count;
        /// Most rows in one message; default 1000.
        max_rows: Count;
        /// Whether runs are spread over the interval; default `false`.
        spread: Flag;
        /// Whether it runs at all; default `true`.
        enabled: Flag, alias "active";
        /// Only rows of these environments; not supported yet.
        environments: NotYet;
        /// Texts that are shown; not supported yet.
        annotations: NotYet;
        /// Comparison with the window before; not supported yet.
        compare: NotYet;
        /// Rows in, states out; not supported yet.
        tests: NotYet;
        /// Muting by other alerts; not supported yet.
        inhibit: NotYet;
        /// Muting for a time; not supported yet.
        silence: NotYet;
    }
}

mapping! {
    /// How `data_change` compares.
    pub(crate) struct RawChange, "`change`" {
        /// Columns that are left out of the comparison.
        ignore: Columns;
        /// Which kinds are told; default all.
        report: Items<Phrased<ChangeKind>>;
        /// What the first run tells: `silent` or `report`.
        first_run: Phrased<FirstRun>;
        /// Most changes listed in one message; default 50.
        max_rows: Count;
        /// How far two numbers may be apart and still be equal: a number, or a share such as `1%`.
        tolerance: Phrased<RawTolerance>;
    }
}

mapping! {
    /// What messages say.
    pub(crate) struct RawMessage, "`message`" {
        /// Where people read what to do.
        runbook: Text;
        /// The headline; not supported yet.
        title: NotYet;
        /// The text; not supported yet.
        body: NotYet;
    }
}

mapping! {
    /// A channel with what it hears.
    pub(crate) struct RawAssignment, "an entry of `notify`" {
        /// The channel's name.
        channel: Text, required;
        /// Levels that it hears; default all.
        severity: Items<Phrased<Severity>>;
        /// Reasons that it hears; default all.
        on: Items<Phrased<Reason>>;
        /// Its own reminders.
        repeat: Phrased<RawRepeat>;
        /// When it hears; not supported yet.
        schedule: NotYet;
        /// How its messages look; not supported yet.
        format: NotYet;
    }
}

/// One entry of `notify`: a channel's name alone, or with what it hears.
#[derive(Debug)]
pub(crate) enum RawNotify {
    Name(Text),
    Assignment(Box<RawAssignment>),
}

impl FromNode for RawNotify {
    fn from_node(node: &Rc<Node>, key: &Keyed, report: &mut Report) -> Option<Self> {
        match &node.value {
            NodeValue::Mapping(_) => {
                RawAssignment::from_node(node, key, report).map(|entry| Self::Assignment(Box::new(entry)))
            }
            NodeValue::Scalar(_) | NodeValue::Sequence(_) => Text::from_node(node, key, report).map(Self::Name),
        }
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"oneOf": [{"type": "string"}, RawAssignment::schema(generator)]})
    }
}

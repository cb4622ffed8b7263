//! Who hears of a rule.

use std::rc::Rc;

use schemars::{Schema, SchemaGenerator, json_schema};
use watchfire_model::{Reason, Severity};

use crate::phrases::{RawRepeat, ReportReason};
use crate::raw::RawFormat;
use crate::read::{AlertsOnly, FromNode, Items, Keyed, NotYet, Phrased, Text, mapping};
use crate::report::Report;
use crate::yaml::{Node, NodeValue};

mapping! {
    /// A channel with what it hears of an alert.
    pub(crate) struct RawAssignment, "an entry of `notify`" {
        /// The channel's name.
        channel: Text, required;
        /// Levels that it hears; default all.
        severity: Items<Phrased<Severity>>;
        /// Reasons that it hears; default all.
        on: Items<Phrased<Reason>>;
        /// Its own reminders: a duration or `never`; default the alert's.
        repeat: Phrased<RawRepeat>;
        /// How its messages look.
        format: RawFormat;
        /// When it hears; not supported yet.
        schedule: NotYet;
    }
}

mapping! {
    /// A channel with what it hears of a report.
    pub(crate) struct RawReportAssignment, "an entry of `notify`" {
        /// The channel's name.
        channel: Text, required;
        /// Reasons that it hears; default all.
        on: Items<Phrased<ReportReason>>;
        /// How its messages look.
        format: RawFormat;
        /// When it hears; not supported yet.
        schedule: NotYet;
        /// Alerts only: a report has one level.
        severity: AlertsOnly;
        /// Alerts only: a report has no reminders.
        repeat: AlertsOnly;
    }
}

/// One entry of `notify`: a channel's name alone, or with what it hears.
#[derive(Debug)]
pub(crate) enum RawNotify<T> {
    Name(Text),
    Assignment(Box<T>),
}

impl<T: FromNode> FromNode for RawNotify<T> {
    fn from_node(node: &Rc<Node>, key: &Keyed, report: &mut Report) -> Option<Self> {
        match &node.value {
            NodeValue::Mapping(_) => T::from_node(node, key, report).map(|entry| Self::Assignment(Box::new(entry))),
            NodeValue::Scalar(_) | NodeValue::Sequence(_) => Text::from_node(node, key, report).map(Self::Name),
        }
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"oneOf": [{"title": "channel", "type": "string"}, T::schema(generator)]})
    }
}

//! Keys that are known and refused: not built yet, or at home in another kind of rule.

use std::rc::Rc;

use schemars::{Schema, SchemaGenerator, json_schema};

use super::field::{FromNode, Keyed};
use crate::report::Report;
use crate::yaml::Node;

/// A key whose effect is not built yet: whatever stands there is an error that says so.
#[derive(Debug)]
pub(crate) struct NotYet;

impl FromNode for NotYet {
    const OFFERED: bool = false;

    fn from_node(node: &Rc<Node>, key: &Keyed, report: &mut Report) -> Option<Self> {
        if report.secretive {
            report.hide_all(node);
        }
        report.error(key.at, "not_supported_yet", format!("`{key}` is not supported yet")).help("remove it for now");
        None
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"not": {}})
    }
}

/// A key of alerts that a report cannot have, since it has no state.
#[derive(Debug)]
pub(crate) struct AlertsOnly;

impl FromNode for AlertsOnly {
    const OFFERED: bool = false;

    fn from_node(_: &Rc<Node>, key: &Keyed, report: &mut Report) -> Option<Self> {
        let message = match key.name.as_str() {
            "severity" => "a report has one level, so `severity` picks nothing here".to_owned(),
            other => format!("a report has no state, so `{other}` means nothing in it"),
        };
        report.error(key.at, "for_alerts_only", message).help(instead(&key.name));
        None
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"not": {}})
    }
}

/// What to do in place of a key that only alerts have.
fn instead(key: &str) -> &'static str {
    match key {
        "when" => "put the condition into the query (`WHERE`, `HAVING`), or make it an alert: move it to `alerts:`",
        "no_data" => "write `notify_when: any_results` to stay silent about an empty result, or move it to `alerts:`",
        "change" => "write `compare: previous_window` to see what changed, or move it to `alerts:`",
        "severity" => "remove it; `severity: warning` beside `notify` sets the level of the whole report",
        _ => "remove it, or make it an alert: move it to `alerts:`",
    }
}

/// A key of reports that an alert does not have.
#[derive(Debug)]
pub(crate) struct ReportsOnly;

impl FromNode for ReportsOnly {
    const OFFERED: bool = false;

    fn from_node(_: &Rc<Node>, key: &Keyed, report: &mut Report) -> Option<Self> {
        report
            .error(key.at, "for_reports_only", format!("`{key}` is for reports"))
            .help("remove it, or make it a report: move it to `reports:`");
        None
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"not": {}})
    }
}

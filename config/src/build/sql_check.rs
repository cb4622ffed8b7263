//! The SQL of a rule with the way back into its file.

use watchfire_alerts::Rule;
use watchfire_model::QuerySpec;

use crate::definitions::{SqlCheck, WantedColumn};
use crate::problem::Place;
use crate::raw::RuleKeys;
use crate::read::{Field, Text};
use crate::report::Report;
use crate::text_map::TextMap;

/// What is to be looked for in a rule's SQL.
pub(super) struct Wanted<'a> {
    pub subject: &'a str,
    pub rule: &'a Rule,
    pub query: &'a QuerySpec,
    /// Columns that the result must have, each with its place.
    pub columns: Vec<(String, Place)>,
    /// Those that are summed, and must be numbers.
    pub totals: Vec<(String, Place)>,
    /// Whether the result is joined with that of the window before.
    pub compares: bool,
}

/// The check of a rule whose query could be read. The maps of its conditions are still empty.
pub(super) fn sql_check(keys: &RuleKeys<'_>, wanted: Wanted<'_>, report: &Report) -> Option<SqlCheck> {
    let Wanted { subject, rule, query, columns, totals, compares } = wanted;
    let wanted = |is_summed| move |(name, place)| WantedColumn { name, place, is_summed };
    Some(SqlCheck {
        rule: rule.name.clone(),
        project: rule.project.clone(),
        kind: rule.kind,
        query: query.clone(),
        keys: columns.into_iter().map(wanted(false)).chain(totals.into_iter().map(wanted(true))).collect(),
        compares,
        query_text: map(keys.query, report)?,
        window_on: keys.window_on.at().map(|at| report.source.place(at)),
        when: None,
        recover_when: None,
        severity: Vec::new(),
        subject: subject.to_owned(),
    })
}

/// The way from a text back into the file.
pub(super) fn map(field: &Field<Text>, report: &Report) -> Option<TextMap> {
    field.node().map(|node| TextMap::of(&report.source, node))
}

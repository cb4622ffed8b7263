//! The SQL of a rule with the way back into its file.

use std::collections::BTreeSet;

use watchfire_alerts::Rule;
use watchfire_model::QuerySpec;

use super::sql_tokens::names_any;
use crate::definitions::SqlCheck;
use crate::problem::Place;
use crate::raw::RuleKeys;
use crate::read::{Field, Text};
use crate::report::Report;
use crate::text_map::TextMap;

/// What a comparison appends to the name of a column.
const COMPARED: [&str; 2] = ["_prev", "_change"];

/// What is to be looked for in a rule's SQL.
pub(super) struct Wanted<'a> {
    pub subject: &'a str,
    pub rule: &'a Rule,
    pub query: &'a QuerySpec,
    /// Columns that the result must have, each with its place.
    pub columns: Vec<(String, Place)>,
    /// Whether the result is joined with that of the window before.
    pub compares: bool,
}

/// The check of a rule whose query could be read. The maps of its conditions are still empty.
pub(super) fn sql_check(keys: &RuleKeys<'_>, wanted: Wanted<'_>, report: &Report) -> Option<SqlCheck> {
    let Wanted { subject, rule, query, columns, compares } = wanted;
    let asked = |(name, place): (String, Place)| match compares.then(|| base_of(&name, &query.sql)).flatten() {
        Some(base) => (base.to_owned(), place),
        None => (name, place),
    };
    Some(SqlCheck {
        rule: rule.name.clone(),
        kind: rule.kind,
        query: query.clone(),
        keys: columns.into_iter().map(asked).collect(),
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

/// The column whose comparison `name` is: that one must be in the result of the query.
///
/// A query may name a column of its own so; then that one is meant.
fn base_of<'a>(name: &'a str, sql: &str) -> Option<&'a str> {
    let base = COMPARED.iter().find_map(|end| name.strip_suffix(end)).filter(|base| !base.is_empty())?;
    (!names_any(sql, &BTreeSet::from([name.to_lowercase()]))).then_some(base)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compared_column_is_there_when_its_base_is() {
        let sql = "SELECT model, cost, \"Rate_change\" FROM t";
        for (name, base) in [
            ("cost_prev", Some("cost")),
            ("cost_change", Some("cost")),
            ("Rate_change", None),
            ("Rate_change_prev", Some("Rate_change")),
            ("cost", None),
            ("_prev", None),
        ] {
            assert_eq!(base_of(name, sql), base, "{name}");
        }
    }
}

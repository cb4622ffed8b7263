//! `data_change`: what differs between the breaching rows of this run and of the last successful one.

use std::collections::{BTreeMap, BTreeSet};

use watchfire_model::{
    Change as RowChange, ChangeKind, Column, Failure, InstanceKey, NotificationKind, Observation, Reason, Value,
};

use crate::audience;
use crate::decision::{Notice, RunContext};
use crate::instances::{Evidence, keyed_rows, severity_of_all};
use crate::notice::{Fact, notice};
use crate::rule::{FirstRun, Rule, Tolerance};
use crate::state::{Baseline, RuleState};

/// The result of a comparison.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Compared {
    /// What the next run is compared with.
    pub baseline: Option<Baseline>,
    /// What differs, if anything that the rule reports does.
    pub notice: Option<Notice>,
}

/// A row by the names of its columns. A column that one result lacks is NULL there.
type Row<'a> = BTreeMap<&'a str, &'a Value>;

/// Compares the breaching rows with the baseline and takes them as the next one.
///
/// Nothing is compared and the baseline stays when not all breaching rows are there, or when they
/// are more than `max_instances`. Fails when two rows have the same `per` key.
pub(crate) fn compare(
    rule: &Rule,
    previous: &RuleState,
    observation: &Observation,
    context: &RunContext,
) -> Result<Compared, Failure> {
    keyed_unless_whole(rule, observation)?;
    let mut rows: Vec<Vec<Value>> =
        observation.rows.iter().filter(|row| row.breaches).map(|row| row.values.clone()).collect();
    let is_complete = rows.len() as u64 >= observation.breaching_count;
    if !is_complete || rows.len() > rule.max_instances {
        return Ok(Compared { baseline: previous.baseline.clone(), notice: None });
    }
    rows.sort();
    let next = Baseline {
        at: context.slot.scheduled_for,
        semantic_hash: rule.semantic_hash.as_str().to_owned(),
        columns: observation.columns.clone(),
        rows,
    };
    let nothing = Baseline { rows: Vec::new(), ..next.clone() };
    let before = match (&previous.baseline, rule.change.first_run) {
        (Some(baseline), _) if baseline.semantic_hash != next.semantic_hash => None,
        // Nothing to write when nothing differs, not even in the columns that are not compared.
        (Some(same), _) if same.columns == next.columns && same.rows == next.rows => {
            return Ok(Compared { baseline: previous.baseline.clone(), notice: None });
        }
        (Some(baseline), _) => Some(baseline),
        (None, FirstRun::Report) => Some(&nothing),
        (None, FirstRun::Silent) => None,
    };
    let notice = before.and_then(|before| tell(rule, previous, differences(rule, before, &next), observation, context));
    Ok(Compared { baseline: Some(next), notice })
}

fn keyed_unless_whole(rule: &Rule, observation: &Observation) -> Result<(), Failure> {
    if rule.per.is_empty() { Ok(()) } else { keyed_rows(rule, observation).map(drop) }
}

fn tell(
    rule: &Rule,
    previous: &RuleState,
    mut changes: Vec<RowChange>,
    observation: &Observation,
    context: &RunContext,
) -> Option<Notice> {
    changes.retain(|change| rule.change.report.contains(&change.kind));
    let severity = severity_of_all(rule, observation);
    let hearers = audience::hearers(rule, Reason::RowsChanged, severity);
    let at = context.slot.scheduled_for;
    let fact = Fact {
        severity: Some(severity),
        evidence: Evidence::none(observation),
        ..Fact::of_rule(NotificationKind::AlertChanged, Reason::RowsChanged, at, hearers)
    };
    if changes.is_empty() || !fact.is_told(rule) {
        return None;
    }
    let mut notice = notice(rule, previous.incarnation, fact, context);
    notice.notification.change_count = changes.len() as u64;
    changes.truncate(rule.change.max_rows);
    notice.notification.changes = changes;
    Some(notice)
}

/// All differences, in the order of their keys.
pub(crate) fn differences(rule: &Rule, before: &Baseline, after: &Baseline) -> Vec<RowChange> {
    let (before, after) = (named(&before.columns, &before.rows), named(&after.columns, &after.rows));
    let mut changes =
        if rule.per.is_empty() { by_whole_row(rule, before, after) } else { by_key(rule, &before, &after) };
    changes.sort_by(|left, right| (&left.key, left.kind).cmp(&(&right.key, right.kind)));
    changes
}

fn named<'a>(columns: &'a [Column], rows: &'a [Vec<Value>]) -> Vec<Row<'a>> {
    let name = |row: &'a Vec<Value>| columns.iter().map(|column| column.name.as_str()).zip(row).collect();
    rows.iter().map(name).collect()
}

fn by_key(rule: &Rule, before: &[Row<'_>], after: &[Row<'_>]) -> Vec<RowChange> {
    let before: BTreeMap<InstanceKey, &Row<'_>> = before.iter().map(|row| (key_of(rule, row), row)).collect();
    let after: BTreeMap<InstanceKey, &Row<'_>> = after.iter().map(|row| (key_of(rule, row), row)).collect();
    let keys: BTreeSet<&InstanceKey> = before.keys().chain(after.keys()).collect();
    let change = |key: &InstanceKey| {
        let columns = key.parts().iter().cloned().collect();
        match (before.get(key), after.get(key)) {
            (Some(before), Some(after)) => changed(rule, columns, before, after),
            (Some(before), None) => {
                Some(RowChange { kind: ChangeKind::Removed, key: columns, before: Some(owned(before)), after: None })
            }
            (None, Some(after)) => {
                Some(RowChange { kind: ChangeKind::Added, key: columns, before: None, after: Some(owned(after)) })
            }
            (None, None) => None,
        }
    };
    keys.into_iter().filter_map(change).collect()
}

fn key_of(rule: &Rule, row: &Row<'_>) -> InstanceKey {
    InstanceKey::new(rule.per.iter().map(|name| (name.clone(), cell(row, name).clone())).collect())
}

/// The columns whose values differ, before and after; `None` when none does.
fn changed(rule: &Rule, key: BTreeMap<String, Value>, before: &Row<'_>, after: &Row<'_>) -> Option<RowChange> {
    let names = compared_names(rule, before, after);
    let differing: Vec<&str> =
        names.into_iter().filter(|name| !same(rule, cell(before, name), cell(after, name))).collect();
    let cells = |row: &Row<'_>| differing.iter().map(|name| ((*name).to_owned(), cell(row, name).clone())).collect();
    (!differing.is_empty()).then(|| RowChange {
        kind: ChangeKind::Changed,
        key,
        before: Some(cells(before)),
        after: Some(cells(after)),
    })
}

/// Without `per` the whole row is the key: rows are only added and removed, and equal rows are counted.
fn by_whole_row(rule: &Rule, before: Vec<Row<'_>>, after: Vec<Row<'_>>) -> Vec<RowChange> {
    let (mut removed, mut added) = without_equal_rows(rule, before, after);
    if rule.change.tolerance.is_some() {
        removed.retain(|row| match added.iter().position(|other| is_near(rule, row, other)) {
            Some(place) => {
                added.remove(place);
                false
            }
            None => true,
        });
    }
    let gone = |row: &Row<'_>| RowChange {
        kind: ChangeKind::Removed,
        key: owned(&compared(rule, row)),
        before: Some(owned(row)),
        after: None,
    };
    let new = |row: &Row<'_>| RowChange {
        kind: ChangeKind::Added,
        key: owned(&compared(rule, row)),
        before: None,
        after: Some(owned(row)),
    };
    removed.iter().map(gone).chain(added.iter().map(new)).collect()
}

/// Takes out the rows that both sides have, each as often as both have it.
fn without_equal_rows<'a>(rule: &Rule, before: Vec<Row<'a>>, after: Vec<Row<'a>>) -> (Vec<Row<'a>>, Vec<Row<'a>>) {
    let identity = |row: &Row<'a>| -> Row<'a> {
        // A NULL is the same as a column that is not there.
        compared(rule, row).into_iter().filter(|(_, value)| !value.is_null()).collect()
    };
    let mut unmatched: BTreeMap<Row<'a>, Vec<Row<'a>>> = BTreeMap::new();
    for row in after {
        unmatched.entry(identity(&row)).or_default().push(row);
    }
    let removed = before.into_iter().filter(|row| unmatched.get_mut(&identity(row)).and_then(Vec::pop).is_none());
    let removed = removed.collect();
    (removed, unmatched.into_values().flatten().collect())
}

fn is_near(rule: &Rule, left: &Row<'_>, right: &Row<'_>) -> bool {
    compared_names(rule, left, right).into_iter().all(|name| same(rule, cell(left, name), cell(right, name)))
}

/// The row without the columns that are not compared.
fn compared<'a>(rule: &Rule, row: &Row<'a>) -> Row<'a> {
    row.iter().filter(|(name, _)| !rule.change.ignore.contains(**name)).map(|(name, value)| (*name, *value)).collect()
}

fn compared_names<'a>(rule: &Rule, left: &Row<'a>, right: &Row<'a>) -> BTreeSet<&'a str> {
    let names = left.keys().chain(right.keys()).copied();
    names.filter(|name| !rule.change.ignore.contains(*name)).collect()
}

fn cell<'a>(row: &Row<'a>, name: &str) -> &'a Value {
    row.get(name).copied().unwrap_or(&Value::Null)
}

fn owned(row: &Row<'_>) -> BTreeMap<String, Value> {
    row.iter().map(|(name, value)| ((*name).to_owned(), (*value).clone())).collect()
}

/// Equal by value, or two numbers within the tolerance. What is no number, and whole numbers, have none.
fn same(rule: &Rule, left: &Value, right: &Value) -> bool {
    if left == right {
        return true;
    }
    let is_floating = |value: &Value| matches!(value, Value::Float(_) | Value::Decimal(_));
    let (Some(tolerance), Some(a), Some(b)) = (rule.change.tolerance, left.as_f64(), right.as_f64()) else {
        return false;
    };
    if !is_floating(left) && !is_floating(right) {
        return false;
    }
    // An infinity is near nothing but itself, and NaN near nothing but NaN.
    let distance = (a - b).abs();
    distance.is_finite()
        && match tolerance {
            Tolerance::Absolute(limit) => distance <= limit,
            Tolerance::Relative(parts) => distance <= parts * a.abs().max(b.abs()),
        }
}

//! From the rows of a result to what each instance shows.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use watchfire_model::{Column, Failure, FailureCode, InstanceKey, Observation, ObservedRow, Severity, Value};

use crate::rule::{Missing, Rule, SeveritySource};
use crate::state::{Condition, Instance};

/// What a result shows of one instance.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sighting {
    /// Whether it breaches.
    pub breaches: bool,
    /// When it does not breach: whether it has recovered.
    pub recovered: bool,
    /// Its level, if it breaches.
    pub severity: Severity,
    /// The cell of the value column; NULL is no value.
    pub value: Option<Value>,
    /// The rows that prove it.
    pub evidence: Evidence,
}

/// Rows for a message, cut to what may be shown.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Evidence {
    /// The columns of `rows`.
    pub columns: Vec<Column>,
    /// The rows, at most `max_rows`.
    pub rows: Vec<Vec<Value>>,
    /// How many there are in full.
    pub row_count: u64,
}

impl Evidence {
    /// Whether rows were left out.
    pub(crate) fn truncated(&self) -> bool {
        (self.rows.len() as u64) < self.row_count
    }

    /// Nothing but the columns of the result.
    pub(crate) fn none(observation: &Observation) -> Self {
        Self { columns: observation.columns.clone(), rows: Vec::new(), row_count: 0 }
    }

    /// The breaching rows, in the order of the result.
    pub(crate) fn breaching(rule: &Rule, observation: &Observation) -> Self {
        let rows = observation.rows.iter().filter(|row| row.breaches).take(rule.max_rows);
        Self {
            columns: observation.columns.clone(),
            rows: rows.map(|row| row.values.clone()).collect(),
            row_count: observation.breaching_count,
        }
    }

    /// All rows of the run, in the order of the result.
    fn all(rule: &Rule, observation: &Observation) -> Self {
        let rows = observation.rows.iter().take(rule.max_rows);
        Self {
            columns: observation.columns.clone(),
            rows: rows.map(|row| row.values.clone()).collect(),
            row_count: observation.row_count,
        }
    }
}

/// What the result shows, by instance. A rule without `per` has exactly one.
///
/// Fails when two rows have the same key, or when a `per` column is not in the result.
pub(crate) fn sightings(rule: &Rule, observation: &Observation) -> Result<BTreeMap<InstanceKey, Sighting>, Failure> {
    if rule.per.is_empty() {
        return Ok(BTreeMap::from([(InstanceKey::new(Vec::new()), whole(rule, observation))]));
    }
    let keyed = keyed_rows(rule, observation)?;
    Ok(keyed.into_iter().map(|(key, row)| (key, single(rule, observation, row))).collect())
}

/// The rows of the result by their `per` key.
pub(crate) fn keyed_rows<'a>(
    rule: &Rule,
    observation: &'a Observation,
) -> Result<BTreeMap<InstanceKey, &'a ObservedRow>, Failure> {
    let places = key_places(rule, observation)?;
    let mut keyed = BTreeMap::new();
    for row in &observation.rows {
        let cells = rule.per.iter().zip(&places);
        let key = InstanceKey::new(cells.map(|(name, place)| (name.clone(), row.values[*place].clone())).collect());
        // Never the last row: which one that is would depend on the order of the result.
        if keyed.contains_key(&key) {
            let message = format!("two rows have the key {key}; `per` must tell every row of the result apart");
            return Err(Failure::new(FailureCode::DuplicateKey, message));
        }
        keyed.insert(key, row);
    }
    Ok(keyed)
}

fn key_places(rule: &Rule, observation: &Observation) -> Result<Vec<usize>, Failure> {
    // A result without rows may come without columns: there is no key to read.
    if observation.rows.is_empty() {
        return Ok(Vec::new());
    }
    let place = |name: &String| {
        observation.columns.iter().position(|column| column.name == *name).ok_or_else(|| {
            Failure::new(FailureCode::InvalidQuery, format!("the result has no column `{name}`, which `per` names"))
        })
    };
    rule.per.iter().map(place).collect()
}

fn whole(rule: &Rule, observation: &Observation) -> Sighting {
    let breaches = observation.breaching_count > 0;
    let deciding = observation.rows.iter().find(|row| row.breaches == breaches);
    Sighting {
        breaches,
        recovered: observation.unrecovered_count == 0,
        severity: severity_of_all(rule, observation),
        value: deciding.and_then(|row| value_of(observation, row)),
        evidence: if breaches { Evidence::breaching(rule, observation) } else { Evidence::all(rule, observation) },
    }
}

fn single(rule: &Rule, observation: &Observation, row: &ObservedRow) -> Sighting {
    Sighting {
        breaches: row.breaches,
        recovered: row.recovered.unwrap_or(true),
        severity: severity_of_row(rule, observation, row),
        value: value_of(observation, row),
        evidence: Evidence {
            columns: observation.columns.clone(),
            rows: std::iter::once(row.values.clone()).take(rule.max_rows).collect(),
            row_count: 1,
        },
    }
}

fn value_of(observation: &Observation, row: &ObservedRow) -> Option<Value> {
    row.values.get(observation.value_column?).filter(|value| !value.is_null()).cloned()
}

/// The level of a rule that nothing else decides.
pub(crate) const fn default_severity(rule: &Rule) -> Severity {
    match rule.severity {
        SeveritySource::Fixed(level) => level,
        SeveritySource::Conditions | SeveritySource::Column => Severity::Warning,
    }
}

/// The highest level among the breaching rows.
pub(crate) fn severity_of_all(rule: &Rule, observation: &Observation) -> Severity {
    let level = match rule.severity {
        SeveritySource::Fixed(level) => Some(level),
        SeveritySource::Conditions => observation.severity,
        SeveritySource::Column => {
            let breaching = observation.rows.iter().filter(|row| row.breaches);
            breaching.map(|row| severity_of_row(rule, observation, row)).max()
        }
    };
    level.unwrap_or_else(|| default_severity(rule))
}

fn severity_of_row(rule: &Rule, observation: &Observation, row: &ObservedRow) -> Severity {
    let level = match rule.severity {
        SeveritySource::Fixed(level) => Some(level),
        SeveritySource::Conditions => row.severity,
        SeveritySource::Column => {
            let place = observation.columns.iter().position(|column| column.name == "severity");
            place.and_then(|place| row.values.get(place)).and_then(level_in)
        }
    };
    level.unwrap_or_else(|| default_severity(rule))
}

fn level_in(cell: &Value) -> Option<Severity> {
    match cell {
        Value::String(word) => Severity::parse(&word.trim().to_ascii_lowercase()),
        Value::Json(serde_json::Value::String(word)) => Severity::parse(&word.trim().to_ascii_lowercase()),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Decimal(_)
        | Value::Timestamp(_)
        | Value::Duration(_)
        | Value::Json(_)
        | Value::List(_)
        | Value::Binary(_) => None,
    }
}

/// Which instances are watched when there are more than `max_instances`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Admission {
    /// Seen keys beyond the cap.
    pub refused: BTreeSet<InstanceKey>,
    /// How many instances there are: the firing ones and all that ask to be watched.
    pub total: usize,
}

/// Applies `max_instances`. What fires already is never refused; of the others the worst
/// are admitted first, then by key, so that nothing critical is pushed out and the choice is stable.
pub(crate) fn admit(
    rule: &Rule,
    sightings: &BTreeMap<InstanceKey, Sighting>,
    known: &BTreeMap<InstanceKey, Instance>,
) -> Admission {
    let fires = |instance: &&Instance| matches!(instance.condition, Condition::Firing { .. });
    let firing = known.values().filter(fires).count();
    let mut asking: Vec<(&InstanceKey, &Sighting)> = sightings
        .iter()
        .filter(|(_, sighting)| sighting.breaches || watches_healthy(rule))
        .filter(|(key, _)| known.get(*key).filter(fires).is_none())
        .collect();
    let total = firing + asking.len();
    if total <= rule.max_instances {
        return Admission { refused: BTreeSet::new(), total };
    }
    asking.sort_by_key(|(key, sighting)| (Reverse(sighting.breaches), Reverse(sighting.severity), *key));
    let room = rule.max_instances.saturating_sub(firing);
    Admission { refused: asking.into_iter().skip(room).map(|(key, _)| key.clone()).collect(), total }
}

/// Whether instances that do not breach are remembered: only then their absence can be news.
pub(crate) fn watches_healthy(rule: &Rule) -> bool {
    match rule.missing {
        Missing::Alert(_) => !rule.per.is_empty(),
        Missing::Recovers | Missing::Resolve(_) | Missing::Keep => false,
    }
}

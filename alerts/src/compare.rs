//! `compare: previous_window`: a result beside that of the window before it.

use std::collections::{BTreeSet, HashMap, VecDeque};

use watchfire_model::{Column, ColumnType, Failure, FailureCode, Observation, Value};

use crate::number::{difference, total};

/// Joins a result with that of an earlier window.
///
/// Rows with equal cells in all columns that are not numeric belong together (NULL equals NULL), several of
/// one key in their order; without such a column, so do the first rows, the second rows, and so on. For each
/// numeric column `x` two columns follow at the end, in order: `x_prev`, the earlier cell, and `x_change`, by
/// how much it grew; both NULL in a row that was not there. Rows that are gone are in the totals only: that of
/// `x_prev` is over the whole earlier result, that of `x_change` the difference of the totals.
///
/// An earlier window without data is an observation without columns and rows.
///
/// # Errors
/// When a column of the result has one of the added names already, and when the two results have different
/// columns.
pub fn with_earlier(mut now: Observation, earlier: &Observation) -> Result<Observation, Failure> {
    let was_empty = Observation { columns: now.columns.clone(), ..Observation::default() };
    let earlier = if earlier.columns.is_empty() { &was_empty } else { earlier };
    same_columns(&now.columns, &earlier.columns)?;
    let (numbers, keys): (Vec<usize>, Vec<usize>) =
        (0..now.columns.len()).partition(|place| is_number(&now, earlier, *place));
    let added = added_columns(&now, earlier, &numbers)?;
    add_totals(&mut now, earlier, &numbers);
    let mut waiting: HashMap<String, VecDeque<&Vec<Value>>> = HashMap::new();
    for row in &earlier.rows {
        waiting.entry(key_of(&row.values, &keys)).or_default().push_back(&row.values);
    }
    for row in &mut now.rows {
        let before = waiting.get_mut(&key_of(&row.values, &keys)).and_then(VecDeque::pop_front);
        let cells: Vec<Value> = numbers
            .iter()
            .flat_map(|place| match before {
                Some(before) => [before[*place].clone(), difference(&row.values[*place], &before[*place])],
                None => [Value::Null, Value::Null],
            })
            .collect();
        row.values.extend(cells);
    }
    now.columns.extend(added);
    Ok(now)
}

/// The cells by which a row is known, in one text that differs where they do.
fn key_of(cells: &[Value], keys: &[usize]) -> String {
    keys.iter().map(|place| cells[*place].canonical_text()).collect()
}

/// Two runs of one query have the same columns, unless a source got others in between.
fn same_columns(now: &[Column], earlier: &[Column]) -> Result<(), Failure> {
    let names = |columns: &[Column]| columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
    let (now, earlier) = (names(now), names(earlier));
    if now == earlier {
        return Ok(());
    }
    let message = format!(
        "the result has the columns {}, that of the window before has {}, and `compare: previous_window` needs the same; name the columns in the query instead of `*`",
        listed(&now),
        listed(&earlier)
    );
    Err(Failure::new(FailureCode::InvalidQuery, message))
}

fn listed(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// Whether a column is numeric. A column without any value may have another type in one of the results.
fn is_number(now: &Observation, earlier: &Observation, place: usize) -> bool {
    let numeric = |seen: &Observation| seen.columns[place].kind.is_numeric();
    let silent = |seen: &Observation| seen.rows.iter().all(|row| row.values[place].is_null());
    match (numeric(now), numeric(earlier)) {
        (true, true) => true,
        (true, false) => silent(earlier),
        (false, true) => silent(now),
        (false, false) => false,
    }
}

fn added_columns(now: &Observation, earlier: &Observation, numbers: &[usize]) -> Result<Vec<Column>, Failure> {
    let mut taken: BTreeSet<String> = now.columns.iter().map(|column| column.name.clone()).collect();
    let mut added = Vec::with_capacity(numbers.len() * 2);
    for place in numbers {
        let column = &now.columns[*place];
        let was = earlier.columns[*place].kind;
        let whole = column.kind == ColumnType::Int && was == ColumnType::Int;
        let change = if whole { ColumnType::Int } else { ColumnType::Float };
        let prev = if was.is_numeric() { was } else { column.kind };
        for (name, kind) in [(prev_name(&column.name), prev), (change_name(&column.name), change)] {
            if !taken.insert(name.clone()) {
                let message = format!(
                    "`compare: previous_window` adds a column `{name}` for `{}`, and the result already has a column of this name; rename it in the query with AS",
                    column.name
                );
                return Err(Failure::new(FailureCode::InvalidQuery, message));
            }
            added.push(Column { name, kind });
        }
    }
    Ok(added)
}

fn add_totals(now: &mut Observation, earlier: &Observation, numbers: &[usize]) {
    for place in numbers {
        let name = &now.columns[*place].name;
        let (sum, before) = (total(now, *place), total(earlier, *place));
        let change = difference(&sum, &before);
        let totals = [(prev_name(name), before), (change_name(name), change)];
        now.totals.extend(totals);
    }
}

fn prev_name(column: &str) -> String {
    format!("{column}_prev")
}

fn change_name(column: &str) -> String {
    format!("{column}_change")
}

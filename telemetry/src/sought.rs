//! Whether a result has the columns that a rule names, as they will be when it runs.

use watchfire_model::Column;

use crate::check::{Sought, SoughtColumn, SqlProblem, problem};
use crate::failure::listed;
use crate::nearest::nearest;
use crate::part::SqlPart;
use crate::place::Place;

/// What a comparison appends to the name of a numeric column.
const COMPARED: [&str; 2] = ["_prev", "_change"];

/// What is wrong with the columns of a query's result.
pub(crate) fn problems(sought: &Sought, columns: &[Column]) -> Vec<SqlProblem> {
    let mut problems = if sought.compares { taken(columns) } else { Vec::new() };
    let of_column = |(index, column)| of_column(sought.compares, column, columns).map(|text| at_key(index, text));
    problems.extend(sought.columns.iter().enumerate().filter_map(of_column));
    problems
}

/// A code, a message and a help.
type Said = (&'static str, String, String);

fn at_key(index: usize, (code, message, help): Said) -> SqlProblem {
    problem(SqlPart::Key(index), Place::UNKNOWN, code, message, Some(help))
}

/// Names that a comparison adds although the query has them: every run would fail.
fn taken(columns: &[Column]) -> Vec<SqlProblem> {
    let numbers = columns.iter().filter(|column| column.kind.is_numeric());
    let added = numbers.flat_map(|column| COMPARED.map(|end| (column, format!("{}{end}", column.name))));
    let taken = added.filter(|(_, name)| columns.iter().any(|column| column.name == *name));
    taken
        .map(|(column, name)| {
            let message = format!(
                "`compare: previous_window` adds a column `{name}` for `{}`, and the query has one of this name",
                column.name
            );
            let help = format!("rename `{name}` in the query with AS");
            problem(SqlPart::Query, Place::UNKNOWN, "name_taken", message, Some(help))
        })
        .collect()
}

fn of_column(compares: bool, sought: &SoughtColumn, columns: &[Column]) -> Option<Said> {
    let name = sought.name.as_str();
    let named = |name: &str| columns.iter().find(|column| column.name == name);
    if let Some(column) = named(name) {
        return (sought.is_summed && !column.kind.is_numeric()).then(|| {
            let message = format!("`{name}` is no number but a {}, and only numbers are summed", column.kind.as_str());
            ("not_a_number", message, of_numbers(columns))
        });
    }
    if let Some(base) = COMPARED.iter().find_map(|end| name.strip_suffix(end)).and_then(named).filter(|_| compares) {
        return (!base.kind.is_numeric()).then(|| {
            let message = format!(
                "there is no `{name}`: `{}` is no number but a {}, and only numbers are compared",
                base.name,
                base.kind.as_str()
            );
            ("unknown_key", message, of_numbers(columns))
        });
    }
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let help = match nearest(name, names.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the result has {}", listed(&names)),
    };
    Some(("unknown_key", format!("the result of the query has no column `{name}`"), help))
}

fn of_numbers(columns: &[Column]) -> String {
    let numbers = columns.iter().filter(|column| column.kind.is_numeric());
    let names: Vec<&str> = numbers.map(|column| column.name.as_str()).collect();
    if names.is_empty() { "the result has no numbers".to_owned() } else { format!("numbers are {}", listed(&names)) }
}

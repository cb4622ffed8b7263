//! Tables and their columns: what they hold, and how SQL reads it.

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use std::collections::HashMap;
use std::sync::Arc;

use crate::dialect::{Dialect, Literal};
use crate::{postgres, sqlite};

/// A table or view of a database, as it is declared.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its name as it is written in statements.
    pub name: String,
    /// Its columns, in order; all may be NULL.
    pub columns: Vec<Arc<Column>>,
    /// The same as Arrow sees them.
    pub schema: SchemaRef,
}

impl Table {
    pub(crate) fn new(name: String, columns: Vec<Column>) -> Self {
        let fields: Vec<Field> = columns.iter().map(Column::field).collect();
        let schema = Arc::new(Schema::new(fields));
        Self { name, columns: columns.into_iter().map(Arc::new).collect(), schema }
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What is made of its values.
    pub data_type: DataType,
    pub(crate) is_json: bool,
    pub(crate) reading: Reading,
}

/// How SQL reads a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reading {
    Postgres(postgres::Reading),
    Sqlite(sqlite::Reading),
}

/// An operator between a column and a constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    /// Its sign.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

impl Column {
    /// Which SQL its [`Column::value`] is.
    pub const fn dialect(&self) -> Dialect {
        match &self.reading {
            Reading::Postgres(_) => Dialect::Postgres,
            Reading::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// The expression of its value, where `of` names the table: of type [`Column::data_type`], or an error
    /// of the database that names the column.
    pub fn value(&self, of: &str) -> String {
        let name = format!("{of}.{}", self.dialect().name(&self.name));
        match &self.reading {
            Reading::Postgres(reading) => reading.value(&name),
            Reading::Sqlite(reading) => reading.value(of, &name, &self.name),
        }
    }

    /// The comparison with a constant of its type in words that let the database use an index; `None`: there are
    /// no better words than those for [`Column::value`].
    pub fn compared(&self, of: &str, comparison: Comparison, literal: &Literal) -> Option<String> {
        let name = format!("{of}.{}", self.dialect().name(&self.name));
        match &self.reading {
            Reading::Postgres(reading) => reading.compared(&name, comparison, literal),
            Reading::Sqlite(reading) => {
                let quick = reading.compared(&name, comparison, literal)?;
                let value = reading.value(of, &name, &self.name);
                let exact = format!("{value} {} {}", comparison.sign(), Dialect::Sqlite.literal(literal)?);
                Some(format!("({quick} AND {exact})"))
            }
        }
    }

    fn field(&self) -> Field {
        let field = Field::new(&self.name, self.data_type.clone(), true);
        if self.is_json { field.with_metadata(json_metadata()) } else { field }
    }
}

/// What marks a column of text as JSON, as the query engine's JSON functions mark theirs.
fn json_metadata() -> HashMap<String, String> {
    let entries = [("ARROW:extension:name", "arrow.json"), ("ARROW:extension:metadata", "{}"), ("is_json", "true")];
    entries.map(|(key, value)| (key.to_owned(), value.to_owned())).into()
}

/// The nearest of these names, if one is close enough to be a slip of the fingers; for the end of a sentence.
pub(crate) fn hint(name: &str, known: &[String]) -> String {
    let short = |name: &str| name.to_lowercase().replace('"', "");
    let wanted = short(name);
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    let distance = |known: &String| {
        let known = short(known);
        let whole = strsim::damerau_levenshtein(&wanted, &known);
        whole.min(strsim::damerau_levenshtein(&last(&wanted), &last(&known)))
    };
    let within = (wanted.chars().count() / 3).max(1);
    let near = known.iter().map(|known| (distance(known), known)).filter(|(distance, _)| *distance <= within).min();
    match near {
        Some((_, near)) => format!("; did you mean `{near}`?"),
        None if known.is_empty() => "; there are no tables that this user sees".to_owned(),
        None => {
            const SHOWN: usize = 12;
            let shown: Vec<String> = known.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
            let more = known.len().saturating_sub(SHOWN);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            format!("; there are {}{more}", shown.join(", "))
        }
    }
}

//! One SELECT statement, put together from the leaves of a plan upwards.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use arrow::datatypes::{DataType, Schema};
use watchfire_sources::{Column, Database, Dialect};

use super::exec::Statement;
use super::table::RemoteTable;

/// A statement so far.
#[derive(Debug, Clone)]
pub(super) struct Select {
    pub database: Database,
    /// The sources that it reads.
    pub sources: Vec<String>,
    pub outdated: Vec<Arc<AtomicBool>>,
    pub rows_max: u64,
    /// What stands behind FROM.
    pub from: String,
    /// Its columns.
    pub items: Vec<Item>,
    /// All must be true.
    pub conditions: Vec<String>,
    /// `Some` once it aggregates; without any expression it is one row.
    pub group_by: Option<Vec<String>>,
    pub order_by: Vec<String>,
    pub limit: Option<usize>,
}

/// One column of a statement.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub sql: String,
    /// The column of a table that it is, and the table's alias.
    pub column: Option<(String, Arc<Column>)>,
}

impl Item {
    pub(super) fn computed(sql: String) -> Self {
        Self { sql, column: None }
    }
}

/// Names of tables inside one statement.
#[derive(Debug, Default)]
pub(super) struct Aliases(usize);

impl Aliases {
    pub(super) fn next(&mut self) -> String {
        let alias = format!("t{}", self.0);
        self.0 += 1;
        alias
    }
}

impl Select {
    /// All rows and columns of a table.
    pub(super) fn table(table: &RemoteTable, alias: &str) -> Self {
        let items = table
            .table
            .columns
            .iter()
            .map(|column| Item { sql: column.value(alias), column: Some((alias.to_owned(), Arc::clone(column))) });
        Self {
            database: table.database.clone(),
            sources: vec![table.name.clone()],
            outdated: vec![Arc::clone(&table.outdated)],
            rows_max: table.rows_max,
            from: format!("{} AS {alias}", table.table.name),
            items: items.collect(),
            conditions: Vec::new(),
            group_by: None,
            order_by: Vec::new(),
            limit: None,
        }
    }

    pub(super) fn dialect(&self) -> Dialect {
        self.database.dialect()
    }

    /// Keeps these columns, in this order.
    pub(super) fn project(&mut self, indices: &[usize]) {
        self.items = indices.iter().map(|index| self.items[*index].clone()).collect();
    }

    /// Whether a further condition or aggregate would mean something else in the same SELECT.
    pub(super) const fn is_closed(&self) -> bool {
        self.group_by.is_some() || self.limit.is_some()
    }

    /// A SELECT from this one.
    pub(super) fn derived(self, aliases: &mut Aliases) -> Self {
        let alias = aliases.next();
        let columns: Vec<String> = self.items.iter().map(|item| item.sql.clone()).collect();
        let from = format!("({}) AS {alias}", self.sql(&columns));
        let items = (0..self.items.len()).map(|index| Item::computed(format!("{alias}.c{index}"))).collect();
        Self {
            from,
            items,
            conditions: Vec::new(),
            group_by: None,
            order_by: Vec::new(),
            limit: None,
            database: self.database,
            sources: self.sources,
            outdated: self.outdated,
            rows_max: self.rows_max,
        }
    }

    /// The statement, with its columns in the form in which they are read; `None` when one has no such form.
    pub(super) fn selected(&self, schema: &Schema) -> Option<String> {
        let columns = self.items.iter().zip(schema.fields());
        let columns: Option<Vec<String>> =
            columns.map(|(item, field)| self.dialect().selected(&item.sql, field.data_type())).collect();
        Some(self.sql(&columns?))
    }

    /// Whether a column of this type can be read.
    pub(super) fn can_select(&self, data_type: &DataType) -> bool {
        self.dialect().selected("x", data_type).is_some()
    }

    /// The statement without a column: only how many rows there are.
    pub(super) fn nothing(&self) -> String {
        self.sql(&[])
    }

    pub(super) fn statement(self, schema: &Schema) -> Option<Statement> {
        let sql = self.selected(schema)?;
        let Self { database, sources, outdated, rows_max, .. } = self;
        Some(Statement { sources, database, sql, rows_max, outdated })
    }

    fn sql(&self, columns: &[String]) -> String {
        let named = columns.iter().enumerate().map(|(index, column)| format!("{column} AS c{index}"));
        let mut columns: Vec<String> = named.collect();
        if columns.is_empty() {
            columns.push("1".to_owned());
        }
        let mut sql = format!("SELECT {} FROM {}", columns.join(", "), self.from);
        let mut clause = |word: &str, parts: &[String], between: &str| {
            if !parts.is_empty() {
                sql.push_str(&format!(" {word} {}", parts.join(between)));
            }
        };
        clause("WHERE", &self.conditions, " AND ");
        clause("GROUP BY", self.group_by.as_deref().unwrap_or_default(), ", ");
        clause("ORDER BY", &self.order_by, ", ");
        if let Some(limit) = self.limit {
            sql.push_str(&format!(" LIMIT {limit}"));
        }
        sql
    }
}

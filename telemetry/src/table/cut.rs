//! Which rows of a table a query reads at all: those of its window and of its environments.

use arrow::datatypes::Schema;
use datafusion::common::Column;
use datafusion::logical_expr::{Expr, lit};
use watchfire_model::Window;

use super::records;
use crate::window::inside;

/// The column that says where a service runs.
const ENVIRONMENT: &str = "deployment_environment";

/// What every scan of a query is cut to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cut<'a> {
    /// `None`: all time.
    pub window: Option<Window>,
    /// The column that the window cuts, instead of each table's own.
    pub window_on: Option<&'a str>,
    /// Only rows of these environments of our own tables; an empty text stands for rows that name none.
    pub environments: Option<&'a [String]>,
}

/// What a row must meet, and the columns that this looks at.
#[derive(Debug, Default)]
pub(crate) struct Condition {
    pub expr: Option<Expr>,
    pub columns: Vec<String>,
}

impl Condition {
    /// The time in `column` lies inside the window.
    pub(crate) fn inside(&mut self, window: Window, column: &str, schema: &Schema) {
        self.add(inside(window, column, schema), column);
    }

    /// It is no pending span.
    pub(crate) fn not_pending(&mut self) {
        let kind = Expr::Column(Column::new_unqualified(records::KIND));
        self.add(kind.clone().not_eq(lit(records::PENDING)).or(kind.is_null()), records::KIND);
    }

    /// It is of one of these environments, if the table says of which its rows are.
    pub(crate) fn of_environments(&mut self, names: &[String], schema: &Schema) {
        if schema.column_with_name(ENVIRONMENT).is_none() {
            return;
        }
        let column = Expr::Column(Column::new_unqualified(ENVIRONMENT));
        let named = column.clone().in_list(names.iter().map(|name| lit(name.as_str())).collect(), false);
        let unnamed = names.iter().any(String::is_empty);
        self.add(if unnamed { named.or(column.is_null()) } else { named }, ENVIRONMENT);
    }

    fn add(&mut self, expr: Expr, column: &str) {
        self.expr = Some(match self.expr.take() {
            Some(before) => before.and(expr),
            None => expr,
        });
        if !self.columns.iter().any(|known| known == column) {
            self.columns.push(column.to_owned());
        }
    }
}

//! Aggregates in the words of a database.

use arrow::datatypes::DataType;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::AggregateFunction;
use watchfire_sources::Dialect;

use super::expression::{Scope, is_comparable};

/// An aggregate, if it is one of those that mean the same everywhere: count, sum, avg, min and max.
pub(super) fn sql(expr: &Expr, scope: &Scope<'_>) -> Option<String> {
    let function = match expr {
        Expr::Alias(alias) => return sql(&alias.expr, scope),
        Expr::AggregateFunction(function) => function,
        _ => return None,
    };
    let parameters = &function.params;
    if !parameters.order_by.is_empty() || parameters.null_treatment.is_some() {
        return None;
    }
    let filter = match &parameters.filter {
        Some(filter) => format!(" FILTER (WHERE {})", scope.condition(filter)?),
        None => String::new(),
    };
    let [argument] = parameters.args.as_slice() else { return None };
    call(function, argument, &filter, scope)
}

fn call(function: &AggregateFunction, argument: &Expr, filter: &str, scope: &Scope<'_>) -> Option<String> {
    let distinct = if function.params.distinct { "DISTINCT " } else { "" };
    let name = function.func.name();
    if name == "count" {
        // `count(*)` has become the count of a constant.
        if let Expr::Literal(value, _) = argument {
            return (!value.is_null() && distinct.is_empty()).then(|| format!("count(*){filter}"));
        }
        if !distinct.is_empty() && !is_comparable(&scope.data_type(argument)?) {
            return None;
        }
        return Some(format!("count({distinct}{}){filter}", scope.sql(argument)?));
    }
    let (data_type, value) = (scope.data_type(argument)?, scope.sql(argument)?);
    match (name, &data_type) {
        // The sum of whole numbers is a `numeric` in PostgreSQL; an error there where the engine would begin anew.
        ("sum", DataType::Int64) if scope.dialect == Dialect::Postgres => {
            Some(format!("CAST(sum({distinct}{value}){filter} AS int8)"))
        }
        ("sum", DataType::Int64 | DataType::Float64 | DataType::Decimal128(..)) => {
            Some(format!("sum({distinct}{value}){filter}"))
        }
        ("avg", DataType::Float64) => Some(format!("avg({distinct}{value}){filter}")),
        // PostgreSQL has no least boolean.
        ("min" | "max", DataType::Boolean) => None,
        ("min" | "max", DataType::Utf8) => Some(format!("{name}({}){filter}", scope.dialect.bytewise(&value))),
        ("min" | "max", other) if is_comparable(other) => Some(format!("{name}({value}){filter}")),
        _ => None,
    }
}

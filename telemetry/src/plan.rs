//! Syntax to a logical plan: the query, with a boolean column for each condition.

use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, DataFusionError, plan_datafusion_err};
use datafusion::execution::context::SQLOptions;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, cast};
use watchfire_model::{Column, Severity};

use crate::function::hint_for;
use crate::nearest::nearest;
use crate::parse::{Parsed, Question};
use crate::part::{PartError, SqlPart};
use crate::shredded;
use crate::value::column_of;

/// A question that can be asked at any slot.
#[derive(Debug)]
pub(crate) struct Planned {
    /// Not optimized: the optimizer puts in the slot. It reads shredded attributes from their columns.
    pub plan: LogicalPlan,
    /// The same as it was written, for sentences about it.
    pub written: LogicalPlan,
    pub layout: Layout,
    /// The schemas of the tables when it was planned, in the order of [`Parsed::tables`].
    pub schemas: Vec<SchemaRef>,
}

/// Where the columns of the plan are: first the query's own, then the verdicts.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    pub columns: Vec<Column>,
    /// The place of `when`.
    pub when: Option<usize>,
    /// The place of `recover_when`.
    pub recover_when: Option<usize>,
    /// The levels with the places of their conditions.
    pub severity: Vec<(Severity, usize)>,
    /// The rule's value: an index into `columns`.
    pub value_column: Option<usize>,
}

/// Plans a question with the tables of `state`'s catalog. All mistakes in conditions are told at once.
pub(crate) async fn plan(
    question: &Question,
    parsed: &Parsed,
    state: &SessionState,
    schemas: Vec<SchemaRef>,
) -> Result<Planned, Vec<PartError>> {
    let query = |error| vec![PartError::query(error)];
    let plan = state.statement_to_plan(parsed.statement.clone()).await;
    let plan = plan.map_err(|error| query(with_near_function(error, state)))?;
    read_only(&plan).map_err(query)?;
    let columns: Vec<Column> = plan.schema().fields().iter().map(|field| column_of(field)).collect();
    let mut verdicts = Vec::new();
    let mut errors = Vec::new();
    for (part, syntax) in &parsed.conditions {
        match verdict(syntax.clone(), &plan, state) {
            Ok(expr) => verdicts.push((*part, expr)),
            Err(error) => errors.push(PartError::new(*part, with_near_function(error, state))),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let layout = layout(question, columns, &verdicts, plan.schema());
    let written = with_verdicts(plan, verdicts).map_err(query)?;
    let plan = shredded::read_columns(written.clone()).map_err(query)?;
    Ok(Planned { plan, written, layout, schemas })
}

/// The engine's own guess at a misspelt function is often far off, and not always the same.
fn with_near_function(error: DataFusionError, state: &SessionState) -> DataFusionError {
    let DataFusionError::Plan(text) = error.find_root() else { return error };
    let Some(name) = text.strip_prefix("Invalid function '").and_then(|rest| rest.split('\'').next()) else {
        return error;
    };
    let known = state.scalar_functions().keys().chain(state.aggregate_functions().keys());
    let mut known: Vec<&str> = known.chain(state.window_functions().keys()).map(String::as_str).collect();
    known.sort_unstable();
    let hint = match hint_for(name) {
        Some(hint) => format!("; {hint}"),
        None => nearest(name, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default(),
    };
    plan_datafusion_err!("no function `{name}`{hint}")
}

fn read_only(plan: &LogicalPlan) -> Result<(), DataFusionError> {
    SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false).verify_plan(plan)
}

/// A condition over the columns of `plan`, as an expression that is true, false or NULL.
fn verdict(
    syntax: datafusion::sql::sqlparser::ast::ExprWithAlias,
    plan: &LogicalPlan,
    state: &SessionState,
) -> Result<Expr, DataFusionError> {
    let expr = state.create_logical_expr_from_sql_expr(syntax, plan.schema())?;
    let looks_further = expr.exists(|node| {
        Ok(matches!(node, Expr::AggregateFunction(_) | Expr::WindowFunction(_)) || node.contains_outer())
    })?;
    if looks_further {
        return Err(plan_datafusion_err!(
            "a condition looks at one row of the result; compute aggregates in the query and give them a name"
        ));
    }
    match expr.get_type(plan.schema())? {
        DataType::Boolean => Ok(expr),
        DataType::Null => Ok(cast(expr, DataType::Boolean)),
        other => Err(plan_datafusion_err!("a condition is true or false, this is of type {other}")),
    }
}

fn with_verdicts(plan: LogicalPlan, verdicts: Vec<(SqlPart, Expr)>) -> Result<LogicalPlan, DataFusionError> {
    if verdicts.is_empty() {
        return Ok(plan);
    }
    let prefix = free_prefix(plan.schema());
    let own = plan.schema().columns().into_iter().map(Expr::Column);
    let extra = verdicts.into_iter().enumerate().map(|(index, (_, expr))| expr.alias(format!("{prefix}{index}")));
    let all: Vec<Expr> = own.chain(extra).collect();
    LogicalPlanBuilder::from(plan).project(all)?.build()
}

/// A prefix that no column of the query begins with.
fn free_prefix(schema: &DFSchema) -> String {
    let mut prefix = "__verdict_".to_owned();
    while schema.fields().iter().any(|field| field.name().starts_with(&prefix)) {
        prefix.push('_');
    }
    prefix
}

fn layout(question: &Question, columns: Vec<Column>, verdicts: &[(SqlPart, Expr)], schema: &DFSchema) -> Layout {
    let place = |part: SqlPart| verdicts.iter().position(|(of, _)| *of == part).map(|index| columns.len() + index);
    let severity = question.severity.iter().enumerate();
    let severity =
        severity.filter_map(|(index, (level, _))| Some((*level, place(SqlPart::Severity(index))?))).collect();
    let when = verdicts.iter().find(|(part, _)| *part == SqlPart::When).map(|(_, expr)| expr);
    let used = when.and_then(|when| first_numeric(when, schema, &columns));
    let value_column = used.or_else(|| columns.iter().position(|column| column.kind.is_numeric()));
    Layout { when: place(SqlPart::When), recover_when: place(SqlPart::RecoverWhen), severity, value_column, columns }
}

/// The first numeric column that a condition names.
fn first_numeric(condition: &Expr, schema: &DFSchema, columns: &[Column]) -> Option<usize> {
    let mut found = None;
    let walked = condition.apply(|node| {
        if let Expr::Column(column) = node
            && let Ok(index) = schema.index_of_column(column)
            && columns[index].kind.is_numeric()
        {
            found = Some(index);
            return Ok(TreeNodeRecursion::Stop);
        }
        Ok(TreeNodeRecursion::Continue)
    });
    walked.ok().and(found)
}

/// What a query casts to a type whose name begins so, as it is written or nearly so; at most three, each once.
pub(crate) fn casts_to(plan: &LogicalPlan, target: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let walked = plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expr| {
            expr.apply(|node| {
                if let Expr::Cast(inner) = node
                    && inner.field.data_type().to_string().starts_with(target)
                {
                    let what = match inner.expr.as_ref() {
                        Expr::Alias(alias) => alias.name.clone(),
                        Expr::Column(column) => column.name.clone(),
                        other => json_text(other).unwrap_or_else(|| other.schema_name().to_string()),
                    };
                    let cast = format!("CAST({what} AS {})", inner.field.data_type());
                    if found.len() < 3 && !found.contains(&cast) {
                        found.push(cast);
                    }
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    });
    if walked.is_err() {
        found.clear();
    }
    found
}

/// `->>` as it is written; the engine has a function for it.
fn json_text(expr: &Expr) -> Option<String> {
    let Expr::ScalarFunction(call) = expr else { return None };
    let [Expr::Column(column), keys @ ..] = call.args.as_slice() else { return None };
    let keys = keys.iter().map(|key| match key {
        Expr::Literal(value, _) => value.try_as_str().flatten().map(|key| format!("'{key}'")),
        _ => None,
    });
    let keys = keys.collect::<Option<Vec<_>>>()?;
    let (last, steps) = keys.split_last().filter(|_| call.func.name() == "json_as_text")?;
    let steps: String = steps.iter().map(|step| format!(" -> {step}")).collect();
    Some(format!("{}{steps} ->> {last}", column.name))
}

/// Whether two lists of schemas are the same, so that a plan over the one fits the other.
pub(crate) fn same_schemas(left: &[SchemaRef], right: &[SchemaRef]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| Arc::ptr_eq(left, right) || left == right)
}

//! Levels by name: `level >= 'error'`, `level_num('error')`, `level_name(level)`.

use std::sync::Arc;

use arrow::array::{AsArray, StringArray, UInt16Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, UInt16Type};
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, ExprSchema, Result, exec_err, plan_err};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::expr::{Between, Case, InList};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, LogicalPlan, Operator, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
    lit,
};
use datafusion::optimizer::AnalyzerRule;
use datafusion::scalar::ScalarValue;
use watchfire_ingest::level::{name_of, names, number_of};

/// The column that is compared by name.
const COLUMN: &str = "level";

/// Rewrites the names that the whole-number column `level` is compared with to numbers.
///
/// It must run before types are coerced: the engine would cast the name to a number, and fail.
#[derive(Debug)]
pub(crate) struct LevelNames;

impl AnalyzerRule for LevelNames {
    fn name(&self) -> &str {
        "level_names"
    }

    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(rewrite_node).map(|rewritten| rewritten.data)
    }
}

fn rewrite_node(plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
    let names = NamePreserver::new(&plan);
    let inputs: Vec<LogicalPlan> = plan.inputs().into_iter().cloned().collect();
    // A scan has no input: its filters look at its own columns.
    let schema = if inputs.is_empty() { plan.schema().as_ref().clone() } else { merge_schema(&plan.inputs()) };
    let seen = Seen { inputs: &inputs, schema: &schema };
    let rewritten = plan.map_expressions(|expression| {
        let name = names.save(&expression);
        let rewritten = expression.transform_up(|expression| rewrite(expression, &seen))?;
        Ok(rewritten.update_data(|expression| name.restore(expression)))
    })?;
    if rewritten.transformed { rewritten.map_data(LogicalPlan::recompute_schema) } else { Ok(rewritten) }
}

/// What an expression looks at.
struct Seen<'a> {
    inputs: &'a [LogicalPlan],
    schema: &'a DFSchema,
}

fn rewrite(expression: Expr, seen: &Seen<'_>) -> Result<Transformed<Expr>> {
    match expression {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) if compares(op) => {
            let (left, right) = if is_level(&left, seen) {
                (left, Box::new(numbered(*right)?))
            } else if is_level(&right, seen) {
                (Box::new(numbered(*left)?), right)
            } else {
                return Ok(Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right })));
            };
            Ok(Transformed::yes(Expr::BinaryExpr(BinaryExpr { left, op, right })))
        }
        Expr::InList(InList { expr, list, negated }) if is_level(&expr, seen) => {
            let list = list.into_iter().map(numbered).collect::<Result<_>>()?;
            Ok(Transformed::yes(Expr::InList(InList { expr, list, negated })))
        }
        Expr::Between(Between { expr, negated, low, high }) if is_level(&expr, seen) => {
            let (low, high) = (Box::new(numbered(*low)?), Box::new(numbered(*high)?));
            Ok(Transformed::yes(Expr::Between(Between { expr, negated, low, high })))
        }
        Expr::Case(Case { expr: Some(expr), when_then_expr, else_expr }) if is_level(&expr, seen) => {
            let numbered_when = |(when, then): (Box<Expr>, Box<Expr>)| Ok((Box::new(numbered(*when)?), then));
            let when_then_expr = when_then_expr.into_iter().map(numbered_when).collect::<Result<_>>()?;
            Ok(Transformed::yes(Expr::Case(Case { expr: Some(expr), when_then_expr, else_expr })))
        }
        // `level = ANY (ARRAY['warn', 'error'])`.
        Expr::ScalarFunction(mut call)
            if call.name() == "array_has" && call.args.get(1).is_some_and(|sought| is_level(sought, seen)) =>
        {
            let list = std::mem::take(&mut call.args[0]);
            call.args[0] = numbered_list(list)?;
            Ok(Transformed::yes(Expr::ScalarFunction(call)))
        }
        other => Ok(Transformed::no(other)),
    }
}

/// The elements of a list that is written out, as the numbers of their levels.
fn numbered_list(list: Expr) -> Result<Expr> {
    match list {
        Expr::ScalarFunction(mut call) if call.name() == "make_array" => {
            call.args = call.args.into_iter().map(numbered).collect::<Result<_>>()?;
            Ok(Expr::ScalarFunction(call))
        }
        other => Ok(other),
    }
}

const fn compares(operator: Operator) -> bool {
    matches!(
        operator,
        Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq
            | Operator::IsDistinctFrom
            | Operator::IsNotDistinctFrom
    )
}

/// Whether this is the column of numbers with the name `level`, by whatever name, or the least or greatest of it; a
/// source's own text column is compared as text.
fn is_level(expression: &Expr, seen: &Seen<'_>) -> bool {
    if let Expr::Column(column) = expression
        && column.name == COLUMN
    {
        return seen.schema.field_from_column(column).is_ok_and(|field| field.data_type().is_integer());
    }
    comes_from_level(expression, &seen.inputs.iter().collect::<Vec<_>>())
}

/// Whether what an expression over these plans shows is a `level`, unchanged.
fn comes_from_level(expression: &Expr, inputs: &[&LogicalPlan]) -> bool {
    match expression {
        Expr::Alias(alias) => comes_from_level(&alias.expr, inputs),
        Expr::AggregateFunction(call) if matches!(call.func.name(), "min" | "max") => {
            call.params.args.first().is_some_and(|argument| comes_from_level(argument, inputs))
        }
        Expr::Column(column) => inputs.iter().any(|input| is_level_of(column, input)),
        _ => false,
    }
}

/// Whether this column of a plan is a `level` further down.
fn is_level_of(column: &Column, plan: &LogicalPlan) -> bool {
    let Some(place) = plan.schema().maybe_index_of_column(column) else { return false };
    if !plan.schema().field(place).data_type().is_integer() {
        return false;
    }
    match plan {
        LogicalPlan::Projection(projection) => {
            projection.expr.get(place).is_some_and(|shown| comes_from_level(shown, &[projection.input.as_ref()]))
        }
        LogicalPlan::Aggregate(aggregate) => {
            let shown = aggregate.group_expr.iter().chain(&aggregate.aggr_expr).nth(place);
            shown.is_some_and(|shown| comes_from_level(shown, &[aggregate.input.as_ref()]))
        }
        LogicalPlan::SubqueryAlias(alias) => {
            let below = Column::from(alias.input.schema().qualified_field(place));
            is_level_of(&below, &alias.input)
        }
        LogicalPlan::TableScan(_) => column.name == COLUMN,
        LogicalPlan::Union(union) => union
            .inputs
            .first()
            .is_some_and(|first| is_level_of(&Column::from(first.schema().qualified_field(place)), first)),
        other => other.inputs().into_iter().any(|input| is_level_of(column, input)),
    }
}

/// A text literal as the number of its level; digits and everything else as they are.
fn numbered(expression: Expr) -> Result<Expr> {
    let literal = match &expression {
        Expr::Cast(cast) if cast.field.data_type().is_string() => cast.expr.as_ref(),
        other => other,
    };
    let name = match literal {
        Expr::Literal(
            ScalarValue::Utf8(Some(name)) | ScalarValue::LargeUtf8(Some(name)) | ScalarValue::Utf8View(Some(name)),
            _,
        ) => name,
        _ => return Ok(expression),
    };
    if let Ok(number) = name.parse::<u16>() {
        return Ok(lit(number));
    }
    match number_of(name) {
        Some(number) => Ok(lit(number)),
        None => plan_err!("`{name}` is no level; the levels are {}", names()),
    }
}

/// `level_num(name)`.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct LevelNum {
    signature: Signature,
}

impl LevelNum {
    pub(super) fn new() -> Self {
        Self { signature: Signature::exact(vec![DataType::Utf8], Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for LevelNum {
    fn name(&self) -> &str {
        "level_num"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::UInt16)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let mut numbers = Vec::with_capacity(arrays[0].len());
        for name in arrays[0].as_string::<i32>() {
            let number = name.map(number_of);
            if number == Some(None) {
                return exec_err!("`{}` is no level; the levels are {}", name.unwrap_or_default(), names());
            }
            numbers.push(number.flatten());
        }
        Ok(ColumnarValue::Array(Arc::new(UInt16Array::from(numbers))))
    }
}

/// `level_name(number)`; NULL for a number without a name.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct LevelName {
    signature: Signature,
}

impl LevelName {
    pub(super) fn new() -> Self {
        Self { signature: Signature::numeric(1, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for LevelName {
    fn name(&self) -> &str {
        "level_name"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let numbers = cast(&arrays[0], &DataType::UInt16)?;
        let names: StringArray = numbers.as_primitive::<UInt16Type>().iter().map(|number| name_of(number?)).collect();
        Ok(ColumnarValue::Array(Arc::new(names)))
    }
}

//! PostgreSQL's JSON operators that nobody else plans: `@>`, `<@`, `?|`, `?&`; and clear words for those that are not
//! there. And `&&` of arrays, which nobody plans either.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::{DFSchema, Result, plan_err};
use datafusion::functions_nested::expr_fn::array_has_any;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{Expr, ExprSchemable, ScalarUDF};
use datafusion::sql::sqlparser::ast::BinaryOperator;

use super::JsonFunction;

/// See the module. It is asked last: lists have their own `@>`.
#[derive(Debug)]
pub(super) struct JsonOperators;

impl ExprPlanner for JsonOperators {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let (function, sides) = match expr.op {
            BinaryOperator::AtArrow => (JsonFunction::Contains, (expr.left, expr.right)),
            BinaryOperator::ArrowAt => (JsonFunction::Contains, (expr.right, expr.left)),
            BinaryOperator::QuestionPipe => (JsonFunction::ExistsAny, (expr.left, expr.right)),
            BinaryOperator::QuestionAnd => (JsonFunction::ExistsAll, (expr.left, expr.right)),
            BinaryOperator::PGOverlap => return Ok(PlannerResult::Planned(array_has_any(expr.left, expr.right))),
            BinaryOperator::AtQuestion | BinaryOperator::AtAt => {
                return plan_err!(
                    "`{}` and JSON paths are not supported; write the keys, like `attributes->'key'->>'inner' = 'x'`, or `attributes @> '{{\"key\": 1}}'`",
                    expr.op
                );
            }
            BinaryOperator::HashMinus => {
                return plan_err!("`#-` is not supported: JSON is only read, not changed");
            }
            BinaryOperator::Minus if is_json(&expr.left, schema) => {
                return plan_err!(
                    "JSON has no minus: no key is taken away. For a difference of numbers write casts, like `(attributes->>'a')::double - (attributes->>'b')::double`"
                );
            }
            BinaryOperator::StringConcat if is_json(&expr.left, schema) && is_json(&expr.right, schema) => {
                return plan_err!(
                    "JSON values are not merged with `||`, which joins texts here; select the two side by side, or write `a::text || b::text` when texts are meant"
                );
            }
            _ => return Ok(PlannerResult::Original(expr)),
        };
        let udf: Arc<ScalarUDF> = Arc::new(function.udf());
        Ok(PlannerResult::Planned(udf.call(vec![sides.0, sides.1])))
    }
}

/// Whether a value is marked as JSON, or comes out of it.
fn is_json(expr: &Expr, schema: &DFSchema) -> bool {
    let Ok((_, field)) = expr.to_field(schema) else { return false };
    matches!(field.data_type(), DataType::Union(_, _)) || field.metadata().contains_key("is_json")
}

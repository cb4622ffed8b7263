//! `||` on text, with a limit.
//!
//! The engine's operator is no function and cannot be guarded; twenty nested doublings of a
//! kilobyte are a gigabyte. So it is rewritten to a function that can.

use std::sync::Arc;

use arrow::array::{AsArray, StringArray};
use arrow::compute::cast;
use arrow::compute::kernels::concat_elements::concat_elements_utf8_many;
use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, Result};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::merge_schema;
use datafusion::logical_expr::{
    BinaryExpr, ColumnarValue, Expr, ExprSchemable, LogicalPlan, Operator, ScalarFunctionArgs, ScalarUDF,
    ScalarUDFImpl, Signature, Volatility,
};
use datafusion::optimizer::AnalyzerRule;
use datafusion::scalar::ScalarValue;

use super::guarded::{sum, within_limit};

/// Puts [`Concat`] in place of `||` between texts. Types are coerced by then.
#[derive(Debug)]
pub(crate) struct GuardConcat {
    function: Arc<ScalarUDF>,
}

impl GuardConcat {
    pub(crate) fn new() -> Self {
        let signature = Signature::user_defined(Volatility::Immutable);
        Self { function: Arc::new(ScalarUDF::new_from_impl(Concat { signature })) }
    }

    /// Whether this side is text. A call of ours is, without a walk through all that it joins.
    fn is_text(&self, side: &Expr, schema: &DFSchema) -> bool {
        self.is_joined(side) || side.get_type(schema).is_ok_and(|side| side == DataType::Utf8)
    }

    fn is_joined(&self, side: &Expr) -> bool {
        matches!(side, Expr::ScalarFunction(call) if Arc::ptr_eq(&call.func, &self.function))
    }

    /// One call for a whole chain `a || b || c`: nested calls would be walked again at every level.
    fn joined(&self, left: Expr, right: Expr) -> Expr {
        match left {
            Expr::ScalarFunction(mut call) if Arc::ptr_eq(&call.func, &self.function) => {
                call.args.push(right);
                Expr::ScalarFunction(call)
            }
            left => self.function.call(vec![left, right]),
        }
    }

    fn rewrite_node(&self, plan: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
        let schema = merge_schema(&plan.inputs());
        let names = NamePreserver::new(&plan);
        plan.map_expressions(|expression| {
            let name = names.save(&expression);
            let rewritten = expression.transform_up(|expression| {
                let Expr::BinaryExpr(BinaryExpr { left, op: Operator::StringConcat, right }) = expression else {
                    return Ok(Transformed::no(expression));
                };
                if !self.is_text(&left, &schema) || !self.is_text(&right, &schema) {
                    let op = Operator::StringConcat;
                    return Ok(Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right })));
                }
                Ok(Transformed::yes(self.joined(*left, *right)))
            })?;
            Ok(rewritten.update_data(|expression| name.restore(expression)))
        })
    }
}

impl AnalyzerRule for GuardConcat {
    fn name(&self) -> &str {
        "guard_concat"
    }

    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        plan.transform_up_with_subqueries(|node| self.rewrite_node(node)).map(|rewritten| rewritten.data)
    }
}

/// `||` between texts: NULL when one of them is.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Concat {
    signature: Signature,
}

impl ScalarUDFImpl for Concat {
    fn name(&self) -> &str {
        "||"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(vec![DataType::Utf8; arg_types.len()])
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if is_constant { 1 } else { args.number_rows };
        within_limit(self.name(), sum(&args.args, rows)?, is_constant)?;
        let mut parts = Vec::with_capacity(args.args.len());
        for arg in &args.args {
            parts.push(cast(&arg.to_array(rows)?, &DataType::Utf8)?);
        }
        let parts: Vec<&StringArray> = parts.iter().map(|part| part.as_string::<i32>()).collect();
        let joined = concat_elements_utf8_many(&parts)?;
        if is_constant {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&joined, 0)?));
        }
        Ok(ColumnarValue::Array(Arc::new(joined)))
    }
}

//! What a plan may make long: constants, and rows that are repeated.
//!
//! A constant becomes a column whenever the engine needs one: as long as it is, once for every row of a batch. So does a
//! row that a join repeats for each of its partners. The memory pool sees neither.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Result, exec_err};
use datafusion::logical_expr::{Expr, LogicalPlan};

/// Most bytes of all long constants of one query, those that functions made of short ones included.
const LONG_BYTES: usize = 64 << 10;

/// From how many bytes on a constant counts as long.
const LONG: usize = 256;

/// Refuses an optimized plan whose long constants are too much for a batch of rows.
pub(crate) fn within_limit(plan: &LogicalPlan) -> Result<()> {
    let mut bytes = 0;
    plan.apply_with_subqueries(|node| {
        // One row has each of its constants once.
        let makes_one_row = node.inputs().iter().all(|input| is_one_row(input));
        if !makes_one_row || matches!(node, LogicalPlan::TableScan(_)) {
            node.apply_expressions(|expr| {
                expr.apply(|part| {
                    if let Expr::Literal(value, _) = part {
                        bytes += Some(value.size()).filter(|size| *size > LONG).unwrap_or(0);
                    }
                    Ok(TreeNodeRecursion::Continue)
                })
            })?;
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    if bytes > LONG_BYTES {
        return exec_err!(
            "the constants of the query that are longer than {LONG} bytes have {bytes} bytes, more than the limit of {LONG_BYTES} bytes; shorten them, or keep them in a source of their own and join it"
        );
    }
    Ok(())
}

fn is_one_row(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::EmptyRelation(_) => true,
        LogicalPlan::Projection(projection) => is_one_row(&projection.input),
        LogicalPlan::SubqueryAlias(alias) => is_one_row(&alias.input),
        _ => false,
    }
}

/// Functions whose values may be long, out of little.
const GROWING: [&str; 24] = [
    "repeat",
    "lpad",
    "rpad",
    "concat",
    "concat_ws",
    "||",
    "replace",
    "regexp_replace",
    "overlay",
    "translate",
    "array_repeat",
    "array_resize",
    "array_concat",
    "array_append",
    "array_prepend",
    "array_union",
    "array_to_string",
    "make_array",
    "range",
    "generate_series",
    "string_agg",
    "array_agg",
    "map",
    "metric_merge",
];

/// How many rows a batch has in a query that makes long values and repeats rows. Its values have at most as many bytes
/// as one call may make, so that this bounds what is made of them, too.
const FEW_ROWS: usize = 16;

/// The rows of a batch for this plan, when they shall be fewer than usual.
pub(crate) fn batch_rows(plan: &LogicalPlan) -> Result<Option<usize>> {
    let (mut repeats, mut grows) = (false, false);
    plan.apply_with_subqueries(|node| {
        repeats |= matches!(node, LogicalPlan::Join(_) | LogicalPlan::Unnest(_) | LogicalPlan::RecursiveQuery(_));
        node.apply_expressions(|expr| {
            expr.apply(|part| {
                let name = match part {
                    Expr::ScalarFunction(call) => call.func.name(),
                    Expr::AggregateFunction(call) => call.func.name(),
                    Expr::Literal(value, _) => {
                        grows |= value.size() > LONG;
                        ""
                    }
                    _ => "",
                };
                grows |= GROWING.contains(&name);
                Ok(TreeNodeRecursion::Continue)
            })
        })
    })?;
    Ok((repeats && grows).then_some(FEW_ROWS))
}

//! Joins that let go.
//!
//! A join of large inputs whose consumer never waits would keep its thread long after its
//! query was stopped. Wrapped in `CooperativeExec` it yields after some batches, and the
//! timeout is heard. What unnests lists gets as many rows at once as it can repeat in little memory.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::unnest::UnnestExec;

use crate::few_rows::FewRows;

/// The nodes that may work long between two waits.
const LONG_WORKERS: [&str; 9] = [
    "CrossJoinExec",
    "HashJoinExec",
    "NestedLoopJoinExec",
    "PiecewiseMergeJoinExec",
    "RecursiveQueryExec",
    "SortMergeJoinExec",
    "SymmetricHashJoinExec",
    "UnnestExec",
    "LazyMemoryExec",
];

/// See the module.
#[derive(Debug)]
pub(crate) struct CooperativeJoins;

impl PhysicalOptimizerRule for CooperativeJoins {
    fn name(&self) -> &str {
        "cooperative_joins"
    }

    fn schema_check(&self) -> bool {
        true
    }

    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let wrapped = plan.transform_up(|node| {
            let node = match node.downcast_ref::<UnnestExec>() {
                Some(unnest) => {
                    let lists = unnest.list_column_indices().iter().map(|list| list.index_in_input_schema).collect();
                    let input = Arc::new(FewRows::new(Arc::clone(unnest.input()), lists));
                    let all = ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute);
                    Arc::clone(&node).replace_children(vec![input], all)?
                }
                None => node,
            };
            if LONG_WORKERS.contains(&node.name()) {
                return Ok(Transformed::yes(Arc::new(CooperativeExec::new(node)) as Arc<dyn ExecutionPlan>));
            }
            Ok(Transformed::no(node))
        })?;
        Ok(wrapped.data)
    }
}

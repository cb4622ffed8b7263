//! Rows in small portions, for what repeats each of them.
//!
//! Unnesting a list repeats the rest of its row once for each item, in one go and outside of the memory pool: a row of a
//! megabyte with a list of a million items would be a terabyte.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::DataType;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, exec_err, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties};
use futures::{StreamExt, TryStreamExt, stream};

/// Most bytes that the rows of one portion may become.
const REPEATED_BYTES: usize = 64 << 20;

/// See the module.
#[derive(Debug)]
pub(crate) struct FewRows {
    input: Arc<dyn ExecutionPlan>,
    /// The places of the lists that are unnested.
    lists: Vec<usize>,
}

impl FewRows {
    pub(crate) const fn new(input: Arc<dyn ExecutionPlan>, lists: Vec<usize>) -> Self {
        Self { input, lists }
    }
}

impl DisplayAs for FewRows {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FewRows")
    }
}

impl ExecutionPlan for FewRows {
    fn name(&self) -> &str {
        "FewRows"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let Ok([input]) = <[_; 1]>::try_from(children) else { return internal_err!("FewRows has one input") };
        Ok(Arc::new(Self { input, lists: self.lists.clone() }))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let lists = self.lists.clone();
        let portions = self.input.execute(partition, context)?.map(move |batch| {
            let portions = portions(&batch?, &lists)?;
            Ok::<_, DataFusionError>(stream::iter(portions.into_iter().map(Ok)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), portions.try_flatten())))
    }
}

/// The rows in portions that become at most [`REPEATED_BYTES`]. Fails when one row alone would become more.
fn portions(batch: &RecordBatch, lists: &[usize]) -> Result<Vec<RecordBatch>> {
    let others: Vec<usize> = (0..batch.num_columns()).filter(|index| !lists.contains(index)).collect();
    let bytes = |batch: &RecordBatch| -> Result<usize> {
        let sizes = others.iter().map(|index| batch.column(*index).to_data().get_slice_memory_size());
        Ok(sizes.sum::<Result<usize, _>>()?)
    };
    let longest = |batch: &RecordBatch| lists.iter().map(|list| longest_list(batch.column(*list))).max().unwrap_or(0);
    if longest(batch).saturating_mul(bytes(batch)?) <= REPEATED_BYTES {
        return Ok(vec![batch.clone()]);
    }
    let mut portions = Vec::with_capacity(batch.num_rows());
    for row in 0..batch.num_rows() {
        let portion = batch.slice(row, 1);
        let (items, row_bytes) = (longest(&portion), bytes(&portion)?);
        let repeated = items.saturating_mul(row_bytes);
        if repeated > REPEATED_BYTES {
            return exec_err!(
                "unnest would repeat a row of {row_bytes} bytes {items} times, {repeated} bytes, more than its limit of {REPEATED_BYTES} bytes; select fewer columns beside it, or join them afterwards"
            );
        }
        portions.push(portion);
    }
    Ok(portions)
}

fn longest_list(column: &dyn Array) -> usize {
    match column.data_type() {
        DataType::List(_) => {
            let offsets = column.as_list::<i32>().offsets();
            offsets.windows(2).map(|pair| usize::try_from(pair[1] - pair[0]).unwrap_or_default()).max().unwrap_or(0)
        }
        DataType::LargeList(_) => {
            let offsets = column.as_list::<i64>().offsets();
            offsets.windows(2).map(|pair| usize::try_from(pair[1] - pair[0]).unwrap_or_default()).max().unwrap_or(0)
        }
        DataType::FixedSizeList(_, length) => usize::try_from(*length).unwrap_or_default(),
        _ => 1,
    }
}

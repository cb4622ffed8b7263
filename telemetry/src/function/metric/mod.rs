//! The `metric_*` functions.
//!
//! `value` (the struct of a point) is made at the scan of `metrics`; what points mean together is decided by the pure
//! files here: `point`, `explicit` and `exponential` histograms, and `collected` (deltas, running totals, restarts).

mod aggregate;
mod codec;
mod collected;
mod explicit;
mod exponential;
mod per_row;
mod point;
mod value;

use datafusion::common::Result;
use datafusion::execution::FunctionRegistry;

pub(crate) use value::{value_columns, value_field, value_of};

/// Adds them.
pub(super) fn register(registry: &mut dyn FunctionRegistry) -> Result<()> {
    for function in aggregate::all() {
        registry.register_udaf(function.into())?;
    }
    for function in per_row::all() {
        registry.register_udf(function.into())?;
    }
    Ok(())
}

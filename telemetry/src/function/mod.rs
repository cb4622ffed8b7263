//! Functions that we add to the engine's, or put a limit on.

mod concat;
mod guarded;
mod level;
mod parameter;
mod time_bucket;

use datafusion::common::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::ScalarUDF;

pub(crate) use concat::GuardConcat;
pub(crate) use level::LevelNames;
pub(crate) use parameter::Parameter;

/// Adds ours and puts limits on the engine's.
pub(crate) fn register(registry: &mut dyn FunctionRegistry) -> Result<()> {
    datafusion_functions_json::register_all(registry)?;
    guarded::register(registry)?;
    for function in [
        ScalarUDF::new_from_impl(time_bucket::TimeBucket::new()),
        ScalarUDF::new_from_impl(level::LevelNum::new()),
        ScalarUDF::new_from_impl(level::LevelName::new()),
    ] {
        registry.register_udf(function.into())?;
    }
    for parameter in Parameter::ALL {
        registry.register_udf(ScalarUDF::new_from_impl(parameter::ParameterFunction::new(parameter)).into())?;
    }
    Ok(())
}

//! Functions that we add to the engine's, put a limit on, or take away.

mod allowed;
mod concat;
mod guarded;
mod hint;
mod json;
mod level;
pub(crate) mod metric;
mod parameter;
mod time_bucket;
mod to_char;

use datafusion::common::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::ScalarUDF;

pub(crate) use concat::GuardConcat;
pub(crate) use hint::hint_for;
pub(crate) use json::{returns_rows, returns_set};
pub(crate) use level::LevelNames;
pub(crate) use parameter::Parameter;
pub(crate) use to_char::percent_signs;

/// Leaves what is allowed, puts limits on it, and adds ours.
pub(crate) fn register(state: &mut SessionState) -> Result<()> {
    datafusion_functions_json::register_all(state)?;
    allowed::keep_only(state)?;
    guarded::register(state)?;
    json::register(state)?;
    metric::register(state)?;
    let to_char = to_char::ToChar::new(state.udf("to_char")?);
    for function in [
        ScalarUDF::new_from_impl(to_char),
        ScalarUDF::new_from_impl(time_bucket::TimeBucket::new()),
        ScalarUDF::new_from_impl(level::LevelNum::new()),
        ScalarUDF::new_from_impl(level::LevelName::new()),
    ] {
        state.register_udf(function.into())?;
    }
    for parameter in Parameter::ALL {
        state.register_udf(ScalarUDF::new_from_impl(parameter::ParameterFunction::new(parameter)).into())?;
    }
    Ok(())
}

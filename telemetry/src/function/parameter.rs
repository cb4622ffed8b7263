//! `$window_start`, `$window_end`, `$scheduled_for`.
//!
//! A parameter becomes a call of a function of the same name, whose type is known while
//! planning and whose value the optimizer takes from the query's context. So a plan holds
//! no instant and can be asked again for another slot.

use arrow::datatypes::DataType;
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility, lit};
use datafusion::scalar::ScalarValue;

use crate::context::QueryContext;
use crate::window::instant;
use watchfire_ingest::table::instant_type;

/// A bound parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Parameter {
    WindowStart,
    WindowEnd,
    ScheduledFor,
}

impl Parameter {
    pub(crate) const ALL: [Self; 3] = [Self::WindowStart, Self::WindowEnd, Self::ScheduledFor];

    /// How it is written in SQL.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::WindowStart => "$window_start",
            Self::WindowEnd => "$window_end",
            Self::ScheduledFor => "$scheduled_for",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|parameter| parameter.name() == name)
    }

    /// Whether a query that names it filters by the window itself.
    pub(crate) const fn is_window(self) -> bool {
        match self {
            Self::WindowStart | Self::WindowEnd => true,
            Self::ScheduledFor => false,
        }
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct ParameterFunction {
    parameter: Parameter,
    signature: Signature,
}

impl ParameterFunction {
    pub(super) fn new(parameter: Parameter) -> Self {
        Self { parameter, signature: Signature::exact(Vec::new(), Volatility::Stable) }
    }

    fn value(&self, options: &datafusion::config::ConfigOptions) -> Result<ScalarValue> {
        let facts = QueryContext::of(options)?;
        let at = match self.parameter {
            Parameter::ScheduledFor => Some(facts.scheduled_for),
            Parameter::WindowStart => facts.window.map(|window| window.start),
            Parameter::WindowEnd => facts.window.map(|window| window.end),
        };
        if at.is_none() {
            let name = self.parameter.name();
            return plan_err!(
                "`{name}` has no value: there is no window here (`window: none`, or a query outside a rule)"
            );
        }
        Ok(instant(at))
    }
}

impl ScalarUDFImpl for ParameterFunction {
    fn name(&self) -> &str {
        self.parameter.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(instant_type())
    }

    fn simplify(&self, _args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult> {
        Ok(ExprSimplifyResult::Simplified(lit(self.value(info.config_options())?)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Ok(ColumnarValue::Scalar(self.value(&args.config_options)?))
    }
}

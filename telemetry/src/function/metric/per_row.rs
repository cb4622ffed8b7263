//! `metric_avg(value)`, `metric_sum(value)`, `metric_count(value)`, `metric_min(value)`, `metric_max(value)`: what one
//! point, or several that `metric_merge` made one, says.
//!
//! A plain number is its own average, sum, least and greatest, and counts once.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, new_null_array};
use arrow::datatypes::DataType;
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use super::codec::Points;
use super::point::Body;
use super::value::{is_value, told};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Avg,
    Sum,
    Count,
    Min,
    Max,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Avg, Self::Sum, Self::Count, Self::Min, Self::Max];

    const fn name(self) -> &'static str {
        match self {
            Self::Avg => "metric_avg",
            Self::Sum => "metric_sum",
            Self::Count => "metric_count",
            Self::Min => "metric_min",
            Self::Max => "metric_max",
        }
    }
}

pub(super) fn all() -> impl Iterator<Item = ScalarUDF> {
    Kind::ALL.into_iter().map(|kind| ScalarUDF::new_from_impl(MetricPart::new(kind)))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct MetricPart {
    kind: Kind,
    signature: Signature,
}

impl MetricPart {
    fn new(kind: Kind) -> Self {
        Self { kind, signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for MetricPart {
    fn name(&self) -> &str {
        self.kind.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        let name = self.kind.name();
        let [given] = arg_types else {
            return plan_err!("write {name}(value): {name} was given {} arguments", arg_types.len());
        };
        if !is_value(given) && *given != DataType::Null {
            let plain = name.trim_start_matches("metric_");
            return plan_err!(
                "{name} takes the column `value` of `metrics`, not {}; write {name}(value), or `{plain}(scalar_value)` over many rows",
                told(given)
            );
        }
        Ok(vec![given.clone()])
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(match self.kind {
            Kind::Count => DataType::Int64,
            Kind::Avg | Kind::Sum | Kind::Min | Kind::Max => DataType::Float64,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [values] = args.args.as_slice() else { return exec_err!("{} without a value", self.kind.name()) };
        let values = values.to_array(args.number_rows)?;
        if *values.data_type() == DataType::Null {
            return Ok(ColumnarValue::Array(new_null_array(args.return_type(), values.len())));
        }
        let points = Points::of(&values)?;
        let floats = |of: fn(&Body) -> Option<f64>| -> Float64Array {
            (0..points.len()).map(|row| points.get(row).and_then(|point| of(&point.body))).collect()
        };
        let answers: ArrayRef = match self.kind {
            Kind::Count => {
                let count = |row| Some(i64::try_from(points.get(row)?.body.count()).unwrap_or(i64::MAX));
                Arc::new((0..points.len()).map(count).collect::<Int64Array>())
            }
            Kind::Avg => Arc::new(floats(Body::average)),
            Kind::Sum => Arc::new(floats(Body::sum)),
            Kind::Min => Arc::new(floats(Body::min)),
            Kind::Max => Arc::new(floats(Body::max)),
        };
        Ok(ColumnarValue::Array(answers))
    }
}

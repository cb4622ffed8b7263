//! `metric_quantile(p, value)`, `metric_rate(value, recorded_timestamp)`, `metric_increase(value, recorded_timestamp)`,
//! `metric_merge(value)`.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Float64Type, TimestampMicrosecondType};
use datafusion::common::utils::SingleRowListArrayBuilder;
use datafusion::common::{DataFusionError, Result, ScalarValue, exec_datafusion_err, exec_err, plan_err};
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility};
use watchfire_ingest::table::instant_type;

use super::codec::{Points, array_of};
use super::collected::{Collected, Purpose};
use super::point::Unfit;
use super::value::{is_value, told, value_type};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Quantile,
    Rate,
    Increase,
    Merge,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Quantile, Self::Rate, Self::Increase, Self::Merge];

    const fn name(self) -> &'static str {
        match self {
            Self::Quantile => "metric_quantile",
            Self::Rate => "metric_rate",
            Self::Increase => "metric_increase",
            Self::Merge => "metric_merge",
        }
    }

    const fn usage(self) -> &'static str {
        match self {
            Self::Quantile => "metric_quantile(0.95, value)",
            Self::Rate => "metric_rate(value, recorded_timestamp)",
            Self::Increase => "metric_increase(value, recorded_timestamp)",
            Self::Merge => "metric_merge(value)",
        }
    }

    const fn purpose(self) -> Purpose {
        match self {
            Self::Quantile => Purpose::Quantile,
            Self::Rate | Self::Increase => Purpose::Increase,
            Self::Merge => Purpose::Merge,
        }
    }
}

pub(super) fn all() -> impl Iterator<Item = AggregateUDF> {
    Kind::ALL.into_iter().map(|kind| AggregateUDF::new_from_impl(MetricAggregate::new(kind)))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct MetricAggregate {
    kind: Kind,
    signature: Signature,
}

impl MetricAggregate {
    fn new(kind: Kind) -> Self {
        Self { kind, signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl AggregateUDFImpl for MetricAggregate {
    fn name(&self) -> &str {
        self.kind.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        let usage = self.kind.usage();
        let value = |given: &DataType| {
            if is_value(given) || *given == DataType::Null {
                return Ok(given.clone());
            }
            let name = self.kind.name();
            plan_err!("{name} takes the column `value` of `metrics`, not {}; write {usage}", told(given))
        };
        match (self.kind, arg_types) {
            (Kind::Quantile, [p, given]) => {
                if !p.is_numeric() && *p != DataType::Null {
                    return plan_err!("the first argument of metric_quantile is a share from 0 to 1; write {usage}");
                }
                Ok(vec![DataType::Float64, value(given)?])
            }
            (Kind::Rate | Kind::Increase, [given, time]) => {
                let value = value(given)?;
                if !matches!(time, DataType::Timestamp(_, _) | DataType::Null) {
                    return plan_err!("the second argument of {} is a timestamp; write {usage}", self.kind.name());
                }
                Ok(vec![value, instant_type()])
            }
            (Kind::Merge, [given]) => Ok(vec![value(given)?]),
            (Kind::Quantile | Kind::Rate | Kind::Increase | Kind::Merge, _) => {
                plan_err!("write {usage}: {} was given {} arguments", self.kind.name(), arg_types.len())
            }
        }
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(match self.kind {
            Kind::Quantile | Kind::Rate | Kind::Increase => DataType::Float64,
            Kind::Merge => value_type(),
        })
    }

    fn accumulator(&self, _args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let collected = Collected::new(self.kind.purpose());
        Ok(Box::new(MetricAccumulator { kind: self.kind, collected, p: None }))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let points = Field::new_list(format!("{}[points]", args.name), Field::new_list_field(value_type(), true), true);
        let p = Field::new(format!("{}[p]", args.name), DataType::Float64, true);
        Ok(vec![Arc::new(points), Arc::new(p)])
    }
}

#[derive(Debug)]
struct MetricAccumulator {
    kind: Kind,
    collected: Collected,
    p: Option<f64>,
}

impl MetricAccumulator {
    fn observe(&mut self, values: &dyn Array, times: Option<&ArrayRef>) -> Result<()> {
        if *values.data_type() == DataType::Null {
            return Ok(());
        }
        let times = times.map(|times| cast(times, &instant_type())).transpose()?;
        let times = times.as_ref().map(|times| times.as_primitive::<TimestampMicrosecondType>());
        let points = Points::of(values)?;
        for row in 0..points.len() {
            let Some(mut point) = points.get(row) else { continue };
            match times {
                Some(times) if times.is_null(row) => continue,
                Some(times) => point.at = times.value(row),
                None => {}
            }
            let observed = self.collected.observe(point);
            observed.map_err(|unfit| self.unfit(unfit))?;
        }
        Ok(())
    }

    fn share(&mut self, shares: &ArrayRef) -> Result<()> {
        let shares = cast(shares, &DataType::Float64)?;
        for p in shares.as_primitive::<Float64Type>().iter().flatten() {
            if !(0.0..=1.0).contains(&p) {
                return exec_err!(
                    "metric_quantile takes a share from 0 to 1, not {p}; the 95th percentile is metric_quantile(0.95, value)"
                );
            }
            if *self.p.get_or_insert(p) != p {
                return exec_err!("metric_quantile takes one share for all rows, like metric_quantile(0.95, value)");
            }
        }
        Ok(())
    }

    fn unfit(&self, unfit: Unfit) -> DataFusionError {
        exec_datafusion_err!("{}: {unfit}", self.kind.name())
    }

    fn answer(&self) -> Result<ScalarValue> {
        let unfit = |unfit| self.unfit(unfit);
        Ok(match self.kind {
            Kind::Quantile => {
                let quantile = self.p.map(|p| self.collected.quantile(p)).transpose().map_err(unfit)?;
                ScalarValue::Float64(quantile.flatten())
            }
            Kind::Rate => ScalarValue::Float64(self.collected.rate().map_err(unfit)?),
            Kind::Increase => ScalarValue::Float64(self.collected.increase().map_err(unfit)?),
            Kind::Merge => {
                let merged = self.collected.merged().map_err(unfit)?;
                ScalarValue::try_from_array(&array_of(&[merged])?, 0)?
            }
        })
    }
}

impl Accumulator for MetricAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        match (self.kind, values) {
            (Kind::Quantile, [p, value]) => {
                self.share(p)?;
                self.observe(value, None)
            }
            (Kind::Rate | Kind::Increase, [value, time]) => self.observe(value, Some(time)),
            (Kind::Merge, [value]) => self.observe(value, None),
            (Kind::Quantile | Kind::Rate | Kind::Increase | Kind::Merge, _) => {
                exec_err!("{} with {} arguments", self.kind.name(), values.len())
            }
        }
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.answer()
    }

    fn size(&self) -> usize {
        self.collected.size_bytes()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let points: Vec<_> = self.collected.points().into_iter().map(Some).collect();
        let points = SingleRowListArrayBuilder::new(array_of(&points)?).build_list_scalar();
        Ok(vec![points, ScalarValue::Float64(self.p)])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let [points, shares] = states else { return exec_err!("{} with a broken state", self.kind.name()) };
        self.share(shares)?;
        for points in points.as_list::<i32>().iter().flatten() {
            self.observe(&points, None)?;
        }
        Ok(())
    }
}

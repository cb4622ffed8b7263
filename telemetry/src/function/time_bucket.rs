//! `time_bucket(width, timestamp)`: the start of the bucket that holds the instant.
//!
//! As in TimescaleDB buckets of a fixed width are counted from Monday 2000-01-03, buckets
//! of months from 2000-01-01.

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{DataType, Field, IntervalMonthDayNanoType, IntervalUnit};
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::functions::datetime::date_bin;
use datafusion::logical_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use datafusion::scalar::ScalarValue;

use watchfire_ingest::table::instant_type;

/// 2000-01-03T00:00:00Z, a Monday, in the nanoseconds that `date_bin` wants.
const ORIGIN_FIXED: i64 = 946_857_600_000_000_000;
/// 2000-01-01T00:00:00Z in nanoseconds.
const ORIGIN_MONTHS: i64 = 946_684_800_000_000_000;

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct TimeBucket {
    signature: Signature,
}

impl TimeBucket {
    pub(super) fn new() -> Self {
        Self { signature: Signature::user_defined(Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for TimeBucket {
    fn name(&self) -> &str {
        "time_bucket"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        let [width, time] = arg_types else {
            return plan_err!("time_bucket takes a width and a timestamp: time_bucket('1 hour', start_timestamp)");
        };
        let is_width =
            matches!(width, DataType::Interval(_) | DataType::Duration(_) | DataType::Null) || width.is_string();
        if !is_width {
            return plan_err!("the width of time_bucket is text or an interval, like '5 minutes', not {width}");
        }
        let is_time = matches!(time, DataType::Timestamp(_, _) | DataType::Date32 | DataType::Date64 | DataType::Null);
        if !is_time && !time.is_string() {
            return plan_err!("the second argument of time_bucket is a timestamp, not {time}");
        }
        Ok(vec![DataType::Interval(IntervalUnit::MonthDayNano), instant_type()])
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(instant_type())
    }

    fn invoke_with_args(&self, mut args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let Some(width) = args.args.first() else { return exec_err!("time_bucket without a width") };
        let width = match width {
            ColumnarValue::Scalar(ScalarValue::IntervalMonthDayNano(width)) => *width,
            ColumnarValue::Array(widths) if widths.len() == 1 => {
                widths.as_primitive_opt::<IntervalMonthDayNanoType>().map(|widths| widths.value(0))
            }
            _ => return exec_err!("the width of time_bucket must be the same for all rows"),
        };
        let Some(width) = width else {
            return Ok(ColumnarValue::Scalar(ScalarValue::TimestampMicrosecond(None, Some("UTC".into()))));
        };
        let is_fixed = width.months == 0;
        if (!is_fixed && (width.days != 0 || width.nanoseconds != 0))
            || width.months < 0
            || width.days < 0
            || width.nanoseconds < 0
            || (is_fixed && width.days == 0 && width.nanoseconds == 0)
        {
            return exec_err!("the width of time_bucket is whole months, or days and less; and more than nothing");
        }
        let origin = if is_fixed { ORIGIN_FIXED } else { ORIGIN_MONTHS };
        let origin = ScalarValue::TimestampNanosecond(Some(origin), Some("UTC".into()));
        args.args[0] = ColumnarValue::Scalar(ScalarValue::IntervalMonthDayNano(Some(width)));
        args.arg_fields.push(Arc::new(Field::new("origin", origin.data_type(), false)));
        args.args.push(ColumnarValue::Scalar(origin));
        date_bin().invoke_with_args(args)
    }

    fn output_ordering(&self, inputs: &[ExprProperties]) -> Result<SortProperties> {
        // Buckets keep the order of the instants.
        Ok(match inputs {
            [width, time] if width.sort_properties == SortProperties::Singleton => time.sort_properties,
            _ => SortProperties::Unordered,
        })
    }
}

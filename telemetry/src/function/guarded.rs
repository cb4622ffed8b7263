//! Functions that make much out of little: each is stopped before it makes too much.
//!
//! The memory pool does not see what a function allocates, and a call with constant
//! arguments runs while planning, before any other limit.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::{can_cast_types, cast};
use arrow::datatypes::{DataType, FieldRef, Int64Type, IntervalMonthDayNanoType, IntervalUnit};
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use watchfire_ingest::table::instant_type;

/// Most bytes, or items of eight bytes, that one call may make for one batch of rows.
const CALL_BYTES: i128 = 32 << 20;

/// How a function's output grows with its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Growth {
    /// The first argument, so many times.
    Times,
    /// As long as the second argument says.
    Length,
    /// From the first to the second argument by the third.
    Series,
    /// As long as all arguments together.
    Sum,
    /// The first argument, with the third in place of each sighting of the second.
    Replace,
    /// The first argument, with the third at most in place of each of its characters.
    ReplaceMatches,
    /// It does not grow; its pattern is checked.
    Pattern,
}

const GUARDED: [(&str, Growth); 12] = [
    ("repeat", Growth::Times),
    ("array_repeat", Growth::Times),
    ("lpad", Growth::Length),
    ("rpad", Growth::Length),
    ("array_resize", Growth::Length),
    ("range", Growth::Series),
    ("generate_series", Growth::Series),
    ("concat", Growth::Sum),
    ("concat_ws", Growth::Sum),
    ("replace", Growth::Replace),
    ("regexp_replace", Growth::ReplaceMatches),
    ("to_char", Growth::Pattern),
];

/// Puts the guards in place of the engine's functions.
pub(super) fn register(registry: &mut dyn FunctionRegistry) -> Result<()> {
    for (name, growth) in GUARDED {
        let inner = registry.udf(name)?;
        registry.register_udf(Arc::new(ScalarUDF::new_from_impl(Guarded { inner, growth })))?;
    }
    Ok(())
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Guarded {
    inner: Arc<ScalarUDF>,
    growth: Growth,
}

impl ScalarUDFImpl for Guarded {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        self.inner.return_type(arg_types)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        if self.growth == Growth::Pattern
            && let Some(Some(pattern)) = args.scalar_arguments.get(1)
            && let Some(Some(pattern)) = pattern.try_as_str()
        {
            check_pattern(pattern)?;
        }
        self.inner.return_field_from_args(args)
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arg_types)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows =
            if args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_))) { 1 } else { args.number_rows };
        let made = match self.growth {
            Growth::Pattern => 0,
            Growth::Times => times(&args.args, rows)?,
            Growth::Length => lengths(&args.args, rows)?,
            Growth::Series => series(&args.args, rows)? * 8,
            Growth::Sum => sum(&args.args, rows)?,
            Growth::Replace => replaced(&args.args, rows)?,
            Growth::ReplaceMatches => matches_replaced(&args.args, rows)?,
        };
        within_limit(self.name(), made)?;
        self.inner.invoke_with_args(args)
    }
}

/// Refuses a call of `name` that would make too much.
pub(super) fn within_limit(name: &str, made: i128) -> Result<()> {
    if made > CALL_BYTES {
        return exec_err!("{name} would make {made} bytes in one call, more than its limit of {CALL_BYTES} bytes");
    }
    Ok(())
}

/// The bytes of all texts of all arguments. Separators are counted once for each row.
pub(super) fn sum(args: &[ColumnarValue], rows: usize) -> Result<i128> {
    let mut bytes = 0;
    for arg in args {
        bytes += texts(arg, rows)?.iter().flatten().map(|text| text.len() as i128).sum::<i128>();
    }
    Ok(bytes)
}

/// What `replace` makes, counted.
fn replaced(args: &[ColumnarValue], rows: usize) -> Result<i128> {
    let [text, from, to] = args else { return Ok(0) };
    let (text, from, to) = (texts(text, rows)?, texts(from, rows)?, texts(to, rows)?);
    let rows = text.iter().zip(from.iter()).zip(to.iter());
    let bytes = rows.map(|((text, from), to)| {
        let (text, from, to) = (text.unwrap_or_default(), from.unwrap_or_default(), to.unwrap_or_default());
        // Only what grows is worth counting.
        if to.len() <= from.len() {
            return text.len() as i128;
        }
        text.len() as i128 + text.matches(from).count() as i128 * to.len() as i128
    });
    Ok(bytes.sum())
}

/// What `regexp_replace` makes at most. A short replacement multiplies little and is not counted.
fn matches_replaced(args: &[ColumnarValue], rows: usize) -> Result<i128> {
    const SHORT: usize = 256;
    let [text, _, to, ..] = args else { return Ok(0) };
    let (text, to) = (texts(text, rows)?, texts(to, rows)?);
    let rows = text.iter().zip(to.iter());
    let long = rows.filter_map(|(text, to)| Some((text?, to?))).filter(|(_, to)| to.len() > SHORT);
    Ok(long.map(|(text, to)| (text.len() as i128 + 1) * to.len() as i128).sum())
}

/// The argument as text; what is no text (a list) as none.
fn texts(value: &ColumnarValue, rows: usize) -> Result<StringArray> {
    if !can_cast_types(&value.data_type(), &DataType::Utf8) || value.data_type().is_nested() {
        return Ok(StringArray::new_null(rows));
    }
    Ok(cast(&value.to_array(rows)?, &DataType::Utf8)?.as_string::<i32>().clone())
}

/// Bytes of the first argument times the second.
fn times(args: &[ColumnarValue], rows: usize) -> Result<i128> {
    let [what, count, ..] = args else { return Ok(0) };
    let counts = whole_numbers(count, rows)?;
    let what = what.to_array(rows)?;
    let each = (what.get_array_memory_size() / what.len().max(1)).max(8) as i128;
    let texts = (*what.data_type() == DataType::Utf8).then(|| what.as_string::<i32>().clone());
    let counts = counts.as_primitive::<Int64Type>();
    let bytes = counts.iter().enumerate().map(|(row, count)| {
        let size = texts.as_ref().map_or(each, |texts| texts.value_length(row).into());
        i128::from(count.unwrap_or(0).max(0)) * size
    });
    Ok(bytes.sum())
}

/// The second argument, as bytes.
fn lengths(args: &[ColumnarValue], rows: usize) -> Result<i128> {
    let Some(length) = args.get(1) else { return Ok(0) };
    let lengths = whole_numbers(length, rows)?;
    Ok(lengths.as_primitive::<Int64Type>().iter().flatten().map(|length| i128::from(length.max(0))).sum())
}

/// The items of all rows' series.
fn series(args: &[ColumnarValue], rows: usize) -> Result<i128> {
    let (start, stop) = match args {
        [stop] => (None, stop),
        [start, stop, ..] => (Some(start), stop),
        [] => return Ok(0),
    };
    let stops = points(stop, rows)?;
    let starts = start.map(|start| points(start, rows)).transpose()?;
    let steps = args.get(2).map(|step| steps(step, rows)).transpose()?;
    let at = |array: &Option<ArrayRef>, row: usize, default: i64| {
        let array = array.as_ref().map(|array| array.as_primitive::<Int64Type>());
        array.map_or(default, |array| if array.is_null(row) { default } else { array.value(row) })
    };
    let stops = stops.as_primitive::<Int64Type>();
    let items = stops.iter().enumerate().filter_map(|(row, stop)| {
        let (start, step) = (at(&starts, row, 0), at(&steps, row, 1));
        let distance = i128::from(stop?) - i128::from(start);
        (step != 0 && (distance >= 0) == (step > 0)).then(|| distance / i128::from(step) + 1)
    });
    Ok(items.sum())
}

/// Numbers as they are, instants in microseconds.
fn points(value: &ColumnarValue, rows: usize) -> Result<ArrayRef> {
    let array = value.to_array(rows)?;
    let array = match array.data_type() {
        DataType::Timestamp(_, _) | DataType::Date32 | DataType::Date64 => cast(&array, &instant_type())?,
        _ => array,
    };
    Ok(cast(&array, &DataType::Int64)?)
}

/// Numbers as they are, intervals in microseconds with the shortest month.
fn steps(value: &ColumnarValue, rows: usize) -> Result<ArrayRef> {
    let array = value.to_array(rows)?;
    if !matches!(array.data_type(), DataType::Interval(_)) {
        return Ok(cast(&array, &DataType::Int64)?);
    }
    let array = cast(&array, &DataType::Interval(IntervalUnit::MonthDayNano))?;
    let micros = array.as_primitive::<IntervalMonthDayNanoType>().iter().map(|step| {
        let step = step?;
        let days = i64::from(step.months) * 28 + i64::from(step.days);
        Some(days.saturating_mul(86_400_000_000).saturating_add(step.nanoseconds / 1_000))
    });
    Ok(Arc::new(micros.collect::<arrow::array::Int64Array>()))
}

fn whole_numbers(value: &ColumnarValue, rows: usize) -> Result<ArrayRef> {
    Ok(cast(&value.to_array(rows)?, &DataType::Int64)?)
}

/// The engine returns a pattern in PostgreSQL's notation unchanged, which nobody notices until they read the message.
fn check_pattern(pattern: &str) -> Result<()> {
    if pattern.contains('%') || pattern.is_empty() {
        return Ok(());
    }
    plan_err!(
        "to_char does not know the pattern '{pattern}': write it with percent signs, like '%Y-%m-%d %H:%M:%S' for 'YYYY-MM-DD HH24:MI:SS'"
    )
}

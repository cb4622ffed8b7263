//! Functions that make much out of little: each is stopped before it makes too much.
//!
//! The memory pool does not see what a function allocates, and a call with constant
//! arguments runs while planning, before any other limit.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringArray};
use arrow::compute::{can_cast_types, cast};
use arrow::datatypes::{DataType, FieldRef, Int64Type, IntervalMonthDayNanoType, IntervalUnit};
use datafusion::common::{Result, exec_err};
use datafusion::execution::FunctionRegistry;
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
};

use watchfire_ingest::table::instant_type;

/// Most bytes, or items of eight bytes, that one call may make for one batch of rows.
const CALL_BYTES: i128 = 32 << 20;

/// The same for a call with constant arguments. It runs while planning, and each step of the optimizer looks at what it
/// made.
const CONSTANT_BYTES: i128 = 1 << 20;

/// Most steps that one call may take for one batch of rows, where it takes more than one for each character.
const CALL_STEPS: i128 = 100_000_000;

/// How a function's output, or its work, grows with its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Growth {
    /// The first argument, so many times.
    Times,
    /// As long as the second argument says; a list of so many third arguments.
    Length,
    /// From the first to the second argument by the third.
    Series,
    /// As long as all arguments together.
    Sum,
    /// As long as all others together, with the first argument between them.
    Separated,
    /// The items of the first argument, with the second argument between them and the third for NULL.
    Joined,
    /// The first argument, with the third in place of each sighting of the second.
    Replace,
    /// The first argument, with the third at most in place of each of its characters.
    ReplaceMatches,
    /// The items of the first argument, each of which may become the third.
    ReplaceItems,
    /// It does not grow, but compares each character of the one with each of the other.
    Product,
}

const GUARDED: [(&str, Growth); 22] = [
    ("repeat", Growth::Times),
    ("array_repeat", Growth::Times),
    ("lpad", Growth::Length),
    ("rpad", Growth::Length),
    ("array_resize", Growth::Length),
    ("range", Growth::Series),
    ("generate_series", Growth::Series),
    ("concat", Growth::Sum),
    ("overlay", Growth::Sum),
    ("array_concat", Growth::Sum),
    ("array_append", Growth::Sum),
    ("array_prepend", Growth::Sum),
    ("array_union", Growth::Sum),
    ("make_array", Growth::Sum),
    ("concat_ws", Growth::Separated),
    ("array_to_string", Growth::Joined),
    ("replace", Growth::Replace),
    ("regexp_replace", Growth::ReplaceMatches),
    ("array_replace", Growth::ReplaceItems),
    ("array_replace_n", Growth::ReplaceItems),
    ("array_replace_all", Growth::ReplaceItems),
    ("levenshtein", Growth::Product),
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
        self.inner.return_field_from_args(args)
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(arg_types)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.inner.documentation()
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let is_constant = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        let rows = if is_constant { 1 } else { args.number_rows };
        let made = match self.growth {
            Growth::Times => times(&args.args, rows)?,
            Growth::Length => lengths(&args.args, rows)?,
            Growth::Series => series(&args.args, rows)? * 8,
            Growth::Sum => sum(&args.args, rows)?,
            Growth::Separated => separated(&args.args, rows)?,
            Growth::Joined => joined(&args.args, rows)?,
            Growth::Replace => replaced(&args.args, rows)?,
            Growth::ReplaceMatches => matches_replaced(&args.args, rows)?,
            Growth::ReplaceItems => items_replaced(&args.args, rows)?,
            Growth::Product => {
                return within_steps(self.name(), compared(&args.args, rows)?)
                    .and_then(|()| self.inner.invoke_with_args(args));
            }
        };
        within_limit(self.name(), made, is_constant)?;
        self.inner.invoke_with_args(args)
    }
}

/// Refuses a call of `name` that would make too much.
pub(super) fn within_limit(name: &str, made: i128, is_constant: bool) -> Result<()> {
    let (limit, what) = if is_constant { (CONSTANT_BYTES, " of constants") } else { (CALL_BYTES, "") };
    if made > limit {
        return exec_err!("{name} would make {made} bytes in one call{what}, more than its limit of {limit} bytes");
    }
    Ok(())
}

/// Refuses a call of `name` that would take too long.
fn within_steps(name: &str, steps: i128) -> Result<()> {
    if steps > CALL_STEPS {
        return exec_err!("{name} would take {steps} steps in one call, more than its limit of {CALL_STEPS} steps");
    }
    Ok(())
}

/// The bytes of all arguments in all rows.
pub(super) fn sum(args: &[ColumnarValue], rows: usize) -> Result<i128> {
    args.iter().map(|arg| bytes(arg, rows)).sum()
}

/// The bytes of an argument in all rows; a constant is there once for each of them.
fn bytes(value: &ColumnarValue, rows: usize) -> Result<i128> {
    if let Some(texts) = Texts::of(value)? {
        return Ok((0..rows).map(|row| texts.len(row)).sum());
    }
    Ok(match value {
        ColumnarValue::Scalar(scalar) => scalar.size() as i128 * rows as i128,
        ColumnarValue::Array(array) => array.to_data().get_slice_memory_size()? as i128,
    })
}

/// A text argument, without a copy of a constant for every row.
enum Texts {
    Constant(Option<String>),
    Rows(StringArray),
}

impl Texts {
    /// `None` for what is no text (a list).
    fn of(value: &ColumnarValue) -> Result<Option<Self>> {
        if !can_cast_types(&value.data_type(), &DataType::Utf8) || value.data_type().is_nested() {
            return Ok(None);
        }
        Ok(Some(match value {
            ColumnarValue::Scalar(scalar) => {
                let text = cast(&scalar.to_array()?, &DataType::Utf8)?;
                let text = text.as_string::<i32>();
                Self::Constant(text.is_valid(0).then(|| text.value(0).to_owned()))
            }
            ColumnarValue::Array(array) => Self::Rows(cast(array, &DataType::Utf8)?.as_string::<i32>().clone()),
        }))
    }

    /// The text of a row; empty for NULL.
    fn get(&self, row: usize) -> &str {
        match self {
            Self::Constant(text) => text.as_deref().unwrap_or_default(),
            Self::Rows(texts) if texts.is_valid(row) => texts.value(row),
            Self::Rows(_) => "",
        }
    }

    fn len(&self, row: usize) -> i128 {
        self.get(row).len() as i128
    }
}

fn empty() -> Texts {
    Texts::Constant(None)
}

/// What `concat_ws` makes: one separator less than there are other arguments.
fn separated(args: &[ColumnarValue], rows: usize) -> Result<i128> {
    let [separator, others @ ..] = args else { return Ok(0) };
    let between = others.len().saturating_sub(1) as i128;
    Ok(sum(others, rows)? + bytes(separator, rows)? * between)
}

/// What `array_to_string` makes at most.
fn joined(args: &[ColumnarValue], rows: usize) -> Result<i128> {
    let [list, between, rest @ ..] = args else { return Ok(0) };
    let null = rest.first().map(Texts::of).transpose()?.flatten().unwrap_or_else(empty);
    let between = Texts::of(between)?.unwrap_or_else(empty);
    let items = items(list, rows)?;
    let added: i128 = (0..rows).map(|row| items.len(row) * (between.len(row) + null.len(row))).sum();
    Ok(bytes(list, rows)? + added)
}

/// How many items the lists of an argument have.
enum Items {
    Constant(i128),
    Rows(Vec<i128>),
}

impl Items {
    fn len(&self, row: usize) -> i128 {
        match self {
            Self::Constant(items) => *items,
            Self::Rows(items) => items.get(row).copied().unwrap_or_default(),
        }
    }
}

fn items(list: &ColumnarValue, rows: usize) -> Result<Items> {
    let count = |array: &ArrayRef| -> Vec<i128> {
        // A nested list counts what it has inside, too.
        let each = |items: ArrayRef| match items.as_list_opt::<i32>() {
            Some(inner) => (items.len() + inner.values().len()) as i128,
            None => items.len() as i128,
        };
        match array.as_list_opt::<i32>() {
            Some(lists) => lists.iter().map(|items| items.map_or(0, each)).collect(),
            None => vec![1; array.len()],
        }
    };
    Ok(match list {
        ColumnarValue::Scalar(scalar) => Items::Constant(count(&scalar.to_array()?).first().copied().unwrap_or(0)),
        ColumnarValue::Array(array) => Items::Rows(count(array).into_iter().take(rows).collect()),
    })
}

/// What `array_replace` and its kin make at most.
fn items_replaced(args: &[ColumnarValue], rows: usize) -> Result<i128> {
    let [list, _, to, ..] = args else { return Ok(0) };
    let each = match to {
        ColumnarValue::Scalar(scalar) => scalar.size() as i128,
        ColumnarValue::Array(array) => array.to_data().get_slice_memory_size()? as i128,
    };
    // A short one makes little of what is there already.
    if each <= 256 {
        return Ok(0);
    }
    let items = items(list, rows)?;
    Ok((0..rows).map(|row| items.len(row) * each).sum())
}

/// The pairs of characters that are compared.
fn compared(args: &[ColumnarValue], rows: usize) -> Result<i128> {
    let [left, right, ..] = args else { return Ok(0) };
    let (left, right) = (Texts::of(left)?.unwrap_or_else(empty), Texts::of(right)?.unwrap_or_else(empty));
    Ok((0..rows).map(|row| left.len(row) * right.len(row)).sum())
}

/// What `replace` makes, counted.
fn replaced(args: &[ColumnarValue], rows: usize) -> Result<i128> {
    let [text, from, to] = args else { return Ok(0) };
    let [text, from, to] = [Texts::of(text)?, Texts::of(from)?, Texts::of(to)?].map(|it| it.unwrap_or_else(empty));
    let made = (0..rows).map(|row| {
        // Only what grows is worth counting.
        if to.len(row) <= from.len(row) {
            return text.len(row);
        }
        text.len(row) + text.get(row).matches(from.get(row)).count() as i128 * to.len(row)
    });
    Ok(made.sum())
}

/// What `regexp_replace` makes at most, in a pattern's worst case: its replacement at every character.
///
/// That worst case is rare, so it is held against the limit only for replacements that are long for one; for shorter
/// ones the limit is as many times higher as they may grow.
fn matches_replaced(args: &[ColumnarValue], rows: usize) -> Result<i128> {
    const SHORT: i128 = 64;
    let [text, _, to, ..] = args else { return Ok(0) };
    let [text, to] = [Texts::of(text)?, Texts::of(to)?].map(|it| it.unwrap_or_else(empty));
    let made = (0..rows).map(|row| {
        let all = (text.len(row) + 1) * to.len(row);
        if to.len(row) > SHORT { all } else { all / 8 }
    });
    Ok(made.sum())
}

/// Bytes of the first argument times the second.
fn times(args: &[ColumnarValue], rows: usize) -> Result<i128> {
    let [what, count, ..] = args else { return Ok(0) };
    let counts = whole_numbers(count, rows)?;
    let texts = Texts::of(what)?;
    let each = match what {
        ColumnarValue::Scalar(scalar) => scalar.size(),
        ColumnarValue::Array(array) => array.to_data().get_slice_memory_size()? / array.len().max(1),
    };
    let counts = counts.as_primitive::<Int64Type>();
    let made = counts.iter().enumerate().map(|(row, count)| {
        let size =
            texts.as_ref().filter(|_| what.data_type().is_string()).map_or(each.max(8) as i128, |texts| texts.len(row));
        i128::from(count.unwrap_or(0).max(0)) * size
    });
    Ok(made.sum())
}

/// The second argument, as bytes; as so many of the third, when that is what a list is filled with.
fn lengths(args: &[ColumnarValue], rows: usize) -> Result<i128> {
    let [what, length, rest @ ..] = args else { return Ok(0) };
    let lengths = whole_numbers(length, rows)?;
    let each = match rest.first() {
        Some(ColumnarValue::Scalar(fill)) if what.data_type().is_nested() => fill.size() as i128,
        Some(ColumnarValue::Array(fill)) if what.data_type().is_nested() => {
            fill.to_data().get_slice_memory_size()? as i128
        }
        _ if what.data_type().is_nested() => 8,
        // A character has at most four bytes.
        _ => 1,
    };
    Ok(lengths.as_primitive::<Int64Type>().iter().flatten().map(|length| i128::from(length.max(0)) * each).sum())
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

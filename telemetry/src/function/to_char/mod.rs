//! `to_char(value, pattern)` with the patterns of PostgreSQL, for instants, dates, times, intervals and numbers.
//!
//! The engine's own function takes patterns with percent signs and returns those of PostgreSQL unchanged, which nobody
//! notices until they read the message. Here a pattern with a percent sign goes to it still (unless a number is
//! rendered), everything else is PostgreSQL's; letters that mean nothing are an error, where PostgreSQL copies them.

mod moment;
mod number;

use std::sync::Arc;

use arrow::array::timezone::Tz;
use arrow::array::{Array, ArrayRef, AsArray, StringBuilder};
use arrow::compute::cast;
use arrow::datatypes::{
    DataType, FieldRef, Float64Type, Int64Type, IntervalMonthDayNanoType, IntervalUnit, TimeUnit,
    TimestampMicrosecondType,
};
use chrono::{DateTime, NaiveDateTime, Offset, TimeZone};
use datafusion::common::{DataFusionError, Result, ScalarValue, exec_err, plan_datafusion_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use moment::{Moment, MomentPattern};
use number::{Digits, NumberPattern};

/// Most characters of a pattern.
const PATTERN_MAX: usize = 1_000;

/// A pattern that means nothing here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum PatternError {
    /// A part of it is unknown.
    #[error(
        "to_char does not know `{part}` in the pattern '{pattern}'; write plain text in double quotes, like 'YYYY-MM-DD\"T\"HH24:MI:SS', and see PostgreSQL's \"Data Type Formatting Functions\" for what there is"
    )]
    Unknown { pattern: String, part: String },
    /// It is a part of instants only.
    #[error(
        "to_char: an interval has no `{part}` (in the pattern '{pattern}'); write HH24, MI, SS, MS, US, DD, MM or YYYY"
    )]
    NotOfAnInterval { pattern: String, part: String },
}

impl PatternError {
    fn unknown(pattern: &str, part: &str) -> Self {
        Self::Unknown { pattern: pattern.to_owned(), part: part.to_owned() }
    }

    fn not_of_an_interval(pattern: &str, part: &str) -> Self {
        Self::NotOfAnInterval { pattern: pattern.to_owned(), part: part.to_owned() }
    }
}

impl From<PatternError> for DataFusionError {
    fn from(error: PatternError) -> Self {
        plan_datafusion_err!("{error}")
    }
}

/// A pattern of PostgreSQL's in the notation with percent signs, which the engine reads texts with.
pub(crate) fn percent_signs(pattern: &str) -> Result<String> {
    let said = MomentPattern::parse(pattern)?.percent_signs();
    said.ok_or_else(|| {
        plan_datafusion_err!(
            "a text cannot be read with the pattern '{pattern}': write it with percent signs, like '%Y-%m-%d %H:%M:%S'"
        )
    })
}

/// The text in double quotes at the beginning, and what follows it. A backslash takes the next character as it is.
fn quoted(rest: &str) -> (String, &str) {
    let mut text = String::new();
    let mut characters = rest.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (text, &rest[at + 1..]),
            '\\' => text.extend(characters.next().map(|(_, escaped)| escaped)),
            other => text.push(other),
        }
    }
    (text, "")
}

/// What PostgreSQL replaces in a pattern, the longest first; single letters are left out, since `T` and `Z` are text.
const WORDS: [&str; 28] = [
    "HH24", "HH12", "YYYY", "SSSS", "MONTH", "IYYY", "DDD", "DAY", "MON", "TZH", "TZM", "YYY", "IDDD", "FF3", "FF6",
    "HH", "MI", "SS", "MS", "US", "MM", "DD", "DY", "YY", "AM", "PM", "IW", "TZ",
];

/// Refuses a pattern in both notations: one of them would be printed as it is.
fn not_mixed(pattern: &str) -> Result<()> {
    // Behind a percent sign stand flags and one letter, which are no text.
    let mut text = String::new();
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        if character == '%' {
            _ = characters.by_ref().find(|part| part.is_ascii_alphabetic() || *part == '%');
            text.push(' ');
        } else {
            text.push(character);
        }
    }
    let runs = text.split(|character: char| !character.is_ascii_alphanumeric());
    match runs.filter(|run| !run.is_empty()).find(|run| is_made_of_words(&run.to_uppercase())) {
        Some(run) => plan_err!(
            "to_char: '{pattern}' has a percent sign, so that `{run}` would be printed as it is; write '%Y-%m-%d %H:%M', or \
             'YYYY-MM-DD HH24:MI' without a percent sign"
        ),
        None => Ok(()),
    }
}

fn is_made_of_words(run: &str) -> bool {
    run.is_empty() || WORDS.iter().any(|word| run.strip_prefix(word).is_some_and(is_made_of_words))
}

/// The letters at the beginning.
fn word_at(rest: &str) -> &str {
    let end = rest.find(|character: char| !character.is_alphabetic()).unwrap_or(rest.len());
    &rest[..end]
}

/// The ending of a number, by its last two digits, the last first.
fn ordinal(last: impl Iterator<Item = u8>, is_upper: bool) -> &'static str {
    let mut last = last;
    let (ones, tens) = (last.next(), last.next());
    let ending = match (tens, ones) {
        (Some(b'1'), _) => ["th", "TH"],
        (_, Some(b'1')) => ["st", "ST"],
        (_, Some(b'2')) => ["nd", "ND"],
        (_, Some(b'3')) => ["rd", "RD"],
        _ => ["th", "TH"],
    };
    ending[usize::from(is_upper)]
}

/// See the module.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct ToChar {
    /// The engine's, for patterns with percent signs.
    inner: Arc<ScalarUDF>,
    signature: Signature,
}

impl ToChar {
    pub(super) fn new(inner: Arc<ScalarUDF>) -> Self {
        Self { inner, signature: Signature::user_defined(Volatility::Immutable) }
    }
}

/// What is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Instant,
    Interval,
    Number,
}

fn kind_of(data_type: &DataType) -> Option<Kind> {
    Some(match data_type {
        DataType::Timestamp(_, _) | DataType::Date32 | DataType::Date64 => Kind::Instant,
        DataType::Interval(_) | DataType::Duration(_) | DataType::Time32(_) | DataType::Time64(_) => Kind::Interval,
        number if number.is_numeric() => Kind::Number,
        _ => return None,
    })
}

impl ScalarUDFImpl for ToChar {
    fn name(&self) -> &str {
        "to_char"
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arg_types: &[DataType]) -> Result<Vec<DataType>> {
        let [value, pattern] = arg_types else {
            return plan_err!("to_char takes a value and a pattern: to_char(start_timestamp, 'YYYY-MM-DD HH24:MI')");
        };
        if !pattern.is_string() && *pattern != DataType::Null {
            return plan_err!("the pattern of to_char is text, like 'YYYY-MM-DD HH24:MI', not {pattern}");
        }
        if kind_of(value).is_none() && *value != DataType::Null {
            return plan_err!(
                "to_char takes a timestamp, a date, an interval or a number, not {value}; write a cast, like `to_char(x::timestamptz, 'YYYY-MM-DD')`"
            );
        }
        Ok(vec![value.clone(), DataType::Utf8])
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        // A constant pattern is refused before anything runs.
        if let Some(Some(pattern)) = args.scalar_arguments.get(1)
            && let Some(Some(pattern)) = pattern.try_as_str()
            && let Some(kind) = args.arg_fields.first().and_then(|field| kind_of(field.data_type()))
        {
            Pattern::parse(pattern, kind)?;
        }
        Ok(Arc::new(arrow::datatypes::Field::new(self.name(), DataType::Utf8, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [value, pattern] = args.args.as_slice() else { return exec_err!("to_char without its arguments") };
        let Some(kind) = kind_of(&value.data_type()) else {
            return Ok(ColumnarValue::Scalar(ScalarValue::Utf8(None)));
        };
        if let ColumnarValue::Scalar(pattern) = pattern {
            let Some(Some(pattern)) = pattern.try_as_str() else {
                return Ok(ColumnarValue::Scalar(ScalarValue::Utf8(None)));
            };
            return match Pattern::parse(pattern, kind)? {
                Pattern::Percent => self.inner.invoke_with_args(args),
                read => {
                    let is_constant = matches!(value, ColumnarValue::Scalar(_));
                    let values = value.to_array(if is_constant { 1 } else { args.number_rows })?;
                    let texts = read.render(&values)?;
                    if is_constant {
                        return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&texts, 0)?));
                    }
                    Ok(ColumnarValue::Array(texts))
                }
            };
        }
        let (values, patterns) = (value.to_array(args.number_rows)?, pattern.to_array(args.number_rows)?);
        let mut texts = StringBuilder::new();
        for (row, pattern) in patterns.as_string::<i32>().iter().enumerate() {
            let Some(pattern) = pattern else {
                texts.append_null();
                continue;
            };
            let read = Pattern::parse(pattern, kind)?;
            if read == Pattern::Percent {
                return exec_err!(
                    "to_char: a pattern with percent signs must be the same for all rows, not a column: '{pattern}'"
                );
            }
            let text = read.render(&values.slice(row, 1))?;
            let text = text.as_string::<i32>();
            texts.append_option(text.is_valid(0).then(|| text.value(0)));
        }
        Ok(ColumnarValue::Array(Arc::new(texts.finish())))
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Pattern {
    /// In the engine's notation.
    Percent,
    Moment(MomentPattern),
    Number(NumberPattern),
}

impl Pattern {
    fn parse(pattern: &str, kind: Kind) -> Result<Self> {
        let length = pattern.chars().count();
        if length > PATTERN_MAX {
            return plan_err!("the pattern of to_char has {length} characters, more than the limit of {PATTERN_MAX}");
        }
        Ok(match kind {
            Kind::Instant | Kind::Interval if pattern.contains('%') => {
                not_mixed(pattern)?;
                Self::Percent
            }
            Kind::Instant | Kind::Interval => Self::Moment(MomentPattern::parse(pattern)?),
            Kind::Number => Self::Number(NumberPattern::parse(pattern)?),
        })
    }

    fn render(&self, values: &ArrayRef) -> Result<ArrayRef> {
        match self {
            Self::Percent => exec_err!("to_char: percent signs are left to the engine"),
            Self::Number(pattern) => numbers(pattern, values),
            Self::Moment(pattern) => match values.data_type() {
                DataType::Timestamp(_, zone) => instants(pattern, values, zone.as_deref()),
                DataType::Date32 | DataType::Date64 => instants(pattern, values, None),
                _ => intervals(pattern, values),
            },
        }
    }
}

fn numbers(pattern: &NumberPattern, values: &ArrayRef) -> Result<ArrayRef> {
    let mut texts = StringBuilder::new();
    if pattern.has_exponent() || values.data_type().is_floating() {
        let values = cast(values, &DataType::Float64)?;
        for value in values.as_primitive::<Float64Type>() {
            texts.append_option(value.map(|value| match pattern.has_exponent() {
                true => pattern.scientific(value),
                false => pattern.render(Digits::of_float(value, pattern.places()).as_ref()),
            }));
        }
        return Ok(Arc::new(texts.finish()));
    }
    let values = cast(values, &DataType::Utf8)?;
    for value in values.as_string::<i32>() {
        let render = |value: &str| pattern.render(Digits::of_text(value, pattern.places()).as_ref());
        texts.append_option(value.map(render));
    }
    Ok(Arc::new(texts.finish()))
}

fn instants(pattern: &MomentPattern, values: &ArrayRef, zone: Option<&str>) -> Result<ArrayRef> {
    let micros = cast(values, &DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into)))?;
    let zone: Option<Tz> = zone.map(str::parse).transpose()?;
    let mut texts = StringBuilder::new();
    for value in micros.as_primitive::<TimestampMicrosecondType>() {
        let Some(utc) = value.and_then(DateTime::from_timestamp_micros).map(|utc| utc.naive_utc()) else {
            texts.append_null();
            continue;
        };
        texts.append_value(instant(pattern, utc, zone)?);
    }
    Ok(Arc::new(texts.finish()))
}

fn instant(pattern: &MomentPattern, utc: NaiveDateTime, zone: Option<Tz>) -> Result<String> {
    let Some(zone) = zone else { return Ok(pattern.render(&Moment::Instant { local: utc, zone: None })?) };
    let there = zone.from_utc_datetime(&utc);
    let (name, offset) = (there.format("%Z").to_string(), there.offset().fix().local_minus_utc());
    // The engine writes UTC's zone as `+00:00`, and nobody says so.
    let name = if offset == 0 && name.starts_with('+') { "UTC" } else { &name };
    Ok(pattern.render(&Moment::Instant { local: there.naive_local(), zone: Some((name, offset)) })?)
}

fn intervals(pattern: &MomentPattern, values: &ArrayRef) -> Result<ArrayRef> {
    let mut texts = StringBuilder::new();
    let mut append = |span: Option<(i32, i32, i64)>| -> Result<()> {
        let text = span.map(|(months, days, micros)| pattern.render(&Moment::Interval { months, days, micros }));
        texts.append_option(text.transpose()?);
        Ok(())
    };
    match values.data_type() {
        DataType::Interval(_) => {
            let values = cast(values, &DataType::Interval(IntervalUnit::MonthDayNano))?;
            for value in values.as_primitive::<IntervalMonthDayNanoType>() {
                append(value.map(|value| (value.months, value.days, value.nanoseconds / 1_000)))?;
            }
        }
        _ => {
            // The difference of two instants, or a time of day: whole days are days, as PostgreSQL has it.
            const DAY: i64 = 86_400_000_000;
            let micros = match values.data_type() {
                DataType::Duration(_) => cast(values, &DataType::Duration(TimeUnit::Microsecond))?,
                _ => cast(values, &DataType::Time64(TimeUnit::Microsecond))?,
            };
            let micros = cast(&micros, &DataType::Int64)?;
            for value in micros.as_primitive::<Int64Type>() {
                append(value.map(|micros| (0, i32::try_from(micros / DAY).unwrap_or(i32::MAX), micros % DAY)))?;
            }
        }
    }
    Ok(Arc::new(texts.finish()))
}

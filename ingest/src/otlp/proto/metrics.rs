//! `Metric` and its points.

use super::value::Text;
use super::{Field, Fields, Malformed};
use crate::limits::BUCKETS_MAX;
use crate::otlp::attributes::Attributes;

/// `DataPointFlags.NO_RECORDED_VALUE`: the point only says that there is nothing to say.
const NO_RECORDED_VALUE: u64 = 1;

/// `Metric`.
#[derive(Debug, Default)]
pub(in crate::otlp) struct Metric<'a> {
    pub name: Text<'a>,
    pub description: Text<'a>,
    pub unit: Text<'a>,
    pub data: MetricData,
    /// `AggregationTemporality` of its data: 1 is delta, 2 is cumulative.
    pub temporality: i32,
    /// Of sums only.
    pub is_monotonic: bool,
    /// To be read as what `data` says.
    pub points: Vec<&'a [u8]>,
}

/// What kind of points a metric has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::otlp) enum MetricData {
    /// None of those below.
    #[default]
    Unknown,
    Gauge,
    Sum,
    Histogram,
    ExponentialHistogram,
    Summary,
}

impl<'a> Metric<'a> {
    pub fn read(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut metric = Self::default();
        for field in Fields::of(message) {
            let field = field?;
            match field.number {
                1 => metric.name = field.text()?,
                2 => metric.description = field.text()?,
                3 => metric.unit = field.text()?,
                5 => metric.read_data(MetricData::Gauge, field)?,
                7 => metric.read_data(MetricData::Sum, field)?,
                9 => metric.read_data(MetricData::Histogram, field)?,
                10 => metric.read_data(MetricData::ExponentialHistogram, field)?,
                11 => metric.read_data(MetricData::Summary, field)?,
                _ => {}
            }
        }
        Ok(metric)
    }

    /// Reads `Gauge`, `Sum`, `Histogram`, `ExponentialHistogram` or `Summary`: what they have has the same numbers.
    fn read_data(&mut self, data: MetricData, field: Field<'a>) -> Result<(), Malformed> {
        (self.data, self.temporality, self.is_monotonic) = (data, 0, false);
        self.points.clear();
        for field in Fields::of(field.bytes()?) {
            let field = field?;
            match field.number {
                1 => self.points.push(field.bytes()?),
                2 => self.temporality = field.int32()?,
                3 => self.is_monotonic = field.varint()? != 0,
                _ => {}
            }
        }
        Ok(())
    }
}

/// `NumberDataPoint`.
#[derive(Debug, Default)]
pub(in crate::otlp) struct NumberPoint<'a> {
    pub start_time_unix_nano: u64,
    pub time_unix_nano: u64,
    pub attributes: Attributes<'a>,
    /// `None` when nothing was recorded. Whole numbers beyond 2^53 lose their last digits.
    pub value: Option<f64>,
}

impl<'a> NumberPoint<'a> {
    pub fn read(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut point = Self::default();
        let mut has_nothing = false;
        for field in Fields::of(message) {
            let field = field?;
            match field.number {
                2 => point.start_time_unix_nano = field.fixed64()?,
                3 => point.time_unix_nano = field.fixed64()?,
                4 => point.value = Some(field.double()?),
                6 => point.value = Some(field.fixed64()? as i64 as f64),
                7 => point.attributes.add(field.bytes()?)?,
                8 => has_nothing = is_empty(field)?,
                _ => {}
            }
        }
        point.attributes.keep_each_once();
        point.value = point.value.filter(|_| !has_nothing);
        Ok(point)
    }
}

/// `HistogramDataPoint`.
#[derive(Debug, Default)]
pub(in crate::otlp) struct HistogramPoint<'a> {
    pub start_time_unix_nano: u64,
    pub time_unix_nano: u64,
    pub attributes: Attributes<'a>,
    /// Whether the point only says that nothing was recorded: its numbers say nothing then.
    pub is_empty: bool,
    pub count: u64,
    pub sum: Option<f64>,
    pub min: Option<f64>,
    pub max: Option<f64>,
    /// The first [`BUCKETS_MAX`].
    pub bucket_counts: Vec<i64>,
    /// The first [`BUCKETS_MAX`].
    pub explicit_bounds: Vec<f64>,
}

impl<'a> HistogramPoint<'a> {
    pub fn read(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut point = Self::default();
        for field in Fields::of(message) {
            let field = field?;
            match field.number {
                2 => point.start_time_unix_nano = field.fixed64()?,
                3 => point.time_unix_nano = field.fixed64()?,
                4 => point.count = field.fixed64()?,
                5 => point.sum = Some(field.double()?),
                6 => field.fixed64s(|count| add_count(&mut point.bucket_counts, count))?,
                7 => field.fixed64s(|bound| add(&mut point.explicit_bounds, f64::from_bits(bound)))?,
                9 => point.attributes.add(field.bytes()?)?,
                10 => point.is_empty = is_empty(field)?,
                11 => point.min = Some(field.double()?),
                12 => point.max = Some(field.double()?),
                _ => {}
            }
        }
        point.attributes.keep_each_once();
        Ok(point)
    }
}

/// `ExponentialHistogramDataPoint`.
#[derive(Debug, Default)]
pub(in crate::otlp) struct ExponentialPoint<'a> {
    pub start_time_unix_nano: u64,
    pub time_unix_nano: u64,
    pub attributes: Attributes<'a>,
    /// Whether the point only says that nothing was recorded: its numbers say nothing then.
    pub is_empty: bool,
    pub count: u64,
    pub sum: Option<f64>,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub scale: i32,
    pub zero_count: u64,
    pub zero_threshold: f64,
    pub positive: Buckets,
    pub negative: Buckets,
}

/// `ExponentialHistogramDataPoint.Buckets`.
#[derive(Debug, Default)]
pub(in crate::otlp) struct Buckets {
    pub offset: i32,
    /// The first [`BUCKETS_MAX`].
    pub counts: Vec<i64>,
}

impl<'a> ExponentialPoint<'a> {
    pub fn read(message: &'a [u8]) -> Result<Self, Malformed> {
        let mut point = Self::default();
        for field in Fields::of(message) {
            let field = field?;
            match field.number {
                1 => point.attributes.add(field.bytes()?)?,
                2 => point.start_time_unix_nano = field.fixed64()?,
                3 => point.time_unix_nano = field.fixed64()?,
                4 => point.count = field.fixed64()?,
                5 => point.sum = Some(field.double()?),
                6 => point.scale = field.sint32()?,
                7 => point.zero_count = field.fixed64()?,
                8 => point.positive = Buckets::read(field.bytes()?)?,
                9 => point.negative = Buckets::read(field.bytes()?)?,
                10 => point.is_empty = is_empty(field)?,
                12 => point.min = Some(field.double()?),
                13 => point.max = Some(field.double()?),
                14 => point.zero_threshold = field.double()?,
                _ => {}
            }
        }
        point.attributes.keep_each_once();
        Ok(point)
    }
}

impl Buckets {
    fn read(message: &[u8]) -> Result<Self, Malformed> {
        let mut buckets = Self::default();
        for field in Fields::of(message) {
            let field = field?;
            match field.number {
                1 => buckets.offset = field.sint32()?,
                2 => field.varints(|count| add_count(&mut buckets.counts, count))?,
                _ => {}
            }
        }
        Ok(buckets)
    }
}

/// What the flags of a point say.
fn is_empty(flags: Field<'_>) -> Result<bool, Malformed> {
    Ok(flags.varint()? & NO_RECORDED_VALUE != 0)
}

/// Counts beyond the column's type stand still there.
fn add_count(counts: &mut Vec<i64>, count: u64) {
    add(counts, i64::try_from(count).unwrap_or(i64::MAX));
}

fn add<T>(values: &mut Vec<T>, value: T) {
    if values.len() < BUCKETS_MAX {
        values.push(value);
    }
}

//! Points as columns of `metrics`.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Float64Builder, Int64Builder, ListBuilder, RecordBatch, StringBuilder,
    TimestampMicrosecondBuilder,
};
use watchfire_model::Timestamp;

use super::builders::{finished, instants, table_batch, texts};
use super::origin::Origin;
use super::proto::Buckets;
use super::senders::Senders;
use crate::table::{Shredding, Table, instant_type};

/// One row of `metrics`, borrowed from the body.
#[derive(Debug, Clone)]
pub(super) struct Point<'r> {
    pub recorded_timestamp: Timestamp,
    pub start_timestamp: Option<Timestamp>,
    pub metric_name: &'r str,
    pub metric_type: &'static str,
    pub unit: Option<&'r str>,
    pub metric_description: Option<&'r str>,
    pub aggregation_temporality: Option<&'static str>,
    pub is_monotonic: Option<bool>,
    pub attributes: &'r str,
    pub value: PointValue<'r>,
    pub created_at: Timestamp,
    pub origin: &'r Arc<Origin>,
}

/// What was measured.
#[derive(Debug, Clone, Copy)]
pub(super) enum PointValue<'r> {
    /// `None` when nothing was recorded, by a metric of any type.
    Scalar(Option<f64>),
    Histogram {
        of: Distribution,
        bucket_counts: &'r [i64],
        explicit_bounds: &'r [f64],
    },
    Exponential {
        of: Distribution,
        scale: i32,
        zero_count: u64,
        zero_threshold: f64,
        positive: &'r Buckets,
        negative: &'r Buckets,
    },
}

/// What histograms of both kinds have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Distribution {
    pub count: u64,
    pub sum: Option<f64>,
    pub min: Option<f64>,
    pub max: Option<f64>,
}

/// The columns of points, filled row by row.
#[derive(Debug)]
pub(super) struct MetricColumns {
    recorded_timestamp: Vec<i64>,
    start_timestamp: TimestampMicrosecondBuilder,
    metric_name: StringBuilder,
    metric_type: StringBuilder,
    unit: StringBuilder,
    metric_description: StringBuilder,
    aggregation_temporality: StringBuilder,
    is_monotonic: BooleanBuilder,
    scalar_value: Float64Builder,
    histogram_min: Float64Builder,
    histogram_max: Float64Builder,
    histogram_sum: Float64Builder,
    histogram_count: Int64Builder,
    histogram_bucket_counts: ListBuilder<Int64Builder>,
    histogram_explicit_bounds: ListBuilder<Float64Builder>,
    exp_histogram_scale: Int64Builder,
    exp_histogram_zero_count: Int64Builder,
    exp_histogram_zero_threshold: Float64Builder,
    exp_histogram_positive_bucket_counts: ListBuilder<Int64Builder>,
    exp_histogram_negative_bucket_counts: ListBuilder<Int64Builder>,
    exp_histogram_positive_bucket_counts_offset: Int64Builder,
    exp_histogram_negative_bucket_counts_offset: Int64Builder,
    attributes: StringBuilder,
    created_at: Vec<i64>,
    senders: Senders,
}

/// Bytes that a row takes besides texts and lists of any length, about.
const ROW_BYTES: usize = 250;

impl MetricColumns {
    pub fn new() -> Self {
        Self {
            recorded_timestamp: Vec::new(),
            start_timestamp: TimestampMicrosecondBuilder::with_capacity(0),
            metric_name: texts(),
            metric_type: texts(),
            unit: texts(),
            metric_description: texts(),
            aggregation_temporality: texts(),
            is_monotonic: BooleanBuilder::with_capacity(0),
            scalar_value: floats(),
            histogram_min: floats(),
            histogram_max: floats(),
            histogram_sum: floats(),
            histogram_count: numbers(),
            histogram_bucket_counts: ListBuilder::with_capacity(numbers(), 0),
            histogram_explicit_bounds: ListBuilder::with_capacity(floats(), 0),
            exp_histogram_scale: numbers(),
            exp_histogram_zero_count: numbers(),
            exp_histogram_zero_threshold: floats(),
            exp_histogram_positive_bucket_counts: ListBuilder::with_capacity(numbers(), 0),
            exp_histogram_negative_bucket_counts: ListBuilder::with_capacity(numbers(), 0),
            exp_histogram_positive_bucket_counts_offset: numbers(),
            exp_histogram_negative_bucket_counts_offset: numbers(),
            attributes: texts(),
            created_at: Vec::new(),
            senders: Senders::default(),
        }
    }

    pub const fn is_empty(&self) -> bool {
        self.recorded_timestamp.is_empty()
    }

    /// Adds a row.
    pub fn push(&mut self, point: &Point<'_>) {
        self.recorded_timestamp.push(point.recorded_timestamp.as_micros());
        self.start_timestamp.append_option(point.start_timestamp.map(Timestamp::as_micros));
        self.metric_name.append_value(point.metric_name);
        self.metric_type.append_value(point.metric_type);
        self.unit.append_option(point.unit);
        self.metric_description.append_option(point.metric_description);
        self.aggregation_temporality.append_option(point.aggregation_temporality);
        self.is_monotonic.append_option(point.is_monotonic);
        self.attributes.append_value(point.attributes);
        self.created_at.push(point.created_at.as_micros());
        self.senders.push(point.origin);
        self.push_scalar(point.value);
        self.push_distribution(point.value);
        self.push_histogram(point.value);
        self.push_exponential(point.value);
    }

    fn push_scalar(&mut self, value: PointValue<'_>) {
        self.scalar_value.append_option(match value {
            PointValue::Scalar(number) => number,
            PointValue::Histogram { .. } | PointValue::Exponential { .. } => None,
        });
    }

    fn push_distribution(&mut self, value: PointValue<'_>) {
        let of = match value {
            PointValue::Scalar(_) => None,
            PointValue::Histogram { of, .. } | PointValue::Exponential { of, .. } => Some(of),
        };
        self.histogram_min.append_option(of.and_then(|of| of.min));
        self.histogram_max.append_option(of.and_then(|of| of.max));
        self.histogram_sum.append_option(of.and_then(|of| of.sum));
        self.histogram_count.append_option(of.map(|of| whole(of.count)));
    }

    fn push_histogram(&mut self, value: PointValue<'_>) {
        let (counts, bounds) = match value {
            PointValue::Histogram { bucket_counts, explicit_bounds, .. } => {
                (Some(bucket_counts), Some(explicit_bounds))
            }
            PointValue::Scalar(_) | PointValue::Exponential { .. } => (None, None),
        };
        push_numbers(&mut self.histogram_bucket_counts, counts);
        if let Some(bounds) = bounds {
            self.histogram_explicit_bounds.values().append_slice(bounds);
        }
        self.histogram_explicit_bounds.append(bounds.is_some());
    }

    fn push_exponential(&mut self, value: PointValue<'_>) {
        let (scale, zero_count, zero_threshold, positive, negative) = match value {
            PointValue::Exponential { scale, zero_count, zero_threshold, positive, negative, .. } => {
                (Some(scale), Some(zero_count), Some(zero_threshold), Some(positive), Some(negative))
            }
            PointValue::Scalar(_) | PointValue::Histogram { .. } => (None, None, None, None, None),
        };
        self.exp_histogram_scale.append_option(scale.map(i64::from));
        self.exp_histogram_zero_count.append_option(zero_count.map(whole));
        self.exp_histogram_zero_threshold.append_option(zero_threshold);
        push_numbers(&mut self.exp_histogram_positive_bucket_counts, positive.map(|half| half.counts.as_slice()));
        push_numbers(&mut self.exp_histogram_negative_bucket_counts, negative.map(|half| half.counts.as_slice()));
        let offset = |half: Option<&Buckets>| half.map(|half| i64::from(half.offset));
        self.exp_histogram_positive_bucket_counts_offset.append_option(offset(positive));
        self.exp_histogram_negative_bucket_counts_offset.append_option(offset(negative));
    }

    /// All rows, in the order in which they were added.
    pub fn finish(mut self) -> RecordBatch {
        let mut columns = self.point_columns();
        columns.extend(self.senders.columns());
        table_batch(Table::Metrics.stored_schema(&Shredding::new([])), columns, Vec::new())
    }

    fn point_columns(&mut self) -> Vec<(&'static str, ArrayRef)> {
        let start_timestamp = self.start_timestamp.finish().with_data_type(instant_type());
        let positive_offset = self.exp_histogram_positive_bucket_counts_offset.finish();
        let negative_offset = self.exp_histogram_negative_bucket_counts_offset.finish();
        vec![
            ("recorded_timestamp", instants(&mut self.recorded_timestamp)),
            ("start_timestamp", Arc::new(start_timestamp)),
            ("metric_name", finished(&mut self.metric_name)),
            ("metric_type", finished(&mut self.metric_type)),
            ("unit", finished(&mut self.unit)),
            ("metric_description", finished(&mut self.metric_description)),
            ("aggregation_temporality", finished(&mut self.aggregation_temporality)),
            ("is_monotonic", Arc::new(self.is_monotonic.finish())),
            ("scalar_value", Arc::new(self.scalar_value.finish())),
            ("histogram_min", Arc::new(self.histogram_min.finish())),
            ("histogram_max", Arc::new(self.histogram_max.finish())),
            ("histogram_sum", Arc::new(self.histogram_sum.finish())),
            ("histogram_count", Arc::new(self.histogram_count.finish())),
            ("histogram_bucket_counts", Arc::new(self.histogram_bucket_counts.finish())),
            ("histogram_explicit_bounds", Arc::new(self.histogram_explicit_bounds.finish())),
            ("exp_histogram_scale", Arc::new(self.exp_histogram_scale.finish())),
            ("exp_histogram_zero_count", Arc::new(self.exp_histogram_zero_count.finish())),
            ("exp_histogram_zero_threshold", Arc::new(self.exp_histogram_zero_threshold.finish())),
            ("exp_histogram_positive_bucket_counts", Arc::new(self.exp_histogram_positive_bucket_counts.finish())),
            ("exp_histogram_negative_bucket_counts", Arc::new(self.exp_histogram_negative_bucket_counts.finish())),
            ("exp_histogram_positive_bucket_counts_offset", Arc::new(positive_offset)),
            ("exp_histogram_negative_bucket_counts_offset", Arc::new(negative_offset)),
            ("attributes", finished(&mut self.attributes)),
            ("created_at", instants(&mut self.created_at)),
        ]
    }
}

/// About how many bytes a point takes in columns.
pub(super) fn size_bytes(point: &Point<'_>) -> usize {
    let texts = [Some(point.metric_name), point.unit, point.metric_description, Some(point.attributes)];
    let texts = texts.iter().flatten().map(|text| text.len()).sum::<usize>();
    let numbers = match point.value {
        PointValue::Scalar(_) => 0,
        PointValue::Histogram { bucket_counts, explicit_bounds, .. } => bucket_counts.len() + explicit_bounds.len(),
        PointValue::Exponential { positive, negative, .. } => positive.counts.len() + negative.counts.len(),
    };
    ROW_BYTES + texts + numbers * size_of::<i64>() + point.origin.size_bytes()
}

/// Counts beyond the column's type stand still there.
fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn push_numbers(column: &mut ListBuilder<Int64Builder>, numbers: Option<&[i64]>) {
    if let Some(numbers) = numbers {
        column.values().append_slice(numbers);
    }
    column.append(numbers.is_some());
}

fn floats() -> Float64Builder {
    Float64Builder::with_capacity(0)
}

fn numbers() -> Int64Builder {
    Int64Builder::with_capacity(0)
}

//! Structs of `value` to points, and back.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanBuilder, Float64Array, Float64Builder, Int64Array, Int64Builder, ListArray,
    ListBuilder, StringArray, StringBuilder, StructArray, TimestampMicrosecondArray, UInt64Array, UInt64Builder,
};
use arrow::array::{BooleanArray, TimestampMicrosecondBuilder};
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimestampMicrosecondType, UInt64Type};
use datafusion::common::{Result, internal_datafusion_err};

use super::explicit::Explicit;
use super::exponential::{Exponential, Side};
use super::point::{Body, Number, Point, Totals};
use super::value::{SERIES, fields};

/// The columns of many values.
pub(super) struct Points<'a> {
    values: &'a StructArray,
    series: &'a UInt64Array,
    kind: &'a StringArray,
    temporality: &'a StringArray,
    is_monotonic: &'a BooleanArray,
    start: &'a TimestampMicrosecondArray,
    at: &'a TimestampMicrosecondArray,
    scalar: &'a Float64Array,
    min: &'a Float64Array,
    max: &'a Float64Array,
    sum: &'a Float64Array,
    count: &'a Int64Array,
    counts: &'a ListArray,
    bounds: &'a ListArray,
    scale: &'a Int64Array,
    zero_count: &'a Int64Array,
    zero_threshold: &'a Float64Array,
    positive: (&'a Int64Array, &'a ListArray),
    negative: (&'a Int64Array, &'a ListArray),
}

impl<'a> Points<'a> {
    /// The points of an array for which `is_value` holds.
    pub(super) fn of(values: &'a dyn Array) -> Result<Self> {
        let values = values.as_struct_opt().ok_or_else(|| internal_datafusion_err!("`value` is no struct"))?;
        let column = |name: &str| {
            values.column_by_name(name).ok_or_else(|| internal_datafusion_err!("`value` without its field `{name}`"))
        };
        let wrong = || internal_datafusion_err!("a field of `value` has another type");
        let text = |name: &str| column(name)?.as_string_opt::<i32>().ok_or_else(wrong);
        let number = |name: &str| column(name)?.as_primitive_opt::<Int64Type>().ok_or_else(wrong);
        let float = |name: &str| column(name)?.as_primitive_opt::<Float64Type>().ok_or_else(wrong);
        let time = |name: &str| column(name)?.as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(wrong);
        let list = |name: &str| column(name)?.as_list_opt::<i32>().ok_or_else(wrong);
        Ok(Self {
            values,
            series: column(SERIES)?.as_primitive_opt::<UInt64Type>().ok_or_else(wrong)?,
            kind: text("metric_type")?,
            temporality: text("aggregation_temporality")?,
            is_monotonic: column("is_monotonic")?.as_boolean_opt().ok_or_else(wrong)?,
            start: time("start_timestamp")?,
            at: time("recorded_timestamp")?,
            scalar: float("scalar_value")?,
            min: float("histogram_min")?,
            max: float("histogram_max")?,
            sum: float("histogram_sum")?,
            count: number("histogram_count")?,
            counts: list("histogram_bucket_counts")?,
            bounds: list("histogram_explicit_bounds")?,
            scale: number("exp_histogram_scale")?,
            zero_count: number("exp_histogram_zero_count")?,
            zero_threshold: float("exp_histogram_zero_threshold")?,
            positive: (
                number("exp_histogram_positive_bucket_counts_offset")?,
                list("exp_histogram_positive_bucket_counts")?,
            ),
            negative: (
                number("exp_histogram_negative_bucket_counts_offset")?,
                list("exp_histogram_negative_bucket_counts")?,
            ),
        })
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// The point of a row; `None` when it is NULL or measured nothing.
    pub(super) fn get(&self, row: usize) -> Option<Point> {
        if self.values.is_null(row) {
            return None;
        }
        let body = self.body(row)?;
        let is_gauge = matches!(body, Body::Gauge(_));
        let temporality = if self.temporality.is_valid(row) { self.temporality.value(row) } else { "" };
        // The words of OpenTelemetry's enum and of its SDKs differ in case and prefix.
        let is_cumulative = !is_gauge && temporality.to_ascii_lowercase().contains("cumul");
        let is_sum = matches!(body, Body::Sum(_));
        // A start of zero is how the wire says that it is not known.
        let start = self.start.is_valid(row).then(|| self.start.value(row)).filter(|start| *start > 0);
        Some(Point {
            series: if self.series.is_valid(row) { self.series.value(row) } else { 0 },
            is_cumulative,
            is_monotonic: !is_sum || (self.is_monotonic.is_valid(row) && self.is_monotonic.value(row)),
            start,
            at: if self.at.is_valid(row) { self.at.value(row) } else { 0 },
            body,
        })
    }

    fn body(&self, row: usize) -> Option<Body> {
        let kind = if self.kind.is_valid(row) { self.kind.value(row).to_ascii_lowercase() } else { String::new() };
        // A point may say only that nothing was recorded: it is no total of zero, which would be a counter started anew.
        let has_count = self.count.is_valid(row);
        let is_exponential = kind.starts_with("exp");
        if (is_exponential && !has_count && self.scale.is_null(row))
            || (!is_exponential && kind.contains("histogram") && !has_count && self.counts.is_null(row))
        {
            return None;
        }
        if is_exponential || (kind.is_empty() && self.scale.is_valid(row)) {
            let side = |(offset, counts): (&Int64Array, &ListArray)| Side {
                offset: whole(offset, row).unwrap_or_default(),
                counts: list_of_counts(counts, row),
            };
            let zero_count = counted(self.zero_count, row).unwrap_or_default();
            let zero_threshold = real(self.zero_threshold, row).unwrap_or_default();
            let scale = whole(self.scale, row).unwrap_or_default();
            let histogram =
                Exponential::new(scale, zero_count, zero_threshold, side(self.positive), side(self.negative));
            return Some(Body::Exponential(histogram, self.totals(row)));
        }
        if kind.contains("histogram") || (kind.is_empty() && self.counts.is_valid(row)) {
            let totals = self.totals(row);
            let histogram =
                Explicit::new(list_of_floats(self.bounds, row), list_of_counts(self.counts, row), totals.count);
            return Some(Body::Explicit(histogram, totals));
        }
        let sum = real(self.scalar, row)?;
        let number = Number {
            sum,
            count: counted(self.count, row).unwrap_or(1),
            min: real(self.min, row).unwrap_or(sum),
            max: real(self.max, row).unwrap_or(sum),
        };
        Some(if kind.starts_with("sum") || kind.contains("counter") { Body::Sum(number) } else { Body::Gauge(number) })
    }

    fn totals(&self, row: usize) -> Totals {
        Totals {
            count: counted(self.count, row).unwrap_or_default(),
            sum: real(self.sum, row),
            min: real(self.min, row),
            max: real(self.max, row),
        }
    }
}

fn whole(column: &Int64Array, row: usize) -> Option<i64> {
    column.is_valid(row).then(|| column.value(row))
}

fn counted(column: &Int64Array, row: usize) -> Option<u64> {
    // Nobody counts below zero; the wire's unsigned numbers may have been cut.
    whole(column, row).map(|count| u64::try_from(count).unwrap_or_default())
}

fn real(column: &Float64Array, row: usize) -> Option<f64> {
    column.is_valid(row).then(|| column.value(row))
}

fn list_of_counts(column: &ListArray, row: usize) -> Vec<u64> {
    if column.is_null(row) {
        return Vec::new();
    }
    let items = column.value(row);
    let counts = items.as_primitive_opt::<Int64Type>();
    counts.into_iter().flatten().map(|count| u64::try_from(count.unwrap_or_default()).unwrap_or_default()).collect()
}

fn list_of_floats(column: &ListArray, row: usize) -> Vec<f64> {
    if column.is_null(row) {
        return Vec::new();
    }
    let items = column.value(row);
    items.as_primitive_opt::<Float64Type>().into_iter().flatten().map(|bound| bound.unwrap_or(f64::NAN)).collect()
}

/// Points as an array of `value_type`; `None` is NULL.
pub(super) fn array_of(points: &[Option<Point>]) -> Result<ArrayRef> {
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(fields().len());
    for field in fields() {
        columns.push(column_of(field.name(), field.data_type(), points)?);
    }
    let valid = points.iter().map(Option::is_some).collect::<Vec<_>>();
    let array = StructArray::try_new_with_length(fields().clone(), columns, Some(valid.into()), points.len())?;
    Ok(Arc::new(array))
}

fn column_of(name: &str, data_type: &DataType, points: &[Option<Point>]) -> Result<ArrayRef> {
    let bodies = || points.iter().map(|point| point.as_ref().map(|point| &point.body));
    let floats = |of: &dyn Fn(&Body) -> Option<f64>| -> ArrayRef {
        let mut column = Float64Builder::new();
        bodies().for_each(|body| column.append_option(body.and_then(of)));
        Arc::new(column.finish())
    };
    let wholes = |of: &dyn Fn(&Body) -> Option<i64>| -> ArrayRef {
        let mut column = Int64Builder::new();
        bodies().for_each(|body| column.append_option(body.and_then(of)));
        Arc::new(column.finish())
    };
    let texts = |of: &dyn Fn(&Point) -> &'static str| -> ArrayRef {
        let mut column = StringBuilder::new();
        points.iter().for_each(|point| column.append_option(point.as_ref().map(of)));
        Arc::new(column.finish())
    };
    let times = |of: &dyn Fn(&Point) -> Option<i64>| -> ArrayRef {
        let mut column = TimestampMicrosecondBuilder::new().with_data_type(data_type.clone());
        points.iter().for_each(|point| column.append_option(point.as_ref().and_then(of)));
        Arc::new(column.finish())
    };
    Ok(match name {
        SERIES => {
            let mut column = UInt64Builder::new();
            points.iter().for_each(|point| column.append_option(point.as_ref().map(|point| point.series)));
            Arc::new(column.finish())
        }
        "metric_type" => texts(&|point| match point.body {
            Body::Gauge(_) => "gauge",
            Body::Sum(_) => "sum",
            Body::Explicit(..) => "histogram",
            Body::Exponential(..) => "exponential_histogram",
        }),
        "aggregation_temporality" => texts(&|point| if point.is_cumulative { "cumulative" } else { "delta" }),
        "is_monotonic" => {
            let mut column = BooleanBuilder::new();
            points.iter().for_each(|point| column.append_option(point.as_ref().map(|point| point.is_monotonic)));
            Arc::new(column.finish())
        }
        "start_timestamp" => times(&|point| point.start),
        "recorded_timestamp" => times(&|point| Some(point.at)),
        "scalar_value" => floats(&|body| match body {
            Body::Gauge(number) | Body::Sum(number) => Some(number.sum),
            Body::Explicit(..) | Body::Exponential(..) => None,
        }),
        "histogram_min" => floats(&Body::min),
        "histogram_max" => floats(&Body::max),
        "histogram_sum" => floats(&Body::sum),
        "histogram_count" => wholes(&|body| Some(signed(body.count()))),
        "histogram_bucket_counts" => counts_of(points, &|body| match body {
            Body::Explicit(histogram, _) => Some(histogram.counts().to_vec()),
            Body::Gauge(_) | Body::Sum(_) | Body::Exponential(..) => None,
        }),
        "histogram_explicit_bounds" => bounds_of(points),
        "exp_histogram_scale" => wholes(&|body| exponential(body).map(Exponential::scale)),
        "exp_histogram_zero_count" => wholes(&|body| exponential(body).map(|histogram| signed(histogram.zero().0))),
        "exp_histogram_zero_threshold" => floats(&|body| exponential(body).map(|histogram| histogram.zero().1)),
        "exp_histogram_positive_bucket_counts" => {
            counts_of(points, &|body| exponential(body).map(|histogram| histogram.positive().counts))
        }
        "exp_histogram_negative_bucket_counts" => {
            counts_of(points, &|body| exponential(body).map(|histogram| histogram.negative().counts))
        }
        "exp_histogram_positive_bucket_counts_offset" => {
            wholes(&|body| exponential(body).map(|histogram| histogram.positive().offset))
        }
        "exp_histogram_negative_bucket_counts_offset" => {
            wholes(&|body| exponential(body).map(|histogram| histogram.negative().offset))
        }
        other => return Err(internal_datafusion_err!("`value` has no field `{other}`")),
    })
}

const fn exponential(body: &Body) -> Option<&Exponential> {
    match body {
        Body::Exponential(histogram, _) => Some(histogram),
        Body::Gauge(_) | Body::Sum(_) | Body::Explicit(..) => None,
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn counts_of(points: &[Option<Point>], of: &dyn Fn(&Body) -> Option<Vec<u64>>) -> ArrayRef {
    let mut column = ListBuilder::new(Int64Builder::new());
    for point in points {
        match point.as_ref().and_then(|point| of(&point.body)) {
            Some(counts) => column.append_value(counts.into_iter().map(|count| Some(signed(count)))),
            None => column.append_null(),
        }
    }
    Arc::new(column.finish())
}

fn bounds_of(points: &[Option<Point>]) -> ArrayRef {
    let mut column = ListBuilder::new(Float64Builder::new());
    for point in points {
        match point.as_ref().map(|point| &point.body) {
            Some(Body::Explicit(histogram, _)) => column.append_value(histogram.bounds().iter().copied().map(Some)),
            Some(Body::Gauge(_) | Body::Sum(_) | Body::Exponential(..)) | None => column.append_null(),
        }
    }
    Arc::new(column.finish())
}

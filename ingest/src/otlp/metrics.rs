//! Points of metrics to rows.

use std::sync::Arc;

use super::attributes::{Attributes, Without};
use super::instant::instant;
use super::metric_columns::{Distribution, Point, PointValue};
use super::origin::{Origin, Origins};
use super::proto::{ExponentialPoint, HistogramPoint, Metric, MetricData, NumberPoint, items};
use super::row::Scratch;
use super::rows::{Rows, Stop};
use super::text::{cut, non_empty};
use crate::limits::{RECORD_BYTES_MAX, TEXT_BYTES_MAX};

/// Adds the rows of an `ExportMetricsServiceRequest`, one for each point. Summaries are not kept.
pub(super) fn read(request: &[u8], rows: &mut Rows<'_>, scratch: &mut Scratch) -> Result<(), Stop> {
    let mut origins = Origins::of(&rows.arrival.project);
    items(request, |resource, scope, metrics| {
        rows.looked_at()?;
        let origin = origins.origin(resource, scope, &mut scratch.names)?;
        for message in metrics {
            rows.looked_at()?;
            let metric = Metric::read(message?)?;
            Points { metric: &metric, origin: &origin, rows, scratch }.add_all()?;
        }
        Ok(())
    })
}

/// The points of one metric on their way into rows.
struct Points<'p, 'r> {
    metric: &'p Metric<'p>,
    origin: &'p Arc<Origin>,
    rows: &'p mut Rows<'r>,
    scratch: &'p mut Scratch,
}

impl Points<'_, '_> {
    fn add_all(&mut self) -> Result<(), Stop> {
        for message in &self.metric.points {
            match self.metric.data {
                MetricData::Gauge => self.add_number("gauge", None, message)?,
                MetricData::Sum => self.add_number("sum", Some(self.metric.is_monotonic), message)?,
                MetricData::Histogram => self.add_histogram(message)?,
                MetricData::ExponentialHistogram => self.add_exponential(message)?,
                MetricData::Summary => {
                    self.rows.looked_at()?;
                    self.rows.refused.summaries += 1;
                }
                // Points are read of a kind that is known only.
                MetricData::Unknown => {}
            }
        }
        Ok(())
    }

    fn add_number(&mut self, word: &'static str, is_monotonic: Option<bool>, message: &[u8]) -> Result<(), Stop> {
        let point = NumberPoint::read(message)?;
        let times = [point.time_unix_nano, point.start_time_unix_nano];
        self.add(word, is_monotonic, times, &point.attributes, PointValue::Scalar(point.value))
    }

    fn add_histogram(&mut self, message: &[u8]) -> Result<(), Stop> {
        let point = HistogramPoint::read(message)?;
        let value = PointValue::Histogram {
            of: Distribution { count: point.count, sum: point.sum, min: point.min, max: point.max },
            bucket_counts: &point.bucket_counts,
            explicit_bounds: &point.explicit_bounds,
        };
        let times = [point.time_unix_nano, point.start_time_unix_nano];
        let value = if point.is_empty { PointValue::Scalar(None) } else { value };
        self.add("histogram", None, times, &point.attributes, value)
    }

    fn add_exponential(&mut self, message: &[u8]) -> Result<(), Stop> {
        let point = ExponentialPoint::read(message)?;
        let value = PointValue::Exponential {
            of: Distribution { count: point.count, sum: point.sum, min: point.min, max: point.max },
            scale: point.scale,
            zero_count: point.zero_count,
            zero_threshold: point.zero_threshold,
            positive: &point.positive,
            negative: &point.negative,
        };
        let times = [point.time_unix_nano, point.start_time_unix_nano];
        let value = if point.is_empty { PointValue::Scalar(None) } else { value };
        self.add("exponential_histogram", None, times, &point.attributes, value)
    }

    /// A point without a time has that of its arrival, one without a start has none.
    fn add(
        &mut self,
        metric_type: &'static str,
        is_monotonic: Option<bool>,
        [recorded, start]: [u64; 2],
        attributes: &Attributes<'_>,
        value: PointValue<'_>,
    ) -> Result<(), Stop> {
        let arrived_at = self.rows.arrival.at;
        let recorded_timestamp = instant(recorded).unwrap_or(arrived_at);
        if !self.rows.takes(recorded_timestamp, self.origin)? {
            return Ok(());
        }
        let Self { metric, origin, rows, scratch } = self;
        let json = scratch.body.restart(RECORD_BYTES_MAX);
        attributes.write(Without::Nothing, &mut scratch.names, json, |_, _| {})?;
        let text = |text| non_empty(text).map(|text| cut(text, TEXT_BYTES_MAX));
        rows.push_point(&Point {
            recorded_timestamp,
            start_timestamp: instant(start),
            metric_name: cut(&metric.name, TEXT_BYTES_MAX),
            metric_type,
            unit: text(&metric.unit),
            metric_description: text(&metric.description),
            aggregation_temporality: temporality(metric.temporality),
            is_monotonic,
            attributes: json.as_str(),
            value,
            created_at: arrived_at,
            origin,
        })
    }
}

const fn temporality(number: i32) -> Option<&'static str> {
    match number {
        1 => Some("delta"),
        2 => Some("cumulative"),
        _ => None,
    }
}

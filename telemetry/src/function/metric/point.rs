//! One point of a metric, whatever its kind.

use super::explicit::Explicit;
use super::exponential::Exponential;

/// A point, or several that were merged.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Point {
    /// Tells series apart: metric, attributes, resource and scope.
    pub series: u64,
    /// Whether it counts from its start on (a running total), or from the point before on.
    pub is_cumulative: bool,
    /// Whether a running total only rises.
    pub is_monotonic: bool,
    /// When it began to count, in microseconds; `None` when unknown.
    pub start: Option<i64>,
    /// When it was recorded, in microseconds.
    pub at: i64,
    pub body: Body,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Body {
    /// The value of something at an instant.
    Gauge(Number),
    /// How much was added.
    Sum(Number),
    Explicit(Explicit, Totals),
    Exponential(Exponential, Totals),
}

/// A number, or what is known of several.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Number {
    pub sum: f64,
    /// How many points it was made of.
    pub count: u64,
    pub min: f64,
    pub max: f64,
}

impl Number {
    pub(crate) const fn of(value: f64) -> Self {
        Self { sum: value, count: 1, min: value, max: value }
    }

    fn add(&mut self, other: &Self) {
        self.sum += other.sum;
        self.count = self.count.saturating_add(other.count);
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
    }
}

/// What a histogram says besides its buckets.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Totals {
    pub count: u64,
    pub sum: Option<f64>,
    pub min: Option<f64>,
    pub max: Option<f64>,
}

impl Totals {
    fn add(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.sum = self.sum.zip(other.sum).map(|(mine, theirs)| mine + theirs);
        // An extreme is known only when both are; nobody observed nothing.
        self.min = self.min.zip(other.min).map(|(mine, theirs)| mine.min(theirs));
        self.max = self.max.zip(other.max).map(|(mine, theirs)| mine.max(theirs));
    }

    fn since(&self, earlier: &Self) -> Option<Self> {
        let count = self.count.checked_sub(earlier.count)?;
        let sum = self.sum.zip(earlier.sum).map(|(now, then)| now - then);
        // The extremes are those since the start, not since the earlier point.
        Some(Self { count, sum, min: None, max: None })
    }
}

/// Points that cannot be looked at together, or not in this way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    #[error(
        "numbers and histograms, or histograms of two kinds, do not go together: ask for one metric, like `WHERE metric_name = '…'`, or group by `metric_name, metric_type`"
    )]
    Mixed,
    #[error(
        "a gauge does not count: `metric_increase` and `metric_rate` take sums and histograms. Filter by `metric_type` or `metric_name`, or look at a gauge with `avg(scalar_value)`"
    )]
    Gauge,
    #[error(
        "single numbers that were merged have no quantile: write `metric_quantile(p, value)` over the rows of `metrics` themselves"
    )]
    MergedNumbers,
}

impl Body {
    /// Adds what another one measured. A gauge and a sum make a gauge, whose values are looked at one by one.
    pub(crate) fn add(&mut self, other: &Self) -> Result<(), Unfit> {
        match (&mut *self, other) {
            (Self::Gauge(mine), Self::Gauge(theirs) | Self::Sum(theirs)) | (Self::Sum(mine), Self::Sum(theirs)) => {
                mine.add(theirs);
            }
            (Self::Sum(mine), Self::Gauge(theirs)) => {
                let mut both = *mine;
                both.add(theirs);
                *self = Self::Gauge(both);
            }
            (Self::Explicit(mine, totals), Self::Explicit(theirs, other)) => {
                mine.add(theirs);
                totals.add(other);
            }
            (Self::Exponential(mine, totals), Self::Exponential(theirs, other)) => {
                mine.add(theirs);
                totals.add(other);
            }
            (Self::Gauge(_) | Self::Sum(_) | Self::Explicit(..) | Self::Exponential(..), _) => {
                return Err(Unfit::Mixed);
            }
        }
        Ok(())
    }

    /// What a running total counted since an earlier point; `None` when it is smaller than that: it was started anew.
    ///
    /// One that may fall (`rises` is false) has a difference always.
    pub(crate) fn since(&self, earlier: &Self, rises: bool) -> Option<Self> {
        match (self, earlier) {
            (Self::Gauge(now) | Self::Sum(now), Self::Gauge(then) | Self::Sum(then)) => {
                (!rises || now.sum >= then.sum).then(|| Self::Sum(Number::of(now.sum - then.sum)))
            }
            (Self::Explicit(now, totals), Self::Explicit(then, other)) => {
                Some(Self::Explicit(now.since(then)?, totals.since(other)?))
            }
            (Self::Exponential(now, totals), Self::Exponential(then, other)) => {
                Some(Self::Exponential(now.since(then)?, totals.since(other)?))
            }
            (Self::Gauge(_) | Self::Sum(_) | Self::Explicit(..) | Self::Exponential(..), _) => None,
        }
    }

    /// How much it counted: a sum's value, a histogram's number of observations.
    pub(crate) fn counted(&self) -> f64 {
        match self {
            Self::Gauge(number) | Self::Sum(number) => number.sum,
            Self::Explicit(_, totals) | Self::Exponential(_, totals) => totals.count as f64,
        }
    }

    pub(crate) fn sum(&self) -> Option<f64> {
        match self {
            Self::Gauge(number) | Self::Sum(number) => Some(number.sum),
            Self::Explicit(_, totals) | Self::Exponential(_, totals) => totals.sum,
        }
    }

    pub(crate) const fn count(&self) -> u64 {
        match self {
            Self::Gauge(number) | Self::Sum(number) => number.count,
            Self::Explicit(_, totals) | Self::Exponential(_, totals) => totals.count,
        }
    }

    pub(crate) const fn min(&self) -> Option<f64> {
        match self {
            Self::Gauge(number) | Self::Sum(number) => Some(number.min),
            Self::Explicit(_, totals) | Self::Exponential(_, totals) => totals.min,
        }
    }

    pub(crate) const fn max(&self) -> Option<f64> {
        match self {
            Self::Gauge(number) | Self::Sum(number) => Some(number.max),
            Self::Explicit(_, totals) | Self::Exponential(_, totals) => totals.max,
        }
    }

    /// `sum / count`; `None` when nothing was observed.
    pub(crate) fn average(&self) -> Option<f64> {
        let count = self.count();
        self.sum().filter(|_| count > 0).map(|sum| sum / count as f64)
    }

    /// Roughly how much memory it holds besides itself.
    pub(crate) fn heap_bytes(&self) -> usize {
        match self {
            Self::Gauge(_) | Self::Sum(_) => 0,
            Self::Explicit(histogram, _) => 8 * (histogram.bounds().len() + histogram.counts().len()),
            Self::Exponential(histogram, _) => 32 * histogram.len(),
        }
    }
}

//! The points of one group, and what follows from all of them.
//!
//! Points that count from the point before (delta) add up. Running totals (cumulative) are followed series by series
//! and, inside a series, start by start: what counts is by how much they rose from one point to the next. A total that
//! fell was started anew, and counts whole. So does the first point of a start that lies inside the time that the
//! points of the group cover; of an older start nobody knows how much of it was counted before.

use std::collections::BTreeMap;

use super::point::{Body, Number, Point, Unfit};

/// What the points are collected for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Purpose {
    Quantile,
    Increase,
    Merge,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Collected {
    purpose: Purpose,
    /// The sum of all points that add up.
    added: Option<Point>,
    /// Running totals, in no order.
    totals: Vec<Point>,
    /// Single numbers, of which quantiles are taken one by one.
    numbers: Vec<f64>,
    heap_bytes: usize,
}

/// A part of what was counted, and the time in which.
struct Increment {
    body: Body,
    from: i64,
    until: i64,
}

impl Collected {
    pub(crate) const fn new(purpose: Purpose) -> Self {
        Self { purpose, added: None, totals: Vec::new(), numbers: Vec::new(), heap_bytes: 0 }
    }

    /// Takes one more point, in any order.
    pub(crate) fn observe(&mut self, point: Point) -> Result<(), Unfit> {
        let is_gauge = matches!(point.body, Body::Gauge(_));
        if is_gauge && self.purpose == Purpose::Increase {
            return Err(Unfit::Gauge);
        }
        if let (Body::Gauge(number) | Body::Sum(number), Purpose::Quantile) = (&point.body, self.purpose) {
            if number.count != 1 {
                return Err(Unfit::MergedNumbers);
            }
            self.numbers.push(number.sum);
            return Ok(());
        }
        let is_number = matches!(point.body, Body::Gauge(_) | Body::Sum(_));
        // A total that may fall is a level, like a gauge, unless its change is asked for.
        let is_level = is_number && !point.is_monotonic && self.purpose != Purpose::Increase;
        if point.is_cumulative && !is_gauge && !is_level {
            self.heap_bytes += point.body.heap_bytes();
            self.totals.push(point);
            return Ok(());
        }
        let Some(added) = &mut self.added else {
            let body = match point.body {
                Body::Sum(number) if is_level && point.is_cumulative => Body::Gauge(number),
                body => body,
            };
            self.added = Some(Point { body, is_cumulative: false, ..point });
            return Ok(());
        };
        added.body.add(&point.body)?;
        added.start = added.start.into_iter().chain([point.start.unwrap_or(point.at)]).min();
        added.at = added.at.max(point.at);
        Ok(())
    }

    /// How much was counted altogether; `None` when it cannot be told: no point, or single points of old totals.
    pub(crate) fn increase(&self) -> Result<Option<f64>, Unfit> {
        Ok(self.counted()?.map(|(counted, _, _)| counted))
    }

    /// The increase for each second between the beginning of the first and the end of the last part of it; `None` as
    /// for the increase, and when that is no time at all.
    pub(crate) fn rate(&self) -> Result<Option<f64>, Unfit> {
        let Some((counted, from, until)) = self.counted()? else { return Ok(None) };
        let seconds = until.saturating_sub(from) as f64 / 1_000_000.0;
        Ok((seconds > 0.0).then(|| counted / seconds))
    }

    fn counted(&self) -> Result<Option<(f64, i64, i64)>, Unfit> {
        let mut all: Option<(f64, i64, i64)> = None;
        let mut kind: Option<Body> = None;
        for part in self.increments(false) {
            match &kind {
                Some(kind) if std::mem::discriminant(kind) != std::mem::discriminant(&part.body) => {
                    return Err(Unfit::Mixed);
                }
                Some(_) => {}
                None => kind = Some(part.body.clone()),
            }
            let (counted, from, until) = all.unwrap_or((0.0, part.from, part.until));
            all = Some((counted + part.body.counted(), from.min(part.from), until.max(part.until)));
        }
        Ok(all)
    }

    /// All of them as one point; `None` when there is none. Of a series with a single point its whole total counts.
    pub(crate) fn merged(&self) -> Result<Option<Point>, Unfit> {
        let mut merged: Option<Point> = None;
        for part in self.increments(true) {
            match &mut merged {
                Some(merged) => {
                    merged.body.add(&part.body)?;
                    merged.start = merged.start.map(|start| start.min(part.from));
                    merged.at = merged.at.max(part.until);
                }
                None => {
                    let (start, at) = (Some(part.from), part.until);
                    let body = part.body;
                    merged = Some(Point { series: 0, is_cumulative: false, is_monotonic: false, start, at, body });
                }
            }
        }
        Ok(merged)
    }

    /// The value below which the share `p` (0 to 1) lies: of histograms as [`Self::merged`], of numbers between the two
    /// nearest ones, as `percentile_cont` does.
    pub(crate) fn quantile(&self, p: f64) -> Result<Option<f64>, Unfit> {
        let merged = self.merged()?;
        if self.numbers.is_empty() {
            return Ok(match merged.map(|point| point.body) {
                None => None,
                Some(Body::Explicit(histogram, _)) => histogram.quantile(p),
                Some(Body::Exponential(histogram, _)) => histogram.quantile(p),
                Some(Body::Gauge(_) | Body::Sum(_)) => return Err(Unfit::MergedNumbers),
            });
        }
        if merged.is_some() {
            return Err(Unfit::Mixed);
        }
        let mut numbers = self.numbers.clone();
        numbers.sort_by(f64::total_cmp);
        let place = p * (numbers.len() - 1) as f64;
        let (low, high) = (numbers[place.floor() as usize], numbers[place.ceil() as usize]);
        // Two infinities have no distance.
        Ok(Some(if low == high { low } else { low + (high - low) * place.fract() }))
    }

    /// Points that make the same collection again.
    pub(crate) fn points(&self) -> Vec<Point> {
        let number = |value: &f64| Point {
            series: 0,
            is_cumulative: false,
            is_monotonic: false,
            start: None,
            at: 0,
            body: Body::Gauge(Number::of(*value)),
        };
        self.added.iter().chain(&self.totals).cloned().chain(self.numbers.iter().map(number)).collect()
    }

    /// Roughly how much memory it holds.
    pub(crate) fn size_bytes(&self) -> usize {
        size_of::<Self>()
            + self.heap_bytes
            + self.added.as_ref().map_or(0, |point| point.body.heap_bytes())
            + self.totals.capacity() * size_of::<Point>()
            + self.numbers.capacity() * size_of::<f64>()
    }

    fn increments(&self, singles_count: bool) -> Vec<Increment> {
        let added = self.added.iter().map(|point| Increment {
            body: point.body.clone(),
            from: point.start.unwrap_or(point.at),
            until: point.at,
        });
        let mut all: Vec<Increment> = added.collect();
        let earliest = self.totals.iter().map(|point| point.at).min().unwrap_or_default();
        let mut series = BTreeMap::<u64, BTreeMap<Option<i64>, Vec<&Point>>>::new();
        for point in &self.totals {
            series.entry(point.series).or_default().entry(point.start).or_default().push(point);
        }
        for starts in series.values_mut() {
            let is_single = starts.values().map(Vec::len).sum::<usize>() == 1;
            for (start, points) in starts {
                points.sort_by_key(|point| point.at);
                let counts_whole = start.is_some_and(|start| start >= earliest) || (is_single && singles_count);
                if let (Some(first), true) = (points.first(), counts_whole) {
                    let from = start.unwrap_or(first.at);
                    all.push(Increment { body: first.body.clone(), from, until: first.at });
                }
                all.extend(points.windows(2).map(|pair| {
                    let (earlier, later) = (pair[0], pair[1]);
                    let rises = later.is_monotonic;
                    let body = later.body.since(&earlier.body, rises).unwrap_or_else(|| later.body.clone());
                    Increment { body, from: earlier.at, until: later.at }
                }));
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::metric::explicit::Explicit;
    use crate::function::metric::point::Totals;

    const SECOND: i64 = 1_000_000;

    fn total(series: u64, start: i64, at: i64, value: f64) -> Point {
        Point {
            series,
            is_cumulative: true,
            is_monotonic: true,
            start: Some(start * SECOND),
            at: at * SECOND,
            body: Body::Sum(Number::of(value)),
        }
    }

    fn delta(start: i64, at: i64, value: f64) -> Point {
        Point { is_cumulative: false, ..total(1, start, at, value) }
    }

    fn histogram(series: u64, at: i64, counts: [u64; 3]) -> Point {
        let count = counts.iter().sum();
        let totals = Totals { count, sum: Some(count as f64), min: None, max: None };
        let body = Body::Explicit(Explicit::new(vec![1.0, 2.0], counts.to_vec(), count), totals);
        Point { body, ..total(series, -50, at, 0.0) }
    }

    fn collect(purpose: Purpose, points: &[Point]) -> Collected {
        let mut collected = Collected::new(purpose);
        // The order of rows is nobody's promise.
        for point in points.iter().rev() {
            collected.observe(point.clone()).unwrap();
        }
        collected
    }

    fn increase(points: &[Point]) -> (Option<f64>, Option<f64>) {
        let collected = collect(Purpose::Increase, points);
        (collected.increase().unwrap(), collected.rate().unwrap())
    }

    #[test]
    fn deltas_add_up() {
        assert_eq!(increase(&[delta(0, 10, 3.0), delta(10, 20, 5.0)]), (Some(8.0), Some(0.4)));
        assert_eq!(increase(&[delta(5, 5, 3.0)]), (Some(3.0), None));
        assert_eq!(increase(&[]), (None, None));
    }

    #[test]
    fn totals_count_by_how_much_they_rose_in_each_series() {
        let one = [total(1, -50, 0, 100.0), total(1, -50, 10, 103.0), total(1, -50, 20, 107.0)];
        assert_eq!(increase(&one), (Some(7.0), Some(0.35)));
        let two = [total(2, -50, 0, 5.0), total(2, -50, 20, 6.0)];
        assert_eq!(increase(&[one.as_slice(), &two].concat()), (Some(8.0), Some(0.4)));
        // One point of an old total tells nothing.
        assert_eq!(increase(&one[..1]), (None, None));
    }

    #[test]
    fn a_total_that_was_started_anew_counts_whole() {
        // By its start: 100 → 103, restart, 2 → 4.
        let restarted =
            [total(1, -50, 0, 100.0), total(1, -50, 10, 103.0), total(1, 12, 20, 2.0), total(1, 12, 30, 4.0)];
        assert_eq!(increase(&restarted), (Some(7.0), Some(7.0 / 30.0)));
        // By its value alone, though it has more than before: 5 → 8 is a rise of 3 unless the start says otherwise.
        assert_eq!(increase(&[total(1, -50, 0, 5.0), total(1, 4, 10, 8.0)]).0, Some(8.0));
        assert_eq!(increase(&[total(1, -50, 0, 5.0), total(1, -50, 10, 2.0)]).0, Some(2.0));
        // A process that began while others ran.
        let others = [total(1, -50, 0, 5.0), total(1, -50, 20, 6.0), total(2, 10, 20, 9.0)];
        assert_eq!(increase(&others).0, Some(10.0));
    }

    #[test]
    fn what_may_fall_changes_by_its_difference() {
        let level = |at, value| Point { is_monotonic: false, ..total(1, -50, at, value) };
        assert_eq!(increase(&[level(0, 9.0), level(10, 4.0), level(20, 6.0)]).0, Some(-3.0));
        let merged = collect(Purpose::Merge, &[level(0, 9.0), level(10, 4.0)]).merged().unwrap().unwrap();
        assert_eq!((merged.body.average(), merged.body.count(), merged.body.max()), (Some(6.5), 2, Some(9.0)));
    }

    #[test]
    fn a_gauge_does_not_count_and_kinds_do_not_mix() {
        let gauge = Point { body: Body::Gauge(Number::of(1.0)), ..delta(0, 1, 0.0) };
        assert_eq!(Collected::new(Purpose::Increase).observe(gauge.clone()), Err(Unfit::Gauge));
        let mixed = collect(Purpose::Quantile, &[gauge, histogram(1, 0, [1, 0, 0])]);
        assert_eq!(mixed.quantile(0.5), Err(Unfit::Mixed));
    }

    #[test]
    fn quantiles_of_numbers_lie_between_them() {
        let numbers = [1.0, 2.0, 3.0, 10.0].map(|value| delta(0, 1, value));
        let collected = collect(Purpose::Quantile, &numbers);
        let at = |p| collected.quantile(p).unwrap().unwrap();
        assert_eq!([at(0.0), at(0.5), at(0.75), at(1.0)], [1.0, 2.5, 4.75, 10.0]);
    }

    #[test]
    fn cumulative_histograms_count_what_came_between_their_points() {
        let points = [histogram(1, 0, [10, 0, 0]), histogram(1, 10, [10, 4, 0]), histogram(2, 5, [0, 0, 0])];
        let collected = collect(Purpose::Quantile, &points);
        assert_eq!(collected.quantile(0.5).unwrap(), Some(1.5));
        // Alone, a point is all that is known.
        assert_eq!(collect(Purpose::Quantile, &points[..1]).quantile(0.5).unwrap(), Some(0.5));
        let merged = collect(Purpose::Merge, &points).merged().unwrap().unwrap();
        assert_eq!((merged.body.count(), merged.body.sum()), (4, Some(4.0)));
        assert_eq!(collect(Purpose::Increase, &points).increase().unwrap(), Some(4.0));
    }

    #[test]
    fn a_collection_in_parts_is_the_collection() {
        let points = [total(1, -50, 0, 100.0), total(1, -50, 10, 103.0), delta(0, 10, 3.0), delta(10, 20, 5.0)];
        let whole = collect(Purpose::Increase, &points);
        let mut parts = Collected::new(Purpose::Increase);
        for half in points.chunks(2) {
            for point in collect(Purpose::Increase, half).points() {
                parts.observe(point).unwrap();
            }
        }
        assert_eq!(parts.increase().unwrap(), whole.increase().unwrap());
        assert_eq!(parts.rate().unwrap(), whole.rate().unwrap());
    }
}

//! Histograms whose buckets grow by a constant factor: bucket `i` at scale `s` is `(b^i, b^(i + 1)]` with
//! `b = 2^(2^-s)`.

use std::collections::BTreeMap;

/// Most buckets from the lowest to the highest one of a side; a wider side is kept at a lower scale, so that a list of
/// its counts stays small whatever offsets somebody sends. Exporters use 160.
const WIDTH_MAX: i64 = 4_096;

/// Counts of observations by magnitude.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Exponential {
    scale: i64,
    /// Observations that are zero, or at most `zero_threshold` away from it.
    zero_count: u64,
    zero_threshold: f64,
    positive: BTreeMap<i64, u64>,
    negative: BTreeMap<i64, u64>,
}

/// One side as the wire has it: the index of the first bucket, then the counts.
pub(crate) struct Side {
    pub offset: i64,
    pub counts: Vec<u64>,
}

impl Side {
    fn buckets(self) -> BTreeMap<i64, u64> {
        let counts = self.counts.into_iter().enumerate().filter(|(_, count)| *count > 0);
        counts.map(|(index, count)| (self.offset.saturating_add(index as i64), count)).collect()
    }
}

impl Exponential {
    pub(crate) fn new(scale: i64, zero_count: u64, zero_threshold: f64, positive: Side, negative: Side) -> Self {
        let zero_threshold = if zero_threshold.is_finite() { zero_threshold.max(0.0) } else { 0.0 };
        let (positive, negative) = (positive.buckets(), negative.buckets());
        // The wire has 32 bits; whoever has more cannot mean it.
        let scale = scale.clamp(i32::MIN.into(), i32::MAX.into());
        let mut new = Self { scale, zero_count, zero_threshold, positive, negative };
        new.narrow();
        new
    }

    pub(crate) const fn scale(&self) -> i64 {
        self.scale
    }

    pub(crate) const fn zero(&self) -> (u64, f64) {
        (self.zero_count, self.zero_threshold)
    }

    pub(crate) fn positive(&self) -> Side {
        side(&self.positive)
    }

    pub(crate) fn negative(&self) -> Side {
        side(&self.negative)
    }

    /// How many buckets it has.
    pub(crate) fn len(&self) -> usize {
        self.positive.len() + self.negative.len()
    }

    /// Adds the observations of another one, at the lower scale of both: there every bucket of the finer one lies
    /// inside one of the coarser, so that counts stay exact.
    pub(crate) fn add(&mut self, other: &Self) {
        let scale = self.scale.min(other.scale);
        self.rescale(scale);
        let mut other = other.clone();
        other.rescale(scale);
        self.zero_count = self.zero_count.saturating_add(other.zero_count);
        self.zero_threshold = self.zero_threshold.max(other.zero_threshold);
        for (mine, theirs) in [(&mut self.positive, &other.positive), (&mut self.negative, &other.negative)] {
            for (index, count) in theirs {
                let mine = mine.entry(*index).or_default();
                *mine = mine.saturating_add(*count);
            }
        }
        self.narrow();
    }

    /// The observations that an earlier state of the same histogram did not have; `None` when it had more.
    pub(crate) fn since(&self, earlier: &Self) -> Option<Self> {
        let scale = self.scale.min(earlier.scale);
        let (mut now, mut then) = (self.clone(), earlier.clone());
        now.rescale(scale);
        then.rescale(scale);
        now.zero_count = now.zero_count.checked_sub(then.zero_count)?;
        for (now, then) in [(&mut now.positive, &then.positive), (&mut now.negative, &then.negative)] {
            for (index, count) in then {
                let left = now.get(index).copied().unwrap_or_default().checked_sub(*count)?;
                if left > 0 {
                    now.insert(*index, left)
                } else {
                    now.remove(index)
                };
            }
        }
        Some(now)
    }

    /// The value below which the share `p` of observations lies, by Prometheus' rule for native histograms: inside a
    /// bucket values are spread evenly on a logarithmic scale, around zero on a linear one. `None` without
    /// observations.
    pub(crate) fn quantile(&self, p: f64) -> Option<f64> {
        let counts = self.negative.values().chain(self.positive.values());
        let total = counts.fold(self.zero_count, |total, count| total.saturating_add(*count));
        if total == 0 {
            return None;
        }
        let rank = p * total as f64;
        let mut below = 0_u64;
        let mut inside = |count: u64| {
            let before = below;
            below = below.saturating_add(count);
            (count > 0 && below as f64 >= rank).then(|| (rank - before as f64) / count as f64)
        };
        let mut last = 0.0;
        for (index, count) in self.negative.iter().rev() {
            last = -self.bound(*index as f64);
            if let Some(share) = inside(*count) {
                return Some(-self.bound(*index as f64 + 1.0 - share));
            }
        }
        if let Some(share) = inside(self.zero_count) {
            let lower = if self.negative.is_empty() { 0.0 } else { -self.zero_threshold };
            let upper = if self.positive.is_empty() { 0.0 } else { self.zero_threshold };
            return Some(lower + (upper - lower) * share);
        }
        for (index, count) in &self.positive {
            last = self.bound(*index as f64 + 1.0);
            if let Some(share) = inside(*count) {
                return Some(self.bound(*index as f64 + share));
            }
        }
        Some(last)
    }

    /// `b^index`.
    fn bound(&self, index: f64) -> f64 {
        (index * (-self.scale as f64).exp2()).exp2()
    }

    fn rescale(&mut self, scale: i64) {
        let shift = u32::try_from(self.scale.saturating_sub(scale).clamp(0, 63)).unwrap_or(63);
        self.scale = self.scale.min(scale);
        if shift == 0 {
            return;
        }
        for buckets in [&mut self.positive, &mut self.negative] {
            let mut coarser = BTreeMap::<i64, u64>::new();
            for (index, count) in &*buckets {
                let count = *count;
                coarser.entry(index >> shift).and_modify(|all| *all = all.saturating_add(count)).or_insert(count);
            }
            *buckets = coarser;
        }
    }

    fn narrow(&mut self) {
        while width(&self.positive) > WIDTH_MAX || width(&self.negative) > WIDTH_MAX {
            self.rescale(self.scale.saturating_sub(1));
        }
    }
}

fn width(buckets: &BTreeMap<i64, u64>) -> i64 {
    match (buckets.first_key_value(), buckets.last_key_value()) {
        (Some((first, _)), Some((last, _))) => last.saturating_sub(*first).saturating_add(1),
        _ => 0,
    }
}

fn side(buckets: &BTreeMap<i64, u64>) -> Side {
    let offset = buckets.first_key_value().map_or(0, |(first, _)| *first);
    let counts = (0..width(buckets)).map(|index| buckets.get(&(offset + index)).copied().unwrap_or_default());
    Side { offset, counts: counts.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(scale: i64, offset: i64, counts: &[u64]) -> Exponential {
        let none = Side { offset: 0, counts: Vec::new() };
        Exponential::new(scale, 0, 0.0, Side { offset, counts: counts.to_vec() }, none)
    }

    fn close(left: Option<f64>, right: f64) {
        let left = left.unwrap();
        assert!((left - right).abs() < 1e-9, "{left} is not {right}");
    }

    #[test]
    fn quantiles_lie_on_the_powers_of_the_base() {
        // Scale 0: (1, 2] has 4, (2, 4] has 4, (4, 8] has 2.
        let seen = histogram(0, 0, &[4, 4, 2]);
        close(seen.quantile(0.4), 2.0);
        close(seen.quantile(0.8), 4.0);
        close(seen.quantile(1.0), 8.0);
        // Half way through a bucket is the geometric mean of its ends.
        close(seen.quantile(0.2), 2.0_f64.sqrt());
        // Scale 1: the base is the square root of 2.
        close(histogram(1, 0, &[1]).quantile(1.0), 2.0_f64.sqrt());
        assert_eq!(histogram(3, 0, &[]).quantile(0.5), None);
    }

    #[test]
    fn negative_values_come_before_zero_and_zero_before_positive_ones() {
        let side = |counts: &[u64]| Side { offset: 0, counts: counts.to_vec() };
        let seen = Exponential::new(0, 2, 0.5, side(&[2]), side(&[1, 1]));
        close(seen.quantile(0.0), -4.0);
        close(seen.quantile(1.0 / 6.0), -2.0);
        close(seen.quantile(2.0 / 6.0), -1.0);
        close(seen.quantile(3.0 / 6.0), 0.0);
        close(seen.quantile(4.0 / 6.0), 0.5);
        close(seen.quantile(1.0), 2.0);
    }

    #[test]
    fn two_scales_meet_at_the_lower_one() {
        // At scale 1 the buckets -1, 0, 1, 2 become -1, 0, 0, 1 at scale 0.
        let mut merged = histogram(1, -1, &[1, 2, 3, 4]);
        merged.add(&histogram(0, 0, &[10, 20]));
        assert_eq!(merged, histogram(0, -1, &[1, 15, 24]));
        assert_eq!(merged.since(&histogram(1, 0, &[2, 3])), Some(histogram(0, -1, &[1, 10, 24])));
        assert_eq!(histogram(0, 0, &[1]).since(&histogram(0, 1, &[1])), None);
    }

    #[test]
    fn offsets_that_nobody_means_stay_small() {
        let mut wide = histogram(20, -2_000_000_000, &[1]);
        wide.add(&histogram(20, 2_000_000_000, &[1]));
        assert!(wide.positive().counts.len() <= WIDTH_MAX as usize);
        let ends = histogram(i64::MAX, i64::MAX, &[1, 1]);
        let mut merged = histogram(i64::MIN, i64::MIN, &[1, 1]);
        merged.add(&ends);
        assert!(merged.quantile(0.5).is_some());
    }
}

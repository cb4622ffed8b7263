//! Histograms whose buckets have given bounds.

/// Counts of observations in buckets: `counts[i]` of those in `(bounds[i - 1], bounds[i]]`, the last of those above all.
///
/// There is always one count more than there are bounds; bounds rise.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Explicit {
    bounds: Vec<f64>,
    counts: Vec<u64>,
}

impl Explicit {
    /// What the wire says. Bounds and counts that do not fit together tell nothing: then all `count` observations are
    /// in one bucket without bounds.
    pub(crate) fn new(bounds: Vec<f64>, counts: Vec<u64>, count: u64) -> Self {
        let rises = bounds.iter().all(|bound| bound.is_finite()) && bounds.windows(2).all(|pair| pair[0] < pair[1]);
        if rises && counts.len() == bounds.len() + 1 {
            return Self { bounds, counts };
        }
        Self { bounds: Vec::new(), counts: vec![count] }
    }

    pub(crate) fn bounds(&self) -> &[f64] {
        &self.bounds
    }

    pub(crate) fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Adds the observations of another one. Where the bounds differ, the bounds that both have remain: counts stay
    /// exact, buckets become wider.
    pub(crate) fn add(&mut self, other: &Self) {
        if self.bounds != other.bounds {
            let common = common(&self.bounds, &other.bounds);
            *self = self.coarser(&common);
            return self.add(&other.coarser(&common));
        }
        for (mine, theirs) in self.counts.iter_mut().zip(&other.counts) {
            *mine = mine.saturating_add(*theirs);
        }
    }

    /// The observations that an earlier state of the same histogram did not have; `None` when it had more.
    pub(crate) fn since(&self, earlier: &Self) -> Option<Self> {
        if self.bounds != earlier.bounds {
            let common = common(&self.bounds, &earlier.bounds);
            return self.coarser(&common).since(&earlier.coarser(&common));
        }
        let counts = self.counts.iter().zip(&earlier.counts).map(|(now, then)| now.checked_sub(*then));
        Some(Self { bounds: self.bounds.clone(), counts: counts.collect::<Option<_>>()? })
    }

    /// The value below which the share `p` of observations lies, by Prometheus' rule for classic histograms: linear
    /// inside a bucket, whose lower end is 0 for the first one with a positive bound; the highest finite bound for what
    /// lies above it. `None` without observations or bounds.
    pub(crate) fn quantile(&self, p: f64) -> Option<f64> {
        // Counts come from outside: together they may be more than fits.
        let total = self.counts.iter().fold(0_u64, |sum, count| sum.saturating_add(*count));
        let highest = *self.bounds.last()?;
        if total == 0 {
            return None;
        }
        let rank = p * total as f64;
        let mut below = 0_u64;
        for (index, &count) in self.counts.iter().enumerate() {
            if count > 0 && below.saturating_add(count) as f64 >= rank {
                let Some(&upper) = self.bounds.get(index) else { return Some(highest) };
                let lower = if index > 0 { self.bounds[index - 1] } else { 0.0 };
                if index == 0 && upper <= 0.0 {
                    return Some(upper);
                }
                return Some(lower + (upper - lower) * ((rank - below as f64) / count as f64));
            }
            below = below.saturating_add(count);
        }
        Some(highest)
    }

    /// The same observations over some of its bounds.
    fn coarser(&self, bounds: &[f64]) -> Self {
        let mut counts = vec![0_u64; bounds.len() + 1];
        for (index, count) in self.counts.iter().enumerate() {
            let place = match self.bounds.get(index) {
                Some(upper) => bounds.partition_point(|bound| bound < upper),
                None => bounds.len(),
            };
            counts[place] = counts[place].saturating_add(*count);
        }
        Self { bounds: bounds.to_vec(), counts }
    }
}

fn common(left: &[f64], right: &[f64]) -> Vec<f64> {
    left.iter().copied().filter(|bound| right.contains(bound)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(bounds: &[f64], counts: &[u64]) -> Explicit {
        Explicit::new(bounds.to_vec(), counts.to_vec(), counts.iter().sum())
    }

    #[test]
    fn quantiles_are_those_of_prometheus() {
        let seen = histogram(&[1.0, 2.0, 4.0], &[2, 2, 4, 2]);
        // Ten observations: rank 5 is the first of four in (2, 4].
        let wanted = [(0.0, 0.0), (0.1, 0.5), (0.2, 1.0), (0.3, 1.5), (0.5, 2.5), (0.8, 4.0), (0.9, 4.0), (1.0, 4.0)];
        for (p, value) in wanted {
            assert_eq!(seen.quantile(p), Some(value), "{p}");
        }
        assert_eq!(histogram(&[-1.0, 5.0], &[4, 4, 0]).quantile(0.25), Some(-1.0));
        assert_eq!(histogram(&[1.0, 2.0], &[0, 4, 0]).quantile(0.0), Some(1.0));
        assert_eq!(histogram(&[1.0, 2.0], &[0, 0, 0]).quantile(0.5), None);
        assert_eq!(histogram(&[], &[3]).quantile(0.5), None);
    }

    #[test]
    fn histograms_with_other_bounds_meet_at_the_bounds_of_both() {
        let mut merged = histogram(&[1.0, 2.0, 4.0], &[1, 2, 3, 4]);
        merged.add(&histogram(&[2.0, 3.0, 4.0], &[10, 20, 30, 40]));
        assert_eq!(merged, histogram(&[2.0, 4.0], &[13, 53, 44]));
    }

    #[test]
    fn counts_that_are_too_many_together_have_quantiles_all_the_same() {
        let seen = Explicit::new(vec![1.0, 2.0], vec![u64::MAX, u64::MAX, 7], 3);
        assert!(seen.quantile(0.5).is_some_and(|value| (0.0..=2.0).contains(&value)));
        assert!(seen.quantile(1.0).is_some());
    }

    #[test]
    fn what_came_since_is_the_difference_and_a_restart_has_none() {
        let (then, now) = (histogram(&[1.0], &[2, 1]), histogram(&[1.0], &[5, 1]));
        assert_eq!(now.since(&then), Some(histogram(&[1.0], &[3, 0])));
        assert_eq!(then.since(&now), None);
    }

    #[test]
    fn counts_that_do_not_fit_their_bounds_are_one_bucket() {
        assert_eq!(Explicit::new(vec![1.0, 2.0], vec![1], 7).counts(), [7]);
        assert_eq!(Explicit::new(vec![2.0, 1.0], vec![1, 2, 3], 6).counts(), [6]);
        assert_eq!(Explicit::new(vec![f64::NAN], vec![1, 2], 3).counts(), [3]);
    }
}

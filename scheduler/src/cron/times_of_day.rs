//! The clock part of a pattern: which seconds of a local day it names.

/// Seconds of an hour and of a minute.
const HOUR: u32 = 3_600;
const MINUTE: u32 = 60;

/// Hours, minutes and seconds as bit sets; a time of day is named when all three bits are set.
///
/// A time of day is a number of seconds since local midnight, below 86,400.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TimesOfDay {
    hours: u64,
    minutes: u64,
    seconds: u64,
}

impl TimesOfDay {
    /// From the values of the three fields.
    pub fn new(hours: &[u16], minutes: &[u16], seconds: &[u16]) -> Self {
        let bits = |values: &[u16]| values.iter().fold(0_u64, |set, value| set | 1 << value);
        Self { hours: bits(hours), minutes: bits(minutes), seconds: bits(seconds) }
    }

    /// The first named time at `time` or after it, on the same day.
    pub fn at_or_after(&self, time: u32) -> Option<u32> {
        let (hour, minute, second) = split(time);
        if has(self.hours, hour) {
            if has(self.minutes, minute)
                && let Some(second) = first_from(self.seconds, second)
            {
                return Some(join(hour, minute, second));
            }
            if let Some(minute) = first_from(self.minutes, minute + 1) {
                return Some(join(hour, minute, first_from(self.seconds, 0)?));
            }
        }
        let hour = first_from(self.hours, hour + 1)?;
        Some(join(hour, first_from(self.minutes, 0)?, first_from(self.seconds, 0)?))
    }

    /// The last named time before `time`, on the same day; `time` may be 86,400.
    pub fn before(&self, time: u32) -> Option<u32> {
        let (hour, minute, second) = split(time);
        if has(self.hours, hour) {
            if has(self.minutes, minute)
                && let Some(second) = last_below(self.seconds, second)
            {
                return Some(join(hour, minute, second));
            }
            if let Some(minute) = last_below(self.minutes, minute) {
                return Some(join(hour, minute, last_below(self.seconds, 60)?));
            }
        }
        let hour = last_below(self.hours, hour)?;
        Some(join(hour, last_below(self.minutes, 60)?, last_below(self.seconds, 60)?))
    }

    /// How many named times lie in `[from, to)`.
    pub fn count(&self, from: u32, to: u32) -> u64 {
        self.count_before(to).saturating_sub(self.count_before(from))
    }

    fn count_before(&self, time: u32) -> u64 {
        let (hour, minute, second) = split(time);
        let per_minute = count_below(self.seconds, 60);
        let per_hour = per_minute * count_below(self.minutes, 60);
        let mut count = count_below(self.hours, hour) * per_hour;
        if has(self.hours, hour) {
            count += count_below(self.minutes, minute) * per_minute;
            if has(self.minutes, minute) {
                count += count_below(self.seconds, second);
            }
        }
        count
    }
}

fn split(time: u32) -> (u32, u32, u32) {
    (time / HOUR, time / MINUTE % 60, time % 60)
}

fn join(hour: u32, minute: u32, second: u32) -> u32 {
    hour * HOUR + minute * MINUTE + second
}

// Positions stay at or below 60, so no shift overflows.

fn has(set: u64, position: u32) -> bool {
    set >> position & 1 == 1
}

fn first_from(set: u64, position: u32) -> Option<u32> {
    let rest = set >> position << position;
    (rest != 0).then(|| rest.trailing_zeros())
}

fn last_below(set: u64, position: u32) -> Option<u32> {
    let rest = set & ((1 << position) - 1);
    rest.checked_ilog2()
}

fn count_below(set: u64, position: u32) -> u64 {
    u64::from((set & ((1 << position) - 1)).count_ones())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::btree_set;
    use proptest::prelude::*;

    fn times() -> impl Strategy<Value = TimesOfDay> {
        let field = |max: u16| btree_set(0..max, 1..4).prop_map(|set| set.into_iter().collect::<Vec<_>>());
        (field(24), field(60), field(60)).prop_map(|(h, m, s)| TimesOfDay::new(&h, &m, &s))
    }

    fn listed(times: &TimesOfDay) -> Vec<u32> {
        (0..86_400)
            .filter(|time| {
                let (hour, minute, second) = split(*time);
                has(times.hours, hour) && has(times.minutes, minute) && has(times.seconds, second)
            })
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn searching_and_counting_agree_with_the_list_of_all_times(times in times(), probes in proptest::collection::vec(0_u32..=86_400, 20)) {
            let listed = listed(&times);
            for probe in probes.into_iter().chain(listed.iter().copied()).chain([0, 86_400]) {
                prop_assert_eq!(times.at_or_after(probe), listed.iter().copied().find(|time| *time >= probe));
                prop_assert_eq!(times.before(probe), listed.iter().copied().rfind(|time| *time < probe));
                prop_assert_eq!(times.count(0, probe), listed.iter().filter(|time| **time < probe).count() as u64);
                prop_assert_eq!(times.count(probe, 86_400), listed.iter().filter(|time| **time >= probe).count() as u64);
            }
        }
    }
}

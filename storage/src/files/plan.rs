//! Which small files are joined, and when.

use std::collections::BTreeMap;
use std::sync::Arc;

use watchfire_ingest::table::Table;
use watchfire_model::{ProjectName, Timestamp};

use super::days::Day;
use super::limits::{DAY_SETTLES_AFTER, FILE_BYTES_TARGET, GROWTH_MAX, JOIN_MAX, JOIN_MIN, TIERS};
use crate::file_list::DataFile;

/// Files of one table, project and day that become one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compaction {
    /// At least two, together at most as large as one file is meant to become, in the order of their times.
    pub files: Vec<Arc<DataFile>>,
}

/// What is worth joining now, the most files first. No file is in two of them; after one is done, plan again.
///
/// While a day lasts, files are joined when there are enough of about the same size, so that each row is written a few
/// times at most. Once it is over, whatever is small is joined, unless a few late rows would rewrite a large file.
pub fn plan(files: &[Arc<DataFile>], now: Timestamp) -> Vec<Compaction> {
    let mut days: BTreeMap<(&ProjectName, Table, Day), Vec<&Arc<DataFile>>> = BTreeMap::new();
    for file in files.iter().filter(|file| file.size_bytes < FILE_BYTES_TARGET / 2) {
        let day = Day::of(file.time.first.as_micros());
        days.entry((&file.project, file.table, day)).or_default().push(file);
    }
    let mut plans = Vec::new();
    for ((_, _, day), mut files) in days {
        files.sort_by_key(|file| (file.size_bytes, file.time.first, &file.path));
        let chosen = match day.is_over(now, DAY_SETTLES_AFTER) {
            true => of_day_that_is_over(&files),
            false => of_running_day(&files),
        };
        plans.extend(chosen.map(|mut files| {
            files.sort_by(|one, other| (one.time.first, &one.path).cmp(&(other.time.first, &other.path)));
            Compaction { files }
        }));
    }
    plans.sort_by_key(|plan| std::cmp::Reverse(plan.files.len()));
    plans
}

/// The smallest tier that has enough files; `files` are sorted by size.
fn of_running_day(files: &[&Arc<DataFile>]) -> Option<Vec<Arc<DataFile>>> {
    let same_tier = |one: &&Arc<DataFile>, other: &&Arc<DataFile>| tier(one) == tier(other);
    files.chunk_by(same_tier).find_map(|tier| {
        let chosen = within_limits(tier);
        // Fewer will do when no more of them fit into one file.
        let is_full = chosen.len() >= 2 && chosen.len() < tier.len();
        (chosen.len() >= JOIN_MIN || is_full).then_some(chosen)
    })
}

fn of_day_that_is_over(files: &[&Arc<DataFile>]) -> Option<Vec<Arc<DataFile>>> {
    let (mut sum, mut count) = (0_u64, 0);
    for file in files {
        if count > 0 && file.size_bytes > sum.saturating_mul(GROWTH_MAX) {
            break;
        }
        sum = sum.saturating_add(file.size_bytes);
        count += 1;
    }
    Some(within_limits(&files[..count])).filter(|chosen| chosen.len() >= 2)
}

/// As many of them, from the first, as may be joined at once.
fn within_limits(files: &[&Arc<DataFile>]) -> Vec<Arc<DataFile>> {
    let mut sum = 0_u64;
    let fits = |file: &&&Arc<DataFile>| {
        sum = sum.saturating_add(file.size_bytes);
        sum <= FILE_BYTES_TARGET
    };
    files.iter().take(JOIN_MAX).take_while(fits).map(|file| Arc::clone(file)).collect()
}

fn tier(file: &DataFile) -> usize {
    TIERS.iter().filter(|bound| file.size_bytes >= **bound).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{at, day, sized};
    use super::*;

    const MIB: u64 = 1 << 20;

    /// The sizes that are joined of files of these sizes, all of day 1.
    fn joined(sizes: &[u64], now: i64) -> Vec<Vec<u64>> {
        let files: Vec<_> = sizes.iter().zip(0..).map(|(size, n)| sized(n, day(1), *size)).collect();
        plan(&files, at(now)).iter().map(|plan| plan.files.iter().map(|file| file.size_bytes).collect()).collect()
    }

    #[test]
    fn a_running_day_waits_for_enough_files_of_a_size() {
        let during = day(1) + 5;
        assert_eq!(joined(&[MIB / 2; 7], during), [] as [Vec<u64>; 0]);
        assert_eq!(joined(&[MIB / 2; 8], during), [vec![MIB / 2; 8]]);
        assert_eq!(joined(&[MIB / 2, MIB / 2, MIB / 2, MIB / 2, 4 * MIB, 4 * MIB, 4 * MIB, 4 * MIB], during).len(), 0);
        assert_eq!(joined(&[4 * MIB; 9], during), [vec![4 * MIB; 9]]);
        assert_eq!(joined(&[70 * MIB; 20], during), [] as [Vec<u64>; 0], "they are large enough");
    }

    #[test]
    fn a_day_that_is_over_is_tidied_unless_a_few_late_rows_would_rewrite_it() {
        let after = day(3);
        assert_eq!(joined(&[10, 10], after), [vec![10, 10]]);
        assert_eq!(joined(&[10, 60 * MIB], after), [] as [Vec<u64>; 0]);
        assert_eq!(joined(&[10, 10, 60 * MIB], after), [vec![10, 10]]);
        assert_eq!(joined(&[5 * MIB, 5 * MIB, 30 * MIB], after), [vec![5 * MIB, 5 * MIB, 30 * MIB]]);
        assert_eq!(joined(&[10], after), [] as [Vec<u64>; 0]);
    }

    #[test]
    fn days_tables_and_projects_are_never_mixed() {
        let mut files: Vec<Arc<DataFile>> = (0..8).map(|n| sized(n, day(n), 10)).collect();
        for n in 0..8 {
            let mut other = Arc::unwrap_or_clone(sized(100 + n, day(9), 10));
            if n % 2 == 0 {
                other.table = Table::Metrics;
            }
            if n % 4 < 2 {
                other.project = ProjectName::new("other");
            }
            files.push(Arc::new(other));
        }
        let plans = plan(&files, at(day(100)));
        assert_eq!(plans.iter().map(|plan| plan.files.len()).collect::<Vec<_>>(), [2, 2, 2, 2]);
    }

    proptest! {
        #[test]
        fn plans_keep_all_limits_and_joining_on_and_on_ends(
            sizes in proptest::collection::vec(1_u64..100 * MIB, 0..200), is_over: bool,
        ) {
            let now = at(if is_over { day(3) } else { day(1) });
            let mut files: Vec<_> = sizes.iter().zip(0..).map(|(size, n)| sized(n, day(1), *size)).collect();
            let sum: u64 = sizes.iter().sum();
            for round in 1_000.. {
                let plans = plan(&files, now);
                for plan in &plans {
                    prop_assert!(plan.files.len() >= 2 && plan.files.len() <= JOIN_MAX);
                    prop_assert!(plan.files.iter().map(|file| file.size_bytes).sum::<u64>() <= FILE_BYTES_TARGET);
                }
                let Some(plan) = plans.first() else { break };
                files.retain(|file| !plan.files.contains(file));
                files.push(sized(round, day(1), plan.files.iter().map(|file| file.size_bytes).sum()));
            }
            prop_assert_eq!(files.iter().map(|file| file.size_bytes).sum::<u64>(), sum);
            if !is_over {
                prop_assert!(files.iter().filter(|file| file.size_bytes < 64 * MIB).count() < 3 * JOIN_MIN);
            }
        }
    }
}

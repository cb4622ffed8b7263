//! Which files are older than anybody wants to keep.

use std::sync::Arc;
use std::time::Duration;

use watchfire_model::Timestamp;

use crate::file_list::DataFile;

/// The files all of whose rows are older than `retention`, oldest first. A row is as old as its time says; one whose time
/// is still to come is as old as its arrival, so that a client's wrong clock keeps nothing for ever.
pub fn expired(files: &[Arc<DataFile>], now: Timestamp, retention: Option<Duration>) -> Vec<String> {
    let Some(retention) = retention else { return Vec::new() };
    let kept_from = now.minus(retention);
    let is_old = |file: &&Arc<DataFile>| {
        let newest = if file.time.last > now { file.arrival.last } else { file.time.last };
        newest < kept_from
    };
    let mut old: Vec<&Arc<DataFile>> = files.iter().filter(is_old).collect();
    old.sort_by_key(|file| file.time.last);
    old.into_iter().map(|file| file.path.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{at, file};
    use super::*;

    const HOUR: i64 = 3_600_000_000;

    #[test]
    fn only_files_with_nothing_newer_go() {
        let now = at(100 * HOUR);
        let cases = [
            ("wholly older", (10, 20), (10, 20), true),
            ("its last row is as old as is kept", (10, 90), (10, 90), false),
            ("one row is newer", (10, 95), (10, 95), false),
            ("old rows that came late", (10, 20), (99, 99), true),
            ("from the future, and here for long", (10, 500), (20, 30), true),
            ("from the future, and new", (10, 500), (20, 99), false),
            ("its arrival is wrong, its time is not", (95, 99), (1, 1), false),
        ];
        for (what, time, arrival, goes) in cases {
            let one = file("a", (time.0 * HOUR, time.1 * HOUR));
            let mut one = Arc::unwrap_or_clone(one);
            one.arrival.first = at(arrival.0 * HOUR);
            one.arrival.last = at(arrival.1 * HOUR);
            let gone = expired(&[Arc::new(one)], now, Some(Duration::from_secs(10 * 3_600)));
            assert_eq!(gone.len(), usize::from(goes), "{what}");
        }
    }

    #[test]
    fn without_a_retention_everything_stays() {
        assert_eq!(expired(&[file("a", (0, 1))], at(i64::MAX), None), [] as [String; 0]);
    }
}

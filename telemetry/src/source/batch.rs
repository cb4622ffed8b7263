//! Rows in memory, with what lets a scan pass over them.

use arrow::array::{Array, AsArray, RecordBatch, TimestampMicrosecondArray};
use arrow::compute::{max, min};
use arrow::datatypes::TimestampMicrosecondType;
use watchfire_model::Window;

use watchfire_ingest::table::instant_type;

/// Rows in memory.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    pub rows: RecordBatch,
    /// Least and greatest time, microseconds; `None` when no row has one, or the table has no time column.
    times: Option<(i64, i64)>,
    /// Whether `times` says anything: the table has a time column.
    is_timed: bool,
    /// Whether every row has a time, none before the one above it: then a window is a slice.
    pub is_sorted: bool,
}

impl Batch {
    /// Looks once at the column `time_column` of these rows.
    pub(crate) fn new(rows: RecordBatch, time_column: Option<&str>) -> Self {
        let Some(values) = times(&rows, time_column) else {
            return Self { rows, times: None, is_timed: false, is_sorted: false };
        };
        let times = min(values).zip(max(values));
        let is_sorted = values.null_count() == 0 && values.values().is_sorted();
        Self { rows, times, is_timed: true, is_sorted }
    }

    /// The rows inside `window` when they are sorted; else all, or `None` when none of them is inside.
    pub(crate) fn nearly_inside(&self, window: Window, time_column: Option<&str>) -> Option<RecordBatch> {
        let (start, end) = (window.start.as_micros(), window.end.as_micros());
        let Some((first, last)) = self.times else {
            // No row of a timed table has a time: none is inside.
            return (!self.is_timed).then(|| self.rows.clone());
        };
        if first >= end || last < start {
            return None;
        }
        if !self.is_sorted || (first >= start && last < end) {
            return Some(self.rows.clone());
        }
        let values = times(&self.rows, time_column)?.values();
        let from = values.partition_point(|at| *at < start);
        let to = values.partition_point(|at| *at < end);
        (from < to).then(|| self.rows.slice(from, to - from))
    }
}

fn times<'a>(rows: &'a RecordBatch, time_column: Option<&str>) -> Option<&'a TimestampMicrosecondArray> {
    let column = rows.column_by_name(time_column?)?;
    (*column.data_type() == instant_type()).then(|| column.as_primitive::<TimestampMicrosecondType>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use watchfire_model::Timestamp;

    /// What of these times is left for the window 10–20: the times, or `none`.
    fn left(times: &[Option<i64>]) -> String {
        let column = TimestampMicrosecondArray::from(times.to_vec()).with_data_type(instant_type());
        let rows = RecordBatch::try_from_iter([("ts", Arc::new(column) as _)]).unwrap();
        let window = Window { start: Timestamp::from_micros(10), end: Timestamp::from_micros(20) };
        let left = Batch::new(rows, Some("ts")).nearly_inside(window, Some("ts"));
        let times = |rows: RecordBatch| {
            let values = super::times(&rows, Some("ts")).unwrap().iter();
            values.map(|at| at.map_or("null".to_owned(), |at| at.to_string())).collect::<Vec<_>>().join(" ")
        };
        left.map_or_else(|| "none".to_owned(), times)
    }

    #[test]
    fn sorted_rows_are_cut_to_the_window_and_others_kept_or_passed_over_whole() {
        assert_eq!(left(&[Some(9), Some(10), Some(10), Some(19), Some(20)]), "10 10 19");
        assert_eq!(left(&[Some(11), Some(12)]), "11 12");
        assert_eq!(left(&[Some(1), Some(30)]), "none");
        assert_eq!(left(&[Some(20), Some(30)]), "none");
        assert_eq!(left(&[Some(30), Some(10)]), "30 10");
        assert_eq!(left(&[Some(30), Some(20)]), "none");
        assert_eq!(left(&[None, Some(10)]), "null 10");
        assert_eq!(left(&[None]), "none");
    }
}

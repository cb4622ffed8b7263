//! One table for all receivers: native blocks, text of a fixed width, HTML or CSV are made of it.

use std::collections::BTreeSet;

use chrono_tz::Tz;
use watchfire_model::{Column, Value};

use super::number_text::grouped;
use super::text::one_line_cut;
use super::value_text::{align, cells};
use crate::limits::{COLUMN_NAME_MAX_CHARS, TABLE_MAX_COLUMNS, TABLE_MAX_ROWS};

/// Rows to be shown, already formatted. Cells are as many as columns, in every row.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Names and alignment.
    pub columns: Vec<TableColumn>,
    /// The rows that may be shown, first ones first.
    pub rows: Vec<Vec<Cell>>,
    /// Sums below the rows, one cell per column.
    pub total: Option<Vec<Cell>>,
    /// How many rows there are in full.
    pub row_count: u64,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumn {
    /// Its name as the query gives it.
    pub name: String,
    /// Numbers stand to the right.
    pub align: Align,
}

/// Where cells stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Align {
    /// Texts.
    Left,
    /// Numbers.
    Right,
}

/// A cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// What people read; one line, empty for NULL.
    pub text: String,
    /// The number that the text shows, when it shows one that is finite.
    pub number: Option<f64>,
}

/// What of a result becomes a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Choice<'a> {
    /// Columns that must be there when not all can: keys, the summed ones.
    pub first: &'a BTreeSet<&'a str>,
    /// The most rows.
    pub max_rows: usize,
    /// The zone of its instants.
    pub zone: Tz,
}

impl Cell {
    /// A cell that is no number.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), number: None }
    }
}

impl Table {
    /// Formats a result. `row_count` is how many rows there are in full; `None` when there is nothing to show.
    ///
    /// Of more than [`TABLE_MAX_COLUMNS`] columns those in `choice.first` and numeric ones are kept first; the
    /// order stays that of the query. Second: the places of the columns kept.
    pub(super) fn of(
        columns: &[Column],
        rows: &[Vec<Value>],
        row_count: u64,
        choice: Choice<'_>,
    ) -> Option<(Self, Vec<usize>)> {
        if columns.is_empty() || rows.is_empty() {
            return None;
        }
        let shown = rows.len().min(choice.max_rows).min(TABLE_MAX_ROWS);
        // A column looks the same whatever number of its rows is shown.
        let rows = &rows[..rows.len().min(TABLE_MAX_ROWS)];
        let places = chosen(columns, choice.first);
        let by_column: Vec<Vec<Cell>> = places
            .iter()
            .map(|place| {
                let values = rows.iter().map(|row| row.get(*place).unwrap_or(&Value::Null));
                cells(&columns[*place], values, choice.zone)
            })
            .collect();
        let table = Self {
            columns: places.iter().map(|place| table_column(&columns[*place])).collect(),
            rows: (0..shown).map(|row| by_column.iter().map(|cells| cells[row].clone()).collect()).collect(),
            total: None,
            row_count: row_count.max(shown as u64),
        };
        Some((table, places))
    }

    /// `showing 20 of 431 rows`, or `3 rows` when all of them are shown.
    pub fn count_line(&self, shown: usize) -> String {
        count_line(shown, self.row_count)
    }
}

/// `showing 20 of 431 rows`, or `3 rows` when all of them are shown.
pub fn count_line(shown: usize, row_count: u64) -> String {
    let all = grouped(&row_count.to_string());
    let noun = if row_count == 1 { "row" } else { "rows" };
    if (shown as u64) < row_count {
        format!("showing {} of {all} {noun}", grouped(&shown.to_string()))
    } else {
        format!("{all} {noun}")
    }
}

fn table_column(column: &Column) -> TableColumn {
    TableColumn { name: one_line_cut(&column.name, COLUMN_NAME_MAX_CHARS), align: align(column.kind) }
}

/// The places of the columns that are shown, in order.
fn chosen(columns: &[Column], first: &BTreeSet<&str>) -> Vec<usize> {
    let mut places: Vec<usize> = (0..columns.len()).collect();
    if places.len() > TABLE_MAX_COLUMNS {
        places.sort_by_key(|place| {
            let column = &columns[*place];
            (!first.contains(column.name.as_str()), !column.kind.is_numeric(), *place)
        });
        places.truncate(TABLE_MAX_COLUMNS);
        places.sort_unstable();
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use watchfire_model::ColumnType;

    #[test]
    fn a_cut_is_said_in_numbers() {
        assert_eq!(count_line(20, 431), "showing 20 of 431 rows");
        assert_eq!(count_line(3, 12_000), "showing 3 of 12,000 rows");
        assert_eq!(count_line(3, 3), "3 rows");
        assert_eq!(count_line(1, 1), "1 row");
        assert_eq!(count_line(0, 1), "showing 0 of 1 row");
    }

    #[test]
    fn of_many_columns_keys_and_numbers_stay() {
        let kind = |place: usize| if place % 4 == 3 { ColumnType::Int } else { ColumnType::String };
        let columns: Vec<Column> =
            (0..60).map(|place| Column { name: format!("c{place}"), kind: kind(place) }).collect();
        let rows = vec![vec![Value::Null; 60]; 300];
        let first = BTreeSet::from(["c58"]);
        let choice = Choice { first: &first, max_rows: usize::MAX, zone: Tz::UTC };
        let (table, places) = Table::of(&columns, &rows, 431, choice).unwrap();
        assert_eq!(table.columns.len(), TABLE_MAX_COLUMNS);
        assert!(places.contains(&58) && places.contains(&59) && places.contains(&0) && !places.contains(&57));
        assert_eq!((table.rows.len(), table.row_count), (TABLE_MAX_ROWS, 431));
    }
}

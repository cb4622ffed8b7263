//! A table of text with as many rows as there is room for.

use crate::fit::open_fences;
use crate::message::text::{lines, one_line_cut};
use crate::message::{Cell, Mono, Table, TableColumn};

/// The table with at most `max_rows` rows that costs at most `room`; `None` when not even one row fits.
///
/// No code block that it stands in can be ended from within.
pub(crate) fn mono_within(
    table: &Table,
    max_width: usize,
    max_rows: usize,
    room: usize,
    cost: impl Fn(&str) -> usize,
) -> Option<Mono> {
    let table = shortened(table, max_width, max_rows);
    (1..=table.rows.len()).rev().find_map(|rows| {
        let mut mono = table.mono(max_width, rows);
        mono.text = open_fences(&lines(&mono.text));
        (cost(&mono.text) <= room).then_some(mono)
    })
}

/// The table without what could not be shown anyway: it is laid out several times.
fn shortened(table: &Table, max_width: usize, max_rows: usize) -> Table {
    let cell = |cell: &Cell| Cell { text: one_line_cut(&cell.text, max_width), number: cell.number };
    let row = |cells: &Vec<Cell>| cells.iter().map(cell).collect();
    let name = |column: &TableColumn| TableColumn { name: one_line_cut(&column.name, max_width), ..column.clone() };
    Table {
        columns: table.columns.iter().map(name).collect(),
        rows: table.rows.iter().take(max_rows).map(row).collect(),
        total: table.total.as_ref().map(row),
        row_count: table.row_count,
    }
}

//! One table for all receivers: native blocks, text of a fixed width, HTML or CSV are made of it.

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

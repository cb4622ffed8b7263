//! How messages look in one channel.

use crate::phrases::{Bar, Csv};
use crate::read::{Columns, Count, Phrased, mapping};

mapping! {
    /// How messages look in one channel.
    pub(crate) struct RawFormat, "`format`" {
        /// The table of rows.
        table: RawTable;
        /// `bar` draws a bar for each row, of the first summed column, else of the first numeric one; default none.
        chart: Phrased<Bar>;
        /// `csv` attaches the rows as a file, in mail: up to `max_rows` of the rule, at most 5 MiB; default none.
        attach: Phrased<Csv>;
    }
}

mapping! {
    /// The table of rows.
    pub(crate) struct RawTable, "`table`" {
        /// Most rows of it; default as many as the receiver shows well.
        max_rows: Count;
        /// Columns whose sums stand below it: over all rows of a report, over the rows that are shown of an alert; default none.
        total: Columns;
    }
}

//! Tables over rows that lie in memory, in files, and in both.

mod hidden;
mod same_rows;
mod shelf;

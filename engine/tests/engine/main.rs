//! The engine over a real store and real queries, with a clock that is moved by hand.

#![allow(clippy::unwrap_used, reason = "tests")]

mod clock_jumps;
mod comparisons;
mod report;
mod reports;
mod scene;
mod state_tables;

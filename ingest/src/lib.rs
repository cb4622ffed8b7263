//! OTLP in, rows of telemetry out: what the tables are, and how a request becomes rows of them.
//!
//! ```text
//!  body ─► otlp::wire (how much memory?) ─► otlp ─► Record ─► Arrow, in the columns of `table`
//! ```
//!
//! Pure: any bytes give an error or rows, and nothing here reads a clock. Deliberately absent: HTTP, tokens,
//! compression, where rows are kept (`storage`) and how they are asked for (`telemetry`).
//!
//! Start reading at `table/mod.rs` (the columns), then `otlp/mod.rs`.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests"))]

pub mod level;
pub mod limits;
mod otlp;
pub mod table;

pub use otlp::{DecodeError, Origin, Record, RecordKind, batch, decode_logs, decode_traces, to_ndjson};

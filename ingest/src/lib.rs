//! OTLP in, rows of telemetry out: what the tables are, and how a request becomes rows of them.
//!
//! ```text
//!  body ─► otlp (messages as they lie there) ─► Arrow, in the columns of `table`
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

pub use otlp::{
    Arrival, DecodeError, Decoded, Encoding, Origin, Record, RecordKind, Signal, TableRows, batch, decode, decode_logs,
    decode_traces, records_of, to_ndjson,
};

//! OTLP to rows.
//!
//! ```text
//!  JSON ─► from_json ─┐
//!  protobuf ──────────┴─► proto (messages as they lie in the body)
//!                           ├─► traces ─► pending, events ─┐
//!                           ├─► logs ──────────────────────┴─► Row ───► columns ────────┐
//!                           └─► metrics ─────────────────────► Point ─► metric_columns ─┴─► Arrow
//! ```
//!
//! Nothing of a request is copied before it goes into its column: messages are read where they lie, so that memory is
//! bounded by the body and by the rows that come of it, and a request costs little more than its bytes. [`Record`] is one
//! row for those who look at single ones.
//!
//! Any bytes give an error or rows. Nothing here reads a clock: a row without a time of its own has the one it arrived at.
//! Deliberately absent: HTTP, tokens, compression, and what becomes an issue.
//!
//! Start reading at `decode.rs`, then `traces.rs`.

mod any_value;
mod attributes;
mod builders;
mod columns;
mod decode;
mod embedded;
mod events;
mod from_json;
mod ids;
mod instant;
mod json;
mod level;
mod logs;
mod metric_columns;
mod metrics;
mod ndjson;
mod origin;
mod pending;
mod proto;
mod read_records;
mod record;
mod refused;
mod row;
mod rows;
mod senders;
mod text;
mod traces;

pub use columns::batch;
pub use decode::{Arrival, DecodeError, Decoded, Encoding, Signal, TableRows, decode, decode_logs, decode_traces};
pub use ndjson::to_ndjson;
pub use origin::Origin;
pub use read_records::records_of;
pub use record::{Record, RecordKind};

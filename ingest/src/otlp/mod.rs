//! OTLP to records: protobuf in, one [`Record`] per row of `records_all` out.
//!
//! ```text
//!  body ─► wire (how much memory?) ─► prost ─► traces ─► pending, events ─┐
//!                                           └► logs ──────────────────────┴─► Record ─► columns (Arrow), NDJSON
//! ```
//!
//! Any bytes give an error or rows. Nothing here reads a clock: a row without a time of its own
//! has the one it arrived at. Deliberately absent: HTTP, tokens, compression, the window of times
//! that a server accepts, and what becomes an issue.
//!
//! Start reading at `decode.rs`, then `traces.rs`.

mod any_value;
mod attributes;
mod columns;
mod decode;
mod embedded;
mod events;
mod ids;
mod json;
mod level;
mod logs;
mod ndjson;
mod origin;
mod pending;
mod record;
mod text;
mod traces;
mod wire;

pub use columns::batch;
pub use decode::{DecodeError, decode_logs, decode_traces};
pub use ndjson::to_ndjson;
pub use origin::Origin;
pub use record::{Record, RecordKind};

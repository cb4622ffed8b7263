//! What one query, and all of them together, may use.

use std::time::Duration;

/// Most bytes of `message`; cut there, at a character's border.
pub const MESSAGE_BYTES_MAX: usize = 512;
/// Most bytes of each of the three exception texts of a record; cut there, at a character's border.
pub const EXCEPTION_TEXT_BYTES_MAX: usize = 32_000;
/// Most bytes of any other text column that comes from one attribute or name; cut there, at a character's border.
pub const TEXT_BYTES_MAX: usize = 32_000;
/// Most bytes that attributes, body, events and links of one record may have together as JSON. What is
/// beyond is cut (texts, at a character's border, with `…`) or left out (further entries).
pub const RECORD_BYTES_MAX: usize = 10_000_000;
/// Most bytes of the attributes of one resource, and of one scope, as JSON: every record repeats them.
pub const RESOURCE_BYTES_MAX: usize = 256 << 10;
/// Most events of one span that are kept, and that become rows of their own; the rest is left out.
pub const SPAN_EVENTS_MAX: usize = 1_000;
/// Most links of one span that are kept; the rest is left out.
pub const SPAN_LINKS_MAX: usize = 1_000;
/// Most tags of one record that are kept; the rest is left out.
pub const TAGS_MAX: usize = 100;
/// How deep lists and objects of one attribute may nest; deeper ones become NULL, deeper JSON text stays text.
pub const JSON_DEPTH_MAX: usize = 64;
/// Most bytes of memory that one OTLP request may take when it is decoded, and its records again.
pub const DECODED_BYTES_MAX: usize = 256 << 20;

/// The limits of a [`crate::Telemetry`]. An error that one of them causes names it and states both numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Memory that all running queries share for sorting, grouping and joining; default 512 MiB.
    pub memory_bytes: usize,
    /// Disk that all running queries share for what does not fit into memory; default 2 GiB.
    pub temp_bytes: u64,
    /// Most bytes of one result that are kept as rows; default 64 MiB.
    pub result_bytes: usize,
    /// Most rows of one result, counted, not only kept; default 1,000,000.
    pub max_rows: u64,
    /// Most bytes of all NDJSON or CSV files of one source, which are kept in memory; default 128 MiB.
    pub source_bytes: usize,
    /// Most bytes of the records that are kept in memory; default 256 MiB.
    pub records_bytes: usize,
    /// Queries that run at the same time; default: the number of cores.
    pub concurrency: usize,
    /// How long an ad hoc query may take, waiting and planning included; default 30 s.
    /// A rule brings its own (`QuerySpec::timeout`).
    pub query_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 512 << 20,
            temp_bytes: 2 << 30,
            result_bytes: 64 << 20,
            max_rows: 1_000_000,
            source_bytes: 128 << 20,
            records_bytes: 256 << 20,
            concurrency: std::thread::available_parallelism().map_or(2, usize::from),
            query_timeout: Duration::from_secs(30),
        }
    }
}

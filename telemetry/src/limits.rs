//! What one query, and all of them together, may use.

use std::time::Duration;

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
    /// Most rows that one table of a database, or several of one database joined there, give to one query; default
    /// 10,000,000. They pass through in batches: what holds on to them is limited by `memory_bytes`.
    pub database_rows: u64,
    /// Most bytes of footers of telemetry's files that are remembered; default 64 MiB.
    pub footer_bytes: usize,
    /// Most rows of one table of the schema `watchfire` that one query may read; default 200,000.
    pub state_rows: usize,
    /// Most bytes of such a table that one query may read; default 128 MiB.
    pub state_bytes: usize,
    /// Queries of rules that run at the same time; default: the number of cores.
    pub concurrency: usize,
    /// Queries of people ([`crate::Telemetry::answer`], [`crate::Telemetry::query`]) that run at the same time, beside
    /// those of `concurrency`; default: half of the cores, at least two, so that a long one does not keep all others
    /// waiting.
    pub ad_hoc_concurrency: usize,
    /// Queries of clients that may wait for their turn; default 32. More are sent away.
    pub ad_hoc_waiting_max: usize,
    /// How long an ad hoc query may take, waiting and planning included; default 30 s.
    /// A rule brings its own (`QuerySpec::timeout`).
    pub query_timeout: Duration,
}

/// Most rows of one answer to a client, as Logfire has it.
pub const QUERY_ROWS_MAX: usize = 10_000;

fn cores() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from)
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 512 << 20,
            temp_bytes: 2 << 30,
            result_bytes: 64 << 20,
            max_rows: 1_000_000,
            source_bytes: 128 << 20,
            database_rows: 10_000_000,
            footer_bytes: 64 << 20,
            state_rows: 200_000,
            state_bytes: 128 << 20,
            concurrency: cores(),
            ad_hoc_concurrency: (cores() / 2).max(2),
            ad_hoc_waiting_max: 32,
            query_timeout: Duration::from_secs(30),
        }
    }
}

//! Keeps telemetry and queries it with SQL: the only room that knows the query engine.
//!
//! ```text
//!  QuerySpec ─► parse ─► snapshots of the tables it names ─► plan (cached) ─► optimize for the slot
//!                                                                                 │
//!  Outcome ◄─ verdict (rows, counts) ◄─ run ◄─ no_data (is there anything?) ◄──────┘
//! ```
//!
//! Three doors, all on [`Telemetry`]: [`Telemetry::evaluate`] asks the question of a rule at
//! a slot, [`Telemetry::query`] runs what somebody types, [`Telemetry::check`] finds mistakes
//! without running anything.
//!
//! Telemetry is kept in memory
//! ([`Telemetry::append_records`]), or lies in files that are read where they are.
//! Beside them, [`result_file`] keeps results as Parquet.
//!
//! A query only reads. Its `now()` and its window come from its slot, never from a clock;
//! what it may use is bounded by [`Limits`]; it runs on threads of its own.
//!
//! Deliberately absent: what an outcome means (that is `alerts`), when to ask (`scheduler`),
//! and any type of the query engine in a public signature.
//!
//! Start reading at `engine.rs` (text to rows), then `source/mod.rs` (files to tables).

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests"))]

mod ad_hoc;
mod cache;
mod catalog;
mod check;
mod constants;
mod context;
mod cooperative;
mod dialect;
mod engine;
mod error;
mod evaluate;
mod failure;
mod few_rows;
mod function;
pub mod limits;
mod nearest;
mod no_data;
mod parse;
mod part;
mod place;
mod plan;
pub mod result_file;
mod runtime;
mod session;
mod share;
mod sought;
mod source;
mod table;
mod value;
mod verdict;
mod window;

use std::fmt;
use std::sync::Arc;

use watchfire_ingest::Record;
use watchfire_model::SourceSpec;

use crate::cache::PlanCache;
use crate::catalog::{SourceCache, Tables};
use crate::engine::Engine;
use crate::runtime::QueryRuntime;
use crate::table::memory::MemoryRecords;

pub use ad_hoc::QueryResult;
pub use check::{Sought, SoughtColumn, SqlProblem};
pub use error::Error;
pub use limits::Limits;
pub use part::SqlPart;
pub use table::memory::RecordsFull;

/// Tables that can be asked. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Telemetry {
    engine: Engine,
    runtime: Arc<QueryRuntime>,
    sources: Arc<SourceCache>,
    records: Arc<MemoryRecords>,
}

impl Telemetry {
    /// The built-in tables and these sources.
    ///
    /// No file is opened yet: a source that cannot be read is a failure of the queries that
    /// name it. Errors: two sources of one name, an unusable pattern, no threads.
    pub fn new(limits: Limits, sources: &[SourceSpec]) -> Result<Self, Error> {
        let engine = |error: &dyn fmt::Display| Error::Engine(error.to_string());
        let base = session::base(&limits).map_err(|error| engine(&error))?;
        let people = share::half_of(base.runtime_env(), limits.memory_bytes);
        let runtime = QueryRuntime::new(limits.concurrency).map_err(|error| engine(&error))?;
        let cache = Arc::new(SourceCache::default());
        let records = Arc::new(MemoryRecords::new(limits.records_bytes));
        let tables = Tables::new(sources, &cache, limits.source_bytes, Arc::clone(&records))?;
        let engine = Engine {
            base: Arc::new(base),
            tables: Arc::new(tables),
            plans: Arc::new(PlanCache::default()),
            limits: Arc::new(limits),
            people,
        };
        Ok(Self { engine, runtime: Arc::new(runtime), sources: cache, records })
    }

    /// The same threads, memory, records and files already read, over another set of sources.
    ///
    /// Errors as [`Telemetry::new`]. Queries of `self` are not disturbed.
    pub fn with_sources(&self, sources: &[SourceSpec]) -> Result<Self, Error> {
        let records = Arc::clone(&self.records);
        let tables = Tables::new(sources, &self.sources, self.engine.limits.source_bytes, records)?;
        let engine = Engine { tables: Arc::new(tables), plans: Arc::new(PlanCache::default()), ..self.engine.clone() };
        let (runtime, sources) = (Arc::clone(&self.runtime), Arc::clone(&self.sources));
        Ok(Self { engine, runtime, sources, records: Arc::clone(&self.records) })
    }

    /// Adds records to those in memory, which are the tables `records` and `records_all` unless a
    /// source is named `records`.
    ///
    /// All of them or, when they would pass [`Limits::records_bytes`], none. A query that is
    /// running does not see them; every later one does. Takes a few microseconds per record,
    /// on the caller's thread.
    pub fn append_records(&self, records: &[Record]) -> Result<(), RecordsFull> {
        self.records.append(records)
    }
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Telemetry").field("tables", &self.engine.tables.names()).finish_non_exhaustive()
    }
}

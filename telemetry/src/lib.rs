//! Keeps telemetry and queries it with SQL: the only room that knows the query engine.
//!
//! ```text
//!  QuerySpec ─► parse ─► snapshots of the tables it names ─► plan (cached) ─► optimize for the slot
//!                                                                                 │
//!  Outcome ◄─ verdict (rows, counts) ◄─ run ◄─ no_data (is there anything?) ◄──────┘
//! ```
//!
//! Four doors, all on [`Telemetry`]: [`Telemetry::evaluate`] asks the question of a rule at
//! a slot, [`Telemetry::query`] runs what somebody types, [`Telemetry::answer`] what a client sends,
//! in the form that it wants, [`Telemetry::check`] finds mistakes without running anything.
//!
//! Telemetry is kept by `watchfire_storage`, or lies in files and databases that are read where they are; the state of the rules
//! comes through [`StateTables`]. All tables are those of one project ([`Telemetry::of_project`]).
//! Beside them, [`result_file`] keeps results as Parquet.
//!
//! A query only reads. Its `now()` and its window come from its slot, never from a clock;
//! what it may use is bounded by [`Limits`]; it runs on threads of its own.
//!
//! Deliberately absent: what an outcome means (that is `alerts`), when to ask (`scheduler`),
//! and any type of the query engine in a public signature.
//!
//! Start reading at `engine.rs` (text to rows), then `table/scan.rs` (what is kept),
//! `source/mod.rs` (files to tables) and `remote/mod.rs` (databases).

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests"))]

mod ad_hoc;
mod answer;
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
mod growth;
pub mod limits;
mod nearest;
mod no_data;
mod parse;
mod part;
mod place;
mod plan;
mod remote;
pub mod result_file;
mod runtime;
mod session;
mod share;
mod shredded;
mod sought;
mod source;
mod state_tables;
mod table;
mod value;
mod verdict;
mod window;

use std::fmt;
use std::sync::Arc;

use datafusion::execution::object_store::ObjectStoreUrl;
use watchfire_model::{DEFAULT_PROJECT, ProjectName, SourceSpec};
use watchfire_storage::Storage;

use crate::answer::Turns;
use crate::cache::PlanCache;
use crate::catalog::{SourceCache, Tables};
use crate::engine::Engine;
use crate::runtime::QueryRuntime;
use crate::state_tables::StatePort;
use crate::table::keeper::Keeper;

pub use ad_hoc::QueryResult;
pub use answer::{Answer, AnswerForm, Plans, QueryError, QueryMistake, QueryRequest, QueryZone, SqlSpan, Unwritten};
pub use check::{Sought, SoughtColumn, SqlProblem};
pub use error::Error;
pub use limits::Limits;
pub use part::SqlPart;
pub use state_tables::{StateTable, StateTables};

/// Tables that can be asked. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Telemetry {
    engine: Engine,
    runtime: Arc<QueryRuntime>,
    sources: Arc<SourceCache>,
    /// Of the clients of all clones.
    turns: Arc<Turns>,
}

impl Telemetry {
    /// What `storage` keeps, and these sources, for the project `default`.
    ///
    /// No file or database is opened yet: a source that cannot be read is a failure of the queries that
    /// name it. Errors: two sources of one name, an unusable pattern, no threads.
    pub fn new(limits: Limits, sources: &[SourceSpec], storage: Storage) -> Result<Self, Error> {
        Self::over(limits, sources, Arc::new(storage))
    }

    fn over(limits: Limits, sources: &[SourceSpec], keeper: Arc<dyn Keeper>) -> Result<Self, Error> {
        let engine = |error: &dyn fmt::Display| Error::Engine(error.to_string());
        let base = session::base(&limits).map_err(|error| engine(&error))?;
        let objects = ObjectStoreUrl::parse(table::parquet::OBJECTS).map_err(|error| engine(&error))?;
        base.runtime_env().register_object_store(objects.as_ref(), keeper.objects());
        let people = share::half_of(base.runtime_env(), limits.memory_bytes);
        let runtime = QueryRuntime::new(limits.concurrency, limits.ad_hoc_concurrency);
        let runtime = runtime.map_err(|error| engine(&error))?;
        let turns = Arc::new(Turns::new(&limits, runtime.people()));
        let cache = Arc::new(SourceCache::default());
        let tables = Tables::new(sources, &cache, &limits, keeper, StatePort::default())?;
        let engine = Engine {
            base: Arc::new(base),
            tables: Arc::new(tables),
            plans: Arc::new(PlanCache::default()),
            limits: Arc::new(limits),
            people,
            project: ProjectName::new(DEFAULT_PROJECT),
        };
        Ok(Self { engine, runtime: Arc::new(runtime), sources: cache, turns })
    }

    /// The same threads, memory, rows and files already read, over another set of sources.
    ///
    /// Errors as [`Telemetry::new`]. Queries of `self` are not disturbed.
    pub fn with_sources(&self, sources: &[SourceSpec]) -> Result<Self, Error> {
        let Tables { keeper, state, .. } = self.engine.tables.as_ref();
        let (keeper, state) = (Arc::clone(keeper), state.clone());
        let tables = Tables::new(sources, &self.sources, &self.engine.limits, keeper, state)?;
        let engine = Engine { tables: Arc::new(tables), plans: Arc::new(PlanCache::default()), ..self.engine.clone() };
        Ok(Self { engine, ..self.clone() })
    }

    /// The same tables, with the rows of the schema `watchfire` from `state`. Without it they have none.
    pub fn with_state(&self, state: Arc<dyn StateTables>) -> Self {
        let tables = self.engine.tables.with_state(StatePort(Some(state)));
        Self { engine: Engine { tables: Arc::new(tables), ..self.engine.clone() }, ..self.clone() }
    }

    /// The tables of one project: its rows, its sources, the state of its rules. Takes no time.
    pub fn of_project(&self, project: &ProjectName) -> Self {
        Self { engine: Engine { project: project.clone(), ..self.engine.clone() }, ..self.clone() }
    }
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Engine { tables, project, .. } = &self.engine;
        f.debug_struct("Telemetry").field("tables", &tables.names(project)).finish_non_exhaustive()
    }
}

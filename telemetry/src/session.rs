//! The session that every query's own is cloned from.

use std::sync::Arc;

use datafusion::catalog::{
    CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList, MemorySchemaProvider,
    SchemaProvider,
};
use datafusion::common::Result;
use datafusion::common::config::Dialect;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::session_state::SessionState;
use datafusion::optimizer::Analyzer;
use datafusion::prelude::SessionConfig;
use watchfire_model::Timestamp;

use crate::context::{Facts, QueryContext};
use crate::cooperative::CooperativeJoins;
use crate::function::{self, GuardConcat, LevelNames};
use crate::limits::Limits;
use crate::remote::RemotePlanner;
use crate::state_tables;
use crate::table::information_schema;

/// The catalog's name in SQL.
pub(crate) const CATALOG: &str = "watchfire";
/// The name of the schema that holds the tables.
pub(crate) const SCHEMA: &str = "public";

/// Dialect, functions, rules and memory: everything that does not change from query to query.
pub(crate) fn base(limits: &Limits) -> Result<SessionState> {
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(FairSpillPool::new(limits.memory_bytes)))
        .with_max_temp_directory_size(limits.temp_bytes)
        // These caches never see a new file, and count rows of a deleted one.
        .with_object_list_cache_limit(0)
        .with_file_statistics_cache_limit(0)
        // Footers of our own files, which never change.
        .with_metadata_cache_limit(limits.footer_bytes)
        .build_arc()?;
    // Names of levels must be numbers before types are coerced; texts are known as texts after it.
    let mut analyzer = Analyzer::new().rules;
    analyzer.insert(0, Arc::new(LevelNames));
    analyzer.push(Arc::new(GuardConcat::new()));
    let mut state = SessionStateBuilder::new()
        .with_config(config())
        .with_runtime_env(runtime)
        .with_default_features()
        .with_analyzer_rules(analyzer)
        .with_physical_optimizer_rule(Arc::new(CooperativeJoins))
        .with_query_planner(Arc::new(RemotePlanner))
        .build();
    function::register(&mut state)?;
    Ok(state)
}

fn config() -> SessionConfig {
    let mut config = SessionConfig::new()
        // Many small queries at once: each is quicker on one thread.
        .with_target_partitions(1)
        .with_default_catalog_and_schema(CATALOG, SCHEMA)
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(false);
    let options = config.options_mut();
    options.sql_parser.dialect = Dialect::PostgreSQL;
    options.sql_parser.collect_spans = true;
    options.sql_parser.map_string_types_to_utf8view = false;
    options.execution.time_zone = Some("UTC".to_owned());
    options.execution.parquet.pushdown_filters = true;
    options.execution.parquet.reorder_filters = true;
    options.execution.parquet.schema_force_view_types = false;
    // Otherwise JSON is taken apart for every row, before the filter.
    options.optimizer.enable_leaf_expression_pushdown = false;
    config
}

/// A query's own session: the base with its slot as `now()`, and its context.
pub(crate) fn for_query(base: &SessionState, facts: Facts) -> SessionState {
    let mut state = base.clone();
    let now = facts.scheduled_for;
    state.config_mut().options_mut().extensions.insert(QueryContext::new(facts));
    // Takes the options as they now are; the time it takes from the wall clock is replaced at once.
    state.mark_start_execution();
    state.execution_props_mut().query_execution_start_time = Some(start_time(now));
    state
}

/// `now()`; instants beyond the engine's years (nanoseconds in 64 bits) stand still at their end.
fn start_time(now: Timestamp) -> chrono::DateTime<chrono::Utc> {
    let limit = i64::MAX / 1_000;
    let micros = now.as_micros().clamp(-limit, limit);
    chrono::DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

/// The catalog that a query is planned with.
pub(crate) fn catalog(
    public: MemorySchemaProvider,
    own: MemorySchemaProvider,
    information: Option<Arc<dyn SchemaProvider>>,
) -> Result<Arc<dyn CatalogProviderList>> {
    let catalog = MemoryCatalogProvider::new();
    catalog.register_schema(SCHEMA, Arc::new(public))?;
    catalog.register_schema(state_tables::SCHEMA, Arc::new(own))?;
    if let Some(information) = information {
        catalog.register_schema(information_schema::NAME, information)?;
    }
    let list = MemoryCatalogProviderList::new();
    list.register_catalog(CATALOG.to_owned(), Arc::new(catalog));
    Ok(Arc::new(list))
}

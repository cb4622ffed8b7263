//! Which tables there are, and where their rows come from.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::SchemaRef;
use watchfire_ingest::table::Table;
use watchfire_model::{DatabaseAddress, Failure, ProjectName, SourceKind, SourceSpec, Window};
use watchfire_sources::Database;

use crate::error::Error;
use crate::limits::Limits;
use crate::remote::DatabaseSource;
use crate::source::{FileSpec, Rows, Snapshot, Source};
use crate::state_tables::{StatePort, StateTable};
use crate::table::keeper::Keeper;
use crate::table::kept::{KeptRows, reach};
use crate::table::{metrics, records, shown_schema};

/// Sources that were opened, so that an unchanged one keeps what it has read when definitions change.
#[derive(Debug, Default)]
pub(crate) struct SourceCache(Mutex<Opened>);

#[derive(Debug, Default)]
struct Opened {
    sources: HashMap<SourceSpec, AnySource>,
    /// Sources of one database share its connections, and may be joined there.
    databases: HashMap<DatabaseAddress, Database>,
}

/// A source by the way in which it is read.
#[derive(Debug, Clone)]
enum AnySource {
    Files(Arc<Source>),
    Database(Arc<DatabaseSource>),
}

impl AnySource {
    /// Whether some set of definitions still has it, besides the cache.
    fn is_used(&self) -> bool {
        match self {
            Self::Files(source) => Arc::strong_count(source) > 1,
            Self::Database(source) => Arc::strong_count(source) > 1,
        }
    }
}

/// The sources of each project, by name.
type Sources = HashMap<ProjectName, BTreeMap<String, AnySource>>;

impl SourceCache {
    /// The sources of these specifications; others are forgotten.
    fn open(&self, specs: &[SourceSpec], limits: &Limits) -> Sources {
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cache.sources.retain(|spec, source| specs.contains(spec) || source.is_used());
        let Opened { sources, databases } = &mut *cache;
        let mut opened = Sources::new();
        for spec in specs {
            let source = sources.entry(spec.clone()).or_insert_with(|| open(spec, databases, limits));
            opened.entry(spec.project.clone()).or_default().insert(spec.name.clone(), source.clone());
        }
        let is_named = |address: &DatabaseAddress| {
            sources.keys().any(|spec| matches!(&spec.kind, SourceKind::Table { database, .. } if database == address))
        };
        databases.retain(|address, _| is_named(address));
        opened
    }
}

fn open(spec: &SourceSpec, databases: &mut HashMap<DatabaseAddress, Database>, limits: &Limits) -> AnySource {
    let time_column = spec.time_column.clone();
    match &spec.kind {
        SourceKind::Files { format, path } => {
            let spec = FileSpec { name: spec.name.clone(), format: *format, path: path.clone(), time_column };
            AnySource::Files(Arc::new(Source::new(spec, limits.source_bytes)))
        }
        SourceKind::Table { database: address, table } => {
            let database = databases.entry(address.clone()).or_insert_with(|| Database::new(address)).clone();
            let source = DatabaseSource::new(&spec.name, database, table, time_column.as_deref(), limits.database_rows);
            AnySource::Database(Arc::new(source))
        }
    }
}

/// Names that mean something else in SQL.
const RESERVED: [&str; 4] = [records::ALL, records::ALL_ALIAS, "generate_series", "range"];

/// The tables of one set of definitions.
#[derive(Debug)]
pub(crate) struct Tables {
    sources: Sources,
    /// What `records` and `metrics` are where no source stands for them.
    pub(crate) keeper: Arc<dyn Keeper>,
    pub(crate) state: StatePort,
}

/// Our own tables as one query sees them: each is looked at once, whatever names it goes by.
#[derive(Debug, Default)]
pub(crate) struct Seen(Vec<Arc<KeptRows>>);

/// Where the rows of a name come from.
#[derive(Debug)]
pub(crate) enum Origin {
    /// Files, which are read where they lie; `records` is shown without pending spans.
    Files { source: Arc<Source>, hides_pending: bool },
    /// A table of another database.
    Database(Arc<DatabaseSource>),
    /// What is kept here.
    Kept { table: Table, hides_pending: bool },
    /// The state of the rules.
    State(StateTable),
}

impl Tables {
    pub(crate) fn new(
        specs: &[SourceSpec],
        cache: &SourceCache,
        limits: &Limits,
        keeper: Arc<dyn Keeper>,
        state: StatePort,
    ) -> Result<Self, Error> {
        for (index, spec) in specs.iter().enumerate() {
            let is_same = |earlier: &SourceSpec| earlier.name == spec.name && earlier.project == spec.project;
            if specs[..index].iter().any(is_same) {
                return Err(Error::DuplicateSource { name: spec.name.clone() });
            }
            if RESERVED.contains(&spec.name.as_str()) {
                return Err(Error::ReservedName { name: spec.name.clone() });
            }
            match &spec.kind {
                SourceKind::Files { path, .. } => {
                    let path = path.to_string_lossy();
                    glob::Pattern::new(&path).map_err(|error| Error::Pattern {
                        name: spec.name.clone(),
                        path: path.to_string(),
                        reason: error.to_string(),
                    })?;
                }
                SourceKind::Table { .. } if [records::NAME, metrics::NAME].contains(&spec.name.as_str()) => {
                    return Err(Error::DatabaseRecords { name: spec.name.clone() });
                }
                SourceKind::Table { .. } => {}
            }
        }
        Ok(Self { sources: cache.open(specs, limits), keeper, state })
    }

    /// The same tables with the state of rules from somewhere else.
    pub(crate) fn with_state(&self, state: StatePort) -> Self {
        Self { sources: self.sources.clone(), keeper: Arc::clone(&self.keeper), state }
    }

    /// The names of all tables of a project, in alphabetical order; those of the state with their schema.
    pub(crate) fn names(&self, project: &ProjectName) -> Vec<String> {
        let mut names: Vec<String> = self.sources.get(project).into_iter().flat_map(BTreeMap::keys).cloned().collect();
        names.extend([records::NAME, records::ALL, metrics::NAME].map(str::to_owned));
        names.extend(StateTable::ALL.map(StateTable::full_name));
        names.sort();
        names.dedup();
        names
    }

    /// Where the rows of this name come from for a project; `None` when there is no such table.
    pub(crate) fn origin(&self, project: &ProjectName, name: &str) -> Option<Origin> {
        let own = match name {
            records::ALL | records::ALL_ALIAS => records::NAME,
            other => other,
        };
        let hides_pending = name == records::NAME;
        match self.sources.get(project).and_then(|sources| sources.get(own)) {
            Some(AnySource::Files(source)) => {
                return Some(Origin::Files { source: Arc::clone(source), hides_pending });
            }
            Some(AnySource::Database(source)) => return Some(Origin::Database(Arc::clone(source))),
            None => {}
        }
        match Table::parse(own) {
            Some(table) => Some(Origin::Kept { table, hides_pending }),
            None => StateTable::of_full_name(name).map(Origin::State),
        }
    }

    /// Lets the columns of these tables of a project be read again, where they are tables of databases; whether any may
    /// have changed meanwhile.
    pub(crate) async fn look_again(&self, project: &ProjectName, names: &[String]) -> bool {
        let mut any = false;
        for name in names {
            if let Some(Origin::Database(source)) = self.origin(project, name) {
                any |= source.look_again().await;
            }
        }
        any
    }

    /// One of our own tables; what lies beyond the window may be left out.
    pub(crate) fn kept(
        &self,
        seen: &mut Seen,
        project: &ProjectName,
        table: Table,
        window: Option<Window>,
        window_on: Option<&str>,
    ) -> Arc<KeptRows> {
        if let Some(known) = seen.0.iter().find(|known| known.table == table) {
            return Arc::clone(known);
        }
        let snapshot = self.keeper.snapshot(project, table, reach(table, window, window_on));
        let rows = Arc::new(KeptRows { table, snapshot, shredding: self.keeper.shredding().clone() });
        seen.0.push(Arc::clone(&rows));
        rows
    }
}

impl Origin {
    /// The columns of a table whose columns are known without looking at its rows.
    pub(crate) fn fixed_schema(&self) -> Option<SchemaRef> {
        match self {
            Self::Files { .. } | Self::Database(_) => None,
            Self::Kept { table, .. } => Some(shown_schema(*table)),
            Self::State(table) => Some(table.schema()),
        }
    }
}

/// A source of files as it is now. Blocks on the file system.
pub(crate) fn of_source(source: &Source, hides_pending: bool) -> Result<Arc<Snapshot>, Failure> {
    let snapshot = source.snapshot()?;
    if !hides_pending {
        return Ok(snapshot);
    }
    Ok(Arc::new(Snapshot {
        schema: Arc::clone(&snapshot.schema),
        time_column: snapshot.time_column.clone(),
        rows: snapshot.rows.clone(),
        hides_pending,
    }))
}

/// One of our own tables as a table of a query.
pub(crate) fn of_kept(rows: Arc<KeptRows>, hides_pending: bool) -> Snapshot {
    let table = rows.table;
    Snapshot {
        schema: shown_schema(table),
        time_column: Some(table.time_column().to_owned()),
        rows: Rows::Kept(rows),
        hides_pending,
    }
}

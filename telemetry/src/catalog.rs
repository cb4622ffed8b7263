//! Which tables there are, and where their rows come from.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use arrow::datatypes::SchemaRef;
use watchfire_ingest::table::Table;
use watchfire_model::{Failure, ProjectName, SourceSpec, Window};

use crate::error::Error;
use crate::source::{Rows, Snapshot, Source};
use crate::state_tables::{StatePort, StateTable};
use crate::table::keeper::Keeper;
use crate::table::kept::{KeptRows, reach};
use crate::table::{metrics, records, shown_schema};

/// Sources that were opened, so that an unchanged one keeps what it has read when definitions change.
#[derive(Debug, Default)]
pub(crate) struct SourceCache(Mutex<HashMap<SourceSpec, Arc<Source>>>);

/// The sources of each project, by name.
type Sources = HashMap<ProjectName, BTreeMap<String, Arc<Source>>>;

impl SourceCache {
    /// The sources of these specifications; others are forgotten.
    fn open(&self, specs: &[SourceSpec], source_bytes: usize) -> Sources {
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cache.retain(|spec, source| specs.contains(spec) || Arc::strong_count(source) > 1);
        let mut opened = Sources::new();
        for spec in specs {
            let source = cache.entry(spec.clone()).or_insert_with(|| Arc::new(Source::new(spec.clone(), source_bytes)));
            opened.entry(project_of(spec)).or_default().insert(spec.name.clone(), Arc::clone(source));
        }
        opened
    }
}

/// Whose table a source is.
fn project_of(_spec: &SourceSpec) -> ProjectName {
    ProjectName::new(DEFAULT_PROJECT)
}

/// The project of everybody who does not name one.
pub(crate) const DEFAULT_PROJECT: &str = "default";

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
    Source { source: Arc<Source>, hides_pending: bool },
    /// What is kept here.
    Kept { table: Table, hides_pending: bool },
    /// The state of the rules.
    State(StateTable),
}

impl Tables {
    pub(crate) fn new(
        specs: &[SourceSpec],
        cache: &SourceCache,
        source_bytes: usize,
        keeper: Arc<dyn Keeper>,
        state: StatePort,
    ) -> Result<Self, Error> {
        for (index, spec) in specs.iter().enumerate() {
            let is_same = |earlier: &SourceSpec| earlier.name == spec.name && project_of(earlier) == project_of(spec);
            if specs[..index].iter().any(is_same) {
                return Err(Error::DuplicateSource { name: spec.name.clone() });
            }
            if RESERVED.contains(&spec.name.as_str()) {
                return Err(Error::ReservedName { name: spec.name.clone() });
            }
            let path = spec.path.to_string_lossy();
            glob::Pattern::new(&path).map_err(|error| Error::Pattern {
                name: spec.name.clone(),
                path: path.to_string(),
                reason: error.to_string(),
            })?;
        }
        Ok(Self { sources: cache.open(specs, source_bytes), keeper, state })
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
        if let Some(source) = self.sources.get(project).and_then(|sources| sources.get(own)) {
            return Some(Origin::Source { source: Arc::clone(source), hides_pending });
        }
        match Table::parse(own) {
            Some(table) => Some(Origin::Kept { table, hides_pending }),
            None => StateTable::of_full_name(name).map(Origin::State),
        }
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
            Self::Source { .. } => None,
            Self::Kept { table, .. } => Some(shown_schema(*table)),
            Self::State(table) => Some(table.schema()),
        }
    }
}

/// A source as it is now. Blocks on the file system.
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

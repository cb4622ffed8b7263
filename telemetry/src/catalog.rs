//! Which tables there are, and where their rows come from.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use watchfire_model::{DatabaseAddress, Failure, SourceKind, SourceSpec};
use watchfire_sources::Database;

use crate::error::Error;
use crate::limits::Limits;
use crate::remote::DatabaseSource;
use crate::source::{FileSpec, Rows, Snapshot, Source};
use crate::table::memory::MemoryRecords;
use crate::table::{metrics, records};

/// Sources that were opened, so that an unchanged one keeps what it has read when definitions change.
#[derive(Debug, Default)]
pub(crate) struct SourceCache(Mutex<Opened>);

#[derive(Debug, Default)]
struct Opened {
    sources: HashMap<SourceSpec, Table>,
    /// Sources of one database share its connections, and may be joined there.
    databases: HashMap<DatabaseAddress, Database>,
}

/// A source by the way in which it is read.
#[derive(Debug, Clone)]
enum Table {
    Files(Arc<Source>),
    Database(Arc<DatabaseSource>),
}

impl Table {
    /// Whether some set of definitions still has it, besides the cache.
    fn is_used(&self) -> bool {
        match self {
            Self::Files(source) => Arc::strong_count(source) > 1,
            Self::Database(source) => Arc::strong_count(source) > 1,
        }
    }
}

impl SourceCache {
    /// The sources of these specifications; others are forgotten.
    fn open(&self, specs: &[SourceSpec], limits: &Limits) -> BTreeMap<String, Table> {
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cache.sources.retain(|spec, source| specs.contains(spec) || source.is_used());
        let Opened { sources, databases } = &mut *cache;
        let mut opened = BTreeMap::new();
        for spec in specs {
            let source = sources.entry(spec.clone()).or_insert_with(|| open(spec, databases, limits));
            opened.insert(spec.name.clone(), source.clone());
        }
        let is_named = |address: &DatabaseAddress| {
            sources.keys().any(|spec| matches!(&spec.kind, SourceKind::Table { database, .. } if database == address))
        };
        databases.retain(|address, _| is_named(address));
        opened
    }
}

fn open(spec: &SourceSpec, databases: &mut HashMap<DatabaseAddress, Database>, limits: &Limits) -> Table {
    let time_column = spec.time_column.clone();
    match &spec.kind {
        SourceKind::Files { format, path } => {
            let spec = FileSpec { name: spec.name.clone(), format: *format, path: path.clone(), time_column };
            Table::Files(Arc::new(Source::new(spec, limits.source_bytes)))
        }
        SourceKind::Table { database: address, table } => {
            let database = databases.entry(address.clone()).or_insert_with(|| Database::new(address)).clone();
            let source = DatabaseSource::new(&spec.name, database, table, time_column.as_deref(), limits.database_rows);
            Table::Database(Arc::new(source))
        }
    }
}

/// Names that mean something else in SQL.
const RESERVED: [&str; 4] = [records::ALL, records::ALL_ALIAS, "generate_series", "range"];

/// The tables of one set of definitions.
#[derive(Debug)]
pub(crate) struct Tables {
    sources: BTreeMap<String, Table>,
    /// What `records` is when no source stands for it.
    records: Arc<MemoryRecords>,
}

impl Tables {
    pub(crate) fn new(
        specs: &[SourceSpec],
        cache: &SourceCache,
        limits: &Limits,
        records: Arc<MemoryRecords>,
    ) -> Result<Self, Error> {
        for (index, spec) in specs.iter().enumerate() {
            if specs[..index].iter().any(|earlier| earlier.name == spec.name) {
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
        Ok(Self { sources: cache.open(specs, limits), records })
    }

    /// The names of all tables, in alphabetical order.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.sources.keys().cloned().collect();
        names.extend([records::NAME, records::ALL, metrics::NAME].map(str::to_owned));
        names.sort();
        names.dedup();
        names
    }

    /// The source of this name, if it is a table of a database.
    pub(crate) fn database(&self, name: &str) -> Option<&Arc<DatabaseSource>> {
        match self.sources.get(name) {
            Some(Table::Database(source)) => Some(source),
            Some(Table::Files(_)) | None => None,
        }
    }

    /// Lets the columns of all tables of databases be read again; whether any may have changed meanwhile.
    pub(crate) async fn look_again(&self) -> bool {
        let mut any = false;
        for source in self.sources.values() {
            if let Table::Database(source) = source {
                any |= source.look_again().await;
            }
        }
        any
    }

    /// The table of files, or built in, as it is now; `None` when there is none of this name. Blocks on the file system.
    pub(crate) fn snapshot(&self, name: &str) -> Result<Option<Arc<Snapshot>>, Failure> {
        let source = match name {
            records::ALL | records::ALL_ALIAS => self.sources.get(records::NAME),
            other => self.sources.get(other),
        };
        let Some(Table::Files(source)) = source else { return Ok(self.built_in(name)) };
        let snapshot = source.snapshot()?;
        if name != records::NAME {
            return Ok(Some(snapshot));
        }
        Ok(Some(Arc::new(Snapshot {
            schema: Arc::clone(&snapshot.schema),
            time_column: snapshot.time_column.clone(),
            rows: snapshot.rows.clone(),
            hides_pending: true,
        })))
    }

    /// A built-in table that no source stands for. `metrics` is empty: nothing fills it yet.
    fn built_in(&self, name: &str) -> Option<Arc<Snapshot>> {
        match name {
            records::NAME => Some(Arc::new(self.records.shown())),
            records::ALL | records::ALL_ALIAS => Some(Arc::new(self.records.all())),
            metrics::NAME => Some(Arc::new(Snapshot {
                schema: metrics::schema(),
                time_column: Some(metrics::TIME_COLUMN.to_owned()),
                rows: Rows::Memory(Arc::default()),
                hides_pending: false,
            })),
            _ => None,
        }
    }
}

//! Which tables there are, and where their rows come from.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use watchfire_model::{Failure, SourceSpec};

use crate::error::Error;
use crate::source::{Rows, Snapshot, Source};
use crate::table::memory::MemoryRecords;
use crate::table::{metrics, records};

/// Sources that were opened, so that an unchanged one keeps what it has read when definitions change.
#[derive(Debug, Default)]
pub(crate) struct SourceCache(Mutex<HashMap<SourceSpec, Arc<Source>>>);

impl SourceCache {
    /// The sources of these specifications; others are forgotten.
    fn open(&self, specs: &[SourceSpec], source_bytes: usize) -> BTreeMap<String, Arc<Source>> {
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cache.retain(|spec, source| specs.contains(spec) || Arc::strong_count(source) > 1);
        let opened = specs.iter().map(|spec| {
            let source = cache.entry(spec.clone()).or_insert_with(|| Arc::new(Source::new(spec.clone(), source_bytes)));
            (spec.name.clone(), Arc::clone(source))
        });
        opened.collect()
    }
}

/// Names that mean something else in SQL.
const RESERVED: [&str; 4] = [records::ALL, records::ALL_ALIAS, "generate_series", "range"];

/// The tables of one set of definitions.
#[derive(Debug)]
pub(crate) struct Tables {
    sources: BTreeMap<String, Arc<Source>>,
    /// What `records` is when no source stands for it.
    records: Arc<MemoryRecords>,
}

impl Tables {
    pub(crate) fn new(
        specs: &[SourceSpec],
        cache: &SourceCache,
        source_bytes: usize,
        records: Arc<MemoryRecords>,
    ) -> Result<Self, Error> {
        for (index, spec) in specs.iter().enumerate() {
            if specs[..index].iter().any(|earlier| earlier.name == spec.name) {
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
        Ok(Self { sources: cache.open(specs, source_bytes), records })
    }

    /// The names of all tables, in alphabetical order.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.sources.keys().cloned().collect();
        names.extend([records::NAME, records::ALL, metrics::NAME].map(str::to_owned));
        names.sort();
        names.dedup();
        names
    }

    /// The table as it is now; `None` when there is none of this name. Blocks on the file system.
    pub(crate) fn snapshot(&self, name: &str) -> Result<Option<Arc<Snapshot>>, Failure> {
        let source = match name {
            records::ALL | records::ALL_ALIAS => self.sources.get(records::NAME),
            other => self.sources.get(other),
        };
        let Some(source) = source else { return Ok(self.built_in(name)) };
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

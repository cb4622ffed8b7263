//! Tables that are read where they lie: files, read again when they change. Those of databases are in `remote`.
//!
//! A [`Source`] remembers what it last read. Each query takes a [`Snapshot`] of every
//! table it names before it is planned, so that all its scans see the same rows.

mod batch;
mod columns;
mod csv;
pub(crate) mod files;
mod merge;
mod ndjson;
mod parquet;
mod time;

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::datatypes::{DataType, SchemaRef};
use watchfire_ingest::table::{Shredding, Table};
use watchfire_model::{Failure, SourceFormat};

use self::files::{FileVersion, failure, unreadable};
use crate::nearest::nearest;
use crate::remote::RemoteTable;
use crate::table::kept::KeptRows;
use crate::table::records;

pub(crate) use self::batch::Batch;

/// A table as one query sees it.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub schema: SchemaRef,
    /// The column that the window cuts.
    pub time_column: Option<String>,
    pub rows: Rows,
    /// Whether rows of kind `pending_span` are left out (`records`).
    pub hides_pending: bool,
}

impl Snapshot {
    /// Whether its rows are spans, logs or metrics, of which each says in which environment it was made.
    pub(crate) fn is_telemetry(&self) -> bool {
        matches!(self.rows, Rows::Kept(_)) || Arc::ptr_eq(&self.schema, &records::schema())
    }

    /// The attributes that can be read from a column of their own.
    pub(crate) fn shredding(&self) -> Option<&Shredding> {
        match &self.rows {
            Rows::Kept(kept) if kept.table == Table::Records => Some(&kept.shredding),
            Rows::Kept(_) | Rows::Memory(_) | Rows::Parquet(_) | Rows::Database(_) => None,
        }
    }
}

/// Where a snapshot's rows are.
#[derive(Debug, Clone)]
pub(crate) enum Rows {
    Memory(Arc<Vec<Batch>>),
    Parquet(Arc<Vec<FileVersion>>),
    Database(Arc<RemoteTable>),
    /// One of our own tables.
    Kept(Arc<KeptRows>),
}

/// A table that lies in files.
#[derive(Debug, Clone)]
pub(crate) struct FileSpec {
    /// The table's name in SQL.
    pub name: String,
    pub format: SourceFormat,
    /// A file, a folder or a glob; absolute.
    pub path: PathBuf,
    pub time_column: Option<String>,
}

/// A table's files and what was last read of them.
#[derive(Debug)]
pub(crate) struct Source {
    spec: FileSpec,
    source_bytes: usize,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// The last snapshot, and the files it was made of.
    current: Option<(Vec<FileVersion>, Arc<Snapshot>)>,
    /// Each file's rows, so that one changed file of many is read alone.
    files: HashMap<PathBuf, (FileVersion, Arc<ndjson::Rows>)>,
    /// The last schema with columns, for the time when the file is empty.
    schema: Option<SchemaRef>,
}

impl Source {
    pub(crate) fn new(spec: FileSpec, source_bytes: usize) -> Self {
        Self { spec, source_bytes, known: Mutex::default() }
    }

    /// The table as it is now. Blocks on the file system, and long when a large file changed.
    pub(crate) fn snapshot(&self) -> Result<Arc<Snapshot>, Failure> {
        // Held while reading: two queries of the same slot must not read the same file twice.
        let mut known = self.lock();
        let versions = files::list(&self.spec)?;
        if let Some((before, snapshot)) = &known.current
            && *before == versions
            && !versions.iter().any(FileVersion::is_fresh)
        {
            return Ok(Arc::clone(snapshot));
        }
        let snapshot = Arc::new(match self.spec.format {
            SourceFormat::Parquet => self.parquet(&versions, &mut known)?,
            SourceFormat::Csv | SourceFormat::Ndjson => self.memory(&versions, &mut known)?,
        });
        known.current = Some((versions, Arc::clone(&snapshot)));
        Ok(snapshot)
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        // What is kept is replaced as a whole, so that a panic while reading leaves it usable.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn memory(&self, versions: &[FileVersion], known: &mut Known) -> Result<Snapshot, Failure> {
        let size: u64 = versions.iter().map(|version| version.size).sum();
        if size > self.source_bytes as u64 {
            let what = format!(
                "its files have {size} bytes, more than the limit of {} bytes for {} files; write Parquet, which is not kept in memory",
                self.source_bytes,
                format_word(self.spec.format)
            );
            return Err(failure(&self.spec, what));
        }
        known.files.retain(|path, _| versions.iter().any(|version| version.path == *path));
        let mut parts = Vec::with_capacity(versions.len());
        for version in versions {
            parts.push(self.part(version, known)?);
        }
        let schema = self.schema(parts.iter().map(|part| &part.schema), known)?;
        let mut batches = Vec::new();
        let time_column = self.time_column(&schema);
        for batch in parts.iter().flat_map(|part| &part.batches) {
            let batch = merge::conform(batch, &schema).map_err(|what| failure(&self.spec, what))?;
            batches.push(Batch::new(batch, time_column.as_deref()));
        }
        Ok(Snapshot { schema, time_column, rows: Rows::Memory(Arc::new(batches)), hides_pending: false })
    }

    /// One file's rows, from memory when it has not changed.
    fn part(&self, version: &FileVersion, known: &mut Known) -> Result<Arc<ndjson::Rows>, Failure> {
        if let Some((before, rows)) = known.files.get(&version.path)
            && before == version
            && !version.is_fresh()
        {
            return Ok(Arc::clone(rows));
        }
        let path = &version.path;
        let mut text = Vec::new();
        let read = File::open(path).and_then(|file| file.take(self.source_bytes as u64).read_to_end(&mut text));
        read.map_err(|error| unreadable(&self.spec, path, &error))?;
        let time_column = self.spec.time_column.as_deref();
        let rows = match self.spec.format {
            SourceFormat::Csv => csv::read(&text, time_column),
            SourceFormat::Ndjson | SourceFormat::Parquet => ndjson::read(&text, time_column),
        };
        let rows = rows.map_err(|what| failure(&self.spec, format!("`{}`: {what}", path.display())))?;
        let rows = Arc::new(rows);
        known.files.insert(path.clone(), (version.clone(), Arc::clone(&rows)));
        Ok(rows)
    }

    fn parquet(&self, versions: &[FileVersion], known: &mut Known) -> Result<Snapshot, Failure> {
        let mut schemas = Vec::with_capacity(versions.len());
        for version in versions {
            let schema = parquet::schema(version);
            let named = |what| failure(&self.spec, format!("`{}`: {what}", version.path.display()));
            schemas.push(schema.map_err(named)?);
        }
        let schema = self.schema(&schemas, known)?;
        let time_column = self.time_column(&schema);
        let schema = merge::with_instant(&schema, time_column.as_deref());
        Ok(Snapshot { schema, time_column, rows: Rows::Parquet(Arc::new(versions.to_vec())), hides_pending: false })
    }

    /// The table's schema: declared for `records`, else that of all files, else the last one that was seen.
    fn schema<'a>(
        &self,
        parts: impl IntoIterator<Item = &'a SchemaRef>,
        known: &mut Known,
    ) -> Result<SchemaRef, Failure> {
        let found = merge::merged(parts);
        let found = merge::with_known_types(&found, known.schema.as_ref());
        if !found.fields().is_empty() {
            self.check_time_column(&found)?;
            known.schema = Some(Arc::clone(&found));
        }
        if self.is_records() {
            return Ok(records::schema());
        }
        Ok(if found.fields().is_empty() { known.schema.clone().unwrap_or(found) } else { found })
    }

    fn check_time_column(&self, schema: &SchemaRef) -> Result<(), Failure> {
        let Some(name) = &self.spec.time_column else { return Ok(()) };
        match schema.field_with_name(name) {
            Err(_) => {
                let names: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
                let hint = nearest(name, names.iter().copied()).map(|near| format!("; did you mean `{near}`?"));
                let what = format!("it has no column `{name}`, its `time_column`{}", hint.unwrap_or_default());
                Err(failure(&self.spec, what))
            }
            Ok(field) => match field.data_type() {
                DataType::Timestamp(_, _) | DataType::Date32 | DataType::Date64 | DataType::Null => Ok(()),
                DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Ok(()),
                other => {
                    let what =
                        format!("its `time_column` `{name}` is of type {other}; write times like 2026-11-20T06:00:00Z");
                    Err(failure(&self.spec, what))
                }
            },
        }
    }

    fn time_column(&self, schema: &SchemaRef) -> Option<String> {
        let declared = self.spec.time_column.as_ref().filter(|name| schema.field_with_name(name).is_ok());
        match declared {
            Some(name) => Some(name.clone()),
            None => self.is_records().then(|| records::TIME_COLUMN.to_owned()),
        }
    }

    fn is_records(&self) -> bool {
        self.spec.name == records::NAME
    }
}

const fn format_word(format: SourceFormat) -> &'static str {
    match format {
        SourceFormat::Parquet => "Parquet",
        SourceFormat::Csv => "CSV",
        SourceFormat::Ndjson => "NDJSON",
    }
}

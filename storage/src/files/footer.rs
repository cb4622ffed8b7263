//! What a file says about itself: everything that the list says, and where its rows come from.
//!
//! A file that a flush wrote is a *part* of the table. A file that compaction wrote names the parts that it was made
//! of. So any set of files, also with leftovers of crashes among them, tells which rows it has twice.

use std::fmt;
use std::sync::Arc;

use object_store::{ObjectMeta, ObjectStore};
use parquet::file::metadata::{KeyValue, ParquetMetaData};
use serde::{Deserialize, Serialize};
use watchfire_ingest::table::Table;
use watchfire_model::{ProjectName, Timestamp};

use super::object_reader::ObjectReader;
use super::trouble;
use crate::error::Error;
use crate::file_list::DataFile;
use crate::rows::TimeRange;

/// The key under which a footer keeps it.
const KEY: &str = "watchfire";
/// The form of [`Footer`] that this program writes and reads.
const VERSION: u32 = 1;

/// The facts in a footer. Instants are microseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Footer {
    pub(super) version: u32,
    /// Who wrote it: the identity of a data folder.
    pub(super) writer: String,
    pub(super) project: String,
    pub(super) table: String,
    pub(super) rows: u64,
    pub(super) time: (i64, i64),
    pub(super) arrival: (i64, i64),
    pub(super) sequences: (u64, u64),
    pub(super) shredded: Vec<String>,
    /// How many bytes the rows took in memory.
    pub(super) memory_bytes: u64,
    /// Up to here everything was flushed, as the list said when this file was begun.
    pub(super) flushed_through: u64,
    /// For a part: up to here everything is flushed once it is listed.
    pub(super) flushes_through: Option<u64>,
    /// What its rows come from; a part names itself.
    pub(super) parts: Vec<Part>,
    /// When its writing began, by the clock of its writer.
    pub(super) written_at: i64,
}

/// A file that a flush wrote.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct Part {
    /// The random name of the attempt to flush; one attempt writes all its parts or none of them counts.
    pub(super) attempt: String,
    /// Its number in the attempt.
    pub(super) number: u32,
    /// Everything up to here was flushed before.
    pub(super) after: u64,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}@{}", self.attempt, self.number, self.after)
    }
}

impl From<Part> for String {
    fn from(part: Part) -> Self {
        part.to_string()
    }
}

impl TryFrom<String> for Part {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let parse = || {
            let (name, after) = text.split_once('@')?;
            let (attempt, number) = name.split_once('.')?;
            Some(Self { attempt: attempt.to_owned(), number: number.parse().ok()?, after: after.parse().ok()? })
        };
        parse().ok_or_else(|| format!("`{text}` is no part of a table"))
    }
}

impl Footer {
    /// What the list says of a file, as its footer.
    pub(super) fn of(file: &DataFile, writer: &str) -> Self {
        let micros = |range: TimeRange| (range.first.as_micros(), range.last.as_micros());
        Self {
            version: VERSION,
            writer: writer.to_owned(),
            project: file.project.as_str().to_owned(),
            table: file.table.as_str().to_owned(),
            rows: file.rows,
            time: micros(file.time),
            arrival: micros(file.arrival),
            sequences: file.sequences,
            shredded: file.shredded.clone(),
            memory_bytes: 0,
            flushed_through: 0,
            flushes_through: None,
            parts: Vec::new(),
            written_at: 0,
        }
    }

    /// Up to where everything was flushed and listed, as far as this file tells. Its own flush was listed too unless its
    /// rows are still in the log, which begins at `unflushed_from` and is cut only after the listing; `None`: it is empty.
    pub(super) fn was_listed_through(&self, unflushed_from: Option<u64>) -> u64 {
        match self.flushes_through {
            Some(through) if unflushed_from.is_none_or(|begin| begin > self.sequences.0) => through,
            Some(_) | None => self.flushed_through,
        }
    }

    /// What the list should say of the file with this footer; `Err`: what is wrong with it.
    pub(super) fn file(&self, path: &str, size_bytes: u64) -> Result<DataFile, String> {
        let table = Table::parse(&self.table).ok_or_else(|| format!("its table `{}` is not known", self.table))?;
        let range = |(first, last): (i64, i64)| TimeRange {
            first: Timestamp::from_micros(first),
            last: Timestamp::from_micros(last),
        };
        Ok(DataFile {
            path: path.to_owned(),
            project: ProjectName::new(self.project.clone()),
            table,
            rows: self.rows,
            size_bytes,
            time: range(self.time),
            arrival: range(self.arrival),
            sequences: self.sequences,
            shredded: self.shredded.clone(),
        })
    }

    /// As Parquet keeps it.
    pub(super) fn to_key_value(&self) -> KeyValue {
        let text = serde_json::to_string(self).expect("texts and numbers can be written as JSON");
        KeyValue::new(KEY.to_owned(), text)
    }

    /// The facts in Parquet's metadata; `Err`: what is wrong with them.
    pub(super) fn from_metadata(metadata: &ParquetMetaData) -> Result<Self, String> {
        let entries = metadata.file_metadata().key_value_metadata().into_iter().flatten();
        let text = entries.filter(|entry| entry.key == KEY).find_map(|entry| entry.value.as_deref());
        let text = text.ok_or("it is Parquet, but not of this program")?;
        let footer: Self = serde_json::from_str(text).map_err(|error| format!("its footer cannot be read: {error}"))?;
        if footer.version != VERSION {
            return Err(format!("its footer has version {}, this program reads version {VERSION}", footer.version));
        }
        let rows = metadata.file_metadata().num_rows();
        if u64::try_from(rows) != Ok(footer.rows) {
            return Err(format!("its footer says {} rows, and it has {rows}", footer.rows));
        }
        Ok(footer)
    }
}

/// Reads the footer of an object. The outer error is the object store's, the inner one says what is wrong with the file.
pub(super) async fn read(
    objects: &Arc<dyn ObjectStore>,
    object: &ObjectMeta,
) -> Result<Result<(Footer, Arc<ParquetMetaData>), String>, Error> {
    let mut reader = ObjectReader::new(Arc::clone(objects), object.location.clone(), object.size);
    match reader.metadata().await {
        Ok(metadata) => Ok(Footer::from_metadata(&metadata).map(|footer| (footer, metadata))),
        Err(error) => match object_store_error(error) {
            Ok(error) => Err(trouble::at(format!("reading {}", object.location))(error)),
            Err(error) => Ok(Err(format!("it is not whole: {error}"))),
        },
    }
}

/// Tells an object store that does not answer from bytes that are no Parquet.
fn object_store_error(
    error: parquet::errors::ParquetError,
) -> Result<object_store::Error, parquet::errors::ParquetError> {
    use parquet::errors::ParquetError;
    match error {
        ParquetError::External(inner) => {
            inner.downcast::<object_store::Error>().map(|error| *error).map_err(ParquetError::External)
        }
        other => Err(other),
    }
}

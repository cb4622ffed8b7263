//! The list of telemetry's files: which of them are part of the tables, up to where everything is in them.
//!
//! Each data folder has its own list. A change happens whole or not at all, and twice is the same as once: whoever did
//! not hear the answer asks again. What would put rows into a table twice is refused, whatever asks for it.

use serde::Serialize;
use watchfire_model::{ProjectName, Timestamp};

use crate::database::{Param, Row, Transaction, given, int};
use crate::error::Error;
use crate::store::Store;

/// A file that is part of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelemetryFile {
    /// Its place, never used twice.
    pub path: String,
    /// Whose rows it has.
    pub project: ProjectName,
    /// Of which table: `records` or `metrics`.
    pub table: String,
    /// How many rows.
    pub rows: u64,
    /// How large it is.
    pub size_bytes: u64,
    /// The least and the greatest time of its rows.
    pub time: (Timestamp, Timestamp),
    /// The least and the greatest arrival.
    pub arrival: (Timestamp, Timestamp),
    /// The first and the last number of the batches that its rows came in.
    pub sequences: (u64, u64),
    /// The attributes with a column of their own.
    pub shredded: Vec<String>,
}

/// The list at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TelemetryFileList {
    /// The files that are part of the tables, by path.
    pub files: Vec<TelemetryFile>,
    /// Every batch up to this one is in a file.
    pub flushed_through: u64,
    /// Paths of files that are still to be deleted.
    pub doomed: Vec<String>,
}

/// A change of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TelemetryFileChange {
    /// New files.
    pub added: Vec<TelemetryFile>,
    /// Paths that end being part of the tables; they are doomed then.
    pub removed: Vec<String>,
    /// Up to where everything is in files now; only a flush says this.
    pub flushed_through: Option<u64>,
    /// Paths of doomed files that have been deleted.
    pub deleted: Vec<String>,
}

impl Store {
    /// The name of this data folder, under which its list is kept. Empty when a reader opened a folder without one.
    pub fn telemetry_writer(&self) -> &str {
        self.claimant()
    }

    /// The whole list of this data folder, as it is at one moment.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be asked now.
    pub async fn telemetry_files(&self) -> Result<TelemetryFileList, Error> {
        let mut list = TelemetryFileList::default();
        // One statement, so that files and progress are of the same moment also beside a running server.
        for row in self.database().read(LIST, &[Param::Text(self.claimant())]).await? {
            match row.text("what")?.as_str() {
                "file" => list.files.push(file(&row)?),
                "doomed" => list.doomed.push(row.text("path")?),
                "progress" => list.flushed_through = row.count("sequence_last")?,
                other => return Err(Error::corrupt(format!("`what` is `{other}`"))),
            }
        }
        Ok(list)
    }

    /// Makes the change in one transaction. The same change again changes nothing.
    ///
    /// # Errors
    /// [`Error::Refused`] when files come in place of one that is not listed any more, or with batches that are in
    /// files already: their rows would be there twice, so nothing was changed and the list should be read again.
    /// [`Error::Unavailable`] when the database cannot be asked now: the change has happened or not.
    pub async fn commit_telemetry_files(&self, change: &TelemetryFileChange) -> Result<(), Error> {
        let mut work = self.database().begin().await?;
        let lists = Lists { writer: self.claimant() };
        if !lists.has_all(&mut work, &change.added).await? {
            lists.refuse_doubles(&mut work, change).await?;
            lists.add(&mut work, &change.added).await?;
        }
        lists.doom(&mut work, &change.removed).await?;
        lists.forget(&mut work, &change.deleted).await?;
        if let Some(through) = change.flushed_through {
            lists.flushed(&mut work, through).await?;
        }
        work.commit().await
    }

    /// Puts a list that was made again in the place of this data folder's list, whatever that said.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the database cannot be asked now; then the old one is still there.
    pub async fn replace_telemetry_files(&self, list: &TelemetryFileList) -> Result<(), Error> {
        let mut work = self.database().begin().await?;
        let lists = Lists { writer: self.claimant() };
        for statement in [EMPTY_FILES, EMPTY_DOOMED, EMPTY_PROGRESS] {
            work.execute(statement, &[Param::Text(lists.writer)]).await?;
        }
        lists.add(&mut work, &list.files).await?;
        let doomed = given(&paths(&list.doomed));
        work.execute(ADD_DOOMED, &[Param::Text(lists.writer), Param::Rows(&doomed)]).await?;
        lists.flushed(&mut work, list.flushed_through).await?;
        work.commit().await
    }
}

/// The lists of one data folder.
struct Lists<'a> {
    writer: &'a str,
}

impl Lists<'_> {
    /// Whether the change was made before: there is something to add, and all of it is known.
    async fn has_all(&self, work: &mut Transaction, added: &[TelemetryFile]) -> Result<bool, Error> {
        if added.is_empty() {
            return Ok(true);
        }
        let given = given(&added.iter().map(|file| GivenPath { path: &file.path }).collect::<Vec<_>>());
        let rows = work.fetch(KNOWN, &[Param::Text(self.writer), Param::Rows(&given)]).await?;
        Ok(rows.len() >= added.len())
    }

    /// Refuses what would put rows into a table twice.
    async fn refuse_doubles(&self, work: &mut Transaction, change: &TelemetryFileChange) -> Result<(), Error> {
        let given = given(&paths(&change.removed));
        let listed = work.fetch(LISTED, &[Param::Text(self.writer), Param::Rows(&given)]).await?;
        if listed.len() < change.removed.len() {
            let missing = change.removed.len() - listed.len();
            let detail = format!("{missing} of {} telemetry files to be replaced are gone", change.removed.len());
            return Err(Error::Refused { detail });
        }
        if change.flushed_through.is_some() {
            let flushed = work.fetch(PROGRESS, &[Param::Text(self.writer)]).await?;
            let flushed = flushed.first().map(|row| row.count("flushed_through")).transpose()?.unwrap_or(0);
            if let Some(file) = change.added.iter().find(|file| file.sequences.0 <= flushed) {
                let detail = format!(
                    "a telemetry file begins with batch {}, and everything up to {flushed} is in files already",
                    file.sequences.0
                );
                return Err(Error::Refused { detail });
            }
        }
        Ok(())
    }

    async fn add(&self, work: &mut Transaction, added: &[TelemetryFile]) -> Result<(), Error> {
        let given = given(&added.iter().map(GivenFile::of).collect::<Vec<_>>());
        work.execute(ADD, &[Param::Text(self.writer), Param::Rows(&given)]).await.map(|_| ())
    }

    async fn doom(&self, work: &mut Transaction, removed: &[String]) -> Result<(), Error> {
        if removed.is_empty() {
            return Ok(());
        }
        let given = given(&paths(removed));
        let params = [Param::Text(self.writer), Param::Rows(&given)];
        // Only what is listed: a file that was deleted meanwhile is not doomed again.
        work.execute(DOOM, &params).await?;
        work.execute(REMOVE, &params).await.map(|_| ())
    }

    async fn forget(&self, work: &mut Transaction, deleted: &[String]) -> Result<(), Error> {
        if deleted.is_empty() {
            return Ok(());
        }
        work.execute(FORGET, &[Param::Text(self.writer), Param::Rows(&given(&paths(deleted)))]).await.map(|_| ())
    }

    async fn flushed(&self, work: &mut Transaction, through: u64) -> Result<(), Error> {
        work.execute(FLUSHED, &[Param::Text(self.writer), Param::Int(int(through))]).await.map(|_| ())
    }
}

#[derive(Serialize)]
struct GivenPath<'a> {
    path: &'a str,
}

fn paths(paths: &[String]) -> Vec<GivenPath<'_>> {
    paths.iter().map(|path| GivenPath { path }).collect()
}

#[derive(Serialize)]
struct GivenFile<'a> {
    path: &'a str,
    project: &'a str,
    table_name: &'a str,
    row_count: u64,
    size_bytes: u64,
    time_first: i64,
    time_last: i64,
    arrival_first: i64,
    arrival_last: i64,
    sequence_first: u64,
    sequence_last: u64,
    shredded: String,
}

impl<'a> GivenFile<'a> {
    fn of(file: &'a TelemetryFile) -> Self {
        Self {
            path: &file.path,
            project: file.project.as_str(),
            table_name: &file.table,
            row_count: file.rows,
            size_bytes: file.size_bytes,
            time_first: file.time.0.as_micros(),
            time_last: file.time.1.as_micros(),
            arrival_first: file.arrival.0.as_micros(),
            arrival_last: file.arrival.1.as_micros(),
            sequence_first: file.sequences.0,
            sequence_last: file.sequences.1,
            shredded: serde_json::to_string(&file.shredded).expect("texts can be written as JSON"),
        }
    }
}

fn file(row: &Row) -> Result<TelemetryFile, Error> {
    Ok(TelemetryFile {
        path: row.text("path")?,
        project: ProjectName::new(row.text("project")?),
        table: row.text("table_name")?,
        rows: row.count("row_count")?,
        size_bytes: row.count("size_bytes")?,
        time: (row.instant("time_first")?, row.instant("time_last")?),
        arrival: (row.instant("arrival_first")?, row.instant("arrival_last")?),
        sequences: (row.count("sequence_first")?, row.count("sequence_last")?),
        shredded: row.json("shredded")?,
    })
}

const LIST: &str = "
    SELECT 'file' AS what, path, project, table_name, row_count, size_bytes, time_first, time_last, arrival_first,
        arrival_last, sequence_first, sequence_last, shredded
    FROM telemetry_files WHERE writer = $1
    UNION ALL
    SELECT 'doomed', path, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM telemetry_doomed_files WHERE writer = $1
    UNION ALL
    SELECT 'progress', '', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, flushed_through, NULL
    FROM telemetry_progress WHERE writer = $1
    ORDER BY 2";

const KNOWN: &str = "
    SELECT path FROM telemetry_files WHERE writer = $1 AND path IN (SELECT value ->> 'path' FROM json_each($2))
    UNION
    SELECT path FROM telemetry_doomed_files WHERE writer = $1 AND path IN (SELECT value ->> 'path' FROM json_each($2))";

const LISTED: &str = "
    SELECT path FROM telemetry_files WHERE writer = $1 AND path IN (SELECT value ->> 'path' FROM json_each($2))";

const PROGRESS: &str = "SELECT flushed_through FROM telemetry_progress WHERE writer = $1";

const ADD: &str = "
    INSERT INTO telemetry_files (writer, path, project, table_name, row_count, size_bytes, time_first, time_last,
        arrival_first, arrival_last, sequence_first, sequence_last, shredded)
    SELECT $1, value ->> 'path', value ->> 'project', value ->> 'table_name', CAST(value ->> 'row_count' AS BIGINT),
        CAST(value ->> 'size_bytes' AS BIGINT), CAST(value ->> 'time_first' AS BIGINT),
        CAST(value ->> 'time_last' AS BIGINT), CAST(value ->> 'arrival_first' AS BIGINT),
        CAST(value ->> 'arrival_last' AS BIGINT), CAST(value ->> 'sequence_first' AS BIGINT),
        CAST(value ->> 'sequence_last' AS BIGINT), value ->> 'shredded'
    FROM json_each($2) WHERE true
    ON CONFLICT (writer, path) DO NOTHING";

const DOOM: &str = "
    INSERT INTO telemetry_doomed_files (writer, path)
    SELECT writer, path FROM telemetry_files
    WHERE writer = $1 AND path IN (SELECT value ->> 'path' FROM json_each($2))
    ON CONFLICT (writer, path) DO NOTHING";

const REMOVE: &str = "
    DELETE FROM telemetry_files WHERE writer = $1 AND path IN (SELECT value ->> 'path' FROM json_each($2))";

const ADD_DOOMED: &str = "
    INSERT INTO telemetry_doomed_files (writer, path)
    SELECT $1, value ->> 'path' FROM json_each($2) WHERE true
    ON CONFLICT (writer, path) DO NOTHING";

const FORGET: &str = "
    DELETE FROM telemetry_doomed_files WHERE writer = $1 AND path IN (SELECT value ->> 'path' FROM json_each($2))";

const FLUSHED: &str = "
    INSERT INTO telemetry_progress (writer, flushed_through) VALUES ($1, $2)
    ON CONFLICT (writer) DO UPDATE SET flushed_through = excluded.flushed_through
    WHERE excluded.flushed_through > telemetry_progress.flushed_through";

const EMPTY_FILES: &str = "DELETE FROM telemetry_files WHERE writer = $1";
const EMPTY_DOOMED: &str = "DELETE FROM telemetry_doomed_files WHERE writer = $1";
const EMPTY_PROGRESS: &str = "DELETE FROM telemetry_progress WHERE writer = $1";

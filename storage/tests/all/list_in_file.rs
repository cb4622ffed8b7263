//! A list of files that outlives the process, and fails when it is told to.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use async_trait::async_trait;
use serde_json::{Value, json};
use watchfire_ingest::table::Table;
use watchfire_model::{ProjectName, Timestamp};
use watchfire_storage::{DataFile, FileChange, FileList, FileListError, ListedFiles, TimeRange};

/// What the list does with the next changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Works,
    /// Says no, and means it.
    Refuses,
    /// Makes the change, and its answer is lost.
    LosesAnswers,
    /// Neither.
    IsAway,
}

/// See the module.
pub struct ListInFile {
    path: PathBuf,
    pub mood: Mutex<Mood>,
}

impl ListInFile {
    pub fn new(folder: &Path) -> Self {
        Self { path: folder.join("list.json"), mood: Mutex::new(Mood::Works) }
    }

    pub fn is(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// Puts a list in the place of this one.
    pub fn replace(&self, listed: &ListedFiles) {
        self.write(listed);
    }

    pub fn read(&self) -> ListedFiles {
        let Ok(bytes) = std::fs::read(&self.path) else { return ListedFiles::default() };
        let value: Value = serde_json::from_slice(&bytes).unwrap();
        let texts =
            |value: &Value| value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect();
        ListedFiles {
            files: value["files"].as_array().unwrap().iter().map(file).collect(),
            flushed_through: value["flushed_through"].as_u64().unwrap(),
            doomed: texts(&value["doomed"]),
        }
    }

    fn write(&self, listed: &ListedFiles) {
        let value = json!({
            "files": listed.files.iter().map(shown).collect::<Vec<_>>(),
            "flushed_through": listed.flushed_through,
            "doomed": listed.doomed,
        });
        let new = self.path.with_extension("new");
        let mut file = File::create(&new).unwrap();
        file.write_all(&serde_json::to_vec(&value).unwrap()).unwrap();
        std::fs::rename(new, &self.path).unwrap();
    }
}

fn shown(file: &DataFile) -> Value {
    let range = |range: TimeRange| json!([range.first.as_micros(), range.last.as_micros()]);
    json!({
        "path": file.path, "project": file.project.as_str(), "table": file.table.as_str(), "rows": file.rows,
        "size_bytes": file.size_bytes, "time": range(file.time), "arrival": range(file.arrival),
        "sequences": [file.sequences.0, file.sequences.1],
    })
}

fn file(value: &Value) -> DataFile {
    let instant = |value: &Value| Timestamp::from_micros(value.as_i64().unwrap());
    let range = |value: &Value| TimeRange { first: instant(&value[0]), last: instant(&value[1]) };
    DataFile {
        path: value["path"].as_str().unwrap().to_owned(),
        project: ProjectName::new(value["project"].as_str().unwrap()),
        table: Table::parse(value["table"].as_str().unwrap()).unwrap(),
        rows: value["rows"].as_u64().unwrap(),
        size_bytes: value["size_bytes"].as_u64().unwrap(),
        time: range(&value["time"]),
        arrival: range(&value["arrival"]),
        sequences: (value["sequences"][0].as_u64().unwrap(), value["sequences"][1].as_u64().unwrap()),
        shredded: Vec::new(),
    }
}

#[async_trait]
impl FileList for ListInFile {
    async fn load(&self) -> Result<ListedFiles, FileListError> {
        match *self.mood.lock().unwrap() {
            Mood::IsAway => Err(FileListError { reason: "the store is away".to_owned(), is_transient: true }),
            Mood::Works | Mood::Refuses | Mood::LosesAnswers => Ok(self.read()),
        }
    }

    async fn commit(&self, change: &FileChange) -> Result<(), FileListError> {
        let mood = *self.mood.lock().unwrap();
        let failed = |reason: &str, is_transient| Err(FileListError { reason: reason.to_owned(), is_transient });
        match mood {
            Mood::IsAway => return failed("the store is away", true),
            Mood::Refuses => return failed("the store refuses it", false),
            Mood::Works | Mood::LosesAnswers => {}
        }
        let mut listed = self.read();
        listed.files.retain(|file| !change.removed.contains(&file.path));
        for file in &change.added {
            if listed.files.iter().all(|there| there.path != file.path) {
                listed.files.push(file.clone());
            }
        }
        for path in &change.removed {
            if !listed.doomed.contains(path) {
                listed.doomed.push(path.clone());
            }
        }
        listed.doomed.retain(|path| !change.deleted.contains(path));
        listed.flushed_through = change.flushed_through.unwrap_or(0).max(listed.flushed_through);
        self.write(&listed);
        if mood == Mood::LosesAnswers { failed("the answer did not come", true) } else { Ok(()) }
    }
}

/// A list that stays as it is.
pub struct FixedList(pub ListedFiles);

#[async_trait]
impl FileList for FixedList {
    async fn load(&self) -> Result<ListedFiles, FileListError> {
        Ok(self.0.clone())
    }

    async fn commit(&self, _: &FileChange) -> Result<(), FileListError> {
        Err(FileListError { reason: "it stays as it is".to_owned(), is_transient: false })
    }
}

//! A folder of definitions and source files, gone when the test ends.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// Definitions, source files and a data folder for one test.
pub struct ConfigDir {
    root: TempDir,
}

impl ConfigDir {
    /// An empty folder of definitions, and a place for the data folder beside it.
    pub fn new() -> Self {
        let root = TempDir::with_prefix("watchfire-test-").expect("the temporary folder is writable");
        std::fs::create_dir(root.path().join("config")).expect("a fresh folder takes a folder");
        Self { root }
    }

    /// The folder for `--config`.
    pub fn config(&self) -> PathBuf {
        self.root.path().join("config")
    }

    /// The folder for `--data`; the product makes it.
    pub fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }

    /// Writes a file below the folder of definitions: all of it or nothing is ever seen.
    ///
    /// It is made elsewhere and renamed into place, as an editor or a deployment does.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.config().join(name);
        let draft = self.root.path().join("draft");
        std::fs::write(&draft, text).expect("the draft is writable");
        std::fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("folders can be made");
        std::fs::rename(&draft, &path).expect("a rename within one folder works");
        path
    }

    /// Writes a file of definitions; `version: 1` is put before it.
    pub fn definitions(&self, name: &str, yaml: &str) -> PathBuf {
        self.write(name, &format!("version: 1\n{yaml}"))
    }

    /// Removes a file below the folder of definitions.
    pub fn remove(&self, name: &str) {
        std::fs::remove_file(self.config().join(name)).expect("the file was there");
    }

    /// The folder that holds both, for files that are neither.
    pub fn root(&self) -> &Path {
        self.root.path()
    }
}

impl Default for ConfigDir {
    fn default() -> Self {
        Self::new()
    }
}

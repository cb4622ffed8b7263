//! Which files of a folder hold definitions.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Most files that one folder may hold.
const FILES_MAX: usize = 10_000;
/// How deep folders may stand in each other.
const FOLDERS_DEEP_MAX: usize = 32;
/// The largest file that is read, in bytes.
pub(crate) const FILE_MAX_BYTES: u64 = 32 << 20;

/// The folder, or a file in it, could not be read at all. What stands in a file is never the cause.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The folder or file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// There are more files than any set of definitions has.
    #[error("{} holds more than {max} YAML files", path.display())]
    TooManyFiles {
        /// The folder.
        path: PathBuf,
        /// Most files that are read.
        max: usize,
    },
    /// Folders stand in each other without end, or nearly so.
    #[error("folders stand in each other deeper than {max} levels at {}", path.display())]
    TooDeep {
        /// The first folder that is too deep.
        path: PathBuf,
        /// Most levels.
        max: usize,
    },
}

/// The files of a folder, sorted.
pub(crate) struct Files {
    /// `watchfire.yaml` or `watchfire.yml` in the folder itself; two when both are there.
    pub settings: Vec<PathBuf>,
    /// All other YAML files below it.
    pub definitions: Vec<PathBuf>,
    /// Links that lead nowhere, named like a file of definitions.
    pub dangling: Vec<PathBuf>,
}

/// Finds the YAML files below a folder; names that begin with a dot are left out.
pub(crate) fn find(folder: &Path) -> Result<Files, LoadError> {
    let mut files = BTreeSet::new();
    // A folder that is reached twice, through a link, is read once.
    let mut seen = BTreeSet::new();
    let mut dangling = Vec::new();
    walk(folder, 0, &mut seen, &mut files, &mut dangling)?;
    dangling.sort();
    if files.len() > FILES_MAX {
        return Err(LoadError::TooManyFiles { path: folder.to_owned(), max: FILES_MAX });
    }
    let (settings, definitions) = files.into_iter().partition(|file: &PathBuf| {
        file.parent() == Some(folder) && file.file_stem().is_some_and(|stem| stem == "watchfire")
    });
    Ok(Files { settings, definitions, dangling })
}

fn walk(
    folder: &Path,
    depth: usize,
    seen: &mut BTreeSet<PathBuf>,
    files: &mut BTreeSet<PathBuf>,
    dangling: &mut Vec<PathBuf>,
) -> Result<(), LoadError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| LoadError::Unreadable { path, source }
    };
    if depth > FOLDERS_DEEP_MAX {
        return Err(LoadError::TooDeep { path: folder.to_owned(), max: FOLDERS_DEEP_MAX });
    }
    if !seen.insert(fs::canonicalize(folder).map_err(unreadable(folder))?) {
        return Ok(());
    }
    for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if hidden || files.len() > FILES_MAX {
            continue;
        }
        let is_yaml = path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        match fs::metadata(&path) {
            Ok(found) if found.is_dir() => walk(&path, depth + 1, seen, files, dangling)?,
            Ok(found) if found.is_file() && is_yaml => {
                files.insert(path);
            }
            Ok(_) => {}
            // A link to nowhere matters only where a definition was meant. A file that was there a moment ago
            // and is gone now is no such link.
            Err(_) if is_yaml && path.is_symlink() => dangling.push(path),
            Err(_) => {}
        }
    }
    Ok(())
}

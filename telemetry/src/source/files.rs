//! Which files a source has at this moment, and how to tell that one of them changed.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use watchfire_model::{Failure, FailureCode, SourceFormat};

use super::FileSpec;

/// A file as it was when we looked. Two equal versions have the same content.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct FileVersion {
    pub path: PathBuf,
    pub size: u64,
    device: u64,
    inode: u64,
    modified_ns: i128,
    changed_ns: i128,
}

impl FileVersion {
    pub(crate) fn of(path: PathBuf, metadata: &Metadata) -> Self {
        Self {
            path,
            size: metadata.len(),
            device: metadata.dev(),
            inode: metadata.ino(),
            modified_ns: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            changed_ns: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether a second write could still hide behind the same times.
    ///
    /// File systems stamp with the tick of the kernel (up to 10 ms). A file that was
    /// written within the last ticks is read again the next time, as git does with its index.
    /// The time of change counts, because nobody can set it into the future.
    #[expect(clippy::disallowed_methods, reason = "compared with the times of files, which the machine's clock stamps")]
    pub(crate) fn is_fresh(&self) -> bool {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_nanos();
        let age = i128::try_from(now).unwrap_or(i128::MAX) - self.changed_ns;
        (0..20_000_000).contains(&age)
    }
}

fn nanoseconds(seconds: i64, rest: i64) -> i128 {
    i128::from(seconds) * 1_000_000_000 + i128::from(rest)
}

/// The files of a source, in the order of their names.
///
/// A file that is gone, a folder that is gone and a pattern whose folder is gone are
/// failures; a folder or pattern without a file is a table without rows.
pub(crate) fn list(spec: &FileSpec) -> Result<Vec<FileVersion>, Failure> {
    let mut found = Vec::new();
    if is_pattern(&spec.path) {
        let base = base_of(&spec.path);
        fs::metadata(&base).map_err(|error| unreadable(spec, &base, &error))?;
        let paths = glob::glob(&spec.path.to_string_lossy());
        let paths = paths.map_err(|error| failure(spec, format!("`{}`: {error}", spec.path.display())))?;
        for path in paths {
            let path = path.map_err(|error| failure(spec, error.to_string()))?;
            let metadata = fs::metadata(&path).map_err(|error| unreadable(spec, &path, &error))?;
            if metadata.is_file() {
                found.push(FileVersion::of(path, &metadata));
            }
        }
    } else {
        let metadata = fs::metadata(&spec.path).map_err(|error| unreadable(spec, &spec.path, &error))?;
        if metadata.is_dir() {
            walk(spec, &spec.path, &mut found)?;
        } else {
            found.push(FileVersion::of(spec.path.clone(), &metadata));
        }
    }
    found.sort_by(|left, right| left.path.cmp(&right.path));
    Ok(found)
}

/// All files of the source's format below a folder; names that start with `.` or `_` are left alone.
fn walk(spec: &FileSpec, folder: &Path, found: &mut Vec<FileVersion>) -> Result<(), Failure> {
    for entry in fs::read_dir(folder).map_err(|error| unreadable(spec, folder, &error))? {
        let path = entry.map_err(|error| unreadable(spec, folder, &error))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(['.', '_']) {
            continue;
        }
        let metadata = match fs::metadata(&path) {
            Ok(metadata) => metadata,
            // Removed between the listing and now: it is no part of the table any more.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(unreadable(spec, &path, &error)),
        };
        if metadata.is_dir() {
            walk(spec, &path, found)?;
        } else if metadata.is_file() && has_extension(&path, spec.format) {
            found.push(FileVersion::of(path, &metadata));
        }
    }
    Ok(())
}

fn has_extension(path: &Path, format: SourceFormat) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    match format {
        SourceFormat::Parquet => extension == "parquet",
        SourceFormat::Csv => extension == "csv",
        SourceFormat::Ndjson => matches!(extension.as_str(), "ndjson" | "jsonl" | "json"),
    }
}

/// Whether the path is a glob: it has a wildcard, and no file of that very name exists.
fn is_pattern(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '[']) && !path.exists()
}

/// The folder above the first wildcard.
fn base_of(pattern: &Path) -> PathBuf {
    pattern.components().take_while(|part| !part.as_os_str().to_string_lossy().contains(['*', '?', '['])).collect()
}

/// A failure that names the source and the path, and says what the system said.
pub(crate) fn unreadable(spec: &FileSpec, path: &Path, error: &io::Error) -> Failure {
    let what = match error.kind() {
        io::ErrorKind::NotFound => "does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "may not be read by this process".to_owned(),
        _ => format!("cannot be read: {error}"),
    };
    failure(spec, format!("`{}` {what}", path.display()))
}

/// A failure of this source.
pub(crate) fn failure(spec: &FileSpec, what: impl AsRef<str>) -> Failure {
    Failure::new(FailureCode::Source, format!("source `{}`: {}", spec.name, what.as_ref()))
}

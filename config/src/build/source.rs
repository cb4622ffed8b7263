//! Sources.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use watchfire_model::{DatabaseAddress, SourceKind, SourceSpec};

use super::Surroundings;
use super::basics::project;
use super::database_url::database_url;
use super::secret::references;
use crate::phrases::SourceType;
use crate::raw::RawSource;
use crate::read::{Field, quoted};
use crate::report::Report;

/// Names that only files may take: the rows of a database are not brought into the form of the built-in tables.
const BUILT_IN: [&str; 2] = ["records", "metrics"];

/// Names that mean something else in SQL, and that no source can stand for.
const RESERVED: [&str; 4] = ["records_all", "records_full", "generate_series", "range"];

/// Makes a source; `None` when something about it is wrong, which is then reported.
///
/// `projects` has the names that it may belong to.
pub(crate) fn source(
    raw: &RawSource,
    around: &Surroundings<'_>,
    projects: &BTreeSet<String>,
    report: &mut Report,
) -> Option<SourceSpec> {
    let before = report.errors();
    if let (Some(name), Some(at)) = (&raw.name.value, raw.name.at())
        && !is_identifier(&name.0)
    {
        report
            .error(at, "bad_name", format!("`{}` cannot name a table", quoted(&name.0)))
            .help("write letters, digits and `_`, not beginning with a digit");
    }
    if let (Some(name), Some(at)) = (&raw.name.value, raw.name.at())
        && RESERVED.contains(&name.0.as_str())
    {
        let message = format!("`{}` is built in, and no source can stand for it", name.0);
        report.error(at, "bad_name", message).help("give the source another name");
    }
    let project = project(&raw.project, projects, report);
    let kind = kind(raw, around, report);
    if report.errors() > before {
        return None;
    }
    Some(SourceSpec {
        name: raw.name.value.as_ref()?.0.clone(),
        project,
        kind: kind?,
        time_column: raw.time_column.value.as_ref().map(|column| column.0.clone()),
    })
}

fn kind(raw: &RawSource, around: &Surroundings<'_>, report: &mut Report) -> Option<SourceKind> {
    let kind = raw.r#type.value.as_ref()?.0;
    let of = match kind {
        SourceType::Files(_) => "a source of files",
        SourceType::Postgres => "a table of PostgreSQL",
        SourceType::Sqlite => "a table of SQLite",
    };
    let (wants_path, wants_url, wants_table) = match kind {
        SourceType::Files(_) => (true, false, false),
        SourceType::Postgres => (false, true, true),
        SourceType::Sqlite => (true, false, true),
    };
    expect("path", &raw.path, wants_path, of, raw, report);
    expect("url", &raw.url, wants_url, of, raw, report);
    expect("table", &raw.table, wants_table, of, raw, report);
    let table = || raw.table.value.as_ref().map(|table| table.0.clone());
    if wants_table
        && let (Some(name), Some(at)) = (&raw.name.value, raw.name.at())
        && BUILT_IN.contains(&name.0.as_str())
    {
        let message = format!("only files may stand for the built-in table `{}`", name.0);
        report.error(at, "bad_name", message).help("give the source another name");
    }
    match kind {
        SourceType::Files(format) => Some(SourceKind::Files { format, path: files(raw, around, report)? }),
        SourceType::Postgres => {
            let url = database_url(&raw.url, around, report)?;
            Some(SourceKind::Table { database: DatabaseAddress::Postgres { url }, table: table()? })
        }
        SourceType::Sqlite => {
            let path = database_file(raw, around, report)?;
            Some(SourceKind::Table { database: DatabaseAddress::Sqlite { path }, table: table()? })
        }
    }
}

/// Reports a key that this type needs and does not have, or has and cannot use.
fn expect<T>(key: &str, field: &Field<T>, wanted: bool, of: &str, raw: &RawSource, report: &mut Report) {
    match (field.key_at(), wanted) {
        (None, true) => {
            let Some(at) = raw.r#type.key_at() else { return };
            report.error(at, "missing_key", format!("{of} needs `{key}`")).help(format!("add `{key}: …`"));
        }
        (Some(at), false) => {
            report.error(at, "unknown_key", format!("{of} has no `{key}`")).help("remove it, or change `type`");
        }
        (Some(_), true) | (None, false) => {}
    }
}

fn files(raw: &RawSource, around: &Surroundings<'_>, report: &mut Report) -> Option<PathBuf> {
    let (path, node) = (raw.path.value.as_ref()?, raw.path.node()?);
    let text = references("path", node, &path.0, around, report)?.text;
    let absolute = tidy(&around.folder.join(&text));
    let is_glob = text.contains(['*', '?', '[']);
    let found = if is_glob && !absolute.exists() {
        match glob::glob(&absolute.to_string_lossy()) {
            Ok(mut paths) => paths.next().is_some(),
            Err(error) => {
                let message = format!("`path: {}` is no glob: {}", quoted(&text), error.msg);
                report
                    .error(node.at, "bad_glob", message)
                    .help("write for example `logs/*.ndjson` or `logs/**/*.ndjson`");
                return None;
            }
        }
    } else {
        absolute.exists()
    };
    if !found {
        missing_file(node.at, &text, &absolute, report);
    }
    Some(absolute)
}

/// The file of a SQLite database: exactly one, whatever signs its name has.
fn database_file(raw: &RawSource, around: &Surroundings<'_>, report: &mut Report) -> Option<PathBuf> {
    let (path, node) = (raw.path.value.as_ref()?, raw.path.node()?);
    let text = references("path", node, &path.0, around, report)?.text;
    let absolute = tidy(&around.folder.join(&text));
    if absolute.is_dir() {
        let message = format!("`path: {}` is a folder, and a database of SQLite is one file", quoted(&text));
        report.error(node.at, "bad_path", message).help("name the file in it");
        return None;
    }
    if !absolute.exists() {
        missing_file(node.at, &text, &absolute, report);
    }
    Some(absolute)
}

fn missing_file(at: crate::yaml::Span, text: &str, absolute: &Path, report: &mut Report) {
    report
        .warning(at, "missing_file", format!("`path: {}` names no file yet", quoted(text)))
        .help(format!("it is looked for at {}", absolute.display()));
}

/// Cuts `.` and `..` out of an absolute path without asking the file system: the file may come later.
fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                tidy.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => tidy.push(component),
        }
    }
    tidy
}

fn is_identifier(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c.is_alphabetic() || c == '_') && chars.all(|c| c.is_alphanumeric() || c == '_')
}

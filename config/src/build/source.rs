//! Sources.

use std::path::{Component, Path, PathBuf};

use watchfire_model::SourceSpec;

use super::Surroundings;
use super::secret::references;
use crate::raw::RawSource;
use crate::read::quoted;
use crate::report::Report;

/// Makes a source; `None` when something about it is wrong, which is then reported.
pub(crate) fn source(raw: &RawSource, around: &Surroundings<'_>, report: &mut Report) -> Option<SourceSpec> {
    let before = report.errors();
    if let (Some(name), Some(at)) = (&raw.name.value, raw.name.at())
        && !is_identifier(&name.0)
    {
        report
            .error(at, "bad_name", format!("`{}` cannot name a table", quoted(&name.0)))
            .help("write letters, digits and `_`, not beginning with a digit");
    }
    let path = path(raw, around, report);
    if report.errors() > before {
        return None;
    }
    Some(SourceSpec {
        name: raw.name.value.as_ref()?.0.clone(),
        format: raw.r#type.value.as_ref()?.0.0,
        path: path?,
        time_column: raw.time_column.value.as_ref().map(|column| column.0.clone()),
    })
}

fn path(raw: &RawSource, around: &Surroundings<'_>, report: &mut Report) -> Option<PathBuf> {
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
        report
            .warning(node.at, "missing_file", format!("`path: {}` names no file yet", quoted(&text)))
            .help(format!("it is looked for at {}", absolute.display()));
    }
    Some(absolute)
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

//! Values that may be secrets: from the environment, from a file, or literal where that is allowed.

use watchfire_channels::SpecError;

use super::Surroundings;
use super::environment::{Expanded, Fault, expand};
use crate::read::{SecretText, SecretValue};
use crate::report::Report;
use crate::yaml::Node;

/// What a literal value would mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Literal {
    /// A mistake: the value is a secret, and so must have no default either.
    Refused,
    /// Fine.
    Allowed,
}

/// The value of a field that may be a secret; what is wrong is reported without showing any of it.
///
/// The answer also says whether the value stood in the file itself.
pub(super) fn secret(
    key: &str,
    node: &Node,
    raw: &SecretText,
    literal: Literal,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<(String, bool)> {
    match &raw.0 {
        SecretValue::File(path) => from_file(key, node, path, around, report).map(|text| (text, false)),
        SecretValue::Text(text) => {
            let expanded = references(key, node, text, around, report)?;
            let refused = match literal {
                Literal::Allowed => None,
                Literal::Refused if expanded.references == 0 => Some("stands in the file itself"),
                Literal::Refused if expanded.has_default => Some("has a default in the file"),
                Literal::Refused => None,
            };
            if let Some(why) = refused {
                report
                    .error(node.at, "literal_secret", format!("`{key}` is a secret and {why}"))
                    .help(format!("write `{key}: \"${{NAME}}\"` or `{key}: {{file: path}}`"));
                return None;
            }
            Some((expanded.text, expanded.references == 0))
        }
    }
}

/// A text with its references replaced; what is wrong is reported.
pub(super) fn references(
    key: &str,
    node: &Node,
    text: &str,
    around: &Surroundings<'_>,
    report: &mut Report,
) -> Option<Expanded> {
    match expand(text, around.environment) {
        Ok(expanded) => Some(expanded),
        Err(Fault::Missing(name)) => {
            report
                .error(node.at, "missing_environment", format!("`{key}` needs the environment variable `{name}`"))
                .label("it is not set, or empty")
                .help(format!("set `{name}` in the environment of this command"));
            None
        }
        Err(Fault::Malformed) => {
            report
                .error(node.at, "bad_reference", format!("`{key}` holds a `${{` that begins no reference"))
                .help("write `\"${NAME}\"` or `\"${NAME:-default}\"`");
            None
        }
    }
}

fn from_file(key: &str, node: &Node, path: &str, around: &Surroundings<'_>, report: &mut Report) -> Option<String> {
    let path = references(key, node, path, around, report)?.text;
    let content = match std::fs::read_to_string(around.folder.join(&path)) {
        Ok(content) => content.trim().to_owned(),
        Err(error) => {
            let message = format!("`{key}` cannot be read from the file `{path}`: {}", error.kind());
            report
                .error(node.at, "unreadable_secret_file", message)
                .help(format!("it is looked for at {}", around.folder.join(&path).display()));
            return None;
        }
    };
    if content.is_empty() {
        report
            .error(node.at, "unreadable_secret_file", format!("`{key}`: the file `{path}` is empty"))
            .help("write the value into it, on one line");
        return None;
    }
    Some(content)
}

/// Reports what a channel's own check says about a value.
pub(super) fn refused(code: &'static str, key: &str, node: &Node, error: &SpecError, report: &mut Report) {
    report.error(node.at, code, format!("`{key}`: {error}")).help(error.help());
}

//! What messages say: an address for people, and templates whose mistakes point into the file.

use url::Url;
use watchfire_channels::{ColumnUse, Template, TemplateError};

use crate::problem::Place;
use crate::raw::RawMessage;
use crate::read::{Field, Text, nearest, quoted};
use crate::report::Report;
use crate::text_map::TextMap;
use crate::yaml::Span;

/// Where to read on when a mistake in a template says nothing better.
const TEMPLATE_HELP: &str = "docs/templates.md lists what a template can say";

/// What the messages of a rule say.
#[derive(Default)]
pub(super) struct Texts {
    pub runbook: Option<String>,
    pub title: Option<Template>,
    pub body: Option<Template>,
    /// Columns of the result that the templates name, each with its place.
    pub columns: Vec<(String, Place)>,
}

/// The key columns of a rule, which templates take from its instances.
#[derive(Debug, Clone, Copy)]
pub(super) enum Keys<'a> {
    /// These alone; perhaps none.
    Named(&'a [String]),
    /// They could not be read, so any name may be one.
    Unknown,
    /// It is a report, which can have none.
    Never,
}

/// Reads `message`.
pub(super) fn texts(field: &Field<RawMessage>, per: Keys<'_>, report: &mut Report) -> Texts {
    let Some(raw) = &field.value else { return Texts::default() };
    let mut columns = Vec::new();
    Texts {
        runbook: runbook(&raw.runbook, report),
        title: template(&raw.title, per, &mut columns, report),
        body: template(&raw.body, per, &mut columns, report),
        columns,
    }
}

fn runbook(field: &Field<Text>, report: &mut Report) -> Option<String> {
    let (runbook, at) = (&field.value.as_ref()?.0, field.at()?);
    if !Url::parse(runbook).is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
        report
            .error(at, "bad_url", "`runbook` is no address that a browser could open")
            .help("write a whole address, for example `https://wiki.example.com/runbooks/errors`");
    }
    Some(runbook.clone())
}

fn template(
    field: &Field<Text>,
    per: Keys<'_>,
    columns: &mut Vec<(String, Place)>,
    report: &mut Report,
) -> Option<Template> {
    let ((key, _), node) = (field.given.as_ref()?, field.node()?);
    let map = TextMap::of(&report.source, node);
    let (template, used) = Template::parse_with_columns(&field.value.as_ref()?.0);
    for used in used {
        if !used.is_key {
            columns.push((used.name.clone(), map.place(used.line, used.column)));
        } else if let Some((message, help)) = not_a_key(&used, per) {
            let at = span(&map.place(used.line, used.column));
            report.error(at, "not_a_key", message).help(help);
        }
    }
    template.map_err(|errors| mistakes(&key.name, &map, errors, report)).ok()
}

/// Reports the mistakes of a template where they stand in the file.
fn mistakes(key: &str, map: &TextMap, errors: Vec<TemplateError>, report: &mut Report) {
    for error in errors {
        let at = span(&map.place(error.line, error.column));
        report
            .error(at, "bad_template", format!("`{key}`: {error}"))
            .help(error.help.unwrap_or_else(|| TEMPLATE_HELP.to_owned()));
    }
}

/// Why a column that a template takes from the instance is not there, and what to write instead.
fn not_a_key(used: &ColumnUse, per: Keys<'_>) -> Option<(String, String)> {
    let name = quoted(&used.name);
    match per {
        Keys::Unknown => None,
        Keys::Never => Some((
            format!("`instance.{name}` is empty in a report, which has no instances"),
            format!("write `row.{name}` for the first row"),
        )),
        Keys::Named([]) => Some((
            format!("`instance.{name}` needs `per`, and the alert has none"),
            format!("add `per: [{name}]`, or write `row.{name}`"),
        )),
        Keys::Named(per) if per.contains(&used.name) => None,
        Keys::Named(per) => Some((
            format!("`instance.{name}` is no key column"),
            match nearest(&used.name, per.iter().map(String::as_str)) {
                Some(key) => format!("did you mean `instance.{key}`?"),
                None => format!("`per` has {}; write `row.{name}`", listed(per)),
            },
        )),
    }
}

fn listed(names: &[String]) -> String {
    names.iter().map(|name| format!("`{}`", quoted(name))).collect::<Vec<_>>().join(", ")
}

const fn span(place: &Place) -> Span {
    Span { line: place.line, column: place.column, length: place.length }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::rc::Rc;
    use std::sync::Arc;

    use super::*;
    use crate::source_text::SourceText;
    use crate::yaml::parse;

    fn used(name: &str) -> ColumnUse {
        ColumnUse { name: name.to_owned(), is_key: true, line: 1, column: 1 }
    }

    #[test]
    fn a_mistake_in_a_template_points_into_the_file_in_every_style() {
        for (yaml, line, column) in [
            ("title: '{{nme}}'", 1, 11),
            ("title: \"\\t{{nme}}\"", 1, 13),
            ("title: |\n    {{nme}}", 2, 7),
            ("title: >-\n  {{nme}}\n", 2, 5),
        ] {
            let source = Arc::new(SourceText::new(Path::new("a.yaml").into(), yaml));
            let mut report = Report::new(Arc::clone(&source));
            let root = parse(&source, &mut report).unwrap();
            let node = Rc::clone(&root.entry("title").unwrap().value);
            let at = node.text().unwrap().find("nme").unwrap() + 1;
            let message = "there is no `nme`".to_owned();
            let errors = vec![TemplateError { line: 1, column: at, message, help: None }];
            mistakes("title", &TextMap::of(&source, &node), errors, &mut report);
            let problem = &report.problems[0];
            assert_eq!((problem.place.line, problem.place.column, problem.place.length), (line, column, 3), "{yaml}");
            assert_eq!((problem.message.as_str(), problem.help.is_some()), ("`title`: there is no `nme`", true));
        }
    }

    #[test]
    fn a_key_column_of_a_template_must_be_one_of_per() {
        let per = ["service".to_owned(), "host".to_owned()];
        assert_eq!(not_a_key(&used("host"), Keys::Named(&per)), None);
        for (name, per, told) in [
            ("hst", Keys::Named(&per), "`instance.hst` is no key column: did you mean `instance.host`?"),
            (
                "zone",
                Keys::Named(&per),
                "`instance.zone` is no key column: `per` has `service`, `host`; write `row.zone`",
            ),
            (
                "host",
                Keys::Named(&[]),
                "`instance.host` needs `per`, and the alert has none: add `per: [host]`, or write `row.host`",
            ),
            (
                "host",
                Keys::Never,
                "`instance.host` is empty in a report, which has no instances: write `row.host` for the first row",
            ),
        ] {
            let (message, help) = not_a_key(&used(name), per).unwrap();
            assert_eq!(format!("{message}: {help}"), told);
        }
    }
}

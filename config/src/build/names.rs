//! Names: what they may be, and that each is given once over all files.

use std::collections::BTreeMap;

use crate::problem::Place;
use crate::read::{Field, Text, quoted};
use crate::report::Report;
use crate::yaml::Span;

/// Most characters of a name.
const NAME_MAX_CHARS: usize = 200;

/// Reports a name that is too long, has blanks at its ends or control characters.
pub(super) fn check_name(field: &Field<Text>, report: &mut Report) {
    let (Some(name), Some(at)) = (&field.value, field.at()) else { return };
    let length = name.0.chars().count();
    if length > NAME_MAX_CHARS {
        let message = format!("the name has {length} characters, and at most {NAME_MAX_CHARS} are allowed");
        report.error(at, "bad_name", message).help("shorten it; `description` has room for more");
    }
    if name.0.trim() != name.0 || name.0.chars().any(char::is_control) {
        let message = "a name is one line without blanks at its ends";
        report.error(at, "bad_name", message).help("remove the blanks, line breaks and control characters");
    }
}

/// Names given so far, over all files.
pub(crate) struct Names {
    /// What they name, for messages.
    what: &'static str,
    first: BTreeMap<String, Place>,
}

impl Names {
    pub(crate) fn new(what: &'static str) -> Self {
        Self { what, first: BTreeMap::new() }
    }

    /// Notes a name; reports it when it was given before, showing both places.
    pub(crate) fn claim(&mut self, name: &str, at: Span, report: &mut Report) {
        match self.first.get(name) {
            Some(first) => {
                let message = format!(
                    "another {} is called `{}`, at {}:{}:{}",
                    self.what,
                    quoted(name),
                    first.file.display(),
                    first.line,
                    first.column
                );
                report.error(at, "duplicate_name", message).help("give one of the two another name");
            }
            None => {
                self.first.insert(name.to_owned(), report.source.place(at));
            }
        }
    }
}

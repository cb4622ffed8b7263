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
#[derive(Default)]
pub(crate) struct Names {
    /// By project and name: what each names, for messages, and where it was given.
    first: BTreeMap<(String, String), (&'static str, Place)>,
}

impl Names {
    /// Notes a name of a `what`; reports it when it was given before, showing both places.
    pub(crate) fn claim(&mut self, what: &'static str, name: &str, at: Span, report: &mut Report) {
        self.claim_in("", what, name, at, report);
    }

    /// The same for a name that needs to be unique within its project only.
    pub(crate) fn claim_in(&mut self, project: &str, what: &'static str, name: &str, at: Span, report: &mut Report) {
        let whole = (project.to_owned(), name.to_owned());
        match self.first.get(&whole) {
            Some((first, place)) => {
                let message = format!(
                    "another {first} is called `{}`, at {}:{}:{}",
                    quoted(name),
                    place.file.display(),
                    place.line,
                    place.column
                );
                report.error(at, "duplicate_name", message).help(if *first == what {
                    "give one of the two another name"
                } else {
                    "give one of the two another name: alerts and reports share their names"
                });
            }
            None => {
                self.first.insert(whole, (what, report.source.place(at)));
            }
        }
    }
}

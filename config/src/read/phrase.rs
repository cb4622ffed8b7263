//! Values that are written as a word or a short phrase: `5m`, `latest within 1h`, `transitions`.

use std::rc::Rc;

use schemars::{Schema, SchemaGenerator, json_schema};

use super::field::{FromNode, Keyed};
use super::mapping::nearest;
use crate::report::Report;
use crate::yaml::Node;

/// How much of a value a message repeats.
const QUOTED_MAX_CHARS: usize = 60;

/// A value that is written as a word or a short phrase.
pub(crate) trait Phrase: Sized {
    /// The code of the mistake when it cannot be read.
    const CODE: &'static str;
    /// What it is, for messages: "a duration".
    const NOUN: &'static str;
    /// What is expected, for the mark under the value.
    const EXPECTED: &'static str;
    /// Something that can be written there.
    const EXAMPLE: &'static str;
    /// All words, when it is one of a few; then the nearest one is offered.
    const WORDS: &'static [&'static str] = &[];

    /// Reads it; `None` when it cannot be read.
    fn parse(text: &str) -> Option<Self>;

    /// What was probably meant.
    fn nearest(text: &str) -> Option<&'static str> {
        nearest(text, Self::WORDS.iter().copied())
    }

    /// What could be written instead of a text that cannot be read.
    fn example(_text: &str) -> String {
        Self::EXAMPLE.to_owned()
    }

    /// What editors are told about it.
    fn schema() -> Schema {
        if Self::WORDS.is_empty() {
            let noun = Self::NOUN.trim_start_matches("a ").trim_start_matches("an ");
            let title = noun.trim_end_matches(" above zero");
            json_schema!({"title": title, "type": ["string", "number"], "examples": [Self::EXAMPLE]})
        } else {
            json_schema!({"enum": Self::WORDS})
        }
    }
}

/// Reads a [`Phrase`].
#[derive(Debug)]
pub(crate) struct Phrased<T>(pub T);

impl<T: Phrase> FromNode for Phrased<T> {
    fn from_node(node: &Rc<Node>, key: &Keyed, report: &mut Report) -> Option<Self> {
        let Some(text) = node.text() else {
            report
                .error(node.at, T::CODE, format!("`{key}` must be {}, not {}", T::NOUN, node.shape()))
                .label(format!("expected {}", T::EXPECTED))
                .help(format!("write `{key}: {}`", T::EXAMPLE));
            return None;
        };
        let parsed = T::parse(text.trim());
        if parsed.is_none() {
            let suggestion = T::nearest(text.trim());
            report
                .error(node.at, T::CODE, format!("`{key}: {}` is not {}", quoted(text), T::NOUN))
                .label(format!("expected {}", T::EXPECTED))
                .help(match suggestion {
                    Some(word) => format!("did you mean `{word}`?"),
                    None => format!("write `{key}: {}`", T::example(text.trim())),
                });
        }
        parsed.map(Self)
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        T::schema()
    }
}

/// A value as a message repeats it: one line, not too long.
pub(crate) fn quoted(text: &str) -> String {
    let mut shown: String = text
        .trim()
        .chars()
        .take(QUOTED_MAX_CHARS)
        .map(|c| if c.is_whitespace() || c.is_control() { ' ' } else { c })
        .collect();
    if text.trim().chars().count() > QUOTED_MAX_CHARS {
        shown.push('…');
    }
    shown
}

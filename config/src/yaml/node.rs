//! The tree: scalars, sequences and mappings, each with its place in the file.

use std::rc::Rc;

use saphyr_parser::ScalarStyle;

/// Where something stands in its file: line and column from 1, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    pub line: usize,
    pub column: usize,
    /// Characters on the first line, at least 1.
    pub length: usize,
}

/// One value.
#[derive(Debug)]
pub(crate) struct Node {
    pub at: Span,
    pub value: NodeValue,
    /// Nodes below and including this one, with aliases counted each time they are used.
    pub size: usize,
}

/// The three shapes of YAML.
#[derive(Debug)]
pub(crate) enum NodeValue {
    Scalar(Scalar),
    Sequence(Vec<Rc<Node>>),
    Mapping(Vec<Entry>),
}

/// Text with the way it is written.
#[derive(Debug)]
pub(crate) struct Scalar {
    pub text: String,
    pub style: ScalarStyle,
    /// First character of the scalar itself (after anchor and tag): line and column from 0.
    pub start: (usize, usize),
    /// Just after its last character: line and column from 0.
    pub end: (usize, usize),
}

/// One line of a mapping.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub key: String,
    pub key_at: Span,
    pub value: Rc<Node>,
}

impl Node {
    /// The scalar's text, unless the node is a list, a mapping or null.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            NodeValue::Scalar(scalar) if !scalar.is_null() => Some(&scalar.text),
            NodeValue::Scalar(_) | NodeValue::Sequence(_) | NodeValue::Mapping(_) => None,
        }
    }

    /// Whether it is `null`, `~` or nothing.
    pub(crate) fn is_null(&self) -> bool {
        match &self.value {
            NodeValue::Scalar(scalar) => scalar.is_null(),
            NodeValue::Sequence(_) | NodeValue::Mapping(_) => false,
        }
    }

    /// The entry of a mapping under `key`.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.value {
            NodeValue::Mapping(entries) => entries.iter().find(|entry| entry.key == key),
            NodeValue::Scalar(_) | NodeValue::Sequence(_) => None,
        }
    }

    /// What it is, for messages: never its content.
    pub(crate) fn shape(&self) -> &'static str {
        match &self.value {
            NodeValue::Scalar(scalar) if scalar.is_null() => "nothing",
            NodeValue::Scalar(_) => "a text",
            NodeValue::Sequence(_) => "a list",
            NodeValue::Mapping(_) => "a mapping",
        }
    }
}

impl Scalar {
    fn is_null(&self) -> bool {
        self.style == ScalarStyle::Plain && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }
}

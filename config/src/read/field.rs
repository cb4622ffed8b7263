//! One key of a mapping: absent, there but unreadable, or there.

use std::fmt;
use std::rc::Rc;

use schemars::{Schema, SchemaGenerator};

use crate::report::Report;
use crate::yaml::{Node, Span};

/// What a type reads from a node.
pub(crate) trait FromNode: Sized {
    /// Whether a key of this type can be written at all. Those that cannot are read only to say why.
    const OFFERED: bool = true;

    /// Reads the node that stands under `key`. What is wrong is reported, and the answer is then `None`.
    fn from_node(node: &Rc<Node>, key: &Keyed, report: &mut Report) -> Option<Self>;

    /// What editors are told about it.
    fn schema(generator: &mut SchemaGenerator) -> Schema;
}

/// One key of a mapping.
#[derive(Debug)]
pub(crate) struct Field<T> {
    /// The key as it is written and its value's node, when the key is there.
    pub given: Option<(Keyed, Rc<Node>)>,
    /// The value, when it could be read.
    pub value: Option<T>,
}

/// A key as it is written: an alias may stand for it.
#[derive(Debug, Clone)]
pub(crate) struct Keyed {
    pub name: String,
    pub at: Span,
}

impl fmt::Display for Keyed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl<T> Field<T> {
    /// Whether nothing is said. What is said but unreadable is not absent.
    pub(crate) fn is_absent(&self) -> bool {
        self.given.is_none()
    }

    /// Where the value stands, when the key is there.
    pub(crate) fn at(&self) -> Option<Span> {
        self.given.as_ref().map(|(_, node)| node.at)
    }

    /// Where the key stands, when it is there.
    pub(crate) fn key_at(&self) -> Option<Span> {
        self.given.as_ref().map(|(key, _)| key.at)
    }

    /// The value's node, when the value could be read.
    pub(crate) fn node(&self) -> Option<&Rc<Node>> {
        self.value.as_ref().and(self.given.as_ref()).map(|(_, node)| node)
    }
}

/// One entry of a list or of a map, with its node.
#[derive(Debug)]
pub(crate) struct Item<T> {
    pub value: T,
    pub node: Rc<Node>,
}

impl<T> Item<T> {
    pub(crate) fn at(&self) -> Span {
        self.node.at
    }
}

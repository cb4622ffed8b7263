//! A list of definitions: each is read on its own, so that a bad one does not hide the others.

use std::rc::Rc;

use schemars::{Schema, SchemaGenerator, json_schema};

use super::field::{FromNode, Keyed};
use super::phrase::quoted;
use crate::report::Report;
use crate::yaml::{Node, NodeValue};

/// A definition that has a name.
pub(crate) trait Named: FromNode {
    /// What messages call it: `rule`, `channel`, `source`.
    const WORD: &'static str;
    /// Whether secrets are at home in it.
    const SECRETIVE: bool;
}

/// One definition of a list.
#[derive(Debug)]
pub(crate) struct Defined<T> {
    pub raw: T,
    /// What messages call it, for example `rule "checkout-5xx"`.
    pub subject: String,
    /// Whether a mistake was found while reading it.
    pub bad: bool,
}

/// A list of definitions.
#[derive(Debug)]
pub(crate) struct Definitions<T>(pub Vec<Defined<T>>);

impl<T: Named> FromNode for Definitions<T> {
    fn from_node(node: &Rc<Node>, key: &Keyed, report: &mut Report) -> Option<Self> {
        let nodes = match &node.value {
            NodeValue::Sequence(nodes) => nodes.as_slice(),
            // `alerts:` with nothing below it is an empty list.
            NodeValue::Scalar(_) if node.is_null() => &[],
            NodeValue::Scalar(_) | NodeValue::Mapping(_) => {
                let message = format!("`{key}` must be a list, not {}", node.shape());
                report.error(node.at, "not_a_list", message).help("begin each entry with `- name: …`");
                return None;
            }
        };
        let mut list = Vec::new();
        // A list may stand inside of a definition: then both are named.
        let (outer, was_secretive) = (report.subject.take(), report.secretive);
        for (index, node) in nodes.iter().enumerate() {
            let name = node.entry("name").and_then(|entry| entry.value.text());
            let own = match name {
                Some(name) => format!("{} \"{}\"", T::WORD, quoted(name)),
                None => format!("{} {} of `{key}`", T::WORD, index + 1),
            };
            let subject = outer.iter().chain([&own]).cloned().collect::<Vec<_>>().join(", ");
            report.subject = Some(subject.clone());
            report.secretive = T::SECRETIVE;
            let before = report.errors();
            let raw = T::from_node(node, key, report);
            let bad = report.errors() > before;
            list.extend(raw.map(|raw| Defined { raw, subject, bad }));
        }
        report.subject = outer;
        report.secretive = was_secretive;
        Some(Self(list))
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        let item = T::schema(generator);
        json_schema!({"type": ["array", "null"], "items": item})
    }
}

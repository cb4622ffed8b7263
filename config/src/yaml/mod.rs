//! YAML text to a small tree whose every node knows its place.

mod cursor;
mod node;
mod properties;
mod scalar_places;
mod tree;

pub(crate) use node::{Entry, Node, NodeValue, Span};
pub(crate) use scalar_places::scalar_places;
pub(crate) use tree::parse;

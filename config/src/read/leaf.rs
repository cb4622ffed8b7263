//! Texts, numbers, lists and maps.

use std::rc::Rc;

use schemars::{Schema, SchemaGenerator, json_schema};

use super::field::{FromNode, Item, Keyed};
use super::phrase::quoted;
use crate::report::Report;
use crate::yaml::{Node, NodeValue};

/// A text that is not empty. Numbers and booleans count as the text that they are written as.
#[derive(Debug)]
pub(crate) struct Text(pub String);

impl FromNode for Text {
    fn from_node(node: &Rc<Node>, key: &Keyed, report: &mut Report) -> Option<Self> {
        match node.text() {
            Some(text) if !text.trim().is_empty() => Some(Self(text.to_owned())),
            Some(_) => {
                report
                    .error(node.at, "empty_text", format!("`{key}` is empty"))
                    .help("write something there, or remove the key");
                None
            }
            None => {
                report
                    .error(node.at, "not_a_text", format!("`{key}` must be a text, not {}", node.shape()))
                    .help(format!("write `{key}: text`; put what begins with `[`, `{{`, `*` or `&` between quotes"));
                None
            }
        }
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"title": "text", "type": ["string", "number", "boolean"]})
    }
}

/// `true` or `false`.
#[derive(Debug)]
pub(crate) struct Flag(pub bool);

impl FromNode for Flag {
    fn from_node(node: &Rc<Node>, key: &Keyed, report: &mut Report) -> Option<Self> {
        let flag = match node.text() {
            Some("true" | "True" | "TRUE") => Some(true),
            Some("false" | "False" | "FALSE") => Some(false),
            Some(_) | None => None,
        };
        if flag.is_none() {
            let found = node.text().map_or_else(|| node.shape().to_owned(), |text| format!("`{}`", quoted(text)));
            report
                .error(node.at, "not_a_boolean", format!("`{key}` is {found}, not a boolean"))
                .label("expected true or false")
                .help(format!("write `{key}: true` or `{key}: false`"));
        }
        flag.map(Self)
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "boolean"})
    }
}

/// A whole number from 1.
#[derive(Debug)]
pub(crate) struct Count(pub usize);

impl FromNode for Count {
    fn from_node(node: &Rc<Node>, key: &Keyed, report: &mut Report) -> Option<Self> {
        let number = node.text().and_then(|text| text.replace('_', "").parse().ok()).filter(|number| *number > 0);
        if number.is_none() {
            let found = node.text().map_or_else(|| node.shape().to_owned(), |text| format!("`{}`", quoted(text)));
            report
                .error(node.at, "not_a_count", format!("`{key}` is {found}, not a count"))
                .label("expected a whole number from 1")
                .help(format!("write for example `{key}: 100`"));
        }
        number.map(Self)
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"title": "count", "type": "integer", "minimum": 1})
    }
}

/// A list; a single value stands for a list of one.
#[derive(Debug)]
pub(crate) struct Items<T>(pub Vec<Item<T>>);

impl<T: FromNode> FromNode for Items<T> {
    fn from_node(node: &Rc<Node>, key: &Keyed, report: &mut Report) -> Option<Self> {
        let single = [Rc::clone(node)];
        let nodes = match &node.value {
            NodeValue::Sequence(nodes) => nodes.as_slice(),
            NodeValue::Scalar(_) if node.is_null() => {
                report
                    .error(node.at, "not_a_list", format!("`{key}` must be a list, not nothing"))
                    .help("write `[one, another]`, or remove the key");
                return None;
            }
            NodeValue::Scalar(_) | NodeValue::Mapping(_) => &single,
        };
        // Each item is read even after a bad one, so that every mistake is seen.
        let items: Vec<_> = nodes
            .iter()
            .map(|node| T::from_node(node, key, report).map(|value| Item { value, node: Rc::clone(node) }))
            .collect();
        items.into_iter().collect::<Option<_>>().map(Self)
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        let item = T::schema(generator);
        json_schema!({"oneOf": [{"type": "array", "items": &item}, &item]})
    }
}

/// A list of column names, each once.
#[derive(Debug)]
pub(crate) struct Columns(pub Vec<Item<Text>>);

impl Columns {
    /// The names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|column| column.value.0.as_str())
    }
}

impl FromNode for Columns {
    fn from_node(node: &Rc<Node>, key: &Keyed, report: &mut Report) -> Option<Self> {
        let columns = Items::<Text>::from_node(node, key, report)?.0;
        let mut twice = columns
            .iter()
            .enumerate()
            .filter(|(index, column)| columns[..*index].iter().any(|earlier| earlier.value.0 == column.value.0))
            .peekable();
        let fine = twice.peek().is_none();
        for (_, column) in twice {
            let message = format!("`{key}` names the column `{}` twice", quoted(&column.value.0));
            report.error(column.at(), "duplicate_column", message).help("keep one of the two");
        }
        fine.then_some(Self(columns))
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "title": "columns",
            "oneOf": [{"type": "array", "items": {"type": "string"}, "uniqueItems": true}, {"type": "string"}],
        })
    }
}

/// A map from names to values, in the order of the file.
#[derive(Debug)]
pub(crate) struct Table<T>(pub Vec<(Item<Text>, Item<T>)>);

impl<T: FromNode> FromNode for Table<T> {
    fn from_node(node: &Rc<Node>, key: &Keyed, report: &mut Report) -> Option<Self> {
        let NodeValue::Mapping(entries) = &node.value else {
            let message = format!("`{key}` must be a mapping of names to values, not {}", node.shape());
            report.error(node.at, "not_a_mapping", message).help(format!("write `{key}: {{name: value}}`"));
            return None;
        };
        let rows: Vec<_> = entries
            .iter()
            .map(|entry| {
                let name = Keyed { name: entry.key.clone(), at: entry.key_at };
                let value = T::from_node(&entry.value, &name, report)?;
                let key = Item {
                    value: Text(entry.key.clone()),
                    node: Rc::new(Node { at: entry.key_at, value: NodeValue::Sequence(Vec::new()), size: 1 }),
                };
                Some((key, Item { value, node: Rc::clone(&entry.value) }))
            })
            .collect();
        rows.into_iter().collect::<Option<_>>().map(Self)
    }

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        let value = T::schema(generator);
        json_schema!({"type": "object", "additionalProperties": value})
    }
}

/// A value that may be a secret: a text, or `{file: path}`. Nothing of it is ever repeated in a message.
#[derive(Debug)]
pub(crate) struct SecretText(pub SecretValue);

/// Where a secret's value comes from.
#[derive(Debug)]
pub(crate) enum SecretValue {
    /// The text in the file, perhaps with `${NAME}` in it.
    Text(String),
    /// The content of a file.
    File(String),
}

impl FromNode for SecretText {
    fn from_node(node: &Rc<Node>, key: &Keyed, report: &mut Report) -> Option<Self> {
        let file = match &node.value {
            NodeValue::Mapping(entries) if entries.len() == 1 => node.entry("file"),
            NodeValue::Mapping(_) | NodeValue::Scalar(_) | NodeValue::Sequence(_) => None,
        };
        let value = match file {
            Some(entry) => entry.value.text().map(|path| SecretValue::File(path.to_owned())),
            None => node.text().map(|text| SecretValue::Text(text.to_owned())),
        };
        // Hidden as soon as it is seen: any mistake may show the line on which it stands.
        if file.is_none() && !node.text().is_some_and(only_refers) {
            report.hide_all(node);
        }
        if value.is_none() {
            report
                .error(node.at, "not_a_secret", format!("`{key}` must come from the environment or from a file"))
                .help(format!("write `{key}: \"${{NAME}}\"` or `{key}: {{file: path}}`"));
        }
        value.map(Self)
    }

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"title": "secret", "oneOf": [
            {"type": "string", "examples": ["${NAME}"]},
            {"type": "object", "properties": {"file": {"type": "string"}}, "required": ["file"], "additionalProperties": false},
        ]})
    }
}

/// Whether a text is one reference to the environment, without a default.
fn only_refers(text: &str) -> bool {
    text.trim()
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'))
        .is_some_and(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

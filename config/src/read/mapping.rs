//! Mappings: known keys, aliases, required keys, and the macro that declares them.

use std::rc::Rc;

use crate::read::field::{Field, FromNode, Keyed};
use crate::read::phrase::quoted;
use crate::report::Report;
use crate::yaml::{Entry, Node, NodeValue, Span};

/// What messages call the top of a file with definitions.
pub(crate) const FILE: &str = "a file";

/// One known key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    pub name: &'static str,
    /// Another spelling that is read, never written.
    pub alias: Option<&'static str>,
    pub required: bool,
    /// Whether it can be written here at all; a key that can not has a reader of its own that says why.
    pub offered: bool,
}

impl Key {
    /// From the parts of a declaration; `r#for` is the key `for`.
    pub(crate) const fn declared(
        field: &'static str,
        mark: &'static str,
        alias: Option<&'static str>,
        offered: bool,
    ) -> Self {
        let name = match field.as_bytes() {
            [b'r', b'#', ..] => field.split_at(2).1,
            _ => field,
        };
        Self { name, alias, required: matches!(mark.as_bytes(), b"required"), offered }
    }
}

/// A type that is declared key by key.
pub(crate) trait Keys {
    /// Its keys, in the order of the declaration.
    const KEYS: &'static [Key];
}

/// Reports what is no mapping, unknown keys, missing keys and a key beside its own alias.
///
/// Gives whether the node is a mapping at all.
pub(crate) fn read_keys(node: &Rc<Node>, what: &str, keys: &'static [Key], report: &mut Report) -> bool {
    let NodeValue::Mapping(entries) = &node.value else {
        if report.secretive {
            report.hide_all(node);
        }
        let first = keys.iter().find(|key| key.required).or(keys.first()).map_or("key", |key| key.name);
        report
            .error(node.at, "not_a_mapping", format!("{what} must be a mapping of keys, not {}", node.shape()))
            .help(format!("begin it with `{first}: …`"));
        return false;
    };
    for entry in entries {
        // Keys that begin with `x-` at the top of a file hold anchors for the rest of it.
        let known = keys.iter().any(|key| key.name == entry.key || key.alias == Some(entry.key.as_str()))
            || (what == FILE && entry.key.starts_with("x-"));
        if !known {
            if report.secretive {
                // It may be a secret under a misspelt name.
                report.hide_all(&entry.value);
            }
            unknown_key(&entry.key, entry.key_at, what, keys, report);
        }
    }
    for key in keys {
        match (node.entry(key.name), key.alias.and_then(|alias| node.entry(alias))) {
            (Some(own), Some(alias)) => {
                let shown = |entry: &Entry| entry.value.text().map_or_else(|| "…".to_owned(), quoted);
                let message = format!(
                    "`{}: {}` and `{}: {}` are both given, and `{}` is another word for `{}`",
                    own.key,
                    shown(own),
                    alias.key,
                    shown(alias),
                    alias.key,
                    own.key
                );
                report.error(alias.key_at, "duplicate_key", message).help(format!("keep `{}`", own.key));
            }
            (None, None) if key.required => {
                let at = entries.first().map_or(node.at, |entry| entry.key_at);
                report
                    .error(at, "missing_key", format!("{what} needs `{}`", key.name))
                    .help(format!("add `{}: …`", key.name));
            }
            (Some(_), None) | (None, Some(_) | None) => {}
        }
    }
    true
}

/// Reads one declared key of a mapping that [`read_keys`] accepted.
pub(crate) fn read_field<T: FromNode>(node: &Rc<Node>, key: &Key, report: &mut Report) -> Field<T> {
    let entry = node.entry(key.name).or_else(|| node.entry(key.alias?));
    let Some(entry) = entry else { return Field { given: None, value: None } };
    let keyed = Keyed { name: entry.key.clone(), at: entry.key_at };
    let value = T::from_node(&entry.value, &keyed, report);
    Field { given: Some((keyed, Rc::clone(&entry.value))), value }
}

fn unknown_key(name: &str, at: Span, what: &str, keys: &[Key], report: &mut Report) {
    let nearest = nearest(name, keys.iter().map(|key| key.name));
    let problem = report.error(at, "unknown_key", format!("{what} has no key `{name}`"));
    match nearest {
        Some(key) => problem.help(format!("did you mean `{key}`?")),
        None => {
            let offered = keys.iter().filter(|key| key.offered);
            let known: Vec<_> = offered.map(|key| format!("`{}`", key.name)).collect();
            problem.help(format!("known keys: {}", known.join(", ")))
        }
    };
}

/// The word that was probably meant, of those that there are.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase().replace('-', "_");
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness >= 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

/// Declares a mapping: its keys with their types and one line of documentation each.
///
/// Reader and schema both come from this one declaration, so they cannot say different things.
/// `required` marks a key that must be there, `alias "…"` another spelling that is read too.
macro_rules! mapping {
    (
        $(#[doc = $doc:literal])+
        pub(crate) struct $name:ident, $what:literal {
            $( $(#[doc = $field_doc:literal])+ $field:ident: $type:ty $(, $mark:ident $($alias:literal)?)? ; )+
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug)]
        #[allow(dead_code, reason = "keys that are only checked or refused while they are read have no other reader")]
        pub(crate) struct $name {
            $( $(#[doc = $field_doc])+ pub(crate) $field: $crate::read::Field<$type>, )+
        }

        impl $crate::read::Keys for $name {
            const KEYS: &'static [$crate::read::Key] = &[
                $( $crate::read::Key::declared(
                    stringify!($field),
                    concat!($(stringify!($mark))?),
                    $crate::read::mapping::alias(&[$($($alias)?)?]),
                    <$type as $crate::read::FromNode>::OFFERED,
                ), )+
            ];
        }

        impl $crate::read::FromNode for $name {
            fn from_node(
                node: &std::rc::Rc<$crate::yaml::Node>,
                _key: &$crate::read::Keyed,
                report: &mut $crate::report::Report,
            ) -> Option<Self> {
                let keys = <Self as $crate::read::Keys>::KEYS;
                if !$crate::read::read_keys(node, $what, keys, report) {
                    return None;
                }
                let mut keys = keys.iter();
                Some(Self {
                    $( $field: $crate::read::mapping::read_field::<$type>(
                        node,
                        keys.next().expect("one key for each field"),
                        report,
                    ), )+
                })
            }

            fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                let types = [$( (
                    <$type as $crate::read::FromNode>::schema(generator),
                    concat!($($field_doc),+),
                ), )+];
                $crate::read::mapping::object_schema(
                    concat!($($doc),+),
                    <Self as $crate::read::Keys>::KEYS.iter().zip(types),
                )
            }
        }
    };
}
pub(crate) use mapping;

/// The alias of a declaration, if it has one.
pub(crate) const fn alias(given: &[&'static str]) -> Option<&'static str> {
    match given {
        [] => None,
        [alias, ..] => Some(alias),
    }
}

/// The schema of a mapping from its keys, their schemas and their documentation.
pub(crate) fn object_schema<'a>(
    doc: &str,
    fields: impl Iterator<Item = (&'a Key, (schemars::Schema, &'static str))>,
) -> schemars::Schema {
    let (mut properties, mut required, mut either) = (serde_json::Map::new(), Vec::new(), Vec::new());
    for (key, (schema, doc)) in fields {
        let mut schema = schema.to_value();
        if let Some(object) = schema.as_object_mut() {
            object.insert("description".to_owned(), doc.trim().into());
        }
        if let Some(alias) = key.alias {
            let mut alias_schema = schema.clone();
            if let Some(object) = alias_schema.as_object_mut() {
                object.insert("description".to_owned(), format!("Another word for `{}`.", key.name).into());
                object.insert("deprecated".to_owned(), true.into());
            }
            properties.insert(alias.to_owned(), alias_schema);
        }
        properties.insert(key.name.to_owned(), schema);
        match key.alias {
            None if key.required => required.push(serde_json::Value::from(key.name)),
            // An alias may stand for its key.
            Some(alias) if key.required => {
                either.push(serde_json::json!({"oneOf": [{"required": [key.name]}, {"required": [alias]}]}));
            }
            None | Some(_) => {}
        }
    }
    let mut schema = schemars::json_schema!({
        "type": "object",
        "description": doc.trim(),
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema.insert("required".to_owned(), required.into());
    }
    if !either.is_empty() {
        schema.insert("allOf".to_owned(), either.into());
    }
    schema
}

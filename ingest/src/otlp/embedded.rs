//! Attributes that hold JSON as text, and `logfire.json_schema`, which says which ones do.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::limits::JSON_DEPTH_MAX;

/// The names of the attributes of one schema that hold JSON as text.
pub(super) type Embedded = HashSet<String>;

/// Most schemas that are remembered at once.
const REMEMBERED_MAX: usize = 256;

/// The schemas of one request, each read once: a service sends the same few again and again.
#[derive(Debug, Default)]
pub(super) struct EmbeddedNames {
    read: HashMap<String, Arc<Embedded>>,
}

impl EmbeddedNames {
    /// Those whose entry in the schema is not empty; a schema that cannot be read names none.
    pub(super) fn named_by(&mut self, schema: &str) -> Arc<Embedded> {
        if let Some(names) = self.read.get(schema) {
            return Arc::clone(names);
        }
        if self.read.len() >= REMEMBERED_MAX {
            self.read.clear();
        }
        let names = Arc::new(names_of(schema));
        self.read.insert(schema.to_owned(), Arc::clone(&names));
        names
    }
}

fn names_of(schema: &str) -> Embedded {
    serde_json::from_str::<Schema<'_>>(schema)
        .map(|schema| schema.properties.0.into_iter().map(Cow::into_owned).collect())
        .unwrap_or_default()
}

/// Whether a text is JSON that every reader of ours can read: whole, and not nested beyond the limit.
///
/// Builds nothing: a list of a million zeros costs no memory here.
pub(super) fn is_json(text: &str) -> bool {
    let mut reader = serde_json::Deserializer::from_str(text);
    Depth(JSON_DEPTH_MAX).deserialize(&mut reader).is_ok() && reader.end().is_ok()
}

#[derive(Deserialize)]
struct Schema<'a> {
    #[serde(borrow, default)]
    properties: Properties<'a>,
}

#[derive(Default)]
struct Properties<'a>(HashSet<Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for Properties<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PropertiesVisitor)
    }
}

struct PropertiesVisitor;

impl<'de> Visitor<'de> for PropertiesVisitor {
    type Value = Properties<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the properties of a schema")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut names = HashSet::new();
        while let Some((name, Entry { is_empty })) = map.next_entry::<Name<'de>, Entry>()? {
            if !is_empty {
                names.insert(name.0);
            }
        }
        Ok(Properties(names))
    }
}

/// A key, borrowed where it has no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

struct Entry {
    is_empty: bool,
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntryVisitor;
        impl<'de> Visitor<'de> for EntryVisitor {
            type Value = Entry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the schema of one attribute")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry, A::Error> {
                let mut is_empty = true;
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
                    is_empty = false;
                }
                Ok(Entry { is_empty })
            }
        }
        deserializer.deserialize_map(EntryVisitor)
    }
}

/// Walks over a value, at most so many levels down.
struct Depth(usize);

impl<'de> DeserializeSeed<'de> for Depth {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Depth {
    fn below<E: Error>(&self) -> Result<usize, E> {
        self.0.checked_sub(1).ok_or_else(|| E::custom("nested too deep"))
    }
}

impl<'de> Visitor<'de> for Depth {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let below = self.below()?;
        while seq.next_element_seed(Depth(below))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let below = self.below()?;
        // The key is read as a text, so that a broken escape in it is noticed too.
        while map.next_key_seed(Depth(below))?.is_some() {
            map.next_value_seed(Depth(below))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_attributes_with_a_schema_hold_json() {
        let schema = r#"{"type":"object","properties":{"a":{"type":"object"},"b":{},"c\n":{"x":1,"y":{}}}}"#;
        let mut names: Vec<_> = names_of(schema).into_iter().collect();
        names.sort();
        assert_eq!(names, ["a", "c\n"]);
        assert!(names_of("{}").is_empty());
        assert!(names_of("[1]").is_empty());
        assert!(names_of(r#"{"properties":{"a":1}}"#).is_empty());
        assert!(names_of("nonsense").is_empty());
    }

    #[test]
    fn json_is_told_from_other_text() {
        for text in ["null", "1", "-1e400", "\"x\"", " [1, {\"a\": 12345678901234567890123}] ", "5400.0"] {
            let is_number = text != "-1e400";
            assert_eq!(is_json(text), is_number, "{text}");
        }
        for text in ["", "nan", "NaN", "[1", "{} {}", "'a'", "\"\\ud800\"", "{\"\\ud800\":1}", "Order 12 was shipped."]
        {
            assert!(!is_json(text), "{text}");
        }
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(is_json(&nested(JSON_DEPTH_MAX)));
        assert!(!is_json(&nested(JSON_DEPTH_MAX + 1)));
        assert!(!is_json(&nested(1_000_000)));
    }

    proptest! {
        #[test]
        fn it_agrees_with_the_parser_about_any_text(text in "[\\[\\]{}\",:0-9a-z\\\\. -]{0,30}") {
            prop_assert_eq!(is_json(&text), serde_json::from_str::<serde_json::Value>(&text).is_ok());
        }
    }
}

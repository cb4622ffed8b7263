//! The attributes of one span, event, log record, point, resource or scope.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::any_value::{plain_text, whole_number, write_json};
use super::embedded::{Embedded, EmbeddedNames, is_json};
use super::json::JsonText;
use super::proto::{Fields, Malformed, Text, Value, any_value, list};
use super::text::cut_text;
use crate::limits::{ATTRIBUTES_MAX, MESSAGE_BYTES_MAX, TAGS_MAX, TEXT_BYTES_MAX};

const MESSAGE: &str = "logfire.msg";
const TAGS: &str = "logfire.tags";
const LEVEL: &str = "logfire.level_num";
const SCHEMA: &str = "logfire.json_schema";

/// Attributes that are columns of their own, and no attributes any more.
const COLUMNS: [&str; 3] = [MESSAGE, TAGS, LEVEL];
/// Up to so many names are compared with each other; of more, a set is made.
const COMPARED_MAX: usize = 32;

/// Attributes by name, in the order of the wire: the first [`ATTRIBUTES_MAX`].
#[derive(Debug, Default)]
pub(super) struct Attributes<'a>(Vec<(Text<'a>, Option<Value<'a>>)>);

/// Which attributes are left out when all are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Without {
    /// None.
    Nothing,
    /// Those that are columns of their own.
    Columns,
}

impl<'a> Attributes<'a> {
    /// Reads one `KeyValue` and adds it. After the last one comes [`Attributes::keep_each_once`].
    pub(super) fn add(&mut self, message: &'a [u8]) -> Result<(), Malformed> {
        if self.0.len() >= ATTRIBUTES_MAX {
            return Ok(());
        }
        let (mut name, mut value) = (Text::default(), None);
        for field in Fields::of(message) {
            let field = field?;
            match field.number {
                1 => name = field.text()?,
                2 => value = any_value(field.bytes()?)?,
                _ => {}
            }
        }
        self.0.push((name, value));
        Ok(())
    }

    /// Leaves each name once: at the place of its first appearance, with its last value.
    ///
    /// Names that appear twice are against the protocol; JSON that has them is read differently by everyone.
    pub(super) fn keep_each_once(&mut self) {
        if !self.has_doubles() {
            return;
        }
        let mut once: Vec<(Text<'a>, Option<Value<'a>>)> = Vec::with_capacity(self.0.len());
        let mut places: HashMap<Text<'a>, usize> = HashMap::with_capacity(self.0.len());
        for (name, value) in self.0.drain(..) {
            match places.get(&name) {
                Some(&place) => once[place].1 = value,
                None => {
                    places.insert(name.clone(), once.len());
                    once.push((name, value));
                }
            }
        }
        self.0 = once;
    }

    fn has_doubles(&self) -> bool {
        if self.0.len() <= COMPARED_MAX {
            return (1..self.0.len()).any(|place| self.0[..place].iter().any(|(name, _)| *name == self.0[place].0));
        }
        let mut seen = HashSet::with_capacity(self.0.len());
        !self.0.iter().all(|(name, _)| seen.insert(name))
    }

    /// Without any, but with the memory of its list.
    pub(super) fn cleared(mut self) -> Self {
        self.0.clear();
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds what did not come over the wire.
    pub(super) fn with(mut self, name: &'static str, value: Value<'a>) -> Self {
        self.0.push((Cow::Borrowed(name), Some(value)));
        self
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, Option<&Value<'a>>)> {
        self.0.iter().map(|(name, value)| (&**name, value.as_ref()))
    }

    fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.0.iter().find(|(known, _)| *known == name).and_then(|(_, value)| value.as_ref())
    }

    /// A single value as plain text, however long; `None` when it is missing, empty (null) or nested.
    pub(super) fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.get(name).and_then(plain_text)
    }

    /// The first of these that is there, as the text of a column.
    pub(super) fn column(&self, names: &[&str]) -> Option<Cow<'_, str>> {
        names.iter().find_map(|name| self.text(name)).map(|text| cut_text(text, TEXT_BYTES_MAX))
    }

    /// The first of these that is there and a whole number.
    pub(super) fn number(&self, names: &[&str]) -> Option<i64> {
        names.iter().find_map(|name| self.get(name).and_then(whole_number))
    }

    /// `logfire.msg`, cut.
    pub(super) fn message(&self) -> Option<Cow<'_, str>> {
        self.text(MESSAGE).map(|text| cut_text(text, MESSAGE_BYTES_MAX))
    }

    /// `logfire.level_num`, when it fits the column.
    pub(super) fn level(&self) -> Option<u16> {
        self.number(&[LEVEL]).and_then(|number| u16::try_from(number).ok())
    }

    /// `logfire.tags`; a text alone is one tag.
    pub(super) fn tags(&self) -> Result<Vec<Cow<'_, str>>, Malformed> {
        let mut tags = Vec::new();
        match self.get(TAGS) {
            Some(Value::List(values)) => {
                for value in list(values) {
                    let tag = match value? {
                        Some(Value::Text(text)) => Some(text),
                        other => other.as_ref().and_then(plain_text).map(|tag| Cow::Owned(tag.into_owned())),
                    };
                    tags.extend(tag.map(|tag| cut_text(tag, TEXT_BYTES_MAX)));
                    if tags.len() == TAGS_MAX {
                        break;
                    }
                }
            }
            Some(value) => tags.extend(plain_text(value).map(|tag| cut_text(tag, TEXT_BYTES_MAX))),
            None => {}
        }
        Ok(tags)
    }

    /// Writes them as a JSON object, and tells `written` where the value of each came to stand.
    pub(super) fn write(
        &self,
        without: Without,
        names: &mut EmbeddedNames,
        json: &mut JsonText,
        mut written: impl FnMut(&str, Range<usize>),
    ) -> Result<(), Malformed> {
        let schema = self.text(SCHEMA);
        let embedded = schema.as_deref().map(|schema| names.named_by(schema));
        json.raw("{");
        let mut is_first = true;
        for (name, value) in self.iter() {
            if without == Without::Columns && COLUMNS.contains(&name) {
                continue;
            }
            if json.is_full() {
                break;
            }
            json.raw(if is_first { "" } else { "," });
            is_first = false;
            json.string(name);
            json.raw(":");
            let start = json.len();
            write_value(name, value, embedded.as_deref(), json)?;
            written(name, start..json.len());
        }
        json.raw("}");
        Ok(())
    }
}

/// A text that the schema names, and that is JSON, becomes what it says; everything else is meant as it is.
fn write_value(
    name: &str,
    value: Option<&Value<'_>>,
    embedded: Option<&Embedded>,
    json: &mut JsonText,
) -> Result<(), Malformed> {
    match value {
        Some(Value::Text(text)) if embedded.is_some_and(|names| names.contains(name)) && is_json(text) => {
            json.embedded(text);
            Ok(())
        }
        other => write_json(other, json),
    }
}

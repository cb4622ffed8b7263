//! The attributes of one span, event, log record, resource or scope.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;

use super::any_value::{plain_text, whole_number, write_json};
use super::embedded::{is_json, named_by};
use super::json::JsonText;
use super::text::{cut, cut_owned};
use crate::limits::{MESSAGE_BYTES_MAX, TAGS_MAX, TEXT_BYTES_MAX};

const MESSAGE: &str = "logfire.msg";
const TAGS: &str = "logfire.tags";
const LEVEL: &str = "logfire.level_num";
const SCHEMA: &str = "logfire.json_schema";

/// Attributes that are columns of their own, and no attributes any more.
const COLUMNS: [&str; 3] = [MESSAGE, TAGS, LEVEL];

/// Attributes by name, each once, in the order of the wire.
#[derive(Debug)]
pub(super) struct Attributes<'a>(Vec<(&'a str, Option<&'a Value>)>);

/// The entries of a list, each name once: at the place of its first appearance, with its last value.
///
/// Names that appear twice are against the protocol; JSON that has them is read differently by everyone.
pub(super) fn unique(list: &[KeyValue]) -> Vec<(&str, Option<&Value>)> {
    let mut entries: Vec<(&str, Option<&Value>)> = Vec::with_capacity(list.len());
    let mut places: HashMap<&str, usize> = HashMap::with_capacity(list.len());
    for entry in list {
        let value = entry.value.as_ref().and_then(|value| value.value.as_ref());
        match places.get(entry.key.as_str()) {
            Some(&place) => entries[place].1 = value,
            None => {
                places.insert(&entry.key, entries.len());
                entries.push((&entry.key, value));
            }
        }
    }
    entries
}

impl<'a> Attributes<'a> {
    pub(super) fn of(list: &'a [KeyValue]) -> Self {
        Self(unique(list))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.iter().find(|(known, _)| *known == name).and_then(|(_, value)| *value)
    }

    /// A single value as plain text, however long; `None` when it is missing, empty (null) or nested.
    pub(super) fn text(&self, name: &str) -> Option<Cow<'a, str>> {
        self.get(name).and_then(plain_text)
    }

    /// The first of these that is there, as the text of a column.
    pub(super) fn column(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.text(name)).map(|text| cut_owned(&text, TEXT_BYTES_MAX))
    }

    /// The first of these that is there and a whole number.
    pub(super) fn number(&self, names: &[&str]) -> Option<i64> {
        names.iter().find_map(|name| self.get(name).and_then(whole_number))
    }

    /// `logfire.msg`, cut.
    pub(super) fn message(&self) -> Option<String> {
        self.text(MESSAGE).map(|text| cut_owned(&text, MESSAGE_BYTES_MAX))
    }

    /// `logfire.level_num`, when it fits the column.
    pub(super) fn level(&self) -> Option<u16> {
        self.number(&[LEVEL]).and_then(|number| u16::try_from(number).ok())
    }

    /// `logfire.tags`; a text alone is one tag.
    pub(super) fn tags(&self) -> Vec<String> {
        let tag = |value: &Value| plain_text(value).map(|text| cut(&text, TEXT_BYTES_MAX).to_owned());
        match self.get(TAGS) {
            Some(Value::ArrayValue(list)) => {
                let values = list.values.iter().filter_map(|item| item.value.as_ref());
                values.filter_map(tag).take(TAGS_MAX).collect()
            }
            Some(value) => tag(value).into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// All of them as a JSON object.
    pub(super) fn write_all(&self, json: &mut JsonText) {
        self.write(json, &[]);
    }

    /// As a JSON object, without those that are columns of their own.
    pub(super) fn write_without_columns(&self, json: &mut JsonText) {
        self.write(json, &COLUMNS);
    }

    fn write(&self, json: &mut JsonText, without: &[&str]) {
        let schema = self.text(SCHEMA);
        let embedded = schema.as_deref().map(named_by).unwrap_or_default();
        json.raw("{");
        let mut is_first = true;
        for (name, value) in self.0.iter().filter(|(name, _)| !without.contains(name)) {
            if json.is_full() {
                break;
            }
            json.raw(if is_first { "" } else { "," });
            is_first = false;
            json.string(name);
            json.raw(":");
            write_value(name, *value, &embedded, json);
        }
        json.raw("}");
    }
}

/// A text that the schema names, and that is JSON, becomes what it says; everything else is meant as it is.
fn write_value(name: &str, value: Option<&Value>, embedded: &HashSet<Cow<'_, str>>, json: &mut JsonText) {
    match value {
        Some(Value::StringValue(text)) if embedded.contains(name) && is_json(text) => json.embedded(text),
        other => write_json(other, json),
    }
}
